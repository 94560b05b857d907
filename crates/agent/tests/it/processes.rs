//! What runs on this machine.

use std::time::Duration;

use countersign_gateway::SessionId;

/// Processes with a session's id in their environment.
pub(crate) fn of_session(session: SessionId) -> Vec<i32> {
    let mark = format!("COUNTERSIGN_SESSION={session}");
    let marked = |pid: &i32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|&byte| byte == 0).any(|variable| variable == mark.as_bytes()) && !is_zombie(*pid)
    };
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(marked).collect()
}

fn is_zombie(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z'))
}

/// Waits until nothing of a session runs any more.
pub(crate) async fn gone(session: SessionId) {
    wait_for(|| of_session(session).is_empty(), "the session's processes to end").await;
}

/// Waits for something that nothing announces.
pub(crate) async fn wait_for(mut condition: impl FnMut() -> bool, what: &str) {
    for _ in 0..6000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited too long for {what}");
}
