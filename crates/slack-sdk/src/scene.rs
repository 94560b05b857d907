//! Who did something, where, and how they can be answered, as far as the payload says.

use countersign_slack::client::Token;
use countersign_slack::ids::{ChannelId, EnterpriseId, TeamId, TriggerId, Ts, UserId};
use countersign_slack::payload::{Head, ResponseUrl};
use serde_json::value::RawValue;

use crate::RequestKind;

/// Who, where, and how to answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scene {
    pub(crate) user: Option<UserId>,
    pub(crate) team: Option<TeamId>,
    pub(crate) enterprise: Option<EnterpriseId>,
    pub(crate) is_enterprise_install: bool,
    pub(crate) channel: Option<ChannelId>,
    pub(crate) ts: Option<Ts>,
    pub(crate) thread: Option<Ts>,
    pub(crate) trigger: Option<TriggerId>,
    pub(crate) response_url: Option<ResponseUrl>,
    pub(crate) bot_user: Option<UserId>,
    /// The token of a function's execution, which stands for the app while it runs.
    pub(crate) function_token: Option<Token>,
}

impl Scene {
    pub(crate) fn read(kind: RequestKind, payload: &RawValue) -> Self {
        let Some(head) = Head::read(payload.get()) else { return Self::default() };
        match kind {
            RequestKind::Event => Self::of_event(&head),
            RequestKind::Command => Self::of_command(&head),
            _ => Self::of_interaction(&head),
        }
    }

    fn of_event(head: &Head<'_>) -> Self {
        let (event, authorization) = (&head.event.0, &head.authorizations.0);
        let thread = &event.assistant_thread.0;
        Self {
            user: event.user.to().or_else(|| thread.user_id.to()),
            team: authorization.team_id.to().or_else(|| head.team_id.to()),
            enterprise: authorization.enterprise_id.to().or_else(|| head.enterprise_id.to()),
            is_enterprise_install: authorization.is_enterprise_install.0,
            channel: event
                .channel
                .to()
                .or_else(|| event.channel_id.to())
                .or_else(|| thread.channel_id.to())
                .or_else(|| event.item.0.channel.to()),
            ts: event.ts.to(),
            thread: event.thread_ts.to().or_else(|| thread.thread_ts.to()),
            bot_user: authorization.is_bot.0.then(|| authorization.user_id.to()).flatten(),
            function_token: token(event.bot_access_token.get()),
            ..Self::default()
        }
    }

    fn of_command(head: &Head<'_>) -> Self {
        Self {
            user: head.user_id.to(),
            team: head.team_id.to(),
            enterprise: head.enterprise_id.to(),
            is_enterprise_install: head.is_enterprise_install.0,
            channel: head.channel_id.to(),
            thread: head.thread_ts.to(),
            trigger: head.trigger_id.to(),
            response_url: head.response_url.get().map(ResponseUrl::from),
            ..Self::default()
        }
    }

    fn of_interaction(head: &Head<'_>) -> Self {
        let (container, message) = (&head.container.0, &head.message.0);
        Self {
            user: head.user.to(),
            team: head.team.0.id.to(),
            enterprise: head.enterprise.to().or_else(|| head.team.0.enterprise_id.to()),
            is_enterprise_install: head.is_enterprise_install.0,
            channel: head.channel.to().or_else(|| container.channel_id.to()),
            thread: container.thread_ts.to().or_else(|| message.thread_ts.to()),
            trigger: head.trigger_id.to(),
            response_url: head.response_url.get().map(ResponseUrl::from),
            function_token: token(head.bot_access_token.get()),
            ..Self::default()
        }
    }
}

fn token(text: Option<&str>) -> Option<Token> {
    text?.parse().ok()
}
