//! The members of a process group, and those below its head that left it.

use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};

use super::Tell;

/// Whom a signal reaches.
#[derive(Debug)]
pub(super) struct Members {
    head: Option<Pid>,
    is_grouped: bool,
    strays: strays::Strays,
}

impl Members {
    pub(super) fn of(head: Option<u32>, is_grouped: bool) -> Self {
        let head = head.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        Self { head, is_grouped, strays: strays::Strays::default() }
    }

    /// Sends a signal to all of them.
    pub(super) fn tell(&mut self, tell: Tell) {
        let Some(head) = self.head else { return };
        let signal = match tell {
            Tell::Interrupt => Signal::INT,
            Tell::Terminate => Signal::TERM,
            Tell::Kill => Signal::KILL,
        };
        // Once the head has ended, nobody knows any more who was below it: they are looked for first.
        self.strays.look(head, self.is_grouped);
        let _ = if self.is_grouped { kill_process_group(head, signal) } else { kill_process(head, signal) };
        self.strays.signal(signal);
    }

    /// Whether somebody is left.
    pub(super) fn are_there(&self) -> bool {
        let Some(head) = self.head.filter(|_| self.is_grouped) else { return false };
        // Who has ended and was not waited for is still a member, and nobody's trouble.
        (test_kill_process_group(head).is_ok() && strays::has_living(head)) || self.strays.are_there()
    }
}

#[cfg(target_os = "linux")]
#[path = "strays_linux.rs"]
mod strays;
#[cfg(not(target_os = "linux"))]
#[path = "strays_other.rs"]
mod strays;
