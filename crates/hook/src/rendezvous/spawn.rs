//! How a client starts the daemon.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use super::{DaemonKey, Paths, PathsError, StartError, readiness};

/// Largest specification, in bytes.
const SPEC_MAX_BYTES: u64 = 256 * 1024;

/// The command that becomes the daemon.
#[derive(Debug, Clone)]
pub struct SpawnCommand {
    /// The program, an absolute path.
    pub program: PathBuf,
    /// Its arguments. Never a secret: anybody can read them.
    pub args: Vec<OsString>,
    /// Its whole environment. The client's own is not inherited: the daemon outlives the session it was
    /// started from and serves others.
    pub env: Vec<(OsString, OsString)>,
    /// Where its stderr goes, appended; nowhere without it.
    pub log: Option<PathBuf>,
}

/// Everything a daemon is told, as JSON on its stdin: secrets are neither in arguments nor in the environment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DaemonSpec {
    /// The directory to meet in; the client that starts the daemon fills in its own.
    pub runtime_dir: PathBuf,
    /// Which daemon this is; filled in too.
    pub key: DaemonKey,
    /// The version of the program that starts it.
    pub version: String,
    /// The base address of Slack's Web API.
    pub api_url: String,
    /// The bot token.
    #[serde(serialize_with = "expose")]
    pub bot_token: SecretString,
    /// The app-level token.
    #[serde(serialize_with = "expose")]
    pub app_token: SecretString,
    /// Where the store and the log are.
    pub state_dir: PathBuf,
    /// The log's level.
    pub log_level: String,
    /// Leave after being idle for this long, in milliseconds; the daemon's default without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_ms: Option<u64>,
    /// What only the daemon understands.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub extra: serde_json::Value,
}

/// The one place where a secret leaves its wrapper: towards the daemon's stdin.
fn expose<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

/// Why a specification cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// It could not be read.
    #[error("could not read the specification")]
    Io(#[from] io::Error),
    /// It is not what a client writes. The text of the parser is left out: it may quote a secret.
    #[error("specification is malformed at line {line}, column {column}")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
}

impl DaemonSpec {
    /// Reads the specification to its end: the daemon's first act.
    pub fn read(input: impl Read) -> Result<Self, SpecError> {
        let mut bytes = Vec::new();
        input.take(SPEC_MAX_BYTES).read_to_end(&mut bytes)?;
        serde_json::from_slice(&bytes)
            .map_err(|error| SpecError::Malformed { line: error.line(), column: error.column() })
    }

    /// The place to meet, verified again by the daemon.
    pub fn paths(&self) -> Result<Paths, PathsError> {
        Paths::in_dir(&self.runtime_dir, self.key)
    }
}

/// Leaves the client's session, directory and umask: the daemon's second act.
///
/// Without a session of its own the daemon would get the terminal's Ctrl-C and hang-up.
pub fn detach() -> io::Result<()> {
    nix::unistd::setsid()?;
    nix::unistd::chdir("/")?;
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o077));
    Ok(())
}

/// Starts the daemon and waits until it is ready, or until `deadline`.
///
/// A daemon that broke its word (said nothing, or something else) is ended: it may hold the lock.
pub(super) fn start(
    paths: &Paths,
    command: &SpawnCommand,
    spec: &DaemonSpec,
    deadline: Instant,
) -> Result<(), StartError> {
    let mut spec = spec.clone();
    paths.dir().clone_into(&mut spec.runtime_dir);
    spec.key = paths.key();
    let spec = serde_json::to_vec(&spec).map_err(StartError::Spec)?;
    let mut child = spawn(command).map_err(|source| StartError::Spawn { program: command.program.clone(), source })?;
    let outcome = readiness::wait(&mut child, spec, deadline);
    if let Err(StartError::Late | StartError::Silent | StartError::Garbled(_)) = outcome {
        end(child);
    }
    outcome
}

fn spawn(command: &SpawnCommand) -> io::Result<Child> {
    Command::new(&command.program)
        .args(&command.args)
        .env_clear()
        .envs(command.env.iter().map(|(name, value)| (name, value)))
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(command.log.as_deref().map_or_else(Stdio::null, log))
        .spawn()
}

/// The log is a convenience: without it the daemon still runs.
fn log(path: &Path) -> Stdio {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits())
        .open(path)
        .map_or_else(|_| Stdio::null(), Stdio::from)
}

/// Ends our own child; it is not reaped yet, so its pid is nobody else's.
fn end(mut child: Child) {
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn spec() -> DaemonSpec {
        DaemonSpec {
            runtime_dir: PathBuf::from("/run/user/1/countersign"),
            key: DaemonKey::derive("https://slack.com/api/", "xapp-1-A1-1-x"),
            version: "0.1.0".to_owned(),
            api_url: "https://slack.com/api/".to_owned(),
            bot_token: SecretString::from("xoxb-secret-bot"),
            app_token: SecretString::from("xapp-1-A1-1-secret-app"),
            state_dir: PathBuf::from("/home/a/.local/state/countersign"),
            log_level: "info".to_owned(),
            idle_ms: None,
            extra: serde_json::Value::Null,
        }
    }

    #[test]
    fn a_specification_arrives_whole_with_its_secrets() {
        let json = serde_json::to_vec(&spec()).unwrap();
        let read = DaemonSpec::read(json.as_slice()).unwrap();
        assert_eq!(read.bot_token.expose_secret(), "xoxb-secret-bot");
        assert_eq!(read.app_token.expose_secret(), "xapp-1-A1-1-secret-app");
        assert_eq!(read.key, spec().key);
    }

    #[test]
    fn debug_and_errors_show_no_secret() {
        assert!(!format!("{:?}", spec()).contains("secret"));
        let broken =
            br#"{"runtime_dir":"/r","key":"0011223344556677","version":"1","api_url":"u","bot_token":["xoxb-secret"]}"#;
        let error = DaemonSpec::read(broken.as_slice()).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}
