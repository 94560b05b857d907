//! One control connection, opened again for ever.

mod live;

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use countersign_gateway::wire::control::FromAgent;
use tokio::{
    sync::{Notify, mpsc, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{address::NodeUrl, agent::Shared, dial::DialError};

/// The first wait before another try.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// The longest wait before another try; also after a refusal.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// A connection that lasted so long was a good one: the next try comes at once.
const GOOD_AFTER: Duration = Duration::from_secs(10);
/// Answers that another try at once does not change: a bad request, token, address or version.
const FINAL: [u16; 5] = [400, 401, 403, 404, 426];
/// Messages that wait for the node to come back; there are few for each session.
const MOST_WAITING: usize = 100_000;

/// What a link tells the agent.
#[derive(Debug)]
pub(crate) enum Notice {
    /// The node took the agent.
    Welcomed {
        /// Over which link.
        node: NodeUrl,
        /// Every live node, as the server names them.
        nodes: Vec<String>,
    },
    /// The server sent the agent away.
    Dismissed {
        /// Why.
        why: String,
    },
    /// The agent's name is another one than expected.
    OtherName {
        /// As the server knows it.
        found: String,
    },
    /// The server refused the token.
    Refused {
        /// The node.
        node: NodeUrl,
        /// HTTP status.
        status: u16,
        /// What it said.
        message: String,
    },
}

/// Whether there is a control connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkState {
    /// There is.
    Up,
    /// There is none, since then.
    Down(Instant),
}

/// A node, and the control connection to it.
#[derive(Debug)]
pub(crate) struct Link {
    node: NodeUrl,
    state: watch::Sender<LinkState>,
    /// What the node has not been told yet. Locked for a push or a pop.
    waiting: Mutex<VecDeque<FromAgent>>,
    more: Notify,
}

impl Link {
    pub(crate) fn new(node: NodeUrl) -> Self {
        let state = watch::Sender::new(LinkState::Down(Instant::now()));
        Self { node, state, waiting: Mutex::default(), more: Notify::new() }
    }

    /// Tells the node something: now, or when it is back.
    pub(crate) fn tell(&self, message: FromAgent) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() == MOST_WAITING {
            waiting.pop_front();
        }
        waiting.push_back(message);
        drop(waiting);
        self.more.notify_one();
    }

    pub(crate) fn is_up(&self) -> bool {
        *self.state.borrow() == LinkState::Up
    }

    /// Resolves when there has been no connection for so long.
    pub(crate) async fn gone_for(&self, limit: Duration) {
        let mut state = self.state.subscribe();
        loop {
            let now = *state.borrow_and_update();
            let over = async {
                match now {
                    LinkState::Up => std::future::pending().await,
                    LinkState::Down(since) => tokio::time::sleep_until(since + limit).await,
                }
            };
            tokio::select! {
                () = over => return,
                changed = state.changed() => if changed.is_err() { return },
            }
        }
    }

    fn next(&self) -> Option<FromAgent> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn put_back(&self, message: FromAgent) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push_front(message);
    }
}

/// How a connection ended.
enum Outcome {
    /// Try again.
    Lost(String),
    /// Do not.
    Over,
}

/// Keeps the connection until `cancel`, or until the server does not want it.
pub(crate) async fn keep(
    core: Shared,
    link: std::sync::Arc<Link>,
    notices: mpsc::Sender<Notice>,
    cancel: CancellationToken,
) {
    let mut wait = FIRST_WAIT;
    loop {
        let began = Instant::now();
        let outcome = live::connect(&core, &link, &notices, &cancel).await;
        link.state.send_if_modified(|state| {
            let was_up = *state == LinkState::Up;
            if was_up {
                *state = LinkState::Down(Instant::now());
            }
            was_up
        });
        let why = match outcome {
            Outcome::Over => return,
            Outcome::Lost(why) => why,
        };
        if began.elapsed() >= GOOD_AFTER {
            wait = FIRST_WAIT;
        }
        tracing::warn!(node = %link.node, why, "no control connection to {}: {why}", link.node);
        tokio::select! {
            () = tokio::time::sleep(jittered(wait)) => {}
            () = cancel.cancelled() => return,
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// What is said of a failed try. A refusal goes to the agent, which knows whether it was ever accepted.
async fn failed(link: &Link, error: DialError, notices: &mpsc::Sender<Notice>) -> Outcome {
    let why = error.to_string();
    if let DialError::Refused { status, message } = error
        && FINAL.contains(&status)
    {
        // The agent may be leaving; then nobody has to know.
        let _ = notices.send(Notice::Refused { node: link.node.clone(), status, message }).await;
        tokio::time::sleep(jittered(LONGEST_WAIT)).await;
    }
    Outcome::Lost(why)
}

/// Between half of it and the whole, so that many agents do not come back in step.
fn jittered(wait: Duration) -> Duration {
    let mut byte = [0; 1];
    // Without randomness all wait the whole time, which is only less polite.
    let share = if getrandom::fill(&mut byte).is_ok() { u32::from(byte[0]) } else { 255 };
    wait / 2 + wait / 2 * share / 255
}
