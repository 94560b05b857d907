//! The floor: what the machine takes for a process, and for one that says something to a Unix socket.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

use crate::{samples, stats::Samples};

/// Samples of each figure.
const SAMPLES: usize = 200;

/// What is sent and sent back.
const MESSAGE: [u8; 64] = [b'.'; 64];

/// What was measured.
#[derive(Debug)]
pub(crate) struct Floor {
    /// Starting `/bin/true` and waiting for its end.
    pub(crate) process: Samples,
    /// Starting a client until a Unix socket has its 64 bytes.
    pub(crate) said: Samples,
    /// Starting a client until it has ended, its bytes sent back.
    pub(crate) echoed: Samples,
}

/// Measures, on threads of its own.
pub(crate) async fn measure() -> Result<Floor> {
    tokio::task::spawn_blocking(floor).await?
}

fn floor() -> Result<Floor> {
    let dir = tempfile::Builder::new().prefix("cs-bench-").tempdir()?;
    let socket = dir.path().join("echo");
    let listener = UnixListener::bind(&socket)?;
    let mut process = Vec::with_capacity(SAMPLES);
    let (mut said, mut echoed) = (Vec::with_capacity(SAMPLES), Vec::with_capacity(SAMPLES));
    for _ in 0..SAMPLES {
        process.push(nothing()?);
        let (to_server, to_end) = echo(&listener, &socket)?;
        said.push(to_server);
        echoed.push(to_end);
    }
    Ok(Floor { process: samples(process), said: samples(said), echoed: samples(echoed) })
}

fn nothing() -> Result<Duration> {
    let started = Instant::now();
    Command::new("/bin/true").status().context("could not run /bin/true")?;
    Ok(started.elapsed())
}

fn echo(listener: &UnixListener, socket: &Path) -> Result<(Duration, Duration)> {
    let program = std::env::current_exe()?;
    let started = Instant::now();
    let mut child = Command::new(program).arg("echo-client").arg(socket).stdin(Stdio::null()).spawn()?;
    let (mut stream, _) = listener.accept()?;
    let mut message = MESSAGE;
    stream.read_exact(&mut message)?;
    let to_server = started.elapsed();
    stream.write_all(&message)?;
    child.wait()?;
    Ok((to_server, started.elapsed()))
}

/// The client's end.
pub(crate) fn client(socket: &Path) -> Result<()> {
    let mut stream = UnixStream::connect(socket)?;
    let mut message = MESSAGE;
    stream.write_all(&message)?;
    stream.read_exact(&mut message)?;
    Ok(())
}
