//! The supervisor's loop. One thread, no runtime: it has to start quickly, and there is little that it does.

use std::{
    io::{self, IoSliceMut},
    mem::MaybeUninit,
    os::fd::OwnedFd,
    path::PathBuf,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg},
    process::{Pid, Signal, WaitOptions, WaitStatus, kill_process_group, wait},
};

use super::{
    launch,
    protocol::{Event, ExitStatus, Job, Order},
    tree,
};
use crate::cgroup;

/// What a command left behind may go on for so long after it.
const LEFTOVER_GRACE: Duration = Duration::from_secs(1);
/// Between two looks at what is left.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Processes that cannot be killed (another user's, or stuck in the kernel) hold up the session's end for so long.
const STUCK_AFTER: Duration = Duration::from_secs(10);
/// Orphans that ended are taken off the process table at least this often.
const REAP_EVERY: Duration = Duration::from_secs(5);

/// Takes a job, runs it, and returns when nothing of it is left.
pub(super) fn run() -> io::Result<()> {
    // Fails for a group leader, which started that way has its own group anyway.
    let _ = rustix::process::setsid();
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let mut agent = Agent::default();
    let Some((job, fds)) = agent.job()? else { return Ok(()) };
    match launch::launch(&job, fds) {
        Err(why) => tell(&Event::NotSpawned { why }),
        Ok(main) => {
            tell(&Event::Spawned)?;
            Watch::new(main, job.cgroup).watch(&mut agent)
        }
    }
}

/// The agent's end of the socket, which is standard input.
#[derive(Default)]
struct Agent {
    bytes: Vec<u8>,
    gone: bool,
}

impl Agent {
    /// The job and its descriptors; `None` when the agent went away first.
    fn job(&mut self) -> io::Result<Option<(Job, Vec<OwnedFd>)>> {
        let mut fds = Vec::new();
        loop {
            if let Some(line) = self.line() {
                return Ok(Some((serde_json::from_slice(&line)?, fds)));
            }
            fds.append(&mut self.receive());
            if self.gone {
                return Ok(None);
            }
        }
    }

    /// Reads what is there, waiting for it, with the descriptors that come along.
    fn receive(&mut self) -> Vec<OwnedFd> {
        let mut chunk = vec![0; 64 * 1024];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut slices = [IoSliceMut::new(&mut chunk)];
        let received = loop {
            match recvmsg(rustix::stdio::stdin(), &mut slices, &mut control, RecvFlags::CMSG_CLOEXEC) {
                Err(rustix::io::Errno::INTR) => {}
                // Whatever is wrong with the socket: nobody can be told any more.
                Err(_) => break 0,
                Ok(message) => break message.bytes,
            }
        };
        self.gone = received == 0;
        self.bytes.extend_from_slice(chunk.get(..received).unwrap_or_default());
        let mut fds = Vec::new();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(rights) = message {
                fds.extend(rights);
            }
        }
        fds
    }

    fn line(&mut self) -> Option<Vec<u8>> {
        let end = self.bytes.iter().position(|&byte| byte == b'\n')?;
        let rest = self.bytes.split_off(end + 1);
        Some(std::mem::replace(&mut self.bytes, rest))
    }

    fn orders(&mut self) -> Vec<Order> {
        std::iter::from_fn(|| self.line()).filter_map(|line| serde_json::from_slice(&line).ok()).collect()
    }
}

/// Tells the agent something.
fn tell(event: &Event) -> io::Result<()> {
    let mut line = serde_json::to_vec(event)?;
    line.push(b'\n');
    let mut rest = line.as_slice();
    while !rest.is_empty() {
        let written = match rustix::io::write(rustix::stdio::stdin(), rest) {
            Err(rustix::io::Errno::INTR) => continue,
            written => written?,
        };
        rest = rest.get(written..).unwrap_or_default();
    }
    Ok(())
}

/// A running command.
struct Watch {
    main: Pid,
    /// How the command itself ended.
    status: Option<ExitStatus>,
    /// From then on everything is killed.
    kill_at: Option<Instant>,
    /// Whether there may be processes of ours at all.
    any_left: bool,
    reported: bool,
    cgroup: Option<PathBuf>,
    #[cfg(target_os = "linux")]
    held: Option<OwnedFd>,
}

impl Watch {
    fn new(main: Pid, cgroup: Option<PathBuf>) -> Self {
        Self {
            main,
            status: None,
            kill_at: None,
            any_left: true,
            reported: false,
            cgroup,
            #[cfg(target_os = "linux")]
            held: rustix::process::pidfd_open(main, rustix::process::PidfdFlags::empty()).ok(),
        }
    }

    fn watch(mut self, agent: &mut Agent) -> io::Result<()> {
        let mut killing_since = None;
        loop {
            self.reap();
            if !self.any_left {
                self.report(0);
                self.drop_cgroup();
                return Ok(());
            }
            let now = Instant::now();
            if agent.gone || self.kill_at.is_some_and(|at| at <= now) {
                let since = *killing_since.get_or_insert(now);
                let left = self.kill();
                if now.duration_since(since) > STUCK_AFTER {
                    self.report(left.max(1));
                }
            }
            self.wait(agent, killing_since.is_some(), now)?;
        }
    }

    /// Waits until something happens, and hears the agent.
    fn wait(&mut self, agent: &mut Agent, killing: bool, now: Instant) -> io::Result<()> {
        let until_kill = self.kill_at.map(|at| at.saturating_duration_since(now));
        let pause = if killing || self.status.is_some() { LOOK_EVERY } else { self.pause() };
        let pause = until_kill.filter(|_| !killing).map_or(pause, |kill| pause.min(kill.max(Duration::from_millis(1))));
        if self.poll(pause, !agent.gone)? {
            drop(agent.receive());
            agent.orders().into_iter().for_each(|order| self.obey(order));
        }
        Ok(())
    }

    #[cfg(target_os = "linux")]
    fn pause(&self) -> Duration {
        if self.held.is_some() { REAP_EVERY } else { LOOK_EVERY }
    }

    #[cfg(not(target_os = "linux"))]
    fn pause(&self) -> Duration {
        LOOK_EVERY.min(REAP_EVERY)
    }

    /// Sleeps until the command ends or the agent says something; whether it did.
    fn poll(&self, pause: Duration, listen: bool) -> io::Result<bool> {
        let pause = Timespec::try_from(pause).map_err(io::Error::other)?;
        let stdin = rustix::stdio::stdin();
        let mut fds = Vec::with_capacity(2);
        if listen {
            fds.push(PollFd::new(&stdin, PollFlags::IN));
        }
        #[cfg(target_os = "linux")]
        if let Some(held) = self.held.as_ref().filter(|_| self.status.is_none()) {
            fds.push(PollFd::new(held, PollFlags::IN));
        }
        match poll(&mut fds, Some(&pause)) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        Ok(listen && fds.first().is_some_and(|fd| !fd.revents().is_empty()))
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Signal(number) => {
                if let (None, Some(signal)) = (self.status, named(number)) {
                    // A group that has just ended needs no signal.
                    let _ = kill_process_group(self.main, signal);
                }
            }
            Order::Stop { grace_ms } => {
                if grace_ms > 0 && self.status.is_none() {
                    let _ = kill_process_group(self.main, Signal::HUP);
                    let _ = kill_process_group(self.main, Signal::CONT);
                }
                let at = Instant::now() + Duration::from_millis(grace_ms.min(60_000));
                self.kill_at = Some(self.kill_at.map_or(at, |before| before.min(at)));
            }
        }
    }

    /// Takes ended children off the process table: the command, and orphans that became ours.
    fn reap(&mut self) {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid == self.main => self.main_ended(status),
                Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
                Ok(None) => return,
                Err(_) => {
                    self.any_left = false;
                    return;
                }
            }
        }
    }

    fn main_ended(&mut self, status: WaitStatus) {
        let signal = status.terminating_signal().and_then(|signal| u8::try_from(signal).ok());
        let code = status.exit_status().and_then(|code| u8::try_from(code).ok());
        self.status = Some(match signal {
            Some(signal) => ExitStatus::Signal(signal),
            None => ExitStatus::Code(code.unwrap_or(u8::MAX)),
        });
        let at = Instant::now() + LEFTOVER_GRACE;
        self.kill_at = Some(self.kill_at.map_or(at, |before| before.min(at)));
    }

    /// Kills what there is; it may take several times.
    fn kill(&self) -> u32 {
        if let Some(cgroup) = &self.cgroup {
            cgroup::kill(cgroup);
        }
        if self.status.is_none() {
            let _ = kill_process_group(self.main, Signal::KILL);
        }
        tree::kill_below()
    }

    fn report(&mut self, left: u32) {
        if !self.reported {
            self.reported = true;
            let status = self.status.unwrap_or(ExitStatus::Signal(9));
            // An agent that has gone is what may have led here.
            let _ = tell(&Event::Ended { status, left });
        }
    }

    fn drop_cgroup(&self) {
        if let Some(cgroup) = &self.cgroup {
            cgroup::remove(cgroup);
        }
    }
}

fn named(number: i32) -> Option<Signal> {
    Signal::from_named_raw(number)
}
