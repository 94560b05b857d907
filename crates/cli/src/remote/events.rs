//! What is said about a session: to a person on stderr, or to a program as JSON lines on stdout.

use std::io::IsTerminal as _;

use countersign_gateway::{
    SessionEnd,
    wire::run::{Refusal, Waiting},
};
use serde_json::{Value, json};

use crate::output;

/// Bytes of an id that people read.
const SHORT: usize = 12;

/// Says what happens.
#[derive(Clone, Debug)]
pub(crate) enum Events {
    /// To a person.
    Talk {
        /// What was said already, so that nothing is said twice.
        said: Vec<String>,
    },
    /// To a person who has been told before what this is about: only what goes wrong.
    Quiet,
    /// To a program.
    Json,
}

impl Events {
    /// For a person, or for a program.
    pub(crate) fn new(json: bool) -> Self {
        if json { Self::Json } else { Self::Talk { said: Vec::new() } }
    }

    /// Whether a program reads.
    pub(crate) const fn is_json(&self) -> bool {
        matches!(self, Self::Json)
    }

    /// People are asked.
    pub(crate) fn waiting(&mut self, waiting: &Waiting, again: &str) {
        match self {
            Self::Json => event("waiting", serde_json::to_value(waiting).unwrap_or_default()),
            Self::Quiet => {}
            Self::Talk { said } => {
                for line in describe(waiting, again) {
                    if !said.contains(&line) {
                        output::say(&line);
                        said.push(line);
                    }
                }
            }
        }
    }

    /// Approved.
    pub(crate) fn approved(&mut self, request: &str, by: &[String], until_s: i64) {
        match self {
            Self::Json => event("approved", json!({ "request": request, "by": by, "until": until_s })),
            Self::Quiet => {}
            Self::Talk { .. } => output::say(&format!("approved by {}", or_nobody(by))),
        }
    }

    /// The command runs.
    pub(crate) fn started(&mut self, session: &str, request: Option<&str>) {
        if self.is_json() {
            event("started", json!({ "session": session, "request": request }));
        }
    }

    /// It is not to be.
    pub(crate) fn refused(&mut self, refusal: &Refusal) {
        match self {
            Self::Json => event("refused", serde_json::to_value(refusal).unwrap_or_default()),
            Self::Talk { .. } | Self::Quiet => output::say(&format!("countersign: {}", refusal.message)),
        }
    }

    /// It is over. Only what the exit code does not tell is said to a person.
    pub(crate) fn ended(&mut self, end: &SessionEnd) {
        match self {
            Self::Json => {
                let mut value = serde_json::to_value(end).unwrap_or_default();
                if let Value::Object(fields) = &mut value {
                    fields.insert("exit_code".to_owned(), exit_code(end).into());
                }
                event("ended", value);
            }
            Self::Talk { .. } | Self::Quiet => {
                if let Some(text) = farewell(end) {
                    output::say(&format!("countersign: {text}"));
                }
            }
        }
    }

    /// The connection broke while the command ran.
    pub(crate) fn broken(&self, session: &str, error: &anyhow::Error) {
        match self {
            Self::Json => event("broken", json!({ "session": session, "error": format!("{error:#}") })),
            Self::Talk { .. } | Self::Quiet => {
                output::say(&format!("countersign: {error:#}; some output may be missing"));
                output::say(&format!("countersign: asking the server what became of session {session}"));
            }
        }
    }

    /// What the server knows of a session whose connection broke.
    pub(crate) fn became(&self, session: &str, end: Option<&SessionEnd>) {
        match self {
            Self::Json => event("became", json!({ "session": session, "end": end })),
            Self::Talk { .. } | Self::Quiet => output::say(&match end {
                Some(SessionEnd::Exited { code }) => format!("countersign: the command exited with {code}"),
                Some(SessionEnd::Signalled { signal }) => format!("countersign: signal {signal} ended the command"),
                Some(end) => format!("countersign: {}", farewell(end).unwrap_or_default()),
                None => format!("countersign: it did not say; later: countersign sessions show {session}"),
            }),
        }
    }

    /// Something that a person should know and a program need not.
    pub(crate) fn note(&self, text: &str) {
        if matches!(self, Self::Talk { .. }) {
            output::say(text);
        }
    }
}

/// One line of JSON: the event's name, and its fields beside it.
fn event(name: &str, fields: Value) {
    let mut line = match fields {
        Value::Object(fields) => fields,
        other => [("value".to_owned(), other)].into_iter().collect(),
    };
    line.insert("event".to_owned(), name.into());
    output::json(&Value::Object(line));
}

/// What there is to say, a line for each thing that may change by itself.
fn describe(waiting: &Waiting, again: &str) -> Vec<String> {
    let id = waiting.request.to_string();
    let mut lines = vec![
        format!(
            "waiting for approval: request {id}, digest {}",
            waiting.digest.chars().take(SHORT).collect::<String>()
        ),
        format!("  {}", waiting.url),
    ];
    if !waiting.missing.is_empty() {
        lines.push(format!("  still needed: {}", waiting.missing.join(", ")));
    }
    if !waiting.shown_in.is_empty() {
        lines.push(format!("  asked in {}", waiting.shown_in.join(", ")));
    }
    lines.extend(waiting.warnings.iter().map(|warning| format!("  warning: {warning}")));
    if std::io::stderr().is_terminal() {
        lines.push(format!("  Ctrl-C leaves it open; {again} {id} comes back to it"));
    }
    lines
}

fn or_nobody(by: &[String]) -> String {
    if by.is_empty() { "policy".to_owned() } else { by.join(", ") }
}

fn farewell(end: &SessionEnd) -> Option<String> {
    match end {
        SessionEnd::Exited { .. } | SessionEnd::Signalled { .. } => None,
        SessionEnd::Stopped { why } => Some(format!("the session was ended: {why}")),
        SessionEnd::Failed { why } => Some(format!("it could not be run: {why}")),
        SessionEnd::Unknown { why } => {
            Some(format!("it is not known what became of it, and it is not run again: {why}"))
        }
    }
}

/// The exit code of `exec`, `connect` and `guard`: the command's own, 128 and the signal's number, else 125.
pub(crate) fn exit_code(end: &SessionEnd) -> u8 {
    match end {
        SessionEnd::Exited { code } => *code,
        SessionEnd::Signalled { signal } => 128_u8.saturating_add(*signal),
        SessionEnd::Stopped { .. } | SessionEnd::Failed { .. } | SessionEnd::Unknown { .. } => 125,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_as_a_shell_gives_them() {
        assert_eq!(exit_code(&SessionEnd::Exited { code: 7 }), 7);
        assert_eq!(exit_code(&SessionEnd::Signalled { signal: 9 }), 137);
        assert_eq!(exit_code(&SessionEnd::Unknown { why: String::new() }), 125);
    }
}
