//! Time that passes when a test says so.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use countersign_approval::{Clock, Sleep, Timestamp};
use tokio::{sync::watch, time::timeout};

use crate::app::WITHIN;

/// A clock that stands still until it is moved. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TestClock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    time: watch::Sender<Time>,
    /// When each sleeper wakes.
    sleepers: watch::Sender<Vec<Duration>>,
    /// Held while time moves or somebody lies down, so that no sleeper falls in between.
    moving: Mutex<()>,
}

#[derive(Clone, Copy, Debug)]
struct Time {
    /// What the clock shows.
    shown: Timestamp,
    /// What has passed, whatever the clock shows.
    passed: Duration,
}

/// Somebody who sleeps; gets up when dropped.
struct Sleeper {
    inner: Arc<Inner>,
    until: Duration,
}

impl TestClock {
    /// A clock that shows the real time, and stands.
    pub fn now() -> Self {
        #[expect(clippy::disallowed_methods, reason = "where the tests' own time begins")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
        let shown = Timestamp::from_micros(i64::try_from(now.as_micros()).expect("a time before 294247"));
        let time = watch::Sender::new(Time { shown, passed: Duration::ZERO });
        Self(Arc::new(Inner { time, sleepers: watch::Sender::new(Vec::new()), moving: Mutex::new(()) }))
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let _moving = self.0.moving.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.time.send_modify(|time| {
            time.shown = time.shown.plus(by);
            time.passed += by;
        });
    }

    /// Sets the clock back: it shows less, and nothing has passed.
    pub fn set_back(&self, by: Duration) {
        self.0.time.send_modify(|time| time.shown = time.shown.minus(by));
    }

    /// Waits until this many sleep who wake exactly so long from now.
    pub async fn sleepers(&self, count: usize, wakes_in: Duration) {
        let until = self.0.time.borrow().passed + wakes_in;
        let mut sleepers = self.0.sleepers.subscribe();
        let found = sleepers.wait_for(|sleepers| sleepers.iter().filter(|one| **one == until).count() >= count);
        let found = timeout(WITHIN, found).await.map(drop);
        assert!(found.is_ok(), "nobody lies down to wake at {until:?}: {:?}", self.0.sleepers.borrow());
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.0.time.borrow().shown
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let _moving = self.0.moving.lock().unwrap_or_else(PoisonError::into_inner);
        let mut time = self.0.time.subscribe();
        let until = time.borrow().passed.saturating_add(duration);
        self.0.sleepers.send_modify(|sleepers| sleepers.push(until));
        let sleeper = Sleeper { inner: Arc::clone(&self.0), until };
        Box::pin(async move {
            // The whole of it, not only what is used below: it gets up when this is dropped.
            let sleeper = sleeper;
            // The sender is in the sleeper: it lives as long as this.
            let _ = time.wait_for(|time| time.passed >= sleeper.until).await;
        })
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.inner.sleepers.send_modify(|sleepers| {
            if let Some(at) = sleepers.iter().position(|until| *until == self.until) {
                sleepers.swap_remove(at);
            }
        });
    }
}
