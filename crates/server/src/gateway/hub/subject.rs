//! What a person wants to do, checked against what the connection is.

use std::time::Duration;

use countersign_approval::{Request, Subject};
use countersign_gateway::{
    Connection, Target, Verb,
    wire::{
        control::{Action, Input},
        run::{RefusalCode, Terminal, WantedInput, WantedVerb},
    },
};

use super::run::{Halt, refused};

/// The whole command line, in bytes: what an operating system takes with room for its environment.
const MAX_COMMAND_BYTES: usize = 1024 * 1024;

/// Longest single argument that Linux takes (`MAX_ARG_STRLEN`, execve(2)).
const MAX_ARG_BYTES: usize = 128 * 1024 - 1;

/// Longest name of a kind of terminal.
const MAX_TERM_BYTES: usize = 64;

/// Something to be done on a connection.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// Where.
    pub(super) connection: Connection,
    /// What.
    pub(super) how: How,
}

/// The kinds of things that can be done.
#[derive(Clone, Debug)]
pub(super) enum How {
    /// One command.
    Exec {
        /// Program and arguments.
        argv: Vec<String>,
        /// What the client has for it.
        input: WantedInput,
    },
    /// A command on a terminal.
    Terminal {
        /// Program and arguments.
        argv: Vec<String>,
        /// The person's terminal.
        terminal: Terminal,
    },
    /// A connection to an address.
    Tcp {
        /// Host name or address.
        host: String,
        /// Port.
        port: u16,
    },
}

impl Wanted {
    /// What an opening asks for.
    pub(super) fn of(connection: Connection, verb: WantedVerb) -> Result<Self, Halt> {
        let how = match (verb, &connection.target) {
            (WantedVerb::Exec { args, input }, Target::CommandLine { argv }) => {
                How::Exec { argv: appended(argv, args)?, input }
            }
            (WantedVerb::Exec { .. }, Target::Tcp { .. }) => {
                return Err(invalid(format!(
                    "{0} is a port, on which no command can be run: use `countersign connect {0}`",
                    connection.name
                )));
            }
            (WantedVerb::Guard { .. }, _) => return Err(invalid("a guarded command has no connection".to_owned())),
            (WantedVerb::Connect { args, terminal, .. }, target) => connect(&connection, target, args, terminal)?,
        };
        Ok(Self { connection, how })
    }

    /// What a stored request is about. Its command comes from there, never from what the client sends again.
    pub(super) fn of_request(
        connection: Connection,
        request: &Request,
        terminal: Option<Terminal>,
    ) -> Result<Self, Halt> {
        let how = match &request.subject {
            Subject::Command(command) => How::Exec { argv: command.argv.clone(), input: WantedInput::None },
            Subject::Access(_) => connect(&connection, &connection.target, Vec::new(), terminal)?,
            other => return Err(invalid(format!("a request about a {} is not run here", other.kind()))),
        };
        Ok(Self { connection, how })
    }

    pub(super) const fn verb(&self) -> Verb {
        match self.how {
            How::Exec { .. } => Verb::Exec,
            How::Terminal { .. } | How::Tcp { .. } => Verb::Connect,
        }
    }

    /// The command line, or the address, as it is stored and shown.
    pub(super) fn command(&self) -> Vec<String> {
        match &self.how {
            How::Exec { argv, .. } | How::Terminal { argv, .. } => argv.clone(),
            How::Tcp { host, port } => vec![format!("{host}:{port}")],
        }
    }

    /// What the agent is to do. With a request the input is the stored one.
    pub(super) fn action(&self, request: Option<&Request>) -> Action {
        match &self.how {
            How::Exec { argv, .. } => {
                let input = match request.map(|request| &request.subject) {
                    Some(Subject::Command(command)) => Input::Stored { bytes: command.input.as_bytes().len() as u64 },
                    _ => Input::Live,
                };
                Action::Exec { argv: argv.clone(), input }
            }
            How::Terminal { argv, terminal } => {
                Action::Terminal { argv: argv.clone(), term: terminal.term.clone(), size: terminal.size }
            }
            How::Tcp { host, port } => Action::Tcp { host: host.clone(), port: *port },
        }
    }
}

/// For how long access is asked for.
pub(super) fn duration(verb: &WantedVerb) -> Option<Duration> {
    match verb {
        WantedVerb::Connect { duration_s, .. } => duration_s.map(Duration::from_secs),
        WantedVerb::Exec { .. } | WantedVerb::Guard { .. } => None,
    }
}

fn connect(
    connection: &Connection,
    target: &Target,
    args: Vec<String>,
    terminal: Option<Terminal>,
) -> Result<How, Halt> {
    match target {
        Target::CommandLine { argv } => {
            let Some(terminal) = terminal else {
                return Err(invalid(format!(
                    "{} is a command line: to connect to it, run in a terminal",
                    connection.name
                )));
            };
            if terminal.term.len() > MAX_TERM_BYTES || terminal.term.chars().any(char::is_control) {
                return Err(invalid("the terminal's kind is no name".to_owned()));
            }
            Ok(How::Terminal { argv: appended(argv, args)?, terminal })
        }
        Target::Tcp { .. } if !args.is_empty() => {
            Err(invalid(format!("{} is a port, and takes no arguments", connection.name)))
        }
        Target::Tcp { host, port } => Ok(How::Tcp { host: host.clone(), port: *port }),
    }
}

fn appended(command: &[String], more: Vec<String>) -> Result<Vec<String>, Halt> {
    let argv: Vec<String> = command.iter().cloned().chain(more).collect();
    if argv.iter().any(|arg| arg.contains('\0')) {
        return Err(invalid("an argument has a zero byte in it, which no program can be given".to_owned()));
    }
    let longest = argv.iter().map(String::len).max().unwrap_or_default();
    if longest > MAX_ARG_BYTES || argv.iter().map(|arg| arg.len() + 1).sum::<usize>() > MAX_COMMAND_BYTES {
        return Err(invalid(format!(
            "the arguments are too long: {MAX_ARG_BYTES} bytes each and {MAX_COMMAND_BYTES} together; give more as input"
        )));
    }
    Ok(argv)
}

fn invalid(message: String) -> Halt {
    refused(RefusalCode::Invalid, message)
}

#[cfg(test)]
mod tests {
    use countersign_approval::Timestamp;
    use countersign_gateway::wire::control::WindowSize;

    use super::*;

    fn connection(target: Target) -> Connection {
        Connection {
            name: "c".parse().unwrap(),
            revision: 1,
            agent: "default".parse().unwrap(),
            target,
            env: vec![],
            changed_at: Timestamp::from_micros(0),
        }
    }

    fn bash() -> Connection {
        connection(Target::CommandLine { argv: vec!["bash".into()] })
    }

    fn port() -> Connection {
        connection(Target::Tcp { host: "db".into(), port: 5432 })
    }

    fn exec(args: &[&str]) -> WantedVerb {
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        WantedVerb::Exec { args, input: WantedInput::None }
    }

    fn connect(args: &[&str], terminal: Option<Terminal>) -> WantedVerb {
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        WantedVerb::Connect { args, duration_s: None, terminal }
    }

    fn terminal(term: &str) -> Terminal {
        Terminal { term: term.to_owned(), size: WindowSize { rows: 24, cols: 80 } }
    }

    #[test]
    fn arguments_are_appended() {
        let wanted = Wanted::of(bash(), exec(&["-c", "ls"])).unwrap();
        assert_eq!((wanted.verb(), wanted.command()), (Verb::Exec, vec!["bash".into(), "-c".into(), "ls".into()]));
    }

    #[test]
    fn a_port_gives_its_address() {
        assert_eq!(Wanted::of(port(), connect(&[], None)).unwrap().command(), ["db:5432"]);
    }

    #[test]
    fn what_does_not_fit_the_connection_is_refused_with_what_to_do() {
        let long = "x".repeat(MAX_ARG_BYTES + 1);
        for (connection, verb) in [
            (port(), exec(&[])),
            (port(), connect(&["x"], None)),
            (bash(), connect(&[], None)),
            (bash(), connect(&[], Some(terminal("a\u{1b}b")))),
            (bash(), exec(&["a\0b"])),
            (bash(), exec(&[&long])),
        ] {
            let Err(Halt::Refused(refusal)) = Wanted::of(connection, verb) else { panic!("taken") };
            assert_eq!(refusal.code, RefusalCode::Invalid);
        }
    }
}
