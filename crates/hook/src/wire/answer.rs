//! The daemon's lines.

use serde::{Deserialize, Serialize};

use super::PROTOCOL;
use crate::host::Decision;
use crate::text::{TEXT_MAX_CHARS, one_line};

/// How a request ended, the value of `outcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Decided: yes.
    Approved,
    /// Decided: no, by a person (`by`) or by a policy (`policy`).
    Denied,
    /// Nobody decided in time.
    Expired,
    /// The request was withdrawn, for example because it was answered at the terminal.
    Cancelled,
    /// There is no decision and no request stands for one (Slack unreachable, for example).
    NoDecision,
    /// The daemon is older than this client and is leaving: start a new one, send the same key.
    Outdated,
    /// The daemon did not take the line: malformed, unknown, not allowed. Nobody decided.
    Refused,
    /// An operation other than a decision was done.
    Ok,
    /// A word of a newer daemon: never an approval.
    #[serde(other)]
    Unknown,
}

/// What a progress line reports, the value of `event`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgressEvent {
    /// The request is stored.
    Accepted,
    /// Its message is in Slack.
    Posted,
    /// A word of a newer daemon, to be ignored.
    #[serde(other)]
    Unknown,
}

/// A line on the way to the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The protocol, [`PROTOCOL`].
    pub countersign: u64,
    /// What happened.
    pub event: ProgressEvent,
    /// The daemon's version.
    pub version: String,
    /// The request's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The short digest, as it stands on the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

impl Progress {
    /// Creates a progress line of this program's version.
    pub fn new(event: ProgressEvent, version: &str) -> Self {
        Self { countersign: PROTOCOL, event, version: version.to_owned(), request: None, digest: None }
    }

    /// The line as it is sent, with its line break.
    pub fn to_line(&self) -> Vec<u8> {
        json_line(self)
    }
}

/// The daemon's last line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Final {
    /// The protocol, [`PROTOCOL`].
    pub countersign: u64,
    /// The daemon's version.
    pub version: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why: a person's words for `denied`, the daemon's for everything that is not a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The display name of the person who decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The name of the policy, when a policy decided and no person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The request's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// What an operation returns.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub data: serde_json::Value,
}

impl Final {
    /// Creates an answer of this program's version.
    pub fn new(outcome: Outcome, version: &str) -> Self {
        Self {
            countersign: PROTOCOL,
            version: version.to_owned(),
            outcome,
            reason: None,
            by: None,
            policy: None,
            request: None,
            data: serde_json::Value::Null,
        }
    }

    /// Adds the reason.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Adds the person who decided.
    #[must_use]
    pub fn by(mut self, name: impl Into<String>) -> Self {
        self.by = Some(name.into());
        self
    }

    /// Adds the request's id.
    #[must_use]
    pub fn request(mut self, id: impl Into<String>) -> Self {
        self.request = Some(id.into());
        self
    }

    /// Adds what the operation returns.
    #[must_use]
    pub fn data(mut self, data: serde_json::Value) -> Self {
        self.data = data;
        self
    }

    /// The line as it is sent, with its line break.
    pub fn to_line(&self) -> Vec<u8> {
        json_line(self)
    }

    /// What the answer means for the client that asked.
    pub fn verdict(&self) -> Verdict {
        match self.outcome {
            Outcome::Approved => Verdict::Decided(Decision::Allow),
            Outcome::Denied => Verdict::Decided(Decision::Deny { message: self.deny_message() }),
            Outcome::Outdated => Verdict::Outdated,
            Outcome::Expired => self.nobody("nobody decided in time"),
            Outcome::Cancelled => self.nobody("the request was cancelled"),
            Outcome::NoDecision => self.nobody("the daemon has no decision"),
            Outcome::Refused => self.nobody("the daemon refused the request"),
            Outcome::Ok | Outcome::Unknown => self.nobody("the daemon's answer is not a decision"),
        }
    }

    /// No decision, with the daemon's reason after ours.
    fn nobody(&self, what: &str) -> Verdict {
        Verdict::Undecided(match self.reason.as_deref() {
            Some(reason) => one_line(&format!("{what}: {reason}"), TEXT_MAX_CHARS),
            None => what.to_owned(),
        })
    }

    /// What the host is told about a no: who, where, why.
    fn deny_message(&self) -> String {
        let who = match (self.policy.as_deref(), self.by.as_deref()) {
            (Some(policy), _) => format!("Denied by policy {}", one_line(policy, NAME_MAX_CHARS)),
            (None, Some(name)) => {
                format!("Denied by {} in Slack", one_line(name, NAME_MAX_CHARS))
            }
            (None, None) => "Denied in Slack".to_owned(),
        };
        match self.reason.as_deref().map(|r| one_line(r, TEXT_MAX_CHARS)) {
            Some(reason) if !reason.is_empty() => format!("{who}: {reason}"),
            _ => who,
        }
    }
}

/// Longest name in a deny message, in characters: Slack's own limit for display names.
const NAME_MAX_CHARS: usize = 80;

/// A final answer, read for a request for a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// A person or a policy decided.
    Decided(Decision),
    /// Nobody decided, and why.
    Undecided(String),
    /// The daemon is leaving for a newer one: ask again with the same key.
    Outdated,
}

/// One line of the daemon.
#[derive(Debug, Clone, PartialEq)]
pub enum ServerLine {
    /// On the way.
    Progress(Progress),
    /// The end.
    Final(Box<Final>),
}

/// Why a daemon's line cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// Not a JSON object with `event` or `outcome`.
    #[error("the daemon's answer cannot be read: {0}")]
    Malformed(String),
    /// Another protocol than ours.
    #[error("the daemon speaks protocol {daemon}, this program speaks {PROTOCOL}")]
    Protocol {
        /// The daemon's protocol.
        daemon: u64,
    },
}

/// Which of the two kinds a line is.
#[derive(Deserialize)]
struct Probe {
    countersign: u64,
    #[serde(default)]
    outcome: Option<serde::de::IgnoredAny>,
}

impl ServerLine {
    /// Reads one line of the daemon.
    pub fn parse(line: &[u8]) -> Result<Self, AnswerError> {
        let probe: Probe = serde_json::from_slice(line).map_err(|e| malformed(&e))?;
        match (probe.countersign, probe.outcome) {
            (PROTOCOL, Some(_)) => serde_json::from_slice(line)
                .map(|answer| Self::Final(Box::new(answer)))
                .map_err(|error| malformed(&error)),
            (PROTOCOL, None) => serde_json::from_slice(line).map(Self::Progress).map_err(|error| malformed(&error)),
            (daemon, _) => Err(AnswerError::Protocol { daemon }),
        }
    }
}

fn malformed(error: &serde_json::Error) -> AnswerError {
    AnswerError::Malformed(one_line(&error.to_string(), 200))
}

/// One value as a line of JSON, with its line break.
pub(crate) fn json_line<T: Serialize>(value: &T) -> Vec<u8> {
    // Plain structs with text keys: serialising into memory cannot fail. An empty line would be refused
    // by the other side, which is the safe end of this impossible case.
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line
}

/// The answer to a bare host input, with its line break; `None` where there is no decision.
///
/// The original's shape: the event echoed, a message for both behaviours.
pub fn bare_output(hook_event_name: &str, decision: &Decision) -> Option<Vec<u8>> {
    let (behavior, message) = match decision {
        Decision::Allow => ("allow", "Allowed via Slack"),
        Decision::Deny { message } => ("deny", message.as_str()),
        Decision::NoDecision { .. } => return None,
    };
    Some(crate::host::claude::permission_request(hook_event_name, behavior, Some(message)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn answer(outcome: &str, rest: &str) -> Final {
        let line = format!(r#"{{"countersign":1,"version":"0.1.0","outcome":"{outcome}"{rest}}}"#);
        match ServerLine::parse(line.as_bytes()).unwrap() {
            ServerLine::Final(answer) => *answer,
            ServerLine::Progress(progress) => panic!("{progress:?}"),
        }
    }

    #[rstest]
    #[case::person(r#","by":"Alice","reason":"too risky""#, "Denied by Alice in Slack: too risky")]
    #[case::no_reason(r#","by":"Alice""#, "Denied by Alice in Slack")]
    #[case::blank_reason(r#","by":"Alice","reason":" \n""#, "Denied by Alice in Slack")]
    #[case::policy(r#","policy":"no prod","reason":"frozen""#, "Denied by policy no prod: frozen")]
    #[case::nobody_named("", "Denied in Slack")]
    #[case::control_and_bidi(
        r#","by":"A\u0007li\u202ece","reason":"a\nb\u001b[0m""#,
        "Denied by Alice in Slack: a b[0m"
    )]
    fn a_no_says_who_and_why(#[case] rest: &str, #[case] expected: &str) {
        assert_eq!(answer("denied", rest).verdict(), Verdict::Decided(Decision::Deny { message: expected.to_owned() }));
    }

    #[test]
    fn a_long_reason_is_cut() {
        let reason = "x".repeat(5_000);
        let Verdict::Decided(Decision::Deny { message }) =
            Final::new(Outcome::Denied, "0.1.0").by("Alice").because(reason).verdict()
        else {
            panic!("not a denial")
        };
        assert!(message.chars().count() < TEXT_MAX_CHARS + 50);
        assert!(message.ends_with('…'));
    }

    #[test]
    fn an_approval_is_the_only_allow() {
        for outcome in [
            "approved",
            "denied",
            "expired",
            "cancelled",
            "no_decision",
            "outdated",
            "refused",
            "ok",
            "approved_by_magic",
        ] {
            let allowed = answer(outcome, "").verdict() == Verdict::Decided(Decision::Allow);
            assert_eq!(allowed, outcome == "approved", "{outcome}");
        }
    }

    #[rstest]
    #[case::expired("expired", "nobody decided in time: x")]
    #[case::cancelled("cancelled", "the request was cancelled: x")]
    #[case::no_decision("no_decision", "the daemon has no decision: x")]
    #[case::refused("refused", "the daemon refused the request: x")]
    #[case::newer_word("approved_twice", "the daemon's answer is not a decision: x")]
    fn everything_else_is_no_decision_with_its_reason(#[case] outcome: &str, #[case] expected: &str) {
        assert_eq!(answer(outcome, r#","reason":"x""#).verdict(), Verdict::Undecided(expected.to_owned()));
    }

    #[test]
    fn progress_and_answer_are_told_apart() {
        let mut progress = Progress::new(ProgressEvent::Accepted, "0.1.0");
        progress.request = Some("r1".to_owned());
        progress.digest = Some("ab12".to_owned());
        let line = progress.to_line();
        insta::assert_snapshot!(String::from_utf8_lossy(&line).trim_end(), @r#"{"countersign":1,"event":"accepted","version":"0.1.0","request":"r1","digest":"ab12"}"#);
        assert_eq!(ServerLine::parse(&line).unwrap(), ServerLine::Progress(progress));
        let answer = Final::new(Outcome::Denied, "0.1.0").by("Alice").because("no");
        insta::assert_snapshot!(String::from_utf8_lossy(&answer.to_line()).trim_end(), @r#"{"countersign":1,"version":"0.1.0","outcome":"denied","reason":"no","by":"Alice"}"#);
    }

    #[rstest]
    #[case::not_json("nope")]
    #[case::no_protocol(r#"{"outcome":"approved"}"#)]
    #[case::other_protocol(r#"{"countersign":2,"version":"9.0.0","outcome":"approved"}"#)]
    #[case::two_outcomes(r#"{"countersign":1,"version":"1","outcome":"denied","outcome":"approved"}"#)]
    #[case::neither(r#"{"countersign":1,"version":"1"}"#)]
    #[case::outcome_of_wrong_type(r#"{"countersign":1,"version":"1","outcome":true}"#)]
    fn a_malformed_answer_is_an_error(#[case] line: &str) {
        assert!(ServerLine::parse(line.as_bytes()).is_err());
    }

    #[test]
    fn a_bare_output_has_the_originals_shape() {
        let allow = bare_output("PermissionRequest", &Decision::Allow).unwrap();
        insta::assert_snapshot!(String::from_utf8_lossy(&allow).trim_end(), @r#"{"hookSpecificOutput":{"hookEventName":"PermissionRequest","decision":{"behavior":"allow","message":"Allowed via Slack"}}}"#);
        let none = Decision::NoDecision { reason: "expired".to_owned() };
        assert!(bare_output("PermissionRequest", &none).is_none());
    }
}
