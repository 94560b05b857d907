//! Slash commands.

use serde_json::Value;

use super::raw::{Malformed, Missing, Origin, Raw, Reader, ResponseUrl, raw_access, view};
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

raw_access!(SlashCommand);

impl SlashCommand {
    /// Reads the fields of a slash command, of Socket Mode or of a form.
    pub fn parse(raw: Value) -> Result<Self, Malformed> {
        let (mut parsed, raw) = view("slash_command", raw, |reader| {
            Ok(Self {
                origin: origin(reader)?,
                command: reader.text("/command").ok_or("/command")?.to_owned(),
                text: reader.text("/text").unwrap_or_default().to_owned(),
                channel_id: reader.need("/channel_id")?,
                thread_ts: reader.id("/thread_ts"),
                trigger_id: reader.id("/trigger_id"),
                response_url: reader.id("/response_url"),
                raw: Raw(Value::Null),
            })
        })?;
        parsed.raw = raw;
        Ok(parsed)
    }
}

/// A command's fields are flat.
fn origin(reader: &Reader<'_>) -> Result<Origin, Missing> {
    Ok(Origin {
        user_id: reader.need("/user_id")?,
        user_team_id: None,
        user_name: reader.text("/user_name").map(str::to_owned),
        team_id: reader.id("/team_id"),
        enterprise_id: reader.id("/enterprise_id"),
        api_app_id: reader.id("/api_app_id"),
    })
}
