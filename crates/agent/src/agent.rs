//! The agent as a whole.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use countersign_approval::to_hex;
use countersign_gateway::{SessionId, wire::control::Memory};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::AgentConfig,
    dial::Dialer,
    error::AgentError,
    journal::{Entry, Journal},
    link::Notice,
    links::Links,
    sessions::Sessions,
    supervisor::Supervisors,
    sweep,
};

/// How often it is looked whether any node is connected.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long sessions get to end when the agent stops.
const END_WITHIN: Duration = Duration::from_secs(15);
/// How long the last messages get.
const CLOSE_WITHIN: Duration = Duration::from_secs(3);

/// An agent.
#[derive(Clone, Copy, Debug)]
pub struct Agent;

/// What the parts of an agent share.
#[derive(Debug)]
pub(crate) struct Core {
    config: AgentConfig,
    dialer: Dialer,
    journal: Journal,
    sessions: Sessions,
    supervisors: Supervisors,
    instance: String,
    name: OnceLock<String>,
    session_tasks: TaskTracker,
    link_tasks: TaskTracker,
    /// How many files it might have open before that was raised.
    open_files: Option<u64>,
    /// Cancelled when the agent leaves.
    leaving: CancellationToken,
}

pub(crate) type Shared = Arc<Core>;

impl Agent {
    /// Runs an agent until `shutdown`, or until the server sends it away. Sessions are ended before this returns.
    pub async fn run(config: AgentConfig, shutdown: CancellationToken) -> Result<(), AgentError> {
        let core = Arc::new(Core::new(config)?);
        core.sweep().await;
        core.supervisors.stock();
        let (notices, mut heard) = mpsc::channel(16);
        let mut links = Links::new(Arc::clone(&core), notices);
        let result = attend(&core, &mut links, &mut heard, &shutdown).await;
        heard.close();
        core.leave(&mut links, result.as_ref().err()).await;
        core.journal.close().await;
        result
    }
}

/// Keeps the links as the server names the nodes, until it is over.
async fn attend(
    core: &Shared,
    links: &mut Links,
    heard: &mut mpsc::Receiver<Notice>,
    shutdown: &CancellationToken,
) -> Result<(), AgentError> {
    let mut accepted = false;
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        let notice = tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            _ = look.tick() => {
                links.ensure_one();
                continue;
            }
            Some(notice) = heard.recv() => notice,
        };
        match notice {
            Notice::Welcomed { node, nodes } => {
                accepted = true;
                links.become_those(&node, &nodes);
            }
            Notice::Dismissed { why } => return Err(AgentError::Dismissed { why }),
            Notice::OtherName { found } => {
                let expected = core.config.name.as_ref().map(ToString::to_string).unwrap_or_default();
                return Err(AgentError::OtherName { expected, found });
            }
            Notice::Refused { node, status, message } if !accepted => {
                return Err(AgentError::Refused { server: node.to_string(), status, message });
            }
            Notice::Refused { node, status, message } => {
                tracing::error!(%node, status, "{node} refuses this agent, which it accepted before: {message}");
            }
        }
    }
}

impl Core {
    fn new(config: AgentConfig) -> Result<Self, AgentError> {
        let mut instance = [0; 16];
        getrandom::fill(&mut instance).map_err(|error| AgentError::Entropy(error.to_string()))?;
        Ok(Self {
            dialer: Dialer::new(config.ca_file.as_deref())?,
            journal: Journal::open(&config.state_dir)?,
            sessions: Sessions::new(config.limits.sessions),
            supervisors: Supervisors::new(config.supervisor.clone()),
            instance: to_hex(&instance),
            name: OnceLock::new(),
            session_tasks: TaskTracker::new(),
            link_tasks: TaskTracker::new(),
            open_files: raise_open_files(),
            leaving: CancellationToken::new(),
            config,
        })
    }

    /// Ends what sessions of an earlier run left behind: their supervisors have, unless they were killed too.
    async fn sweep(&self) {
        let lost = self.journal.open_sessions();
        if !lost.is_empty() {
            tracing::warn!(
                sessions = lost.len(),
                "an earlier run of this agent left {} sessions without an end",
                lost.len()
            );
            sweep::end_all(lost, self.config.cgroup.clone()).await;
        }
    }

    async fn leave(&self, links: &mut Links, why: Option<&AgentError>) {
        let why = why.map_or_else(|| "the agent was stopped".to_owned(), ToString::to_string);
        self.leaving.cancel();
        self.sessions.stop_all(&why);
        self.session_tasks.close();
        if tokio::time::timeout(END_WITHIN, self.session_tasks.wait()).await.is_err() {
            tracing::error!("some sessions did not end in time; their supervisors end them");
        }
        links.close();
        self.link_tasks.close();
        // A node that takes no more messages hears the rest when it recalls.
        let _ = tokio::time::timeout(CLOSE_WITHIN, self.link_tasks.wait()).await;
        self.supervisors.close();
    }

    /// What is known of a session.
    pub(crate) fn recall(&self, session: SessionId) -> Memory {
        if self.sessions.is_running(session) {
            return Memory::Running;
        }
        match self.journal.recall(session) {
            Ok(None) => Memory::Never,
            Ok(Some(Entry::Ended(end))) => Memory::Ended { end },
            Ok(Some(Entry::Begun)) | Err(_) => Memory::Lost,
        }
    }

    pub(crate) const fn config(&self) -> &AgentConfig {
        &self.config
    }

    pub(crate) const fn dialer(&self) -> &Dialer {
        &self.dialer
    }

    pub(crate) const fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(crate) const fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    pub(crate) const fn supervisors(&self) -> &Supervisors {
        &self.supervisors
    }

    pub(crate) const fn open_files(&self) -> Option<u64> {
        self.open_files
    }

    pub(crate) const fn leaving(&self) -> &CancellationToken {
        &self.leaving
    }

    pub(crate) const fn session_tasks(&self) -> &TaskTracker {
        &self.session_tasks
    }

    pub(crate) const fn link_tasks(&self) -> &TaskTracker {
        &self.link_tasks
    }

    pub(crate) fn instance(&self) -> &str {
        &self.instance
    }

    /// The agent's name, as the server says it.
    pub(crate) fn name(&self) -> &str {
        self.name.get().map_or("", String::as_str)
    }

    /// The first name counts: a server that changes it is refused commands approved under the other.
    pub(crate) fn set_name(&self, name: String) {
        let _ = self.name.set(name);
    }
}

/// Lets this process have as many files open as it may: each session takes half a dozen, and the usual limit is 1024. Commands get back what
/// was before, since old programs take a high limit badly.
fn raise_open_files() -> Option<u64> {
    let before = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: before.maximum, ..before });
    raised.is_ok().then_some(before.current).flatten()
}
