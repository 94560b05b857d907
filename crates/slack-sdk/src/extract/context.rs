//! Who, where, and how it came.

use std::convert::Infallible;

use countersign_slack::ids::{ChannelId, EnterpriseId, EnvelopeId, TeamId, TriggerId, Ts, UserId};
use countersign_slack::payload::ResponseUrl;

use crate::{FromRequest, Matches, Request, RequestKind, Retry, Transport};

/// Who did it, where, and how it came. Always there, and cheap to clone.
///
/// ```
/// # use countersign_slack_sdk::{App, Context};
/// async fn heard(context: Context) {
///     if context.retry().is_none() {
///         println!("{:?} in {:?}", context.user_id(), context.channel_id());
///     }
/// }
///
/// let app: App = App::new().event("reaction_added", heard);
/// ```
#[derive(Debug, Clone)]
pub struct Context {
    request: Request,
}

impl Context {
    /// The context of a request, for layers.
    pub fn of(request: &Request) -> Self {
        Self { request: request.clone() }
    }

    /// The delivery that is being handled, or the event's own id: the key for doing something once.
    pub fn id(&self) -> &EnvelopeId {
        self.request.id()
    }

    /// What kind of thing was sent.
    pub fn kind(&self) -> RequestKind {
        self.request.kind()
    }

    /// How it came.
    pub fn transport(&self) -> Transport {
        self.request.transport()
    }

    /// Who did it.
    pub fn user_id(&self) -> Option<&UserId> {
        self.request.scene().user.as_ref()
    }

    /// The workspace where the app is installed, or where it happened.
    pub fn team_id(&self) -> Option<&TeamId> {
        self.request.scene().team.as_ref()
    }

    /// The organisation, in Enterprise Grid.
    pub fn enterprise_id(&self) -> Option<&EnterpriseId> {
        self.request.scene().enterprise.as_ref()
    }

    /// Whether the app is installed in the whole organisation.
    pub fn is_enterprise_install(&self) -> bool {
        self.request.scene().is_enterprise_install
    }

    /// The conversation.
    pub fn channel_id(&self) -> Option<&ChannelId> {
        self.request.scene().channel.as_ref()
    }

    /// The message that an event is about.
    pub fn ts(&self) -> Option<&Ts> {
        self.request.scene().ts.as_ref()
    }

    /// The thread it happened in.
    pub fn thread_ts(&self) -> Option<&Ts> {
        self.request.scene().thread.as_ref()
    }

    /// The app's bot user, where the event names it; [`Bot`](crate::Bot) has what the authorizer knows.
    pub fn bot_user_id(&self) -> Option<&UserId> {
        self.request.scene().bot_user.as_ref()
    }

    /// The right to open a view; three seconds, once.
    pub fn trigger_id(&self) -> Option<&TriggerId> {
        self.request.scene().trigger.as_ref()
    }

    /// Where the interaction can be answered, at most five times in 30 minutes.
    pub fn response_url(&self) -> Option<&ResponseUrl> {
        self.request.scene().response_url.as_ref()
    }

    /// What fitted the route's pattern.
    pub fn matches(&self) -> &Matches {
        &self.request.inner().matches
    }

    /// That it was sent before, of events.
    pub fn retry(&self) -> Option<&Retry> {
        self.request.retry()
    }

    /// Whether it was left over by a process that ended: triggers have expired, and nobody waits for an answer.
    pub fn is_resumed(&self) -> bool {
        self.request.is_resumed()
    }
}

impl<S: Sync> FromRequest<S> for Context {
    type Rejection = Infallible;

    async fn from_request(request: &Request, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(request))
    }
}
