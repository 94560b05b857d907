//! The workspace's clock as the app's.

use countersign_slack_workspace::Workspace;

use crate::Clock;

/// The workspace's clock, which tests move forward.
#[derive(Debug, Clone)]
pub struct WorkspaceClock(pub Workspace);

impl Clock for WorkspaceClock {
    fn now_ms(&self) -> u64 {
        self.0.clock().now_ms()
    }
}
