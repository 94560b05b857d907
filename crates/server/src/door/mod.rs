//! The Unix socket's door: hook clients and the command line of the same user.
//!
//! One task for each connection. The peer's user is checked before a byte is read; every line has a limit and the first
//! one a deadline. What is said on the wire is `countersign_hook::wire`.

mod answer;
mod ask;
mod connection;
mod desk;
mod observe;
mod question;

use std::{io, os::unix::net::UnixListener as StdListener, time::Duration};

use countersign_hook::wire::{Final, FirstLine, Hello, Op, Outcome, is_newer};
use tokio::net::{UnixListener, UnixStream};

use self::connection::{Connection, ConnectionError, Line};
use crate::personal::Personal;

/// A client sends each line within this time, or is dropped: it has everything at hand when it connects.
const LINE_WITHIN: Duration = Duration::from_secs(10);

/// Pause after the system refused a new connection (too many open files), so as not to spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves the socket until shutdown.
pub(crate) async fn serve(personal: Personal, listener: StdListener) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener)?;
    loop {
        let accepted = tokio::select! {
            () = personal.shutdown().cancelled() => return Ok(()),
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let guest = personal.clone();
                personal.tasks().spawn(async move { welcome(&guest, stream).await });
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "could not accept a client");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn welcome(personal: &Personal, stream: UnixStream) {
    let _open = personal.open_connection();
    if let Err(error) = converse(personal, stream).await {
        tracing::debug!(error = &error as &dyn std::error::Error, "a client's connection ended early");
    }
}

async fn converse(personal: &Personal, stream: UnixStream) -> Result<(), ConnectionError> {
    let limits = personal.settings().limits;
    let mut connection = Connection::open(stream, personal.bulk(), limits)?;
    if *personal.connections().borrow() > limits.connections {
        // Unheard: what is refused must not cost what is saved by refusing it.
        tracing::warn!("more than {} connections: one was turned away", limits.connections);
        let reason = format!("the daemon has {} connections open already, which is its limit", limits.connections);
        return connection.end(&refused(personal, reason)).await;
    }
    let first = connection.first_line().await;
    let line = heard(personal, &mut connection, first).await?;
    match FirstLine::parse(&line.bytes) {
        Ok(FirstLine::Hello(hello)) => greet(personal, connection, *hello).await,
        Ok(FirstLine::Bare) => ask::bare(personal, connection, line).await,
        Err(error) => connection.end(&refused(personal, error.to_string())).await,
    }
}

/// The line, or the error after the client was told of it.
async fn heard(
    personal: &Personal,
    connection: &mut Connection,
    line: Result<Line, ConnectionError>,
) -> Result<Line, ConnectionError> {
    if let Err(error @ (ConnectionError::Line(_) | ConnectionError::Crowded | ConnectionError::Silent)) = &line {
        tracing::warn!(error = error as &dyn std::error::Error, "refused what a client sent");
        // Whoever has gone need not be told.
        let _ = connection.end(&refused(personal, crate::chain(error))).await;
    }
    line
}

async fn greet(personal: &Personal, mut connection: Connection, hello: Hello) -> Result<(), ConnectionError> {
    let version = &personal.settings().version;
    if is_newer(&hello.version, version) && hello.op != Op::Stop {
        tracing::info!(client.version = %hello.version, "a newer client: leaving for its daemon");
        let answer = Final::new(Outcome::Outdated, version);
        personal.leave();
        personal.door_closed().cancelled().await;
        return connection.end(&answer).await;
    }
    if personal.giving_up().is_cancelled() && matches!(hello.op, Op::Ask | Op::Test) {
        // Whoever asks now may bring a token that works: the next daemon is started with it.
        personal.door_closed().cancelled().await;
        return connection.end(&Final::new(Outcome::Outdated, version)).await;
    }
    match hello.op {
        Op::Ask => ask::ask(personal, connection, &hello).await,
        Op::Observe => observe::observe(personal, connection).await,
        Op::Test => ask::test(personal, connection, &hello).await,
        op => {
            let answer = desk::answer(personal, op, &hello.args).await;
            connection.end(&answer).await
        }
    }
}

fn refused(personal: &Personal, reason: impl Into<String>) -> Final {
    Final::new(Outcome::Refused, &personal.settings().version).because(reason)
}
