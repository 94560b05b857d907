//! Messages of text, blocks and attachments alone, which is what most are: written once, never built up.

use serde::Serialize;
use serde_json::Value;

use super::{App, Author, ChangeKind, ChannelId, Draft, Message, ModelError, State, Ts};
use crate::events;

/// The object of such a message.
#[derive(Serialize)]
struct Plain<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    user: &'a str,
    text: &'a str,
    team: &'a str,
    ts: Ts,
    #[serde(skip_serializing_if = "<[Value]>::is_empty")]
    blocks: &'a [Value],
    #[serde(skip_serializing_if = "<[Value]>::is_empty")]
    attachments: &'a [Value],
    #[serde(flatten)]
    origin: Origin<'a>,
}

/// Through what it was posted.
#[derive(Serialize)]
#[serde(untagged)]
enum Origin<'a> {
    App { app_id: &'a str, bot_id: &'a str, bot_profile: BotProfile<'a> },
    Person { client_msg_id: String },
}

/// The `bot_profile` that an app's messages carry.
#[derive(Serialize)]
struct BotProfile<'a> {
    id: &'a str,
    app_id: &'a str,
    user_id: &'a str,
    name: &'a str,
    icons: Icons,
    deleted: bool,
    updated: u64,
    team_id: &'a str,
}

/// None of its own.
#[derive(Serialize)]
struct Icons {}

/// Whether a draft is of this kind.
pub(super) fn is_plain(draft: &Draft) -> bool {
    draft.thread.is_none()
        && draft.metadata.is_none()
        && draft.files.is_empty()
        && draft.custom.is_empty()
        && draft.fields.is_empty()
}

impl State {
    /// Posts such a message.
    pub(super) fn post_plain(
        &mut self,
        channel: &ChannelId,
        author: &Author,
        draft: &Draft,
        now_ms: u64,
    ) -> Result<Message, ModelError> {
        let is_of_app = author.app.as_ref().is_some_and(|app| self.apps.contains_key(app));
        let client_msg_id = if is_of_app { String::new() } else { self.mint.uuid() };
        let room = self.channels.get_mut(channel).ok_or(ModelError::new("channel_not_found"))?;
        let ts = room.next_ts(Ts::from_micros(now_ms.saturating_mul(1000)));
        let team = self.team.id.as_str();
        let origin = match author.app.as_ref().and_then(|app| self.apps.get(app)) {
            Some(app) => Origin::of(app, team),
            None => Origin::Person { client_msg_id },
        };
        let plain = Plain {
            kind: "message",
            user: author.user.as_str(),
            text: &draft.text,
            team,
            ts,
            blocks: draft.blocks.as_deref().unwrap_or_default(),
            attachments: draft.attachments.as_deref().unwrap_or_default(),
            origin,
        };
        let mut text = Vec::with_capacity(1024);
        // Values have string keys, and what is written is UTF-8: neither fails.
        let written = serde_json::to_writer(&mut text, &plain).is_ok();
        let text = if written { std::str::from_utf8(&text).unwrap_or("{}") } else { "{}" };
        let message = Message::from_text(ts, author.user.clone(), author.app.clone(), text);
        self.file_message(channel, &message);
        events::posted(self, channel, &message, now_ms);
        self.changed(ChangeKind::Message { channel: channel.clone() });
        Ok(message)
    }

    /// Puts a new message where it belongs.
    pub(super) fn file_message(&mut self, channel: &ChannelId, message: &Message) {
        let Some(room) = self.channels.get_mut(channel) else { return };
        room.push(message.clone());
        room.closed_for.clear();
        if message.app.is_some() {
            self.clear_assistant_status(channel, message.thread_ts);
        }
    }
}

impl<'a> Origin<'a> {
    fn of(app: &'a App, team: &'a str) -> Self {
        Self::App {
            app_id: app.id.as_str(),
            bot_id: app.bot.as_str(),
            bot_profile: BotProfile {
                id: app.bot.as_str(),
                app_id: app.id.as_str(),
                user_id: app.bot_user.as_str(),
                name: &app.name,
                icons: Icons {},
                deleted: false,
                updated: app.updated,
                team_id: team,
            },
        }
    }
}
