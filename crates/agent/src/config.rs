//! What an agent is told when it starts.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    time::Duration,
};

use countersign_gateway::AgentName;
use secrecy::SecretString;

use crate::address::{NodeUrl, Plaintext};

/// Settings of an agent; everything it needs to know of its surroundings.
#[derive(Clone, Debug)]
pub struct AgentConfig {
    /// The server, or any of its nodes.
    pub server: NodeUrl,
    /// Whether nodes that the server names may be dialled without TLS.
    pub plaintext: Plaintext,
    /// What it dials in with. Never in a command's environment, argument or log.
    pub token: SecretString,
    /// The name that it expects to have; another one in the server's welcome is an error.
    pub name: Option<AgentName>,
    /// Our version, for people.
    pub version: String,
    /// Where the journal is: nobody else's.
    pub state_dir: PathBuf,
    /// The only authority whose certificates are taken, as PEM; without one the system's are.
    pub ca_file: Option<PathBuf>,
    /// A writable cgroup (version 2) of the agent's own, in which each session gets one that ends with it.
    pub cgroup: Option<PathBuf>,
    /// What is started as supervisor.
    pub supervisor: SupervisorProgram,
    /// The environment of the agent.
    pub surroundings: Surroundings,
    /// How much is taken.
    pub limits: AgentLimits,
}

/// The command line of a supervisor: something that calls [`crate::supervise_main`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupervisorProgram {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
}

/// How much an agent takes, and how long it waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentLimits {
    /// Sessions at once; what comes beyond is refused.
    pub sessions: usize,
    /// Stored input of a command, in bytes. It is held in memory until the digest was checked.
    pub input_bytes: u64,
    /// How long a terminal or port may go on without a control connection to its node: nobody could revoke it.
    pub unattended: Duration,
    /// How long a command may take to end after its person went away, before it is killed.
    pub hangup_grace: Duration,
}

/// The environment of the agent: where references to variables lead, and what commands get a small part of.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Surroundings(BTreeMap<OsString, OsString>);

impl SupervisorProgram {
    /// The running program itself, as `agent supervise`; also where its file was replaced meanwhile.
    pub fn this_program() -> Self {
        let program = if cfg!(target_os = "linux") { Some(PathBuf::from("/proc/self/exe")) } else { None };
        let program = program.or_else(|| std::env::current_exe().ok()).unwrap_or_else(|| PathBuf::from("countersign"));
        Self { program, args: vec!["agent".into(), "supervise".into()] }
    }
}

impl Default for AgentLimits {
    fn default() -> Self {
        Self {
            sessions: 1024,
            input_bytes: 64 * 1024 * 1024,
            unattended: Duration::from_secs(30),
            hangup_grace: Duration::from_secs(5),
        }
    }
}

impl Surroundings {
    /// The value of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    /// The value of a variable that is to be text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(OsStr::to_str)
    }

    /// Where commands begin: the home directory of the agent's user.
    pub(crate) fn home(&self) -> &Path {
        self.get("HOME").map_or(Path::new("/"), Path::new)
    }
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Surroundings {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl std::fmt::Debug for Surroundings {
    /// How many; values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Surroundings({} variables)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let config = AgentConfig {
            server: NodeUrl::parse("http://127.0.0.1:1", Plaintext::LoopbackOnly).unwrap(),
            plaintext: Plaintext::LoopbackOnly,
            token: SecretString::from("t0ken-s3cret"),
            name: None,
            version: "1".to_owned(),
            state_dir: "/tmp".into(),
            ca_file: None,
            cgroup: None,
            supervisor: SupervisorProgram::this_program(),
            surroundings: [("PGPASSWORD", "v4lue-s3cret")].into_iter().collect(),
            limits: AgentLimits::default(),
        };
        assert!(!format!("{config:?}").contains("s3cret"), "{config:?}");
    }
}
