//! Without `/proc` nobody is found who left the group.

use rustix::process::{Pid, Signal};

#[derive(Debug, Default)]
pub(super) struct Strays;

#[expect(clippy::unused_self, reason = "the same as where there is `/proc`")]
impl Strays {
    pub(super) fn look(&mut self, _head: Pid, _is_grouped: bool) {}

    pub(super) fn signal(&self, _signal: Signal) {}

    pub(super) fn are_there(&self) -> bool {
        false
    }
}

pub(super) fn has_living(_group: Pid) -> bool {
    true
}
