//! Events of the Events API.

use serde_json::Value;

use super::head::Head;
use super::raw::{Malformed, Missing, Raw, need, views};
use crate::ids::{AppId, ChannelId, EnterpriseId, EventId, TeamId, Ts, UserId};

/// Something happened that the app subscribed to.
#[derive(Debug, Clone, PartialEq)]
pub struct EventCallback {
    /// The event, the same in every redelivery.
    pub event_id: EventId,
    /// Its type, such as `app_mention`.
    pub kind: String,
    /// Its subtype, of messages.
    pub subtype: Option<String>,
    /// Where it happened.
    pub team_id: Option<TeamId>,
    /// The organisation, in Enterprise Grid.
    pub enterprise_id: Option<EnterpriseId>,
    /// The app it is meant for.
    pub api_app_id: Option<AppId>,
    /// Who did it, where somebody did.
    pub user_id: Option<UserId>,
    /// The conversation, where there is one.
    pub channel_id: Option<ChannelId>,
    /// The message, where it is about one.
    pub ts: Option<Ts>,
    /// The thread the message is in.
    pub thread_ts: Option<Ts>,
    /// Whether a bot did it; an app's own posts come back as events.
    pub is_from_bot: bool,
    raw: Raw,
}

views!(EventCallback = "event_callback");

impl EventCallback {
    fn of(head: &Head<'_>, raw: &Raw) -> Result<Self, Missing> {
        let event = &head.event.0;
        Ok(Self {
            event_id: need(&head.event_id, "/event_id")?,
            kind: event.kind.get().ok_or("/event/type")?.to_owned(),
            subtype: event.subtype.get().map(str::to_owned),
            team_id: head.team_id.to(),
            enterprise_id: head.enterprise_id.to().or_else(|| head.context_enterprise_id.to()),
            api_app_id: head.api_app_id.to(),
            user_id: event.user.to(),
            channel_id: event.channel.to(),
            ts: event.ts.to(),
            thread_ts: event.thread_ts.to(),
            is_from_bot: event.bot_id.get().is_some(),
            raw: raw.clone(),
        })
    }

    /// The event itself.
    pub fn event(&self) -> &Value {
        self.raw().get("event").unwrap_or(&Value::Null)
    }

    /// Whether the app did it itself: its own posts and reactions come back to it as events.
    pub fn is_own(&self) -> bool {
        let authorizations = self.raw().get("authorizations").and_then(Value::as_array).into_iter().flatten();
        let mut bots = authorizations.filter(|bot| bot.get("is_bot").and_then(Value::as_bool) == Some(true));
        let user = self.user_id.as_ref();
        let by_user =
            user.is_some_and(|user| bots.any(|bot| bot.get("user_id").and_then(Value::as_str) == Some(user.as_str())));
        let app = self.event().get("app_id").and_then(Value::as_str).map(AppId::from);
        by_user || (self.is_from_bot && app.is_some() && app == self.api_app_id)
    }

    /// The text of a message or mention, in Slack's markup.
    pub fn text(&self) -> Option<&str> {
        self.event().get("text").and_then(Value::as_str)
    }
}
