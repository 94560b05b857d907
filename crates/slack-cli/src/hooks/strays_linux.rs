//! Those below a process that left its group, found in `/proc`.

use std::os::fd::OwnedFd;

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
};

/// Those that were found below a head, outside its group. Each is held, so that its number cannot pass to another.
#[derive(Debug, Default)]
pub(super) struct Strays(Vec<(Pid, OwnedFd)>);

/// A process, as `/proc` has it.
#[derive(Debug, Clone, Copy)]
struct Process {
    id: Pid,
    parent: Option<Pid>,
    group: Option<Pid>,
    lives: bool,
}

impl Strays {
    /// Looks who is below a head now.
    pub(super) fn look(&mut self, head: Pid, is_grouped: bool) {
        let below = below(head).into_iter().filter(|process| !is_grouped || process.group != Some(head));
        for process in below.filter(|process| process.lives) {
            if self.0.iter().any(|(known, _)| *known == process.id) {
                continue;
            }
            let Ok(handle) = pidfd_open(process.id, PidfdFlags::empty()) else { continue };
            // Its number may have passed to another before it was held.
            if read(process.id).is_some_and(|now| now.parent == process.parent) {
                self.0.push((process.id, handle));
            }
        }
    }

    pub(super) fn signal(&self, signal: Signal) {
        for (_, held) in &self.0 {
            let _ = pidfd_send_signal(held, signal);
        }
    }

    /// Whether one of them goes on.
    pub(super) fn are_there(&self) -> bool {
        // A held process becomes readable when it has ended (pidfd_open(2)).
        let has_ended = |held: &OwnedFd| {
            let mut wait = [PollFd::new(held, PollFlags::IN)];
            poll(&mut wait, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|ready| ready > 0)
        };
        self.0.iter().any(|(_, held)| !has_ended(held))
    }
}

/// Whether a group has a member that is more than a dead process that nobody waited for.
pub(super) fn has_living(group: Pid) -> bool {
    all().any(|process| process.group == Some(group) && process.lives)
}

/// The descendants of a process.
fn below(head: Pid) -> Vec<Process> {
    let all: Vec<Process> = all().collect();
    let mut parents = vec![head];
    let mut found = Vec::new();
    while let Some(parent) = parents.pop() {
        let children = all.iter().filter(|process| process.parent == Some(parent));
        for child in children {
            parents.push(child.id);
            found.push(*child);
        }
    }
    found
}

fn all() -> impl Iterator<Item = Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| number(entry.file_name().to_str()?));
    ids.filter_map(read)
}

/// Reads `/proc/PID/stat` (proc(5)): what follows the name, which stands in parentheses and may hold any, is state, parent
/// and group.
fn read(id: Pid) -> Option<Process> {
    let stat = std::fs::read(format!("/proc/{}/stat", id.as_raw_nonzero())).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let lives = !matches!(fields.next()?, "Z" | "X");
    let mut next = || fields.next().and_then(number);
    Some(Process { id, parent: next(), group: next(), lives })
}

/// A process's number. One that is just ending is told to be in the group -1.
fn number(text: &str) -> Option<Pid> {
    Pid::from_raw(text.parse().ok().filter(|number| *number > 0)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_process_has_no_number() {
        for text in ["-1", "0", "", "self", "99999999999"] {
            assert_eq!(number(text), None, "{text}");
        }
        assert!(number("1").is_some());
    }

    #[test]
    fn this_process_is_found_among_all() {
        let own = rustix::process::getpid();
        assert!(all().any(|process| process.id == own && process.lives && process.parent.is_some()));
    }
}
