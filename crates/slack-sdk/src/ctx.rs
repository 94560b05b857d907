//! What a handler is given beside its payload.

use std::sync::Arc;

use countersign_slack::blocks::Mrkdwn;
use countersign_slack::client::{Client, Error, Message, OpenedView, Posted, Reply, Token};
use countersign_slack::ids::{ChannelId, EnvelopeId, TeamId, TriggerId, UserId};
use countersign_slack::payload::{Origin, ResponseUrl};
use serde::Serialize;
use thiserror::Error;

/// What a handler is given beside its payload: who, where, and the means to answer. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ctx {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: Client,
    token: Token,
    envelope_id: EnvelopeId,
    scene: Scene,
    delivery: DeliveryMode,
}

/// Where something happened, as far as the payload says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scene {
    pub(crate) user: Option<UserId>,
    pub(crate) team: Option<TeamId>,
    pub(crate) channel: Option<ChannelId>,
    pub(crate) trigger: Option<TriggerId>,
    pub(crate) response_url: Option<ResponseUrl>,
}

/// Whether somebody still waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeliveryMode {
    /// It has just come in.
    Live,
    /// It was left over when the process ended.
    Resumed,
}

/// Why a context could not do what it was asked to.
#[derive(Debug, Error)]
pub enum CtxError {
    /// There is neither an address to answer at, nor a person in a channel.
    #[error("there is nowhere to answer")]
    NowhereToAnswer,
    /// The payload has no right to open a view.
    #[error("there is no trigger to open a view with")]
    NoTrigger,
    /// The payload is of no conversation.
    #[error("there is no channel to post to")]
    NoChannel,
    /// Slack refused, or was not reached.
    #[error(transparent)]
    Slack(#[from] Error),
}

impl Ctx {
    pub(crate) fn new(
        client: Client,
        token: Token,
        envelope_id: EnvelopeId,
        scene: Scene,
        delivery: DeliveryMode,
    ) -> Self {
        Self { inner: Arc::new(Inner { client, token, envelope_id, scene, delivery }) }
    }

    /// The Web API client.
    pub fn client(&self) -> &Client {
        &self.inner.client
    }

    /// The bot's token.
    pub fn token(&self) -> &Token {
        &self.inner.token
    }

    /// The delivery that is being handled, or the event's own id: the key for doing something once.
    pub fn envelope_id(&self) -> &EnvelopeId {
        &self.inner.envelope_id
    }

    /// Who did it.
    pub fn user_id(&self) -> Option<&UserId> {
        self.inner.scene.user.as_ref()
    }

    /// The workspace where it happened.
    pub fn team_id(&self) -> Option<&TeamId> {
        self.inner.scene.team.as_ref()
    }

    /// The conversation.
    pub fn channel_id(&self) -> Option<&ChannelId> {
        self.inner.scene.channel.as_ref()
    }

    /// The right to open a view; three seconds, once.
    pub fn trigger_id(&self) -> Option<&TriggerId> {
        self.inner.scene.trigger.as_ref()
    }

    /// Where the interaction can be answered, at most five times in 30 minutes.
    pub fn response_url(&self) -> Option<&ResponseUrl> {
        self.inner.scene.response_url.as_ref()
    }

    /// Whether it was left over by a process that ended: triggers have expired, and nobody waits for an answer.
    pub fn is_resumed(&self) -> bool {
        self.inner.delivery == DeliveryMode::Resumed
    }

    /// Tells the person who acted, and nobody else.
    pub async fn respond_ephemeral(&self, text: &Mrkdwn) -> Result<(), CtxError> {
        if self.response_url().is_some() {
            return self.respond(&Reply::ephemeral(text.as_str())).await;
        }
        let (Some(channel), Some(user)) = (self.channel_id(), self.user_id()) else {
            return Err(CtxError::NowhereToAnswer);
        };
        self.client().post_ephemeral(self.token(), channel, user, &Message::text(text.as_str())).await?;
        Ok(())
    }

    /// Answers at the interaction's own address.
    pub async fn respond(&self, reply: &Reply<'_>) -> Result<(), CtxError> {
        let url = self.response_url().ok_or(CtxError::NowhereToAnswer)?;
        Ok(self.client().respond(url, reply).await?)
    }

    /// Opens a modal.
    pub async fn open_view(&self, view: &impl Serialize) -> Result<OpenedView, CtxError> {
        let trigger = self.trigger_id().ok_or(CtxError::NoTrigger)?;
        Ok(self.client().open_view(self.token(), trigger, view).await?)
    }

    /// Puts a modal above the one that is open.
    pub async fn push_view(&self, view: &impl Serialize) -> Result<OpenedView, CtxError> {
        let trigger = self.trigger_id().ok_or(CtxError::NoTrigger)?;
        Ok(self.client().push_view(self.token(), trigger, view).await?)
    }

    /// Posts to the conversation where it happened.
    pub async fn say(&self, message: &Message<'_>) -> Result<Posted, CtxError> {
        let channel = self.channel_id().ok_or(CtxError::NoChannel)?;
        Ok(self.client().post_message(self.token(), channel, message).await?)
    }
}

impl Scene {
    /// The scene of a person's doing.
    pub(crate) fn of(origin: &Origin) -> Self {
        Self { user: Some(origin.user_id.clone()), team: origin.team_id.clone(), ..Self::default() }
    }
}
