//! What an approver has to see: the whole of a subject, as labelled texts.

use std::collections::HashSet;

use countersign_approval::{Request, Subject, ToolCall};
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{command, visible};

/// The whole of a subject, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// One line that names it, e.g. `Claude Code wants to use Bash`.
    pub title: String,
    /// What decides the effect, each with its label; the most telling first.
    pub fields: Vec<Field>,
    /// Where it would happen, each short as a rule.
    pub place: Vec<Field>,
}

/// A labelled text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What it is.
    pub label: String,
    /// The text, invisible characters made visible.
    pub text: String,
}

impl Field {
    pub(super) fn new(label: &str, text: &str) -> Self {
        Self { label: visible(label), text: visible(text) }
    }
}

impl Content {
    /// The content of a request: its subject, and why it is asked.
    pub fn of(request: &Request) -> Self {
        let mut content = match &request.subject {
            Subject::ToolCall(call) => Self::of_tool_call(call),
            Subject::Command(command) => command::command(command),
            Subject::Access(access) => command::access(access),
            Subject::Local(local) => command::local(local),
            other => Self::of_json(other),
        };
        content.fields.extend(request.reason.as_deref().map(|reason| Field::new("Reason", reason)));
        content
    }

    /// Characters in all fields, labels included.
    pub fn chars(&self) -> usize {
        self.fields
            .iter()
            .chain(&self.place)
            .map(|field| field.label.chars().count() + field.text.chars().count())
            .sum()
    }

    fn of_tool_call(call: &ToolCall) -> Self {
        let host = host_name(&call.host);
        let title = match call.tool.as_str() {
            "" => format!("{host} asks for permission"),
            tool => format!("{host} wants to use {}", visible(tool)),
        };
        let mut fields = input_fields(&call.input.to_text());
        if call.tool.chars().count() > TITLE_TOOL_CHARS {
            // The title has no room for all of it.
            fields.insert(0, Field::new("Tool", &call.tool));
        }
        let place = vec![
            Field::new("Directory", &call.cwd),
            Field::new("Session", &call.session),
            Field::new("Machine", &call.machine),
            Field::new("Event", &call.event),
        ];
        Self { title, fields, place }
    }

    /// For subjects that have no door yet: all there is, as it is stored.
    fn of_json(subject: &Subject) -> Self {
        let json = serde_json::to_string_pretty(subject).unwrap_or_default();
        let title = format!("Approval of a {}", subject.kind().replace('_', " "));
        Self { title, fields: vec![Field::new("Request", &json)], place: vec![] }
    }
}

/// Characters of a tool's name that a title shows whole.
const TITLE_TOOL_CHARS: usize = 60;

/// What people call a host.
fn host_name(host: &str) -> String {
    match host {
        "claude" => "Claude Code".to_owned(),
        "codex" => "Codex".to_owned(),
        "copilot" => "Copilot".to_owned(),
        "gemini" => "Gemini".to_owned(),
        "cursor" => "Cursor".to_owned(),
        other => visible(other),
    }
}

/// A tool's input as fields: one for each key of the object, strings as text, everything else as JSON.
///
/// An object with a key that stands twice is shown as it came: whoever reads it cannot know which one the host takes.
fn input_fields(input: &str) -> Vec<Field> {
    let Ok(Members(members)) = serde_json::from_str::<Members>(input) else {
        return vec![Field::new("Input", input)];
    };
    let mut seen = HashSet::new();
    if !members.iter().all(|(key, _)| seen.insert(key.as_str())) {
        return vec![Field::new("Input, with a key that stands twice", input)];
    }
    let mut fields: Vec<Field> = members.iter().map(|(key, value)| Field::new(key, &value_text(value.get()))).collect();
    // The command, path or address first: what a reader looks for.
    fields.sort_by_key(|field| usize::from(!LEADING.contains(&field.label.as_str())));
    fields
}

/// Keys of Claude Code's own tools that say what will happen.
const LEADING: &[&str] =
    &["command", "file_path", "path", "url", "notebook_path", "plan", "pattern", "query", "prompt"];

/// A JSON string as its text, anything else as JSON.
fn value_text(json: &str) -> String {
    if let Ok(text) = serde_json::from_str::<String>(json) {
        return text;
    }
    // Doubled keys deeper down would vanish in a re-print: the text as it came shows them.
    json.to_owned()
}

/// The members of a JSON object in their order, values as they stand.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> serde::Deserialize<'de> for Members {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(input: &str) -> Vec<(String, String)> {
        input_fields(input).into_iter().map(|field| (field.label, field.text)).collect()
    }

    fn pair(label: &str, text: &str) -> (String, String) {
        (label.to_owned(), text.to_owned())
    }

    #[test]
    fn the_command_comes_first_and_nothing_is_lost() {
        let fields = labels(r#"{"description":"list","timeout":5,"command":"ls\n-l"}"#);
        assert_eq!(fields, [pair("command", "ls\n-l"), pair("description", "list"), pair("timeout", "5")]);
    }

    #[test]
    fn a_doubled_key_shows_the_input_as_it_came() {
        let input = r#"{"command":"ls","command":"rm -rf /"}"#;
        assert_eq!(labels(input), [pair("Input, with a key that stands twice", input)]);
    }

    #[test]
    fn a_doubled_key_deeper_down_is_shown_too() {
        let fields = labels(r#"{"edit":{"a":1,"a":2}}"#);
        assert_eq!(fields, [pair("edit", r#"{"a":1,"a":2}"#)]);
    }

    #[test]
    fn what_is_no_object_is_shown_as_it_came() {
        assert_eq!(labels("[1,2]"), [pair("Input", "[1,2]")]);
    }

    #[test]
    fn hidden_characters_in_a_key_are_seen() {
        assert_eq!(labels("{\"a\u{202e}b\":\"x\"}"), [pair("a⟦U+202E⟧b", "x")]);
    }
}
