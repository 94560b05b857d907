//! From what is wanted to a running session: uploading, waiting, coming back after a broken connection.

use std::{
    io::{BufRead as _, Cursor, IsTerminal as _},
    time::Duration,
};

use countersign_approval::{RequestId, Timestamp};
use countersign_gateway::{
    SessionId,
    client::{ClientError, Heard, Server, Session},
    wire::{
        frame::Channel,
        run::{FromClient, FromServer, Terminal},
    },
};
use tokio::{
    io::AsyncReadExt as _,
    signal::unix::{Signal, SignalKind, signal},
    time::Instant,
};

use super::Events;
use crate::output;

/// First pause before a broken connection is tried again; doubled up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Longest pause before a broken connection is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A connection that lasted so long was one: what comes after it is counted anew.
const LASTED: Duration = Duration::from_secs(10);

/// How often in a row a connection is tried again before giving up. With the pauses: about five minutes.
const TRIES: u32 = 64;

/// Bytes that are read of the input at once.
const READ_BYTES: usize = 128 * 1024;

/// Where input comes from.
#[derive(Debug)]
pub(crate) enum Input {
    /// An argument.
    Text(Cursor<Vec<u8>>),
    /// A file.
    File(tokio::fs::File),
    /// Standard input.
    Stdin(tokio::io::Stdin),
}

/// How long to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Until it is decided; then run.
    Run,
    /// Until it is decided; then a person at the terminal says when.
    AskBeforeRunning,
    /// Not at all: the request's id is enough.
    Leave,
}

/// What to ask for.
#[derive(Debug)]
pub(crate) struct Asking<'a> {
    /// Where.
    pub(crate) server: &'a Server,
    /// The first message.
    pub(crate) first: FromClient,
    /// The terminal, for coming back.
    pub(crate) terminal: Option<Terminal>,
    /// How long to stay.
    pub(crate) patience: Patience,
    /// The command line that comes back to a request, for people, e.g. `countersign exec --resume`.
    pub(crate) again: &'a str,
}

/// What became of asking.
#[derive(Debug)]
pub(crate) enum Negotiated {
    /// It runs.
    Started {
        /// The connection, for frames.
        session: Session,
        /// The session's id.
        id: SessionId,
        /// The request that allowed it.
        request: Option<RequestId>,
        /// When access ends.
        until: Option<Timestamp>,
        /// Whether input is to be sent.
        stdin: bool,
    },
    /// Nothing runs; this is the exit code.
    Over(u8),
}

/// Why a round of talking ended.
enum Round {
    Done(Negotiated),
    Broken(ClientError),
}

/// Asks, waits, and comes back after a broken connection for as long as the request is open.
pub(crate) async fn negotiate(
    asking: Asking<'_>,
    input: &mut Option<Input>,
    events: &mut Events,
) -> Result<Negotiated, ClientError> {
    // One listener for all of it: an interrupt between two of its waits is not lost.
    let mut interrupts = signal(SignalKind::interrupt()).map_err(no_signals)?;
    let mut known = None;
    let mut first = asking.first.clone();
    let mut pause = FIRST_PAUSE;
    let mut tries = 0;
    loop {
        let round = match Session::open(asking.server, &first).await {
            Ok(session) => {
                let opened = Instant::now();
                let round = talk(session, &asking, input, events, (&mut known, &mut interrupts)).await?;
                // A server that breaks every connection at once is as good as none.
                if opened.elapsed() >= LASTED {
                    (tries, pause) = (0, FIRST_PAUSE);
                }
                round
            }
            Err(error @ ClientError::Unreachable { .. }) => Round::Broken(error),
            Err(error) => return Err(error),
        };
        let error = match round {
            Round::Done(negotiated) => return Ok(negotiated),
            Round::Broken(error) => error,
        };
        tries += 1;
        // Before there is a request nothing is lost by failing, and the input may have been sent in part.
        let (Some(request), 1..TRIES) = (known, tries) else { return Err(error) };
        if tries == 1 {
            events.note("the connection to the server broke; the request stays open, trying again");
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = interrupts.recv() => return Ok(Negotiated::Over(left(events, known, asking.again))),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
        first = FromClient::Resume { request, terminal: asking.terminal.clone() };
    }
}

/// One connection's worth of talking.
async fn talk(
    mut session: Session,
    asking: &Asking<'_>,
    input: &mut Option<Input>,
    events: &mut Events,
    (known, interrupts): (&mut Option<RequestId>, &mut Signal),
) -> Result<Round, ClientError> {
    loop {
        let said = tokio::select! {
            heard = session.next() => match heard {
                Ok(Heard::Said(said)) => said,
                // Data before `Started` belongs to nothing.
                Ok(Heard::Frame(..)) => continue,
                Err(error @ (ClientError::Broken(_) | ClientError::Closed)) => return Ok(Round::Broken(error)),
                Err(error) => return Err(error),
            },
            _ = interrupts.recv() => {
                return Ok(Round::Done(Negotiated::Over(left(events, *known, asking.again))));
            }
        };
        match said {
            FromServer::SendInput { max_bytes } => upload(&mut session, input, max_bytes).await?,
            FromServer::Waiting(waiting) => {
                *known = Some(waiting.request);
                events.waiting(&waiting, asking.again);
                if asking.patience == Patience::Leave {
                    if !events.is_json() {
                        output::data(&waiting.request.to_string());
                    }
                    return Ok(Round::Done(Negotiated::Over(0)));
                }
            }
            FromServer::Decided { request, by, until } => {
                *known = Some(request);
                events.approved(&request.to_string(), &by, until.as_secs());
                if asking.patience == Patience::Leave {
                    return Ok(Round::Done(Negotiated::Over(0)));
                }
                if asking.patience == Patience::AskBeforeRunning && !confirmed(interrupts).await {
                    return Ok(Round::Done(Negotiated::Over(left(events, *known, asking.again))));
                }
                session.say(&FromClient::Run).await?;
            }
            FromServer::Started { session: id, request, until, stdin } => {
                events.started(&id.to_string(), request.map(|id| id.to_string()).as_deref());
                return Ok(Round::Done(Negotiated::Started { session, id, request, until, stdin }));
            }
            FromServer::Refused(refusal) => {
                events.refused(&refusal);
                return Ok(Round::Done(Negotiated::Over(refusal.code.exit_code())));
            }
            FromServer::Ended { end, .. } => {
                events.ended(&end);
                return Ok(Round::Done(Negotiated::Over(super::exit_code(&end))));
            }
        }
    }
}

/// Sends the whole input, then says that it was all.
async fn upload(session: &mut Session, input: &mut Option<Input>, max_bytes: u64) -> Result<(), ClientError> {
    let local = |doing, source| ClientError::Local { doing, source };
    let mut buffer = vec![0; READ_BYTES];
    let mut sent = 0_u64;
    while let Some(reader) = input {
        let bytes = reader.read(&mut buffer).await.map_err(|source| local("read the input", source))?;
        if bytes == 0 {
            *input = None;
            break;
        }
        sent = sent.saturating_add(bytes as u64);
        if sent > max_bytes {
            let source = std::io::Error::other(format!("it is longer than {max_bytes} bytes"));
            return Err(local("send the input", source));
        }
        session.send(Channel::Stdin, buffer.get(..bytes).unwrap_or_default()).await?;
    }
    session.close(Channel::Stdin).await
}

/// Asks the person at the terminal.
async fn confirmed(interrupts: &mut Signal) -> bool {
    output::say("press Enter to run it, Ctrl-C to leave it for later");
    let line = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        std::io::stdin().is_terminal() && std::io::stdin().lock().read_line(&mut line).is_ok_and(|bytes| bytes > 0)
    });
    tokio::select! {
        line = line => line.unwrap_or(false),
        _ = interrupts.recv() => false,
    }
}

fn no_signals(source: std::io::Error) -> ClientError {
    ClientError::Local { doing: "wait for signals", source }
}

/// Says how to come back.
fn left(events: &Events, known: Option<RequestId>, again: &str) -> u8 {
    match known {
        Some(request) => {
            events.note(&format!("left; the request stays open. Come back with: {again} {request}"));
            events.note(&format!("or withdraw it with: countersign requests cancel {request}"));
        }
        None => events.note("interrupted"),
    }
    130
}
