//! What leaves over HTTP.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, Once, OnceLock, PoisonError};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::model::{AppId, Mint};
use crate::recorder::Recorder;

/// How many requests are under way at once.
const MAX_UNDER_WAY: usize = 64;

/// Everything that delivery over HTTP needs. Cheap to clone: every clone is the same.
#[derive(Clone)]
pub(crate) struct Outbox {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) recorder: Arc<Recorder>,
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
    /// Built with the first request: most workspaces never make one.
    client: OnceLock<Option<reqwest::Client>>,
    /// Cancelled by a reset: nothing older is sent any more.
    epoch: Mutex<CancellationToken>,
    /// The addresses that answered their handshake, right or wrong.
    greeted: Mutex<HashSet<(AppId, String)>>,
    mint: Mutex<Mint>,
    pub(super) slots: Semaphore,
    /// How many events wait or are under way.
    pub(super) events: AtomicUsize,
}

// Payloads on their way carry tokens: none of them is printed.
impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").finish_non_exhaustive()
    }
}

impl Outbox {
    pub(crate) fn new(recorder: Arc<Recorder>, tasks: TaskTracker, stop: CancellationToken, mint: Mint) -> Self {
        let inner = Inner {
            recorder,
            tasks,
            epoch: Mutex::new(stop.child_token()),
            stop,
            client: OnceLock::new(),
            greeted: Mutex::default(),
            mint: Mutex::new(mint),
            slots: Semaphore::new(MAX_UNDER_WAY),
            events: AtomicUsize::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Forgets every event that is still to be sent.
    pub(crate) fn reset(&self) {
        let fresh = self.inner.stop.child_token();
        std::mem::replace(&mut *lock(&self.inner.epoch), fresh).cancel();
        lock(&self.inner.greeted).clear();
    }

    /// Cancelled when what is sent now is no longer wanted.
    pub(super) fn epoch(&self) -> CancellationToken {
        lock(&self.inner.epoch).clone()
    }

    pub(super) fn client(&self) -> Option<&reqwest::Client> {
        self.inner.client.get_or_init(client).as_ref()
    }

    pub(super) fn is_greeted(&self, app: &AppId, url: &str) -> bool {
        lock(&self.inner.greeted).contains(&(app.clone(), url.to_owned()))
    }

    pub(super) fn set_greeted(&self, app: &AppId, url: &str) {
        lock(&self.inner.greeted).insert((app.clone(), url.to_owned()));
    }

    /// A text that only who received it can say back.
    pub(super) fn challenge(&self) -> String {
        let mut mint = lock(&self.inner.mint);
        format!("{}{}", mint.word(32), mint.word(20))
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn client() -> Option<reqwest::Client> {
    install_tls_provider();
    // Nothing leaves this machine: no proxy, no certificates, and redirects are looked at before they are followed.
    let builder = reqwest::Client::builder()
        .user_agent("Slackbot 1.0 (+https://api.slack.com/robots)")
        .no_proxy()
        .tls_certs_only(std::iter::empty())
        .redirect(reqwest::redirect::Policy::none());
    builder.build().ok()
}

/// Sets ring as the process's TLS provider, once; a provider that is already set stays.
fn install_tls_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // It fails only when another part of the program was first, and that is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}
