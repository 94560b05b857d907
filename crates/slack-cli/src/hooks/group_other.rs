//! Without process groups: the head alone, which its handle kills.

use super::Tell;

#[derive(Debug)]
pub(super) struct Members;

#[expect(clippy::unused_self, reason = "the same as where there are groups")]
impl Members {
    pub(super) fn of(_head: Option<u32>, _is_grouped: bool) -> Self {
        Self
    }

    pub(super) fn tell(&mut self, _tell: Tell) {}

    pub(super) fn are_there(&self) -> bool {
        false
    }
}
