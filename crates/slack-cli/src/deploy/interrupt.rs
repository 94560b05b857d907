//! Ctrl-C while a script has the terminal.

use std::future::Future;

use crate::{Code, Failure, Session};

/// The exit code of what was interrupted.
pub(super) const EXIT: u8 = 130;

/// Waits for a script that shares our terminal.
///
/// Ctrl-C reaches the script as it reaches us: it may clean up, and how it ends is told. Who asks a second time, sends us
/// SIGTERM or closes the terminal does not want to wait for that: the script is dropped, and ended with it.
pub(super) async fn patiently<T>(
    session: &Session,
    script: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        ended = script => ended,
        () = told_to_stop(session) => {
            Err(Failure::new(Code::ProcessInterrupted, "the deploy hook was interrupted").exiting(EXIT))
        }
    }
}

/// Does what has no terminal of its own until somebody interrupts it: dropped, it ends its hooks, which are in groups of their
/// own and hear no Ctrl-C.
pub(super) async fn at_once<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::select! {
        ended = work => ended,
        () = ctrl_c() => Err(interrupted()),
        () = terminated() => Err(interrupted()),
    }
}

fn interrupted() -> Failure {
    Failure::new(Code::ProcessInterrupted, "interrupted").exiting(EXIT)
}

/// A second Ctrl-C, SIGTERM or SIGHUP.
async fn told_to_stop(session: &Session) {
    let twice = async {
        ctrl_c().await;
        session.talk.say("waiting for the deploy hook to end; press Ctrl-C again to end it at once");
        ctrl_c().await;
    };
    tokio::select! {
        () = twice => {}
        () = terminated() => {}
    }
}

async fn ctrl_c() {
    // Where signals cannot be heard they do what they do by themselves.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(unix)]
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};

    let heard = [SignalKind::terminate(), SignalKind::hangup()].map(signal);
    let [Ok(mut terminate), Ok(mut hangup)] = heard else { return std::future::pending().await };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
