//! How each coding agent wants its answer.
//!
//! An adapter is a pure function from an event and a decision to what the hook writes and how it exits.
//! Another host gets a variant of [`Host`] and a module beside `claude`; nothing else knows hosts.

pub(crate) mod claude;
mod codex;

use serde::{Deserialize, Serialize};

use crate::input::Event;

/// A coding agent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Host {
    /// Anthropic's Claude Code.
    #[default]
    Claude,
    /// OpenAI's Codex CLI: the same shape, with a closed schema.
    Codex,
}

impl Host {
    /// The name on the command line and on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
        }
    }

    /// The name a person reads.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Claude => "Claude Code",
            Self::Codex => "Codex",
        }
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The name of no known host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown host `{0}`, expected claude or codex")]
pub struct UnknownHost(String);

impl std::str::FromStr for Host {
    type Err = UnknownHost;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Claude, Self::Codex]
            .into_iter()
            .find(|host| host.name() == text)
            .ok_or_else(|| UnknownHost(crate::text::one_line(text, 40)))
    }
}

/// What came of a question. The three are never mixed up: a fault is not a person's no.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// Somebody, or a policy, said yes.
    Allow,
    /// Somebody, or a policy, said no.
    Deny {
        /// What the host tells its model: who, where, why.
        message: String,
    },
    /// Nobody decided.
    NoDecision {
        /// Why, for a person.
        reason: String,
    },
}

impl Decision {
    /// No decision, and why.
    pub fn none(reason: impl Into<String>) -> Self {
        Self::NoDecision { reason: reason.into() }
    }
}

/// What happens where nobody decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// The host goes on as if there were no hook: its own dialog or rules decide.
    #[default]
    Advise,
    /// The call is blocked (`--gate`): exit 2 with the reason on stderr.
    Gate,
}

/// How the hook ends: what the command line writes and exits with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct HookExit {
    /// For the host.
    pub stdout: Vec<u8>,
    /// For a person; with [`code::BLOCK`] also for the model. Empty or lines with their line breaks.
    pub stderr: String,
    /// The exit code, one of [`code`].
    pub code: u8,
}

/// Exit codes as the hosts read them.
pub mod code {
    /// Done; stdout, if any, is the answer.
    pub const OK: u8 = 0;
    /// A fault that does not block.
    pub const FAULT: u8 = 1;
    /// Blocks the call.
    pub const BLOCK: u8 = 2;
}

/// Begins every line that the hook writes on stderr: hosts show it among others' lines.
const NAME: &str = "countersign";

impl HookExit {
    /// Nothing to say.
    pub fn silent() -> Self {
        Self::default()
    }

    /// An answer on stdout.
    pub fn answer(stdout: Vec<u8>) -> Self {
        Self { stdout, ..Self::default() }
    }

    /// Nobody decided: exit 0 with empty stdout, or 2 as a gate.
    pub fn undecided(reason: &str, mode: Mode) -> Self {
        let code = match mode {
            Mode::Advise => code::OK,
            Mode::Gate => code::BLOCK,
        };
        Self::with_line(&format!("no decision: {reason}"), code)
    }

    /// The input could not be used: exit 1, or 2 as a gate, with nothing on stdout.
    pub fn bad_input(reason: &str, mode: Mode) -> Self {
        let code = match mode {
            Mode::Advise => code::FAULT,
            Mode::Gate => code::BLOCK,
        };
        Self::with_line(reason, code)
    }

    /// Puts a line in front of what is on stderr.
    pub fn noting(mut self, line: &str) -> Self {
        self.stderr = format!("{NAME}: {line}\n{}", self.stderr);
        self
    }

    fn with_line(line: &str, code: u8) -> Self {
        Self { stdout: Vec::new(), stderr: format!("{NAME}: {line}\n"), code }
    }
}

/// Renders a decision for a host.
pub fn render(host: Host, event: Event, decision: &Decision, mode: Mode) -> HookExit {
    match decision {
        Decision::NoDecision { reason } => HookExit::undecided(reason, mode),
        Decision::Allow => HookExit::answer(allow(host, event)),
        Decision::Deny { message } => HookExit::answer(deny(host, event, message)),
    }
}

fn allow(host: Host, event: Event) -> Vec<u8> {
    match host {
        Host::Claude => claude::allow(event),
        Host::Codex => codex::allow(event),
    }
}

fn deny(host: Host, event: Event, message: &str) -> Vec<u8> {
    match host {
        Host::Claude => claude::deny(event, message),
        Host::Codex => codex::deny(event, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn shown(host: Host, event: Event, decision: &Decision, mode: Mode) -> String {
        let exit = render(host, event, decision, mode);
        format!(
            "stdout: {}\nstderr: {}\ncode: {}",
            String::from_utf8(exit.stdout).unwrap().trim_end(),
            exit.stderr.trim_end(),
            exit.code
        )
    }

    #[test]
    fn every_answer_is_exactly_as_its_host_wants_it() {
        let deny = Decision::Deny { message: "Denied by Alice in Slack: \"no\"".to_owned() };
        let mut table = String::new();
        for host in [Host::Claude, Host::Codex] {
            for event in [Event::PermissionRequest, Event::PreToolUse] {
                for (name, decision) in [("allow", &Decision::Allow), ("deny", &deny)] {
                    let text = shown(host, event, decision, Mode::Advise);
                    assert_eq!(text, shown(host, event, decision, Mode::Gate));
                    table.extend([format!("## {host} {event} {name}\n{text}\n")]);
                }
            }
        }
        insta::assert_snapshot!(table);
    }

    #[rstest]
    #[case::advise(Mode::Advise, code::OK)]
    #[case::gate(Mode::Gate, code::BLOCK)]
    fn no_decision_leaves_stdout_empty(#[case] mode: Mode, #[case] expected: u8) {
        for host in [Host::Claude, Host::Codex] {
            for event in [Event::PermissionRequest, Event::PreToolUse] {
                let exit = render(host, event, &Decision::none("Slack is away"), mode);
                assert!(exit.stdout.is_empty());
                assert_eq!(exit.stderr, "countersign: no decision: Slack is away\n");
                assert_eq!(exit.code, expected);
            }
        }
    }

    #[rstest]
    #[case::advise(Mode::Advise, code::FAULT)]
    #[case::gate(Mode::Gate, code::BLOCK)]
    fn bad_input_leaves_stdout_empty(#[case] mode: Mode, #[case] expected: u8) {
        let exit = HookExit::bad_input("input is empty", mode);
        assert!(exit.stdout.is_empty());
        assert_eq!(exit.stderr, "countersign: input is empty\n");
        assert_eq!(exit.code, expected);
    }
}
