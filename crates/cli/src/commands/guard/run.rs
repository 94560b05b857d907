//! Running what was approved, if it still is that.

use std::{
    fs::File,
    os::{fd::AsRawFd as _, unix::process::ExitStatusExt as _},
    path::PathBuf,
    process::ExitStatus,
};

use anyhow::Context as _;
use countersign_approval::Local;
use countersign_gateway::{
    SessionEnd,
    client::{ClientError, Heard, Session},
    wire::run::{FromClient, FromServer},
};
use tokio::{
    process::{Child, Command as Process},
    signal::unix::{SignalKind, signal},
};

use super::files::{Command, hash};
use crate::remote::{Events, exit_code};

/// The exit code when something changed after it was approved.
const CHANGED: u8 = 126;

pub(super) async fn run(
    mut session: Session,
    command: &Command,
    approved: &Local,
    events: &mut Events,
) -> anyhow::Result<u8> {
    let process = match prepare(command, approved) {
        Ok(process) => process,
        Err(changed) => {
            let why = changed.to_string();
            events.note(&format!("countersign: {why}; it is not run"));
            report(&mut session, SessionEnd::Failed { why }).await?;
            return Ok(CHANGED);
        }
    };
    let (mut process, _program) = process;
    let end = match process.spawn() {
        Ok(child) => wait(&mut session, child).await?,
        Err(error) => {
            SessionEnd::Failed { why: format!("{} could not be started: {error}", command.program.display()) }
        }
    };
    events.ended(&end);
    report(&mut session, end.clone()).await?;
    Ok(exit_code(&end))
}

/// Something changed after it was approved.
#[derive(Debug, thiserror::Error)]
#[error("{0} has changed since it was approved")]
struct Changed(String);

/// Hashes everything again, and prepares the very file that was hashed to be executed.
fn prepare(command: &Command, approved: &Local) -> anyhow::Result<(Process, File)> {
    let now = command.digests()?;
    for (file, before) in now.iter().zip(&approved.files) {
        anyhow::ensure!(file == before, Changed(file.path.clone()));
    }
    anyhow::ensure!(now.len() == approved.files.len(), Changed("the list of files".to_owned()));
    let program = File::open(&command.program).context("could not open the program")?;
    let digest = hash(program.try_clone().context("could not open the program twice")?)?;
    let before = approved.files.first().map(|file| file.sha256.as_str());
    anyhow::ensure!(before == Some(digest.as_str()), Changed(command.program.display().to_string()));
    let mut process = Process::new(executable(command, &program));
    process.args(command.argv.iter().skip(1)).kill_on_drop(true);
    if let Some(name) = command.argv.first() {
        process.arg0(name);
    }
    Ok((process, program))
}

/// The open file itself, so that nothing can come in its place between hashing and executing. A script has to go by its
/// name: its interpreter opens it anew.
fn executable(command: &Command, program: &File) -> PathBuf {
    use std::os::unix::fs::FileExt as _;
    let mut magic = [0; 4];
    let is_binary = program.read_at(&mut magic, 0).is_ok_and(|bytes| bytes == 4) && magic == *b"\x7fELF";
    let by_descriptor = PathBuf::from(format!("/proc/self/fd/{}", program.as_raw_fd()));
    if is_binary && by_descriptor.exists() { by_descriptor } else { command.program.clone() }
}

/// Waits for the command; ends it when the server says so.
async fn wait(session: &mut Session, mut child: Child) -> anyhow::Result<SessionEnd> {
    let mut terminate = signal(SignalKind::terminate()).context("could not wait for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("could not wait for signals")?;
    let mut connected = true;
    loop {
        tokio::select! {
            status = child.wait() => return Ok(end_of(status.context("could not wait for the command")?)),
            heard = session.next(), if connected => match heard {
                Ok(Heard::Said(FromServer::Ended { end, .. })) => {
                    child.kill().await.context("could not end the command")?;
                    return Ok(end);
                }
                Ok(_) => {}
                // What was approved goes on; how it ended cannot be told any more.
                Err(_) => connected = false,
            },
            _ = terminate.recv() => pass_on(&child, nix::sys::signal::Signal::SIGTERM),
            // The terminal has sent it to the command as well.
            _ = interrupt.recv() => {}
        }
    }
}

fn pass_on(child: &Child, signal: nix::sys::signal::Signal) {
    if let Some(id) = child.id().and_then(|id| i32::try_from(id).ok()) {
        // It may have ended meanwhile.
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), signal);
    }
}

fn end_of(status: ExitStatus) -> SessionEnd {
    match (status.code(), status.signal()) {
        (Some(code), _) => SessionEnd::Exited { code: u8::try_from(code & 0xff).unwrap_or(u8::MAX) },
        (None, signal) => {
            SessionEnd::Signalled { signal: signal.and_then(|signal| u8::try_from(signal).ok()).unwrap_or(0) }
        }
    }
}

/// Tells the server, and waits until it has kept it. A server that is gone finds it unknown, and says so to people.
async fn report(session: &mut Session, end: SessionEnd) -> anyhow::Result<()> {
    match session.say(&FromClient::Finished { end }).await {
        Ok(()) => {}
        Err(ClientError::Closed | ClientError::Broken(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    loop {
        match session.next().await {
            Ok(Heard::Said(FromServer::Ended { .. })) | Err(ClientError::Closed | ClientError::Broken(_)) => {
                return Ok(());
            }
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
