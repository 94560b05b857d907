//! What leaves over HTTP.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, Once, OnceLock, PoisonError};

use tokio::sync::{Semaphore, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::health::Health;
use crate::journal::Field;
use crate::model::{AppId, ChangeKind, Mint};
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
    /// Ends when the app's last event so far was tried for the first time.
    last: Mutex<HashMap<AppId, oneshot::Receiver<()>>>,
    /// How many installations of each app have ended: what was sent to one is not sent to the next.
    ended: Mutex<HashMap<AppId, u64>>,
    /// How well each app takes its events.
    health: Mutex<HashMap<AppId, Health>>,
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
            last: Mutex::default(),
            ended: Mutex::default(),
            health: Mutex::default(),
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
        lock(&self.inner.health).clear();
    }

    /// An app is no longer installed: what it did not take is not sent again.
    pub(crate) fn forget(&self, app: &AppId) {
        let mut ended = lock(&self.inner.ended);
        let number = ended.entry(app.clone()).or_default();
        *number = number.saturating_add(1);
    }

    /// The number of an app's present installation.
    pub(super) fn installation(&self, app: &AppId) -> u64 {
        lock(&self.inner.ended).get(app).copied().unwrap_or_default()
    }

    /// A place in the row of an app's events: what stands before it, and what ends when it was tried.
    pub(super) fn line_up(&self, app: &AppId) -> (Option<oneshot::Receiver<()>>, oneshot::Sender<()>) {
        let (tried, is_tried) = oneshot::channel();
        (lock(&self.inner.last).insert(app.clone(), is_tried), tried)
    }

    /// Whether an app gets no events any more because it took too few of them.
    pub(crate) fn is_switched_off(&self, app: &AppId) -> bool {
        lock(&self.inner.health).get(app).is_some_and(Health::is_off)
    }

    /// Sends an app its events again.
    pub(crate) fn switch_on(&self, app: &AppId) {
        if lock(&self.inner.health).remove(app).is_some_and(|health| health.is_off()) {
            self.note_switch(app, "events switched on");
        }
    }

    /// Remembers how an attempt ended; too many failures switch the app's events off.
    pub(super) fn note_attempt(&self, app: &AppId, is_first: bool, is_taken: bool) {
        let now = self.inner.recorder.now_ms();
        let falls = lock(&self.inner.health).entry(app.clone()).or_default().note(now, is_first, is_taken);
        if falls {
            let what = "events switched off: more than 95 % of the attempts of an hour failed; \
                        apps.manifest.update switches them on";
            self.note_switch(app, what);
        }
    }

    fn note_switch(&self, app: &AppId, what: &str) {
        let fields = [("app_id", Field::Text(app.as_str())), ("fault", Field::Text(what))];
        self.inner.recorder.write("fault", &fields);
        self.inner.recorder.changes.announce(ChangeKind::Directory);
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
