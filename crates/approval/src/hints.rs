//! Wake-ups: a hint that something changed. The truth is always read again from the store.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{Notify, futures::OwnedNotified};

use crate::id::RequestId;

/// Hands hints from whoever committed a change to whoever waits for it.
///
/// Waiters arm first, then read, then wait: a change between the reading and the waiting is never missed.
#[derive(Clone, Debug, Default)]
pub struct Hints {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Locked for a look-up only, never across an await.
    requests: Mutex<HashMap<RequestId, Weak<Notify>>>,
    work: Notify,
    audit: Notify,
    schedule: Notify,
}

/// A waiter's place, taken before the truth is read.
#[derive(Debug)]
pub struct Armed {
    notify: Arc<Notify>,
    id: RequestId,
    inner: Arc<Inner>,
}

impl Hints {
    /// Takes a place to wait for changes of one request.
    pub fn arm(&self, id: RequestId) -> Armed {
        let mut requests = self.inner.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let known = requests.get(&id).and_then(Weak::upgrade);
        let notify = known.unwrap_or_else(|| {
            let fresh = Arc::new(Notify::new());
            requests.insert(id, Arc::downgrade(&fresh));
            fresh
        });
        Armed { notify, id, inner: Arc::clone(&self.inner) }
    }

    /// Says that a request changed, and that there is work for outbox and audit.
    pub fn request_changed(&self, id: RequestId) {
        self.wake(id);
        self.work_waiting();
        self.audit_waiting();
    }

    /// Says that another node changed a request. It does the work that follows itself: only whoever waits here is woken.
    pub fn request_changed_elsewhere(&self, id: RequestId) {
        self.wake(id);
    }

    /// Says that anything may have changed: whoever waits reads again.
    pub fn everything_changed(&self) {
        let requests = self.inner.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.values().filter_map(Weak::upgrade).for_each(|notify| notify.notify_waiters());
        drop(requests);
        self.work_waiting();
        self.audit_waiting();
    }

    /// Wakes under the lock, so that no waiter leaves while we hold its place and the last one can sweep up.
    fn wake(&self, id: RequestId) {
        let requests = self.inner.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(notify) = requests.get(&id).and_then(Weak::upgrade) {
            notify.notify_waiters();
        }
    }

    /// Says that the outbox may hold work.
    pub fn work_waiting(&self) {
        self.inner.work.notify_one();
    }

    /// Says that there may be audit rows to link.
    pub fn audit_waiting(&self) {
        self.inner.audit.notify_one();
        self.inner.schedule.notify_one();
    }

    /// Completes when the outbox may hold work. A hint given while nobody waits is kept.
    pub async fn work(&self) {
        self.inner.work.notified().await;
    }

    /// Completes when the next expiry may have changed. A hint given while nobody waits is kept.
    pub async fn schedule(&self) {
        self.inner.schedule.notified().await;
    }

    /// Completes when there may be audit rows to link. A hint given while nobody waits is kept.
    pub async fn audit(&self) {
        self.inner.audit.notified().await;
    }
}

impl Armed {
    /// A future that completes at the next change after this call.
    ///
    /// It counts as waiting from now on, before it is first polled.
    pub fn next(&self) -> OwnedNotified {
        Arc::clone(&self.notify).notified_owned()
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        let mut requests = self.inner.requests.lock().unwrap_or_else(PoisonError::into_inner);
        // The last waiter sweeps up: ours is the only strong reference.
        if Arc::strong_count(&self.notify) == 1 {
            requests.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Entropy, Timestamp};

    #[derive(Debug)]
    struct Zeros;
    impl Entropy for Zeros {
        fn bytes16(&self) -> [u8; 16] {
            [0; 16]
        }
    }

    #[test]
    fn a_change_between_arming_and_waiting_is_not_missed() {
        let hints = Hints::default();
        let id = RequestId::generate(Timestamp::from_micros(0), &Zeros);
        let armed = hints.arm(id);
        let next = armed.next();
        hints.request_changed(id);
        let mut next = std::pin::pin!(next);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(next.as_mut().poll(&mut context).is_ready());
    }

    #[test]
    fn the_last_waiter_leaves_nothing_behind() {
        let hints = Hints::default();
        let id = RequestId::generate(Timestamp::from_micros(0), &Zeros);
        let (first, second) = (hints.arm(id), hints.arm(id));
        drop(first);
        assert_eq!(hints.inner.requests.lock().unwrap().len(), 1);
        drop(second);
        assert_eq!(hints.inner.requests.lock().unwrap().len(), 0);
    }
}
