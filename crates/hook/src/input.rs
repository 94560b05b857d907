//! What a host writes to the hook's stdin, parsed at the edge.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, Read};

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::text::one_line;
use crate::wire::INPUT_MAX_BYTES;

/// How much of an oversized input is read and thrown away, in bytes: 256 MiB.
///
/// A host that writes to a closed pipe may report its own error instead of ours, so the rest is drained;
/// an endless writer is left alone after this much.
const DRAIN_MAX_BYTES: u64 = 256 * 1024 * 1024;

/// Why a host's input is not used. Nothing of it was decided.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// Larger than [`INPUT_MAX_BYTES`].
    #[error("input is larger than {} MiB", INPUT_MAX_BYTES / (1024 * 1024))]
    TooLarge,
    /// Stdin could not be read.
    #[error("input could not be read: {0}")]
    Unreadable(#[from] io::Error),
    /// Nothing came.
    #[error("input is empty, expected one JSON object")]
    Empty,
    /// Not UTF-8.
    #[error("input is not UTF-8 at byte {at}")]
    NotUtf8 {
        /// Offset of the first byte that is not UTF-8.
        at: usize,
    },
    /// Not JSON, or nested too deeply; the text names line and column.
    #[error("input is not JSON: {0}")]
    NotJson(String),
    /// JSON, but not an object.
    #[error("input is not a JSON object")]
    NotAnObject,
    /// A key that occurs twice would mean two things to two readers.
    #[error("input is ambiguous: {0}")]
    Duplicate(String),
    /// A field without which there is nothing to decide about.
    #[error("input has no `{0}`")]
    Missing(&'static str),
    /// A field that is not text.
    #[error("input has a field of the wrong type: {0}")]
    WrongType(String),
    /// An event this hook has no role in.
    #[error("unknown event `{0}`")]
    UnknownEvent(String),
}

/// The events of a host that this hook takes part in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Event {
    /// The host is about to ask its user.
    PermissionRequest,
    /// The host is about to use a tool.
    PreToolUse,
    /// A tool was used.
    PostToolUse,
    /// A tool was used and failed.
    PostToolUseFailure,
    /// The host finished its turn.
    Stop,
    /// The user wrote something.
    UserPromptSubmit,
    /// The session ended.
    SessionEnd,
}

/// What this hook does at an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Ask for a decision and wait for it.
    Ask,
    /// Report and leave: by this the daemon notices what was answered at the terminal.
    Observe,
}

impl Event {
    /// All of them, in the order in which they are installed.
    pub const ALL: [Self; 7] = [
        Self::PermissionRequest,
        Self::PreToolUse,
        Self::PostToolUse,
        Self::PostToolUseFailure,
        Self::Stop,
        Self::UserPromptSubmit,
        Self::SessionEnd,
    ];

    /// The host's name for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PermissionRequest => "PermissionRequest",
            Self::PreToolUse => "PreToolUse",
            Self::PostToolUse => "PostToolUse",
            Self::PostToolUseFailure => "PostToolUseFailure",
            Self::Stop => "Stop",
            Self::UserPromptSubmit => "UserPromptSubmit",
            Self::SessionEnd => "SessionEnd",
        }
    }

    /// What this hook does at it.
    pub const fn role(self) -> Role {
        match self {
            Self::PermissionRequest | Self::PreToolUse => Role::Ask,
            Self::PostToolUse | Self::PostToolUseFailure | Self::Stop | Self::UserPromptSubmit | Self::SessionEnd => {
                Role::Observe
            }
        }
    }

    /// Says whether it is about one tool, so that a matcher applies.
    pub const fn is_about_a_tool(self) -> bool {
        !matches!(self, Self::Stop | Self::UserPromptSubmit | Self::SessionEnd)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Event {
    type Err = InputError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|event| event.name() == text)
            .ok_or_else(|| InputError::UnknownEvent(one_line(text, 80)))
    }
}

/// A host's input. What is not listed here stays in the raw line.
#[derive(Debug, Clone)]
pub struct HookInput {
    /// What happens in the host.
    pub event: Event,
    /// The host's session.
    pub session_id: String,
    /// The session's working directory.
    pub cwd: String,
    /// The tool, for the events about one.
    pub tool_name: Option<String>,
    /// The tool's input as the bytes received: the digest is over these.
    pub tool_input: Option<Box<RawValue>>,
    /// Names the tool call; not given with [`Event::PermissionRequest`].
    pub tool_use_id: Option<String>,
    /// How the host treats permissions (`default`, `plan`, …).
    pub permission_mode: Option<String>,
    /// Names the user's prompt that led here.
    pub prompt_id: Option<String>,
    /// The subagent, when one asks.
    pub agent_id: Option<String>,
    /// The kind of subagent.
    pub agent_type: Option<String>,
    /// The host's own record of the session.
    pub transcript_path: Option<String>,
}

/// The fields read from an input. Derived, so that a duplicate of one of them is an error.
#[derive(Deserialize)]
struct Fields {
    hook_event_name: Option<String>,
    session_id: Option<String>,
    cwd: Option<String>,
    tool_name: Option<String>,
    tool_input: Option<Box<RawValue>>,
    tool_use_id: Option<String>,
    permission_mode: Option<String>,
    prompt_id: Option<String>,
    agent_id: Option<String>,
    agent_type: Option<String>,
    transcript_path: Option<String>,
}

impl HookInput {
    /// Parses one input, as received on stdin or as the second line of a connection.
    ///
    /// A key that occurs twice, at the top or anywhere inside `tool_input`, is refused: what a person reads
    /// has to be what the host does.
    pub fn parse(bytes: &[u8]) -> Result<Self, InputError> {
        if bytes.len() > INPUT_MAX_BYTES {
            return Err(InputError::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|error| InputError::NotUtf8 { at: error.valid_up_to() })?;
        if text.trim().is_empty() {
            return Err(InputError::Empty);
        }
        check_keys(text)?;
        if !text.trim_start().starts_with('{') {
            return Err(InputError::NotAnObject);
        }
        serde_json::from_str::<Fields>(text).map_err(|error| classify(&error))?.try_into()
    }

    /// The tool's input as received, empty when there is none.
    pub fn tool_input_bytes(&self) -> &[u8] {
        self.tool_input.as_deref().map_or(&[], |raw| raw.get().as_bytes())
    }
}

impl TryFrom<Fields> for HookInput {
    type Error = InputError;

    fn try_from(fields: Fields) -> Result<Self, InputError> {
        let event = needed(fields.hook_event_name, "hook_event_name")?.parse()?;
        Ok(Self {
            event,
            session_id: needed(fields.session_id, "session_id")?,
            cwd: needed(fields.cwd, "cwd")?,
            tool_name: fields.tool_name,
            tool_input: fields.tool_input,
            tool_use_id: fields.tool_use_id,
            permission_mode: fields.permission_mode,
            prompt_id: fields.prompt_id,
            agent_id: fields.agent_id,
            agent_type: fields.agent_type,
            transcript_path: fields.transcript_path,
        })
    }
}

/// An empty text says no more than none.
fn needed(field: Option<String>, name: &'static str) -> Result<String, InputError> {
    field.filter(|text| !text.is_empty()).ok_or(InputError::Missing(name))
}

fn classify(error: &serde_json::Error) -> InputError {
    let text = one_line(&error.to_string(), 200);
    if error.is_data() { InputError::WrongType(text) } else { InputError::NotJson(text) }
}

/// Reads an input from stdin without ever buffering more than the limit.
pub fn read_capped(mut stdin: impl Read) -> Result<Vec<u8>, InputError> {
    let mut bytes = Vec::new();
    let limit = INPUT_MAX_BYTES as u64 + 1;
    stdin.by_ref().take(limit).read_to_end(&mut bytes)?;
    if bytes.len() > INPUT_MAX_BYTES {
        drop(bytes);
        // What comes of draining is of no interest: the input is refused either way.
        let _ = io::copy(&mut stdin.take(DRAIN_MAX_BYTES), &mut io::sink());
        return Err(InputError::TooLarge);
    }
    Ok(bytes)
}

/// Walks the whole text once: syntax, depth and duplicate keys.
fn check_keys(text: &str) -> Result<(), InputError> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let walked = UniqueKeys.deserialize(&mut deserializer).and_then(|()| deserializer.end());
    walked.map_err(|error| {
        let text = one_line(&error.to_string(), 200);
        if error.is_data() { InputError::Duplicate(text) } else { InputError::NotJson(text) }
    })
}

/// Accepts any JSON whose objects have no key twice. serde_json limits the depth to 128.
#[derive(Clone, Copy)]
struct UniqueKeys;

impl<'de> DeserializeSeed<'de> for UniqueKeys {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for UniqueKeys {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let mut seen: HashSet<String> = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if seen.contains(&key) {
                return Err(de::Error::custom(format_args!("`{key}` occurs twice")));
            }
            seen.insert(key);
            entries.next_value_seed(self)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const ASK: &str = r#"{"session_id":"s1","cwd":"/w","hook_event_name":"PermissionRequest","tool_name":"Bash","tool_input":{"command":"ls",  "n":1.0},"permission_suggestions":[]}"#;

    #[test]
    fn the_tools_input_is_kept_byte_for_byte() {
        let input = HookInput::parse(ASK.as_bytes()).unwrap();
        assert_eq!(input.event, Event::PermissionRequest);
        assert_eq!(input.tool_name.as_deref(), Some("Bash"));
        assert_eq!(input.tool_input_bytes(), br#"{"command":"ls",  "n":1.0}"#);
    }

    #[test]
    fn the_line_on_the_wire_has_the_same_tool_input() {
        let spread = ASK.replace(',', ",\r\n ");
        let line = crate::wire::host_line(spread.into_bytes());
        let text = line.strip_suffix(b"\n").unwrap();
        let received = HookInput::parse(text).unwrap();
        assert_eq!(received.tool_input_bytes(), br#"{"command":"ls",     "n":1.0}"#);
    }

    #[rstest]
    #[case::empty("", "input is empty")]
    #[case::blank(" \n", "input is empty")]
    #[case::not_json("nope", "input is not JSON: ")]
    #[case::array("[]", "input is not a JSON object")]
    #[case::text("\"{}\"", "input is not a JSON object")]
    #[case::two_objects("{}{}", "input is not JSON: trailing characters at line 1 column 3")]
    #[case::half(r#"{"cwd":"#, "input is not JSON: EOF")]
    #[case::byte_order_mark("\u{feff}{}", "input is not JSON: ")]
    #[case::no_event(r#"{"session_id":"s","cwd":"/"}"#, "input has no `hook_event_name`")]
    #[case::no_session(r#"{"hook_event_name":"Stop","cwd":"/"}"#, "input has no `session_id`")]
    #[case::no_cwd(r#"{"hook_event_name":"Stop","session_id":"s"}"#, "input has no `cwd`")]
    #[case::empty_cwd(r#"{"hook_event_name":"Stop","session_id":"s","cwd":""}"#, "input has no `cwd`")]
    #[case::null_cwd(r#"{"hook_event_name":"Stop","session_id":"s","cwd":null}"#, "input has no `cwd`")]
    #[case::number_cwd(r#"{"hook_event_name":"Stop","session_id":"s","cwd":1}"#, "wrong type: invalid type: integer")]
    #[case::unknown(r#"{"hook_event_name":"Notification","session_id":"s","cwd":"/"}"#, "unknown event `Notification`")]
    #[case::hostile_event(
        r#"{"hook_event_name":"St\u001b[31m\u202eop\n","session_id":"s","cwd":"/"}"#,
        "unknown event `St[31mop`"
    )]
    #[case::duplicate(r#"{"cwd":"/","cwd":"/etc"}"#, "ambiguous: `cwd` occurs twice")]
    #[case::duplicate_inside(r#"{"tool_input":{"command":"ls","command":"rm"}}"#, "`command` occurs twice")]
    #[case::duplicate_by_escape(r#"{"tool_input":[{"a":1,"\u0061":2}]}"#, "`a` occurs twice")]
    #[case::raw_line_break_in_text("{\"cwd\":\"a\nb\"}", "input is not JSON: control character")]
    fn bad_input_is_named(#[case] text: &str, #[case] expected: &str) {
        let error = HookInput::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains(char::is_control), "{error:?}");
    }

    #[test]
    fn not_utf8_is_named_with_its_place() {
        let error = HookInput::parse(b"{\"cwd\":\"\xff\"}").unwrap_err();
        assert!(matches!(error, InputError::NotUtf8 { at: 8 }));
    }

    #[rstest]
    #[case::arrays("[", "]")]
    #[case::objects(r#"{"a":"#, "}")]
    fn deep_nesting_is_an_error_and_no_overflow(#[case] open: &str, #[case] close: &str) {
        let deep = format!(r#"{{"tool_input":{}1{}}}"#, open.repeat(100_000), close.repeat(100_000));
        let error = HookInput::parse(deep.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("recursion limit"), "{error}");
    }

    #[test]
    fn an_endless_input_ends_with_an_error() {
        assert!(matches!(read_capped(io::repeat(b' ').take(50_000_000)), Err(InputError::TooLarge)));
    }

    #[test]
    fn an_input_of_exactly_the_limit_is_read() {
        let bytes = read_capped(io::repeat(b' ').take(INPUT_MAX_BYTES as u64)).unwrap();
        assert_eq!(bytes.len(), INPUT_MAX_BYTES);
    }

    #[test]
    fn every_event_has_a_name_it_is_read_by() {
        for event in Event::ALL {
            assert_eq!(event.name().parse::<Event>().unwrap(), event);
        }
    }
}
