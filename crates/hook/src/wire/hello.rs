//! The client's first line.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::PROTOCOL;
use crate::host::Host;

/// Names one request across reconnections: 128 random bits, 32 lower-case hex digits on the wire.
///
/// A client that lost its connection sends the same key again and gets the answer of the same
/// request. It is the only thing that entitles to the answer, so [`fmt::Debug`] shows a prefix only.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestKey([u8; 16]);

impl RequestKey {
    /// Draws a new key from the operating system.
    pub fn random() -> Result<Self, RequestKeyError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|_| RequestKeyError::NoRandomness)?;
        Ok(Self(bytes))
    }

    /// The 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Why there is no request key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestKeyError {
    /// The text is not 32 lower-case hex digits.
    #[error("request key is not 32 lower-case hex digits")]
    Malformed,
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes")]
    NoRandomness,
}

impl fmt::Display for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, ..] = self.0;
        write!(f, "RequestKey({first:02x}{second:02x}…)")
    }
}

impl std::str::FromStr for RequestKey {
    type Err = RequestKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.as_bytes();
        let mut bytes = [0; 16];
        if digits.len() != 32 {
            return Err(RequestKeyError::Malformed);
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            for &digit in pair {
                let value = match digit {
                    b'0'..=b'9' => digit - b'0',
                    b'a'..=b'f' => digit - b'a' + 10,
                    _ => return Err(RequestKeyError::Malformed),
                };
                *byte = (*byte << 4) | value;
            }
        }
        Ok(Self(bytes))
    }
}

impl Serialize for RequestKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RequestKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a client wants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// A decision about the tool call in the second line.
    #[default]
    Ask,
    /// Nothing: the second line tells what happened in the host.
    Observe,
    /// Post a test message and wait for the click.
    Test,
    /// Say who is running.
    Status,
    /// End the daemon.
    Stop,
    /// List requests.
    List,
    /// Show one request whole; `args.id`.
    Show,
    /// Deny one request; `args.id`, `args.reason`. There is no approve on purpose: what is gated runs
    /// as the same user.
    Deny,
    /// Cancel one request; `args.id`.
    Cancel,
    /// A word of a newer client: to be refused by name, never guessed.
    #[serde(other)]
    Unknown,
}

impl Op {
    /// Says whether the host's input follows as the second line.
    pub fn has_input(self) -> bool {
        matches!(self, Self::Ask | Self::Observe)
    }
}

/// The client's first line. Unknown fields are tolerated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// The protocol, [`PROTOCOL`].
    pub countersign: u64,
    /// The client's version. Only a newer one makes a daemon leave ([`super::is_newer`]).
    pub version: String,
    /// Names the request across reconnections.
    pub request_key: RequestKey,
    /// How long the client will wait, in milliseconds from now. Zero or missing: it did not say.
    #[serde(default)]
    pub deadline_ms: u64,
    /// The one who decides, a Slack user id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<String>,
    /// Further ones who may decide, Slack user ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<String>,
    /// Where to post; without it the approver's direct message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// What the client wants.
    #[serde(default)]
    pub op: Op,
    /// Which coding agent asks.
    #[serde(default)]
    pub host: Host,
    /// Arguments of the operation.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub args: serde_json::Value,
}

impl Hello {
    /// Creates the line for one operation; approver, channel and arguments are to be set.
    pub fn new(op: Op, request_key: RequestKey, version: &str, deadline_ms: u64) -> Self {
        Self {
            countersign: PROTOCOL,
            version: version.to_owned(),
            request_key,
            deadline_ms,
            approver: None,
            approvers: Vec::new(),
            channel: None,
            op,
            host: Host::default(),
            args: serde_json::Value::Null,
        }
    }

    /// Everybody who may decide, each once, the first approver first.
    pub fn all_approvers(&self) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        for id in self.approver.iter().chain(&self.approvers) {
            if !id.is_empty() && !all.contains(&id.as_str()) {
                all.push(id);
            }
        }
        all
    }

    /// The line as it is sent, with its line break.
    pub fn to_line(&self) -> Vec<u8> {
        super::answer::json_line(self)
    }
}

/// A first line, told apart.
#[derive(Debug, Clone, PartialEq)]
pub enum FirstLine {
    /// Our own client.
    Hello(Box<Hello>),
    /// A bare host input, the original's protocol: the whole line is the input.
    Bare,
}

/// Why a first line is refused; the text is fit for a `refused` answer.
#[derive(Debug, thiserror::Error)]
pub enum FirstLineError {
    /// Neither a hello nor a host input.
    #[error("first line is not a JSON object: {0}")]
    NotJson(String),
    /// A hello of a protocol that is not spoken here.
    #[error("client speaks protocol {client}, this daemon speaks {PROTOCOL}: stop the daemon and start the newer one")]
    Protocol {
        /// The client's protocol.
        client: u64,
    },
    /// A hello with a missing or malformed field.
    #[error("hello is malformed: {0}")]
    Malformed(String),
    /// A hello longer than [`super::HELLO_MAX_BYTES`].
    #[error("hello is longer than {} bytes", super::HELLO_MAX_BYTES)]
    TooLong,
}

/// Only the key that tells the two protocols apart; everything else is skipped unread.
#[derive(Deserialize)]
struct Probe {
    #[serde(default)]
    countersign: Option<u64>,
}

impl FirstLine {
    /// Tells a hello from a bare host input.
    pub fn parse(line: &[u8]) -> Result<Self, FirstLineError> {
        let start = line.trim_ascii_start().first();
        if start != Some(&b'{') {
            return Err(FirstLineError::NotJson("no `{` at its start".to_owned()));
        }
        let probe: Probe = serde_json::from_slice(line).map_err(|error| not_json(&error))?;
        match probe.countersign {
            None => Ok(Self::Bare),
            Some(PROTOCOL) if line.len() > super::HELLO_MAX_BYTES => Err(FirstLineError::TooLong),
            Some(PROTOCOL) => serde_json::from_slice(line)
                .map(|hello| Self::Hello(Box::new(hello)))
                .map_err(|error| FirstLineError::Malformed(plain(&error))),
            Some(client) => Err(FirstLineError::Protocol { client }),
        }
    }
}

/// A malformed `countersign` is a malformed hello, anything else is not JSON.
fn not_json(error: &serde_json::Error) -> FirstLineError {
    if error.is_data() { FirstLineError::Malformed(plain(error)) } else { FirstLineError::NotJson(plain(error)) }
}

/// serde's message may quote what was sent.
fn plain(error: &serde_json::Error) -> String {
    crate::text::one_line(&error.to_string(), 200)
}

/// Turns a host's input into one line, with its line break.
///
/// In valid JSON a raw CR or LF stands only between tokens, so each becomes a space and nothing else is
/// touched: strings, numbers and the order of keys are what the host sent.
pub fn host_line(mut input: Vec<u8>) -> Vec<u8> {
    for byte in &mut input {
        if matches!(byte, b'\r' | b'\n') {
            *byte = b' ';
        }
    }
    input.push(b'\n');
    input
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn key() -> RequestKey {
        "000102030405060708090a0b0c0d0e0f".parse().unwrap()
    }

    fn parse(text: &str) -> Result<FirstLine, FirstLineError> {
        FirstLine::parse(text.as_bytes())
    }

    #[test]
    fn a_hello_is_one_line_in_the_documented_shape() {
        let mut hello = Hello::new(Op::Ask, key(), "0.1.0", 300_000);
        hello.approver = Some("U0ALICE".to_owned());
        insta::assert_snapshot!(String::from_utf8(hello.to_line()).unwrap().trim_end(), @r#"{"countersign":1,"version":"0.1.0","request_key":"000102030405060708090a0b0c0d0e0f","deadline_ms":300000,"approver":"U0ALICE","op":"ask","host":"claude"}"#);
        let line = hello.to_line();
        assert_eq!(FirstLine::parse(&line).unwrap(), FirstLine::Hello(Box::new(hello)));
    }

    #[test]
    fn the_shortest_hello_asks_for_claude() {
        let line = format!(
            r#"{{"countersign":1,"version":"0.1.0","request_key":"{}","deadline_ms":1,"approver":"U1","new_field":[1]}}"#,
            key()
        );
        let FirstLine::Hello(hello) = parse(&line).unwrap() else { panic!("not a hello") };
        assert_eq!((hello.op, hello.host), (Op::Ask, Host::Claude));
    }

    #[test]
    fn a_line_without_countersign_is_a_bare_input() {
        let line = r#"{"hook_event_name":"PermissionRequest","tool_input":{"countersign":1}}"#;
        assert_eq!(parse(line).unwrap(), FirstLine::Bare);
    }

    #[rstest]
    #[case::newer(r#"{"countersign":2,"anything":true}"#, "client speaks protocol 2")]
    #[case::zero(r#"{"countersign":0}"#, "client speaks protocol 0")]
    #[case::text(r#"{"countersign":"1"}"#, "hello is malformed")]
    #[case::twice(r#"{"countersign":1,"countersign":1}"#, "hello is malformed")]
    #[case::no_key(r#"{"countersign":1,"version":"1.0.0"}"#, "missing field `request_key`")]
    #[case::short_key(r#"{"countersign":1,"version":"1","request_key":"00"}"#, "32 lower-case hex")]
    #[case::array("[1]", "not a JSON object")]
    #[case::empty("", "not a JSON object")]
    #[case::not_json("{nope", "not a JSON object")]
    fn a_bad_first_line_is_refused_by_name(#[case] line: &str, #[case] expected: &str) {
        let error = parse(line).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_hello_over_its_limit_is_refused() {
        let mut hello = Hello::new(Op::Ask, key(), "0.1.0", 1);
        hello.args = serde_json::Value::String("x".repeat(super::super::HELLO_MAX_BYTES));
        assert!(matches!(FirstLine::parse(&hello.to_line()), Err(FirstLineError::TooLong)));
    }

    #[test]
    fn an_unknown_operation_is_named_so() {
        let line = format!(r#"{{"countersign":1,"version":"9.0.0","request_key":"{}","op":"approve"}}"#, key());
        let FirstLine::Hello(hello) = parse(&line).unwrap() else { panic!("not a hello") };
        assert_eq!(hello.op, Op::Unknown);
    }

    #[rstest]
    #[case::upper_case("000102030405060708090A0B0C0D0E0F")]
    #[case::short("0001")]
    #[case::not_ascii("é00102030405060708090a0b0c0d0e0")]
    #[case::sign("+00102030405060708090a0b0c0d0e0f")]
    fn a_key_is_hex_only(#[case] text: &str) {
        assert!(text.parse::<RequestKey>().is_err());
    }

    #[test]
    fn keys_differ_and_do_not_show_in_debug() {
        let a = RequestKey::random().unwrap();
        assert_ne!(a, RequestKey::random().unwrap());
        assert!(!format!("{a:?}").contains(&a.to_string()));
    }

    #[test]
    fn approvers_are_listed_once_and_in_order() {
        let mut hello = Hello::new(Op::Ask, key(), "0.1.0", 1);
        hello.approver = Some("U2".to_owned());
        hello.approvers = ["U1", "U2", "", "U1"].map(str::to_owned).to_vec();
        assert_eq!(hello.all_approvers(), ["U2", "U1"]);
    }

    #[test]
    fn only_line_breaks_of_the_input_change() {
        let input = b"{\r\n  \"a\": \"x\\ny\",\n  \"b\": 1.0\n}";
        assert_eq!(host_line(input.to_vec()), b"{    \"a\": \"x\\ny\",   \"b\": 1.0 }\n");
    }
}
