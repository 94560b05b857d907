//! Keeps the connections open.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::Config;
use super::connection::{OpenError, Socket, open};
use super::envelope::{Delivery, Sink};
use super::frame::Hello;
use super::link::{Ending, Link};
use super::seen::Seen;
use super::status::{Board, Status, StopReason};
use crate::client::retry::back_off;
use crate::client::{Client, Token};

/// A connection that lasted this long was a good one: the next failure is the first again.
const GOOD: Duration = Duration::from_secs(10);

/// Socket Mode of one app.
#[derive(Debug)]
pub struct SocketMode {
    client: Client,
    app_token: Token,
    config: Config,
    board: Board,
}

/// Where deliveries go.
pub(super) enum Outlet {
    /// Through a channel; a full one delays, but loses nothing.
    Channel(mpsc::Sender<Delivery>),
    /// To whoever takes them on at once.
    Sink(Arc<dyn Sink>),
}

/// What all connections share.
pub(super) struct Shared {
    client: Client,
    app_token: Token,
    pub(super) config: Config,
    pub(super) board: Board,
    pub(super) seen: Arc<Seen>,
    pub(super) outlet: Outlet,
    pub(super) cancel: CancellationToken,
    tasks: TaskTracker,
}

impl SocketMode {
    /// Socket Mode with an app token (`xapp-…`); nothing is connected yet.
    pub fn new(client: Client, app_token: Token, config: Config) -> Self {
        Self { client, app_token, config, board: Board::new() }
    }

    /// What is known of the connections, from now on.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.board.subscribe()
    }

    /// Keeps the connections open until cancelled, and sends every delivery to `deliveries`.
    ///
    /// When cancelled it reads nothing more, and ends as soon as what was delivered is acknowledged or given up, at most
    /// four seconds later.
    ///
    /// # Errors
    /// The reason, when trying further is no use; the status holds it too.
    pub async fn run(self, deliveries: mpsc::Sender<Delivery>, cancel: CancellationToken) -> Result<(), StopReason> {
        self.keep(Outlet::Channel(deliveries), cancel).await
    }

    /// The same as [`Self::run`], with a sink that takes every delivery on at once.
    ///
    /// # Errors
    /// The reason, when trying further is no use; the status holds it too.
    pub async fn feed(self, sink: Arc<dyn Sink>, cancel: CancellationToken) -> Result<(), StopReason> {
        self.keep(Outlet::Sink(sink), cancel).await
    }

    async fn keep(self, outlet: Outlet, cancel: CancellationToken) -> Result<(), StopReason> {
        let shared = Arc::new(Shared {
            client: self.client,
            app_token: self.app_token,
            config: self.config,
            board: self.board,
            seen: Arc::default(),
            outlet,
            cancel: cancel.child_token(),
            tasks: TaskTracker::new(),
        });
        // When this future is dropped, its tasks end as well.
        let _guard = shared.cancel.clone().drop_guard();
        for index in 0..shared.config.wanted() {
            shared.tasks.spawn(slot(Arc::clone(&shared), index));
        }
        shared.tasks.close();
        shared.tasks.wait().await;
        shared.board.reason().map_or(Ok(()), Err)
    }
}

impl Shared {
    /// Stops everything for good.
    pub(super) fn stop(&self, reason: StopReason) {
        tracing::error!("Socket Mode stopped: {reason}");
        self.board.stopped(reason);
        self.cancel.cancel();
    }

    /// Starts the task of a connection.
    fn start(self: &Arc<Self>, socket: Socket, hello: Hello) -> (oneshot::Receiver<Ending>, CancellationToken) {
        let (ending, ended) = oneshot::channel();
        let retire = self.cancel.child_token();
        self.board.ready(hello);
        self.tasks.spawn(Link::new(Arc::clone(self), socket, ending, retire.clone()).run());
        (ended, retire)
    }
}

/// Keeps one of the connections open.
async fn slot(shared: Arc<Shared>, index: usize) {
    let cancel = shared.cancel.clone();
    if index > 0 {
        // The first is ready sooner when the others wait for it.
        let mut status = shared.board.subscribe();
        let first = status.wait_for(|status| status.hello.is_some());
        tokio::select! { _ = first => {} () = cancel.cancelled() => return }
    }
    tokio::select! { () = keep_open(&shared) => {} () = cancel.cancelled() => {} }
}

async fn keep_open(shared: &Arc<Shared>) {
    let mut failures = 0;
    let mut replaced: Option<CancellationToken> = None;
    loop {
        let ending = match open(&shared.client, &shared.app_token, &shared.config).await {
            Ok((socket, hello)) => {
                let (ended, retire) = shared.start(socket, hello);
                // Only now: the new one is open before the old one closes.
                if let Some(old) = replaced.take() {
                    old.cancel();
                }
                let begin = Instant::now();
                let ending = ended.await.unwrap_or(Ending::Lost);
                failures = if begin.elapsed() < GOOD { failures + 1 } else { 0 };
                if ending == Ending::Refresh {
                    replaced = Some(retire);
                }
                ending
            }
            Err(error) => {
                if let Some(reason) = error.fatal() {
                    return shared.stop(reason);
                }
                failures += 1;
                report(&error, failures);
                // Even the first failure is followed by a pause.
                failures = failures.max(2);
                Ending::Lost
            }
        };
        sleep(pause(&shared.config, ending, failures)).await;
    }
}

/// The pause before the next attempt: none after a good connection or the first that was short.
fn pause(config: &Config, ending: Ending, failures: u32) -> Duration {
    match (ending, failures) {
        (Ending::TooMany, _) => back_off(config.longest_pause, config.longest_pause, 0),
        (_, 0 | 1) => Duration::ZERO,
        (_, failures) => back_off(config.first_pause, config.longest_pause, failures - 2),
    }
}

fn report(error: &OpenError, failures: u32) {
    let error = error as &dyn std::error::Error;
    // A failing network would fill the log: the first is a warning, the others are there for who looks.
    if failures <= 1 {
        tracing::warn!(error, "no Socket Mode connection; trying again");
    } else {
        tracing::debug!(error, failures, "still no Socket Mode connection");
    }
}

#[cfg(test)]
mod tests;
