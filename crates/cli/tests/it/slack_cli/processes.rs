//! A command that goes on, the processes below it, and whether they are gone.

use std::{collections::BTreeSet, fmt, fs, ops::Deref, os::fd::OwnedFd, time::Duration};

use countersign_testkit::{Ended, Program, WITHIN};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
};

/// A command that goes on. Dropping it ends it with all that is below it, for a failed test.
#[derive(Debug)]
pub(super) struct Run(Option<Program>);

impl Run {
    pub(super) fn of(program: Program) -> Self {
        Self(Some(program))
    }

    /// Interrupts it, and waits for its end.
    pub(super) async fn interrupted(mut self) -> Ended {
        let program = self.0.take().unwrap();
        program.signal(nix::sys::signal::Signal::SIGINT);
        program.ended().await
    }
}

impl Deref for Run {
    type Target = Program;

    fn deref(&self) -> &Program {
        self.0.as_ref().unwrap()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let own = self.0.as_mut().and_then(|program| program.runs().then(|| program.pid()));
        let Some(own) = own.and_then(Process::of) else { return };
        let all = below(own.line.pid);
        // It knows best what it has started; whoever does not listen is killed.
        own.tell(Signal::INT);
        own.has_ended(WITHIN);
        [own].iter().chain(&all).for_each(|process| process.tell(Signal::KILL));
    }
}

/// A process that was alive when it was looked at.
#[derive(Debug)]
pub(super) struct Process {
    line: Line,
    /// Can be read once the process has ended; its number may be another's by then.
    end: OwnedFd,
}

/// What the system says of a process.
#[derive(Debug, Clone)]
struct Line {
    pid: i32,
    name: String,
    is_alive: bool,
    parent: i32,
    group: i32,
}

impl Process {
    /// A process by its number; `None` when it is gone.
    pub(super) fn of(pid: i32) -> Option<Self> {
        let end = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?;
        Some(Self { line: line(pid)?, end })
    }

    /// Waits for its end.
    pub(super) async fn is_gone(&self) {
        let clone = Self { line: self.line.clone(), end: self.end.try_clone().unwrap() };
        let has_ended = tokio::task::spawn_blocking(move || clone.has_ended(WITHIN)).await.unwrap();
        assert!(has_ended, "{} is still there", self.line);
    }

    fn has_ended(&self, within: Duration) -> bool {
        let within = Timespec { tv_sec: i64::try_from(within.as_secs()).unwrap(), tv_nsec: 0 };
        poll(&mut [PollFd::new(&self.end, PollFlags::IN)], Some(&within)).is_ok_and(|ended| ended == 1)
    }

    fn tell(&self, signal: Signal) {
        // Who has ended does not listen any more.
        let _ = pidfd_send_signal(&self.end, signal);
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.pid)
    }
}

/// Everything that lives below a process.
pub(super) fn below(pid: i32) -> Vec<Process> {
    let all = all();
    let mut known = BTreeSet::from([pid]);
    // A child may come before its parent in the list.
    while let Some(child) = all.iter().find(|line| known.contains(&line.parent) && !known.contains(&line.pid)) {
        known.insert(child.pid);
    }
    known.remove(&pid);
    known.into_iter().filter_map(Process::of).filter(|process| process.line.is_alive).collect()
}

/// Waits until processes are gone, and makes sure that nobody else of their groups is left.
pub(super) async fn are_gone(processes: &[Process]) {
    for process in processes {
        process.is_gone().await;
    }
    let groups: BTreeSet<i32> = processes.iter().map(|process| process.line.group).collect();
    let left = all().into_iter().filter(|line| line.is_alive && groups.contains(&line.group));
    let left: Vec<String> = left.map(|line| line.to_string()).collect();
    assert!(left.is_empty(), "{left:?}");
}

fn all() -> Vec<Line> {
    let numbers = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers.filter_map(line).collect()
}

/// `pid (name) state parent group …`; the name may have anything in it.
fn line(pid: i32) -> Option<Line> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (before, after) = text.rsplit_once(") ")?;
    let (_, name) = before.split_once('(')?;
    let mut words = after.split(' ');
    let is_alive = !matches!(words.next()?, "Z" | "X");
    let (parent, group) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(Line { pid, name: name.to_owned(), is_alive, parent, group })
}
