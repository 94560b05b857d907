//! Control groups (kernel.org, "Control Group v2"): what holds even a process that wants to get away.

use std::path::{Path, PathBuf};

use countersign_gateway::SessionId;

/// Makes the session's own group below the agent's.
pub(crate) fn make(parent: &Path, session: SessionId) -> Result<PathBuf, String> {
    let path = of(parent, session);
    std::fs::create_dir(&path).map_err(|error| format!("the session's cgroup could not be made: {error}"))?;
    Ok(path)
}

/// Where a session's group is.
pub(crate) fn of(parent: &Path, session: SessionId) -> PathBuf {
    parent.join(session.to_string())
}

/// Kills everything in a group, where the kernel can (5.14 and later).
pub(crate) fn kill(group: &Path) {
    // A group that is not there has nothing in it; without the file the walk over processes has to do.
    let _ = std::fs::write(group.join("cgroup.kill"), "1");
}

/// Removes an empty group; whether it is gone.
pub(crate) fn remove(group: &Path) -> bool {
    std::fs::remove_dir(group).is_ok() || !group.exists()
}
