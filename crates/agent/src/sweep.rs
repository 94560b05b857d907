//! Ends what is left of sessions whose supervisor was killed: processes that have the session's id in their environment.
//!
//! The third belt. A process of the same user that wipes its own environment is not found; a cgroup would hold it.

use std::path::{Path, PathBuf};

use countersign_gateway::SessionId;

use crate::cgroup;

/// Kills what is left of these sessions, in their groups below `parent` too, again until there is nothing.
pub(crate) async fn end_all(sessions: Vec<SessionId>, parent: Option<PathBuf>) {
    // Reading /proc is quick but not free of waiting.
    let sweeping = tokio::task::spawn_blocking(move || {
        for _ in 0..100 {
            let empty = parent.as_deref().is_none_or(|parent| end_groups(parent, &sessions));
            if kill_marked(&sessions) == 0 && empty {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    });
    if sweeping.await.is_err() {
        tracing::error!("what lost sessions left behind could not be looked for");
    }
}

/// Whether no group is left.
fn end_groups(parent: &Path, sessions: &[SessionId]) -> bool {
    let end = |session: &SessionId| {
        let group = cgroup::of(parent, *session);
        cgroup::kill(&group);
        cgroup::remove(&group)
    };
    sessions.iter().filter(|session| !end(session)).count() == 0
}

#[cfg(target_os = "linux")]
fn kill_marked(sessions: &[SessionId]) -> usize {
    use std::os::unix::ffi::OsStrExt as _;

    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    let marks: Vec<Vec<u8>> = sessions
        .iter()
        .map(|session| format!("{}={session}", crate::environment::SESSION_VARIABLE).into_bytes())
        .collect();
    let is_marked = |pid: Pid| {
        let environment = std::fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).unwrap_or_default();
        environment.split(|&byte| byte == 0).any(|variable| marks.iter().any(|mark| mark == variable))
    };
    let mut killed = 0;
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let number = std::str::from_utf8(entry.file_name().as_bytes()).ok().and_then(|name| name.parse().ok());
        let Some(pid) = number.and_then(Pid::from_raw) else { continue };
        // Held first, then looked at: the number cannot pass to another process in between.
        let Ok(held) = pidfd_open(pid, PidfdFlags::empty()) else { continue };
        if is_marked(pid) && pidfd_send_signal(held, Signal::KILL).is_ok() {
            killed += 1;
        }
    }
    killed
}

#[cfg(not(target_os = "linux"))]
fn kill_marked(_sessions: &[SessionId]) -> usize {
    0
}
