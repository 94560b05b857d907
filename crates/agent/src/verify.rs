//! Whether what is to run is what was approved.

use countersign_approval::{Access, Blob, Command, Digest, EnvValue, Subject, from_hex, to_hex};
use countersign_gateway::{
    SecretSource,
    wire::control::{Action, Approved, EnvEntry, EnvSource, Input, Start},
};
use ring::hmac;

/// Why something is not what was approved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Mismatch {
    #[error("it does not have the digest {0} that was approved")]
    Digest(String),
    #[error("the approval is about {approved}, not about {what}")]
    Kind { approved: &'static str, what: &'static str },
    #[error("the approval is for the connection {approved:?}, not for {given:?}")]
    Connection { approved: String, given: String },
    #[error("the approval is for the agent {approved:?}, and this is {given:?}")]
    Agent { approved: String, given: String },
    #[error("the command is not the one that was approved")]
    Arguments,
    #[error("the environment has other variables than were approved")]
    Names,
    #[error("the variable {0} has another value than was approved")]
    Value(String),
    #[error("the key of the environment's hashes is not hex")]
    Key,
    #[error("an approved command has its input with it, and this one came without")]
    LiveInput,
    #[error("the session would last longer than was approved")]
    Lifetime,
    #[error("a command needs a program, and arguments without zero bytes")]
    Command,
}

/// Everything that can be checked before the input is there. `agent` is our name, as the server says it.
pub(crate) fn before_input(start: &Start, agent: &str) -> Result<(), Mismatch> {
    check_arguments(&start.action)?;
    let Some(approved) = &start.approved else { return Ok(()) };
    match (&approved.subject, &start.action) {
        (Subject::Command(command), Action::Exec { argv, input }) => {
            check_connection(&command.connection, start)?;
            if command.agent != agent {
                return Err(Mismatch::Agent { approved: command.agent.clone(), given: agent.to_owned() });
            }
            if command.argv != *argv {
                return Err(Mismatch::Arguments);
            }
            if *input == Input::Live {
                return Err(Mismatch::LiveInput);
            }
            check_environment(approved, command, &start.env)
        }
        (Subject::Access(access), Action::Terminal { .. } | Action::Tcp { .. }) => {
            check_access(start, approved, access)
        }
        (subject, action) => Err(Mismatch::Kind { approved: subject.kind(), what: action_kind(action) }),
    }
}

/// The input that came, where the subject has the approved digest with it.
pub(crate) fn with_input(approved: Option<&Approved>, input: Vec<u8>) -> Result<Blob, Mismatch> {
    let input = Blob::from(input);
    let Some((approved, Subject::Command(command))) = approved.map(|approved| (approved, &approved.subject)) else {
        return Ok(input);
    };
    let subject = Subject::Command(Command { input, ..command.clone() });
    check_digest(approved, &subject)?;
    match subject {
        Subject::Command(command) => Ok(command.input),
        _ => Ok(Blob::default()),
    }
}

fn check_digest(approved: &Approved, subject: &Subject) -> Result<(), Mismatch> {
    if Digest::of(subject) == approved.digest { Ok(()) } else { Err(Mismatch::Digest(approved.digest.short())) }
}

fn check_access(start: &Start, approved: &Approved, access: &Access) -> Result<(), Mismatch> {
    check_digest(approved, &approved.subject)?;
    check_connection(&access.connection, start)?;
    let within = start.lifetime_ms.is_some_and(|lifetime| u128::from(lifetime) <= access.duration.as_millis());
    if within { Ok(()) } else { Err(Mismatch::Lifetime) }
}

fn check_connection(approved: &str, start: &Start) -> Result<(), Mismatch> {
    if approved == start.connection.as_str() {
        return Ok(());
    }
    Err(Mismatch::Connection { approved: approved.to_owned(), given: start.connection.to_string() })
}

fn check_environment(approved: &Approved, command: &Command, entries: &[EnvEntry]) -> Result<(), Mismatch> {
    let mut given: Vec<&EnvEntry> = entries.iter().collect();
    given.sort_by(|one, other| one.name.cmp(&other.name));
    let mut wanted: Vec<&EnvValue> = command.env.iter().collect();
    wanted.sort_by(|one, other| one.name.cmp(&other.name));
    if given.len() != wanted.len() || given.iter().zip(&wanted).any(|(entry, value)| entry.name != value.name) {
        return Err(Mismatch::Names);
    }
    if given.is_empty() {
        return Ok(());
    }
    let key = from_hex(&approved.env_key).ok_or(Mismatch::Key)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    match given.iter().zip(&wanted).find(|(entry, value)| hash_of(&key, entry).as_ref() != Some(&value.value_hash)) {
        Some((entry, _)) => Err(Mismatch::Value(entry.name.clone())),
        None => Ok(()),
    }
}

/// The hash of a variable as it stands in a subject: of a value keyed, of a reference the reference itself.
fn hash_of(key: &hmac::Key, entry: &EnvEntry) -> Option<String> {
    match &entry.value {
        EnvSource::Plain(value) => {
            let mut context = hmac::Context::with_key(key);
            context.update(entry.name.as_bytes());
            context.update(&[0]);
            context.update(value.as_bytes());
            Some(to_hex(context.sign().as_ref()))
        }
        EnvSource::Reference(secret) => match &secret.source {
            SecretSource::Env { name } => Some(format!("env:{name}")),
            SecretSource::File { path } => Some(format!("file:{path}")),
            SecretSource::Sealed { .. } => None,
        },
    }
}

fn check_arguments(action: &Action) -> Result<(), Mismatch> {
    let argv = match action {
        Action::Exec { argv, .. } | Action::Terminal { argv, .. } => argv,
        Action::Tcp { .. } => return Ok(()),
    };
    let program = argv.first().is_some_and(|program| !program.is_empty());
    if program && !argv.iter().any(|arg| arg.contains('\0')) { Ok(()) } else { Err(Mismatch::Command) }
}

const fn action_kind(action: &Action) -> &'static str {
    match action {
        Action::Exec { .. } => "a command",
        Action::Terminal { .. } => "a terminal",
        Action::Tcp { .. } => "a port",
    }
}
