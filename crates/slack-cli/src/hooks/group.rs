//! A process with all that it started.

use std::time::Duration;

use tokio::{
    process::Child,
    time::{Instant, sleep},
};

#[cfg(not(unix))]
use self::other::Members;
#[cfg(unix)]
use self::unix::Members;
use super::Ended;

#[cfg(not(unix))]
#[path = "group_other.rs"]
mod other;
#[cfg(unix)]
#[path = "group_unix.rs"]
mod unix;

/// How often one looks whether a group is gone; nobody tells when it is.
const LOOK: Duration = Duration::from_millis(5);
/// How long one waits for what was killed: a process in the kernel's hands may take its time.
const KILL_GRACE: Duration = Duration::from_secs(2);

/// A process with all that it started. Dropping it kills what is left of them.
#[derive(Debug)]
pub(super) struct Group {
    members: Members,
    is_over: bool,
}

/// How urgently a group is told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tell {
    Interrupt,
    Terminate,
    Kill,
}

impl Group {
    /// The group of a process, which is its head unless it is in ours.
    pub(super) fn of(child: &Child, is_grouped: bool) -> Self {
        Self { members: Members::of(child.id(), is_grouped), is_over: false }
    }

    /// Asks all of it to end, twice, and kills it when the grace is over; answers how its head ended.
    pub(super) async fn stop(&mut self, child: &mut Child, grace: Duration) -> Ended {
        let half = grace / 2;
        for tell in [Tell::Interrupt, Tell::Terminate] {
            self.members.tell(tell);
            if let Some(ended) = self.ended(child, half).await {
                return ended;
            }
        }
        self.kill(child).await
    }

    /// Kills all of it; answers how its head ended.
    pub(super) async fn kill(&mut self, child: &mut Child) -> Ended {
        self.members.tell(Tell::Kill);
        // Where it is not in a group of its own, its head is the one that is sure to be found.
        let _ = child.start_kill();
        let ended = Ended::of(&child.wait().await);
        self.gone(KILL_GRACE).await;
        self.is_over = true;
        ended
    }

    /// Ends what is left when its head has ended: after the grace, without being asked.
    pub(super) async fn end_leftovers(&mut self, grace: Duration) {
        if !self.gone(grace).await {
            self.members.tell(Tell::Kill);
            self.gone(KILL_GRACE).await;
        }
        self.is_over = true;
    }

    /// Waits for the head and everybody else; `None` when they need longer.
    async fn ended(&mut self, child: &mut Child, within: Duration) -> Option<Ended> {
        let start = Instant::now();
        let ended = tokio::time::timeout(within, child.wait()).await.ok()?;
        let is_gone = self.gone(within.saturating_sub(start.elapsed())).await;
        self.is_over = is_gone;
        is_gone.then(|| Ended::of(&ended))
    }

    /// Waits until nobody is left; `false` when that takes longer.
    async fn gone(&self, within: Duration) -> bool {
        let end = Instant::now() + within;
        while self.members.are_there() {
            if Instant::now() >= end {
                return false;
            }
            sleep(LOOK).await;
        }
        true
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.is_over {
            self.members.tell(Tell::Kill);
        }
    }
}
