//! A call of a hook.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use countersign_slack::hooks::{Boundary, Environment, HookName, Protocol, ProtocolName};
use secrecy::ExposeSecret as _;

use super::{Answer, Ended, Running, environment::Layers, exec, running};
use crate::{Code, Failure, Session, Talk, app::Tokens, dotenv::Dotenv};

/// How long `get-hooks` may take: every command waits for it.
const GET_HOOKS_LIMIT: Duration = Duration::from_secs(30);
/// How long another hook may take.
const HOOK_LIMIT: Duration = Duration::from_mins(5);
/// Where the commands of hooks stand, for people to read.
pub(super) const WHERE: &str = ".slack/hooks.json";
/// How long what a hook leaves running may go on when the hook itself has ended.
const LEFTOVER_GRACE: Duration = Duration::from_secs(2);

/// A call of a hook, to be fitted and made.
///
/// By default: the protocol that the project's hooks speak, the timeout of its kind, no stdin, diagnostics to the session's
/// talk.
#[must_use]
#[derive(Debug)]
pub struct HookCall {
    pub(super) hook: HookName,
    pub(super) command: String,
    pub(super) root: PathBuf,
    pub(super) talk: Arc<dyn Talk>,
    pub(super) limit: Option<Duration>,
    pub(super) grace: Duration,
    pub(super) input: Option<Vec<u8>>,
    pub(super) diagnostics: Diagnostics,
    protocol: ProtocolName,
    arguments: Vec<OsString>,
    layers: Layers,
    told: Told,
}

/// What becomes of what a hook writes beside its response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Diagnostics {
    /// It is shown as it comes.
    Live,
    /// Its end is shown when the hook fails.
    OnFailure,
}

/// Which warnings a person has had: one call or a thousand, each is told once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told(Arc<Mutex<BTreeSet<String>>>);

impl Told {
    fn warn(&self, talk: &dyn Talk, line: &str) {
        let is_new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(line.to_owned());
        if is_new {
            talk.warn(line);
        }
    }
}

impl HookCall {
    /// A call of a hook's command in a project's root.
    pub(crate) fn new(
        session: &Session,
        root: &Path,
        dotenv: &Dotenv,
        told: &Told,
        (hook, command, protocol): (HookName, &str, ProtocolName),
    ) -> Self {
        Self {
            hook,
            command: command.trim().to_owned(),
            root: root.to_owned(),
            talk: Arc::clone(&session.talk),
            limit: session.settings.hook_timeout.or(limit_of(hook)),
            grace: LEFTOVER_GRACE,
            input: None,
            diagnostics: Diagnostics::Live,
            protocol: if hook.is_always_default() { ProtocolName::Default } else { protocol },
            arguments: Vec::new(),
            layers: Layers::new(session.environment.clone(), dotenv.clone()),
            told: told.clone(),
        }
    }

    /// Adds `--name=value`.
    pub fn argument(mut self, name: &str, value: impl Into<OsString>) -> Self {
        let mut argument = OsString::from(format!("--{name}="));
        argument.push(value.into());
        self.arguments.push(argument);
        self
    }

    /// Adds a variable that the shell, the installation's tokens and `.env` may overrule.
    pub fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.layers.give(name, value.into());
        self
    }

    /// Gives the tokens of an installation (`SLACK_CLI_XAPP`, `SLACK_CLI_XOXB`, `SLACK_APP_TOKEN`, `SLACK_BOT_TOKEN`);
    /// the shell overrules the last two, with a warning where it differs.
    pub fn tokens(mut self, tokens: &Tokens) -> Self {
        for (name, token) in [("SLACK_CLI_XAPP", &tokens.app), ("SLACK_CLI_XOXB", &tokens.bot)] {
            if let Some(token) = token {
                self.layers.own(name, token.expose_secret());
            }
        }
        self.shared_tokens(tokens)
    }

    /// Gives the tokens of an installation under the names alone that apps know (`SLACK_APP_TOKEN`, `SLACK_BOT_TOKEN`): with
    /// the others, an SDK would hold the connection itself.
    pub fn shared_tokens(mut self, tokens: &Tokens) -> Self {
        self.layers.hide("SLACK_CLI_XAPP");
        self.layers.hide("SLACK_CLI_XOXB");
        for (name, token) in [("SLACK_APP_TOKEN", &tokens.app), ("SLACK_BOT_TOKEN", &tokens.bot)] {
            let Some(token) = token else { continue };
            if let Some(warning) = self.layers.share(name, token.expose_secret()) {
                self.told.warn(&*self.talk, &warning);
            }
        }
        self
    }

    /// Writes this to its stdin.
    pub fn input(mut self, bytes: Vec<u8>) -> Self {
        self.input = Some(bytes);
        self
    }

    /// Another time limit than its kind's; `None` for none.
    pub fn timeout(mut self, limit: Option<Duration>) -> Self {
        self.limit = limit;
        self
    }

    /// How long what it leaves running may go on when it has ended itself; 2 s unless given.
    pub fn leftovers(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Shows what it writes beside its response when it fails, and not as it comes.
    pub fn quietly(mut self) -> Self {
        self.diagnostics = Diagnostics::OnFailure;
        self
    }

    /// Runs it to its end and takes its response.
    ///
    /// Dropping the future kills the hook with all that it started.
    pub async fn answer(self) -> Result<Answer, Failure> {
        let protocol = match self.protocol {
            ProtocolName::Default => Protocol::Default,
            ProtocolName::MessageBoundaries => Protocol::MessageBoundaries(self.boundary()?),
        };
        exec::answer(self, &protocol).await
    }

    /// Runs it to its end with our stdin, stdout and stderr (`deploy`).
    pub async fn attached(self) -> Result<Ended, Failure> {
        let mut running = running::attach(&self)?;
        Ok(running.wait().await)
    }

    /// Starts it with our stdout and stderr and no stdin, and leaves it running (`start` that holds its own connection).
    pub fn spawn(self) -> Result<Running, Failure> {
        running::spawn(&self)
    }

    fn boundary(&self) -> Result<Boundary, Failure> {
        let failed = |error: countersign_slack::hooks::BoundaryError| {
            Failure::new(Code::SdkHookInvocationFailed, format!("the `{}` hook was not called", self.hook))
                .detail(error.to_string())
        };
        Boundary::random().map_err(failed)
    }

    /// Its arguments, those of the protocol last.
    pub(super) fn arguments(&self, protocol: &Protocol) -> impl Iterator<Item = OsString> {
        self.arguments.iter().cloned().chain(protocol.arguments().into_iter().map(OsString::from))
    }

    /// What it sees of the environment.
    pub(super) fn environment(&self) -> Environment {
        self.layers.flatten(&self.root)
    }
}

fn limit_of(hook: HookName) -> Option<Duration> {
    match hook {
        HookName::GetHooks => Some(GET_HOOKS_LIMIT),
        HookName::Start | HookName::Deploy => None,
        _ => Some(HOOK_LIMIT),
    }
}
