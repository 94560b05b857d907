//! The agent's side of supervisors.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    mem::MaybeUninit,
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
    process::Stdio,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rustix::{
    net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg},
    process::{Pid, Signal, kill_process},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixStream, unix::OwnedReadHalf, unix::OwnedWriteHalf},
    process::{Child, Command},
    time::timeout,
};

use crate::{
    config::SupervisorProgram,
    supervise::{Event, Job, Order},
};

/// Supervisors that wait for a job, so that a session need not wait for a process to start.
const SPARES: usize = 2;

/// How long a supervisor that was let go may take.
const LEAVE_WITHIN: Duration = Duration::from_secs(30);

/// Where supervisors come from.
#[derive(Debug)]
pub(crate) struct Supervisors {
    program: SupervisorProgram,
    /// Started ahead. Locked to take or to put one.
    spares: Mutex<VecDeque<Supervisor>>,
}

/// A supervisor process. When this is dropped, the process ends everything that it runs.
#[derive(Debug)]
pub(crate) struct Supervisor {
    /// Taken off the process table by the runtime when it has ended.
    child: Child,
    socket: UnixStream,
}

/// A supervisor with a job.
#[derive(Debug)]
pub(crate) struct Supervised {
    child: Child,
    events: tokio::io::Lines<BufReader<OwnedReadHalf>>,
    orders: OwnedWriteHalf,
}

impl Supervisors {
    pub(crate) fn new(program: SupervisorProgram) -> Self {
        Self { program, spares: Mutex::default() }
    }

    /// Gives a job, with the descriptors that belong to it, to a supervisor.
    pub(crate) async fn run(&self, job: &Job, fds: &[OwnedFd]) -> io::Result<Supervised> {
        let spare = self.spare();
        if let Some(supervisor) = spare
            && let Ok(supervised) = supervisor.take(job, fds).await
        {
            return Ok(supervised);
        }
        Supervisor::start(&self.program)?.take(job, fds).await
    }

    /// Starts supervisors ahead. Called when a session has begun, so that this one's way is not longer for it.
    pub(crate) fn stock(&self) {
        let missing = SPARES.saturating_sub(self.spares.lock().unwrap_or_else(PoisonError::into_inner).len());
        for _ in 0..missing {
            match Supervisor::start(&self.program) {
                Ok(supervisor) => {
                    self.spares.lock().unwrap_or_else(PoisonError::into_inner).push_back(supervisor);
                }
                Err(error) => {
                    tracing::warn!(error = %error, "no supervisor could be started ahead");
                    return;
                }
            }
        }
    }

    /// Lets spares go.
    pub(crate) fn close(&self) {
        self.spares.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn spare(&self) -> Option<Supervisor> {
        let mut spares = self.spares.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(mut supervisor) = spares.pop_front() {
            // One that somebody killed is left alone.
            if matches!(supervisor.child.try_wait(), Ok(None)) {
                return Some(supervisor);
            }
        }
        None
    }
}

impl Supervisor {
    fn start(program: &SupervisorProgram) -> io::Result<Self> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let child = Command::new(&program.program)
            .args(&program.args)
            .env_clear()
            .current_dir("/")
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self { child, socket: UnixStream::from_std(ours)? })
    }

    async fn take(mut self, job: &Job, fds: &[OwnedFd]) -> io::Result<Supervised> {
        let mut line = serde_json::to_vec(job)?;
        line.push(b'\n');
        let sent = send_fds(&self.socket, &line, fds)?;
        self.socket.write_all(line.get(sent..).unwrap_or_default()).await?;
        let (read, orders) = self.socket.into_split();
        Ok(Supervised { child: self.child, events: BufReader::new(read).lines(), orders })
    }
}

/// Sends descriptors with the first bytes of a message; how many bytes went along. Nothing was sent before, so there is room.
fn send_fds(socket: &UnixStream, message: &[u8], fds: &[OwnedFd]) -> io::Result<usize> {
    let borrowed: Vec<BorrowedFd<'_>> = fds.iter().map(|fd| fd.as_fd()).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&borrowed)) {
        return Err(io::Error::other("too many descriptors for a job"));
    }
    Ok(sendmsg(socket, &[IoSlice::new(message)], &mut control, SendFlags::NOSIGNAL)?)
}

impl Supervised {
    /// The next event; `None` when the supervisor is gone. Safe to drop while it waits.
    pub(crate) async fn event(&mut self) -> Option<Event> {
        let line = self.events.next_line().await.ok()??;
        serde_json::from_str(&line).ok()
    }

    /// Sends an order. A supervisor that is gone has ended everything already.
    pub(crate) async fn order(&mut self, order: Order) {
        if let Ok(mut line) = serde_json::to_vec(&order) {
            line.push(b'\n');
            let _ = self.orders.write_all(&line).await;
        }
    }

    /// Lets the supervisor go and waits for its end. One that somebody has stopped is woken, so that it ends what it runs; one
    /// that still does not end is killed, and its command with it.
    pub(crate) async fn leave(mut self) {
        drop(self.orders);
        drop(self.events);
        if let Some(pid) = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)) {
            let _ = kill_process(pid, Signal::CONT);
        }
        if timeout(LEAVE_WITHIN, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}
