//! One event, as the `start` hook gets it.

use std::{fmt, sync::Arc};

use countersign_slack::{
    hooks::{StartContext, StartInput},
    payload::Head,
    socket_mode::{Envelope, EnvelopeKind},
};
use serde_json::{Map, Value};

use super::receipt::Receipt;
use crate::{Code, Failure, app::Installed, dotenv::Dotenv};

/// An event that was delivered, and is to be acknowledged.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) envelope: Envelope,
    pub(super) receipt: Arc<Receipt>,
}

/// Where order matters: a channel, else a person.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Lane {
    Channel(String),
    User(String),
}

impl Lane {
    /// The lane of a payload; `None` where order matters to nobody.
    pub(super) fn of(payload: &str) -> Option<Self> {
        let head = Head::read(payload)?;
        let event = &head.event.0;
        let channels = [
            event.channel.get(),
            event.channel_id.get(),
            event.item.0.channel.get(),
            event.assistant_thread.0.channel_id.get(),
            head.channel.get(),
            head.channel_id.get(),
            head.container.0.channel_id.get(),
        ];
        let users = [event.user.get(), event.assistant_thread.0.user_id.get(), head.user.get(), head.user_id.get()];
        let channel = channels.into_iter().flatten().next().map(|channel| Self::Channel(channel.to_owned()));
        channel.or_else(|| users.into_iter().flatten().next().map(|user| Self::User(user.to_owned())))
    }
}

impl Event {
    /// What it occupies while it waits.
    pub(super) fn size(&self) -> usize {
        self.envelope.payload.get().len()
    }

    /// What goes to the hook's stdin.
    pub(super) fn input(&self, dotenv: &Dotenv, installed: &Installed) -> Result<Vec<u8>, Failure> {
        let not_object = |error: serde_json::Error| {
            Failure::new(Code::SocketConnection, "Slack delivered something that is no event").detail(error.to_string())
        };
        let body: Map<String, Value> = serde_json::from_str(self.envelope.payload.get()).map_err(not_object)?;
        let context = StartContext {
            bot_access_token: installed.tokens.bot.clone(),
            app_id: Some(installed.app.id.clone()),
            team_id: Some(installed.app.team.clone()),
            variables: variables(dotenv, installed),
        };
        serde_json::to_vec(&StartInput { body, context }).map_err(not_object)
    }
}

/// The project's variables, and where Slack is.
fn variables(dotenv: &Dotenv, installed: &Installed) -> Map<String, Value> {
    let mut variables = Map::from_iter([("SLACK_API_URL".to_owned(), Value::from(installed.api_url.as_str()))]);
    variables.extend(dotenv.iter().map(|(name, value)| (name.to_owned(), Value::from(value))));
    variables
}

impl fmt::Display for Event {
    /// What a person recognises it by; nothing of what somebody wrote is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = Head::read(self.envelope.payload.get()).unwrap_or_default();
        match &self.envelope.kind {
            EnvelopeKind::EventsApi => write!(f, "event {}", head.event.0.kind.get().unwrap_or("without a type"))?,
            EnvelopeKind::SlashCommands => write!(f, "command {}", head.command.get().unwrap_or("without a name"))?,
            EnvelopeKind::Interactive => write!(f, "interaction {}", head.kind.get().unwrap_or("without a type"))?,
            EnvelopeKind::Unknown(kind) => write!(f, "envelope {kind}")?,
        }
        match Lane::of(self.envelope.payload.get()) {
            Some(Lane::Channel(channel)) => write!(f, " in {channel}"),
            Some(Lane::User(user)) => write!(f, " of {user}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::message(r#"{"event":{"type":"message","channel":"C1","user":"U1"}}"#, Some("C1"))]
    #[case::reaction(r#"{"event":{"type":"reaction_added","item":{"channel":"C2"},"user":"U1"}}"#, Some("C2"))]
    #[case::assistant(r#"{"event":{"assistant_thread":{"channel_id":"D1","user_id":"U1"}}}"#, Some("D1"))]
    #[case::click(r#"{"type":"block_actions","channel":{"id":"C3"},"user":{"id":"U1"}}"#, Some("C3"))]
    #[case::command(r#"{"command":"/x","channel_id":"C4","user_id":"U1"}"#, Some("C4"))]
    #[case::modal(r#"{"type":"view_submission","user":{"id":"U1"},"view":{"id":"V1"}}"#, Some("U1"))]
    #[case::home(r#"{"event":{"type":"app_home_opened","channel":"D1","user":"U1"}}"#, Some("D1"))]
    #[case::team(r#"{"event":{"type":"team_rename"}}"#, None)]
    #[case::odd(r#"{"event":7,"user":[]}"#, None)]
    #[case::no_object("[1]", None)]
    fn order_matters_in_a_channel_else_to_a_person(#[case] payload: &str, #[case] expected: Option<&str>) {
        let name = Lane::of(payload).map(|lane| match lane {
            Lane::Channel(name) | Lane::User(name) => name,
        });
        assert_eq!(name.as_deref(), expected);
    }
}
