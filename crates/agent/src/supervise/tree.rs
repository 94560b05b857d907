//! The processes below this one.

#[cfg(target_os = "linux")]
use rustix::process::{Pid, Signal, getpid};

/// Kills every process below this one that can be found now; says how many there were.
///
/// New ones may appear meanwhile: call it until nothing is left to wait for.
///
/// A number may pass to another process after it was found: each process is held, looked at again, and then killed.
#[cfg(target_os = "linux")]
pub(super) fn kill_below() -> u32 {
    use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};

    let found = below(getpid());
    let ours = |pid| parent_of(pid).is_some_and(|parent| parent == getpid() || found.contains(&parent));
    let kill = |pid: &&Pid| {
        let held = pidfd_open(**pid, PidfdFlags::empty());
        held.is_ok_and(|held| ours(**pid) && pidfd_send_signal(held, Signal::KILL).is_ok())
    };
    u32::try_from(found.iter().filter(kill).count()).unwrap_or(u32::MAX)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn kill_below() -> u32 {
    0
}

/// The descendants of a process, parents before their children.
#[cfg(target_os = "linux")]
fn below(root: Pid) -> Vec<Pid> {
    let parents: Vec<(Pid, Pid)> = all_processes().filter_map(|pid| Some((pid, parent_of(pid)?))).collect();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found.remove(0);
    found
}

#[cfg(target_os = "linux")]
fn all_processes() -> impl Iterator<Item = Pid> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
}

/// The parent, from `/proc/PID/stat` (proc(5)): the second field after the name, which stands in parentheses and may hold any.
#[cfg(target_os = "linux")]
fn parent_of(pid: Pid) -> Option<Pid> {
    let stat = std::fs::read(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    let (_, after_name) = stat.rsplit_once(')')?;
    Pid::from_raw(after_name.split_whitespace().nth(1)?.parse().ok()?)
}
