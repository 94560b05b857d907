//! What a session is connected to: a command, a terminal, a port.

use std::{
    io,
    os::fd::OwnedFd,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use countersign_gateway::{
    SessionEnd,
    wire::{
        control::{Action, Start, WindowSize},
        frame::Channel,
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, tcp::OwnedReadHalf, unix::pipe},
    time::timeout,
};

use crate::{
    agent::Core,
    cgroup, environment,
    supervise::{Event, Job, Stdio},
    supervisor::Supervised,
    sweep,
    terminal::Terminal,
};

/// How long a connection to a port may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How long a supervisor may take to start the command.
const SPAWN_WITHIN: Duration = Duration::from_secs(20);

/// Something that runs, and its streams.
pub(super) struct Resource {
    pub(super) running: Running,
    pub(super) streams: Streams,
}

/// Why nothing runs.
enum NotOpened {
    /// It never began.
    Failed(String),
    /// It may have begun, and nobody knows.
    Unknown(&'static str),
}

impl From<String> for NotOpened {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

/// What runs.
pub(super) enum Running {
    /// A command with pipes.
    Exec(Box<Supervised>),
    /// A command on a terminal.
    Terminal(Box<Supervised>, Terminal),
    /// A connection; it lasts as long as its streams do.
    Tcp,
}

/// Where frames come from and go to.
pub(super) struct Streams {
    pub(super) stdin: Box<dyn AsyncWrite + Send + Unpin>,
    pub(super) outputs: Vec<(Channel, Output)>,
}

/// Something that is read.
pub(super) enum Output {
    Pipe(pipe::Receiver),
    Terminal(Terminal),
    Tcp(OwnedReadHalf),
}

impl Resource {
    /// Starts what the session is about.
    pub(super) async fn open(core: &Core, start: &Start) -> Result<Self, SessionEnd> {
        let opened = match &start.action {
            Action::Exec { argv, .. } => exec(core, start, argv).await,
            Action::Terminal { argv, term, size } => terminal(core, start, argv, term, *size).await,
            Action::Tcp { host, port } => tcp(host, *port).await.map_err(NotOpened::Failed),
        };
        match opened {
            Ok(resource) => Ok(resource),
            Err(NotOpened::Failed(why)) => Err(SessionEnd::Failed { why }),
            Err(NotOpened::Unknown(why)) => {
                sweep::end_all(vec![start.session], core.config().cgroup.clone()).await;
                Err(SessionEnd::Unknown { why: why.to_owned() })
            }
        }
    }
}

async fn exec(core: &Core, start: &Start, argv: &[String]) -> Result<Resource, NotOpened> {
    let job = job(core, start, argv, "dumb", Stdio::Pipes)?;
    let (stdin, stdout, stderr) = pipes().map_err(|error| format!("there are no pipes: {error}"))?;
    let fds = [stdin.1, stdout.1, stderr.1];
    let supervised = supervise(core, &job, &fds).await?;
    let outputs = vec![(Channel::Stdout, Output::Pipe(stdout.0)), (Channel::Stderr, Output::Pipe(stderr.0))];
    let streams = Streams { stdin: Box::new(stdin.0), outputs };
    Ok(Resource { running: Running::Exec(Box::new(supervised)), streams })
}

async fn terminal(
    core: &Core,
    start: &Start,
    argv: &[String],
    term: &str,
    size: WindowSize,
) -> Result<Resource, NotOpened> {
    let job = job(core, start, argv, environment::plain_term(term), Stdio::Terminal)?;
    let (master, slave) = Terminal::open(size).map_err(|error| format!("there is no terminal: {error}"))?;
    let supervised = supervise(core, &job, &[slave]).await?;
    let outputs = vec![(Channel::Stdout, Output::Terminal(master.clone()))];
    let streams = Streams { stdin: Box::new(master.clone()), outputs };
    Ok(Resource { running: Running::Terminal(Box::new(supervised), master), streams })
}

async fn tcp(host: &str, port: u16) -> Result<Resource, String> {
    let connecting = timeout(CONNECT_WITHIN, TcpStream::connect((host, port))).await;
    let stream = match connecting {
        Err(_) => return Err(format!("{host}:{port} did not answer within {} s", CONNECT_WITHIN.as_secs())),
        Ok(Err(error)) => return Err(format!("{host}:{port} could not be reached: {error}")),
        Ok(Ok(stream)) => stream,
    };
    // Without it keystrokes wait for each other; a socket that cannot is only slower.
    let _ = stream.set_nodelay(true);
    let (read, write) = stream.into_split();
    let streams = Streams { stdin: Box::new(write), outputs: vec![(Channel::Stdout, Output::Tcp(read))] };
    Ok(Resource { running: Running::Tcp, streams })
}

fn job(core: &Core, start: &Start, argv: &[String], term: &str, stdio: Stdio) -> Result<Job, String> {
    let around = &core.config().surroundings;
    let env = environment::of_command(start, term, around).map_err(|error| error.to_string())?;
    let cgroup = core.config().cgroup.as_deref().map(|parent| cgroup::make(parent, start.session));
    Ok(Job {
        argv: argv.to_vec(),
        env,
        dir: around.home().to_owned(),
        stdio,
        open_files: core.open_files(),
        cgroup: cgroup.transpose()?,
    })
}

/// Hands the job over. What becomes of it after that only the supervisor can say.
async fn supervise(core: &Core, job: &Job, fds: &[OwnedFd]) -> Result<Supervised, NotOpened> {
    let failed = |error: io::Error| {
        job.cgroup.as_deref().map(cgroup::remove);
        format!("no supervisor could be started: {error}")
    };
    let mut supervised = core.supervisors().run(job, fds).await.map_err(failed)?;
    let why = match timeout(SPAWN_WITHIN, supervised.event()).await {
        Ok(Some(Event::Spawned)) => return Ok(supervised),
        Ok(Some(Event::NotSpawned { why })) => NotOpened::Failed(why),
        Ok(_) => NotOpened::Unknown("the command's supervisor was killed"),
        Err(_) => NotOpened::Unknown("the command's supervisor did not answer"),
    };
    if let Some(group) = &job.cgroup {
        cgroup::kill(group);
        cgroup::remove(group);
    }
    Err(why)
}

type Pipes = ((pipe::Sender, OwnedFd), (pipe::Receiver, OwnedFd), (pipe::Receiver, OwnedFd));

/// Pipes for the three standard streams: our end, then the command's, which waits as programs expect.
fn pipes() -> io::Result<Pipes> {
    let (stdin, theirs) = pipe::pipe()?;
    let stdin = (stdin, theirs.into_blocking_fd()?);
    let output = || {
        let (theirs, ours) = pipe::pipe()?;
        io::Result::Ok((ours, theirs.into_blocking_fd()?))
    };
    Ok((stdin, output()?, output()?))
}

impl Output {
    /// Makes room for more at once, where much comes.
    pub(super) fn widen(&self, bytes: usize) {
        #[cfg(target_os = "linux")]
        if let Self::Pipe(pipe) = self {
            // The user's share of pipe memory may be used up; then it stays as it is.
            let _ = rustix::pipe::fcntl_setpipe_size(pipe, bytes);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = bytes;
    }
}

impl AsyncRead for Output {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Pipe(pipe) => Pin::new(pipe).poll_read(context, buffer),
            Self::Terminal(terminal) => Pin::new(terminal).poll_read(context, buffer),
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}
