//! `countersign hook --daemon`: the personal daemon, put together.

use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use countersign_approval::{Approvals, Hints};
use countersign_hook::rendezvous::{DaemonSpec, Readiness, Seat, detach};
use countersign_server::{AuditKey, Limits, ORPHAN_GRACE, Personal, Settings, SlackApp, daemon};
use countersign_slack::client::{ApiBase, Client, RetryPolicy, Token};
use countersign_store::SqliteStore;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{
    commands, exit, logging,
    system::{SystemClock, SystemEntropy},
};

/// How long a daemon stays when nobody says otherwise.
const IDLE_EXIT: Duration = Duration::from_mins(30);

/// How long a new daemon waits for the store of one that is just ending.
const STORE_WITHIN: Duration = Duration::from_secs(3);

/// How often it looks.
const STORE_PAUSE: Duration = Duration::from_millis(5);

/// What only this daemon understands of its specification.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Extra {
    /// Who is asked when a client names nobody.
    pub(crate) approvers: Vec<String>,
    /// How long a request waits for its client after the daemon was killed, in seconds.
    pub(crate) orphan_grace_s: u64,
    /// How long ended requests are kept, in days; 0 is for ever.
    pub(crate) keep_days: u32,
}

impl Default for Extra {
    fn default() -> Self {
        Self { approvers: Vec::new(), orphan_grace_s: ORPHAN_GRACE.as_secs(), keep_days: 0 }
    }
}

/// Becomes the daemon, and stays until it is told to leave or nobody needs it.
pub(crate) fn run() -> anyhow::Result<u8> {
    let readiness = Readiness::from_stdout().context("stdout is not the readiness pipe: is this started by hand?")?;
    let started = start();
    match started {
        Ok(Started { runtime, personal, seat, key, store_lock }) => {
            readiness.ready().context("the client that started this daemon has gone")?;
            let seat = runtime.block_on(serve(personal, seat, key));
            // Whoever waits for the seat must find the store free as well.
            drop((runtime, store_lock));
            drop(seat);
            Ok(exit::OK)
        }
        Err(error) => {
            let reason = format!("{error:#}");
            tracing::error!("the daemon could not start: {reason}");
            readiness.failed(&reason).context("nobody heard why the daemon could not start")?;
            Ok(exit::FAULT)
        }
    }
}

/// Serves until the daemon leaves.
pub(crate) async fn serve(personal: Personal, seat: Seat, key: AuditKey) -> Seat {
    daemon::run(personal, seat, key).await
}

/// A daemon about to serve.
struct Started {
    runtime: tokio::runtime::Runtime,
    personal: Personal,
    seat: Seat,
    key: AuditKey,
    store_lock: File,
}

fn start() -> anyhow::Result<Started> {
    let spec = DaemonSpec::read(std::io::stdin().lock())?;
    // Its own session cannot be had twice, which is what a person sees who starts it by hand; it works all the same.
    let _ = detach();
    logging::to_file(&spec.state_dir.join("daemon.log"), &spec.log_level).context("could not open the log")?;
    raise_file_limit();
    let seat = Seat::take(&spec.paths()?)?;
    let store_lock = lock_store(&spec)?;
    let runtime = commands::runtime()?;
    let (personal, key) = runtime.block_on(assemble(&spec))?;
    tracing::info!(version = spec.version, api = spec.api_url, "daemon {} is here", std::process::id());
    Ok(Started { runtime, personal, seat, key, store_lock })
}

/// Lets this process have as many open files as the system allows: each waiting client is one.
pub(crate) fn raise_file_limit() {
    let limits = getrlimit(Resource::RLIMIT_NOFILE);
    let raised = limits.and_then(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard, hard));
    if let Err(error) = raised {
        tracing::warn!("the limit of open files stays as it is: {error}");
    }
}

/// Holds the store for life. The socket's lock is in the runtime directory: a user with two of those (a login and a
/// cron job, say) would otherwise have two daemons on one store and one Slack app.
fn lock_store(spec: &DaemonSpec) -> anyhow::Result<File> {
    hold_store(
        &store_path(&spec.state_dir, spec),
        "another daemon has it: it was started with another XDG_RUNTIME_DIR; stop it there, or use the same one",
    )
}

/// Holds a SQLite store until the answer is dropped; `taken` tells people what to do when another process has it.
pub(crate) fn hold_store(store: &Path, taken: &str) -> anyhow::Result<File> {
    let path = store.with_extension("lock");
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(&path)
        .context("could not open the store's lock")?;
    let deadline = Instant::now() + STORE_WITHIN;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            // A process that was killed a moment ago: the system takes its locks away one after another.
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => std::thread::sleep(STORE_PAUSE),
            Err(TryLockError::WouldBlock) => bail!("{} is in use: {taken}", store.display()),
            Err(TryLockError::Error(error)) => return Err(error).context("could not lock the store"),
        }
    }
}

/// The daemon's parts, for a specification.
pub(crate) async fn assemble(spec: &DaemonSpec) -> anyhow::Result<(Personal, AuditKey)> {
    let extra: Extra = serde_json::from_value(spec.extra.clone()).unwrap_or_default();
    let (path, key) = (store_path(&spec.state_dir, spec), key_path(&spec.state_dir, spec));
    let store = SqliteStore::open(&path, Hints::default()).await.context("could not open the store")?;
    let approvals = Approvals::new(Arc::new(store), Arc::new(SystemClock), Arc::new(SystemEntropy));
    let base = spec.api_url.parse::<ApiBase>().context("the address of the Web API cannot be used")?;
    // The outbox tries again by itself, with what it knows of the message.
    let client = Client::builder(base).retry(RetryPolicy::NEVER).build()?;
    let slack = SlackApp::new(client, Token::new(&spec.bot_token)?, Token::new(&spec.app_token)?);
    let settings = Settings {
        version: spec.version.clone(),
        machine: machine_name(),
        user: user_name(),
        approvers: extra.approvers,
        idle_exit: spec.idle_ms.map_or(IDLE_EXIT, Duration::from_millis),
        orphan_grace: Duration::from_secs(extra.orphan_grace_s),
        keep_requests: (extra.keep_days > 0).then(|| Duration::from_hours(24 * u64::from(extra.keep_days))),
        limits: Limits::default(),
    };
    let personal = Personal::new(settings, approvals, slack, CancellationToken::new());
    Ok((personal, AuditKey::load_or_create(&key)?))
}

/// The store of one daemon.
pub(crate) fn store_path(state: &Path, spec: &DaemonSpec) -> std::path::PathBuf {
    state.join(format!("{}.db", spec.key))
}

/// The key that signs its audit trail.
pub(crate) fn key_path(state: &Path, spec: &DaemonSpec) -> std::path::PathBuf {
    state.join(format!("{}.audit-key", spec.key))
}

/// The machine's name, as people know it.
pub(crate) fn machine_name() -> String {
    nix::unistd::gethostname().map_or_else(|_| "unknown".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The user's name, or the number where there is none.
pub(crate) fn user_name() -> String {
    let uid = nix::unistd::geteuid();
    let user = nix::unistd::User::from_uid(uid).ok().flatten();
    user.map_or_else(|| uid.to_string(), |user| user.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_held_by_one_and_free_again_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("a.db");
        let held = hold_store(&store, "stop the other one").unwrap();
        let error = hold_store(&store, "stop the other one").unwrap_err().to_string();
        assert!(error.contains("a.db is in use: stop the other one"), "{error}");
        drop(held);
        assert!(hold_store(&store, "stop the other one").is_ok());
    }
}
