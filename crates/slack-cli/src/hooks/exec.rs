//! Runs a hook to its end and reads what it writes.

use std::{future::Future, pin::pin, time::Duration};

use countersign_slack::hooks::Protocol;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, ChildStdin},
    time::{Instant, sleep_until, timeout},
};

use super::{
    Answer, Ended, HookCall,
    boundary::{Piece, Scanner},
    call::Diagnostics,
    collect::{Collector, NoResponse},
    command::{self, Streams},
    group::Group,
    tail::Tail,
    verdict,
};
use crate::{Failure, Talk};

/// How much is read at once, in bytes: what a pipe holds.
const READ: usize = 64 << 10;
/// How long a hook that took too long may take to end when it is asked to.
const TIMEOUT_GRACE: Duration = Duration::from_secs(2);
/// How long pipes are read that somebody holds open who got away.
const ORPHAN_GRACE: Duration = Duration::from_millis(200);

/// What a hook left us.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) collector: Collector,
    /// The end of its stderr, where it was not shown.
    pub(super) stderr: Tail,
}

/// Runs a hook and takes its response.
pub(super) async fn answer(mut call: HookCall, protocol: &Protocol) -> Result<Answer, Failure> {
    let input = call.input.take();
    let (mut child, mut group) = command::start(&call, protocol, Streams::Ours { has_input: input.is_some() })?;
    let mut collector = Collector::of(call.hook, protocol);
    let mut stderr = Tail::default();
    let ended = {
        let (stdin, stdout, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let pipes = async {
            let feeding = async {
                feed(stdin, input).await;
                Ok(())
            };
            let reading = read_response(stdout, &mut collector, &call);
            tokio::try_join!(feeding, reading, read_errors(errors, &mut stderr, protocol, &call)).map(|_| ())
        };
        run(&mut child, &mut group, pipes, &call).await
    };
    verdict::of(&call, ended, Output { collector, stderr })
}

/// How a run came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// By itself.
    Ended(Ended),
    /// It took longer than this.
    TimedOut(Duration),
    /// It wrote what nobody can take.
    Refused(NoResponse),
}

/// Waits for a hook's own process and its pipes; ends what is left of it, or all of it.
async fn run(
    child: &mut Child,
    group: &mut Group,
    pipes: impl Future<Output = Result<(), NoResponse>>,
    call: &HookCall,
) -> Outcome {
    let mut pipes = pin!(pipes);
    let mut are_read = false;
    let deadline = call.limit.map(|limit| (limit, Instant::now() + limit));
    let ended = loop {
        tokio::select! {
            ended = child.wait() => break Ended::of(&ended),
            read = &mut pipes, if !are_read => match read {
                Ok(()) => are_read = true,
                Err(refused) => {
                    group.kill(child).await;
                    return Outcome::Refused(refused);
                }
            },
            limit = expiry(deadline) => {
                group.stop(child, TIMEOUT_GRACE).await;
                return Outcome::TimedOut(limit);
            }
        }
    };
    // What it started may still write, but not for long.
    if !are_read {
        match timeout(call.grace, &mut pipes).await {
            Ok(Ok(())) => are_read = true,
            Ok(Err(refused)) => {
                group.kill(child).await;
                return Outcome::Refused(refused);
            }
            Err(_) => {}
        }
    }
    group.end_leftovers(if are_read { call.grace } else { Duration::ZERO }).await;
    if !are_read {
        match timeout(ORPHAN_GRACE, pipes).await {
            Ok(Ok(())) => {}
            Ok(Err(refused)) => return Outcome::Refused(refused),
            Err(_) => tell_orphan(call),
        }
    }
    Outcome::Ended(ended)
}

fn tell_orphan(call: &HookCall) {
    let line = format!("the `{}` hook has left a process behind that cannot be found and holds its output", call.hook);
    call.talk.warn(&line);
}

async fn expiry(deadline: Option<(Duration, Instant)>) -> Duration {
    match deadline {
        Some((limit, at)) => {
            sleep_until(at).await;
            limit
        }
        None => std::future::pending().await,
    }
}

/// Writes a hook's input. A hook that does not read it is free to.
async fn feed(stdin: Option<ChildStdin>, input: Option<Vec<u8>>) {
    if let (Some(mut stdin), Some(input)) = (stdin, input) {
        let _ = stdin.write_all(&input).await;
        let _ = stdin.shutdown().await;
    }
}

async fn read_response(
    stdout: Option<impl AsyncRead + Unpin>,
    collector: &mut Collector,
    call: &HookCall,
) -> Result<(), NoResponse> {
    let mut show = |text: &[u8]| show(call, text);
    read(stdout, |chunk| collector.push(chunk, &mut show)).await
}

/// Shows a hook's stderr, or keeps its end. A boundary in it is nobody's to see.
async fn read_errors(
    stderr: Option<impl AsyncRead + Unpin>,
    tail: &mut Tail,
    protocol: &Protocol,
    call: &HookCall,
) -> Result<(), NoResponse> {
    let mut take = |text: &[u8]| match call.diagnostics {
        Diagnostics::Live => show(call, text),
        Diagnostics::OnFailure => tail.push(text),
    };
    let Protocol::MessageBoundaries(boundary) = protocol else {
        return read(stderr, |chunk| {
            take(chunk);
            Ok(())
        })
        .await;
    };
    let mut scanner = Scanner::new(boundary);
    let mut give = |piece: Piece<'_>| {
        if let Piece::Text(text) = piece {
            take(text);
        }
    };
    read(stderr, |chunk| {
        scanner.push(chunk, &mut give);
        Ok(())
    })
    .await?;
    scanner.finish(&mut give);
    Ok(())
}

/// Shows diagnostics, where they are to be seen as they come.
pub(super) fn show(call: &HookCall, text: &[u8]) {
    let talk: &dyn Talk = &*call.talk;
    if call.diagnostics == Diagnostics::Live && !text.is_empty() {
        talk.stream(text);
    }
}

async fn read(
    pipe: Option<impl AsyncRead + Unpin>,
    mut take: impl FnMut(&[u8]) -> Result<(), NoResponse>,
) -> Result<(), NoResponse> {
    let Some(mut pipe) = pipe else { return Ok(()) };
    let mut buffer = Vec::with_capacity(READ);
    // A pipe that cannot be read has ended.
    while pipe.read_buf(&mut buffer).await.is_ok_and(|length| length > 0) {
        take(&buffer)?;
        buffer.clear();
    }
    Ok(())
}
