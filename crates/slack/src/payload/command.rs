//! Slash commands.

use super::fields::Fields;
use super::raw::{Malformed, Missing, Origin, Raw, ResponseUrl, need, owned, views};
use crate::ids::{ChannelId, TriggerId, Ts};

/// A person used a slash command.
#[derive(Debug, Clone, PartialEq)]
pub struct SlashCommand {
    /// Who, and where.
    pub origin: Origin,
    /// The command with its slash.
    pub command: String,
    /// What follows it, may be empty.
    pub text: String,
    /// Where it was typed.
    pub channel_id: ChannelId,
    /// The thread it was typed in.
    pub thread_ts: Option<Ts>,
    /// The right to open a view; three seconds, once.
    pub trigger_id: Option<TriggerId>,
    /// Where it can be answered.
    pub response_url: Option<ResponseUrl>,
    raw: Raw,
}

views!(SlashCommand = "slash_command");

impl SlashCommand {
    /// Reads the fields of a slash command, of Socket Mode or of a form: they are flat.
    fn of(fields: &Fields<'_>, raw: &Raw) -> Result<Self, Missing> {
        let origin = Origin {
            user_id: need(&fields.user_id, "/user_id")?,
            user_team_id: None,
            user_name: fields.user_name.get().map(str::to_owned),
            team_id: fields.team_id.to(),
            enterprise_id: fields.enterprise_id.to(),
            api_app_id: fields.api_app_id.to(),
        };
        Ok(Self {
            origin,
            command: fields.command.get().ok_or("/command")?.to_owned(),
            text: owned(&fields.text),
            channel_id: need(&fields.channel_id, "/channel_id")?,
            thread_ts: fields.thread_ts.to(),
            trigger_id: fields.trigger_id.to(),
            response_url: fields.response_url.get().map(ResponseUrl::from),
            raw: raw.clone(),
        })
    }
}
