//! The connection that we hold for an app.

use countersign_slack::{
    client::{Client, Token},
    socket_mode::{Config, Delivery, SocketMode, Status, StopReason},
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use super::scene::Scene;
use crate::{Code, Failure, app::Installed};

/// Deliveries that were read and not yet looked at.
const UNREAD: usize = 64;
/// What is to be done where an app has no Socket Mode.
const SWITCH_ON: &str = "switch Socket Mode on in the manifest: \"settings\": {\"socket_mode_enabled\": true}";

/// The connection of an app, and those that its token was replaced on and that wait for acknowledgements.
#[derive(Debug)]
pub(super) struct Sockets {
    client: Client,
    current: Current,
    running: JoinSet<(u64, Result<(), StopReason>)>,
    sender: mpsc::Sender<Delivery>,
    deliveries: mpsc::Receiver<Delivery>,
}

/// The one that counts.
#[derive(Debug)]
struct Current {
    number: u64,
    token: Token,
    status: watch::Receiver<Status>,
    cancel: CancellationToken,
    is_up: bool,
}

/// What comes from Slack.
#[derive(Debug)]
pub(super) enum Heard {
    /// Something to be handled.
    Delivery(Box<Delivery>),
    /// How the connection is doing.
    Status(Connection),
    /// It has ended for good.
    Ended(Failure),
}

/// How a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connection {
    /// Events come in, and so many other processes get some of them.
    Up { others: usize },
    /// It is being opened again.
    Down,
}

impl Connection {
    /// Tells a person.
    pub(super) fn tell(self, scene: &Scene) {
        match self {
            Self::Up { others } => {
                scene.say("Connected, awaiting events");
                if others > 0 {
                    scene.warn("another process is connected as this app: Slack gives each event to one of them only");
                }
            }
            Self::Down => scene.warn("the connection to Slack was lost; connecting again"),
        }
    }
}

impl Sockets {
    /// Opens the connection of an installation.
    pub(super) fn open(client: Client, installed: &Installed) -> Result<Self, Failure> {
        let (sender, deliveries) = mpsc::channel(UNREAD);
        let mut running = JoinSet::new();
        let current = connect(&mut running, &client, token_of(installed)?, &sender, 0);
        Ok(Self { client, current, running, sender, deliveries })
    }

    /// Connects anew where the token is another, or the connection has ended.
    pub(super) fn renew(&mut self, installed: &Installed) -> Result<(), Failure> {
        use secrecy::ExposeSecret as _;

        let token = token_of(installed)?;
        let is_same = token.secret().expose_secret() == self.current.token.secret().expose_secret();
        if is_same && !self.current.cancel.is_cancelled() {
            return Ok(());
        }
        // It ends when what it delivered is acknowledged.
        self.current.cancel.cancel();
        let number = self.current.number + 1;
        self.current = connect(&mut self.running, &self.client, token, &self.sender, number);
        Ok(())
    }

    /// Waits for what comes next; nothing is lost when it is not waited for.
    pub(super) async fn heard(&mut self) -> Heard {
        loop {
            tokio::select! {
                biased;
                Some(delivery) = self.deliveries.recv() => return Heard::Delivery(Box::new(delivery)),
                Ok(()) = self.current.status.changed() => {
                    if let Some(status) = self.current.news() {
                        return Heard::Status(status);
                    }
                }
                Some(ended) = self.running.join_next() => {
                    if let Some(failure) = self.end_of(ended) {
                        return Heard::Ended(failure);
                    }
                }
                else => std::future::pending().await,
            }
        }
    }

    /// Reads nothing more.
    pub(super) fn close(&mut self) {
        self.current.cancel.cancel();
    }

    /// Waits until everything is closed.
    pub(super) async fn ended(mut self) {
        // What is in it has nobody to handle it any more: Slack delivers it again.
        self.deliveries.close();
        while let Ok(delivery) = self.deliveries.try_recv() {
            drop(delivery);
        }
        while self.running.join_next().await.is_some() {}
    }

    fn end_of(&mut self, ended: Result<(u64, Result<(), StopReason>), tokio::task::JoinError>) -> Option<Failure> {
        let failure = match ended {
            Ok((number, _)) if number != self.current.number || self.current.cancel.is_cancelled() => return None,
            Ok((_, Ok(()))) => Failure::new(Code::SocketConnection, "the connection to Slack has ended"),
            Ok((_, Err(reason))) => refused(&reason),
            Err(error) => Failure::new(Code::SocketConnection, "the connection broke off").detail(error.to_string()),
        };
        self.current.cancel.cancel();
        Some(failure)
    }
}

impl Current {
    /// What of the status a person wants to know, when it is new.
    fn news(&mut self) -> Option<Connection> {
        let status = self.status.borrow_and_update();
        let (is_up, others) = (status.connected > 0, status.foreign);
        let is_news = is_up != self.is_up;
        self.is_up = is_up;
        is_news.then_some(if is_up { Connection::Up { others } } else { Connection::Down })
    }
}

fn connect(
    running: &mut JoinSet<(u64, Result<(), StopReason>)>,
    client: &Client,
    token: Token,
    deliveries: &mpsc::Sender<Delivery>,
    number: u64,
) -> Current {
    // Over several connections, what happened first may come in second.
    let config = Config { connections: 1, ..Config::default() };
    let socket = SocketMode::new(client.clone(), token.clone(), config);
    let (status, cancel) = (socket.status(), CancellationToken::new());
    let (deliveries, stop) = (deliveries.clone(), cancel.clone());
    running.spawn(async move { (number, socket.run(deliveries, stop).await) });
    Current { number, token, status, cancel, is_up: false }
}

fn token_of(installed: &Installed) -> Result<Token, Failure> {
    let missing = || {
        Failure::new(Code::SocketConnection, format!("Slack gave no app-level token for the app {}", installed.app))
            .remedy(SWITCH_ON)
    };
    let secret = installed.tokens.app.as_ref().ok_or_else(missing)?;
    Token::new(secret).map_err(|error| missing().detail(error.to_string()))
}

fn refused(reason: &StopReason) -> Failure {
    let failure = Failure::new(Code::SocketConnection, "the connection to Slack has ended").detail(reason.to_string());
    match reason {
        StopReason::LinkDisabled => failure.remedy(SWITCH_ON),
        StopReason::Refused { .. } => {
            failure.remedy("run it again: the app is then installed anew, with a token that counts")
        }
        StopReason::ReceiverGone => failure,
    }
}
