//! Serving an app: over Socket Mode, over HTTP, or from a program of one's own.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use countersign_slack::payload::Head;
use countersign_slack::socket_mode::{AckHandle, EnvelopeKind, Incoming, Sink, SocketMode, StopReason};
use serde_json::Value;
use serde_json::value::RawValue;
use thiserror::Error;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::acknowledgement::Way;
use crate::engine::{Arrival, Engine};
use crate::{App, InboxError, Retry, Transport};

/// Why an app stopped being served.
#[derive(Debug, Error)]
pub enum ServeError {
    /// Slack's connections ended for good.
    #[error("Socket Mode stopped")]
    Stopped(#[from] StopReason),
    /// What was left over could not be read.
    #[error("what was left in the inbox could not be read")]
    Inbox(#[source] InboxError),
}

/// What an app hears Slack by: [`SocketMode`], [`Http`](crate::Http), or two of them at once as a pair.
pub trait Receiver: Send + 'static {
    /// Receives until cancelled, and hands everything to the app.
    fn receive(self, app: Dispatcher, cancel: CancellationToken)
    -> impl Future<Output = Result<(), ServeError>> + Send;
}

/// An app at work, to which receivers hand what comes in. Cheap to clone.
#[derive(Clone)]
pub struct Dispatcher {
    pub(crate) engine: Arc<Engine>,
}

/// It was not acknowledged: it could not be kept, or the app is stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("it was not acknowledged")]
pub struct NotAcknowledged;

impl App {
    /// Serves the app until cancelled.
    ///
    /// Handlers of what is left in the inbox start first. Handlers run at once, each in its own
    /// task: two clicks of the same person may be handled in either order.
    ///
    /// # Errors
    /// When the inbox cannot be read, Slack refuses the connections for good, or the HTTP server fails.
    pub async fn serve(self, receiver: impl Receiver, cancel: CancellationToken) -> Result<(), ServeError> {
        let dispatcher = self.start();
        let stop = cancel.child_token();
        let _guard = stop.clone().drop_guard();
        // What is left over is read before anything new comes in: otherwise that would be taken for left over as well.
        let result = match dispatcher.resume().await {
            Ok(()) => Box::pin(receiver.receive(dispatcher.clone(), stop)).await,
            Err(error) => Err(error),
        };
        dispatcher.close().await;
        result
    }

    /// Puts the app to work without a receiver: for programs that receive by themselves.
    ///
    /// ```
    /// # use countersign_slack_sdk::{App, Command};
    /// # use countersign_slack::{client::Reply, socket_mode::EnvelopeKind};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let app: App = App::new().command("/echo", async |command: Command| Reply::ephemeral(command.text.clone()));
    /// let app = app.start();
    /// let payload = serde_json::json!({"command": "/echo", "text": "hi", "user_id": "U1", "channel_id": "C1"});
    /// let answer = app.dispatch("1", EnvelopeKind::SlashCommands, &payload, None).await;
    /// assert_eq!(answer.unwrap().unwrap()["text"], "hi");
    /// app.close().await;
    /// # }
    /// ```
    pub fn start(self) -> Dispatcher {
        Dispatcher { engine: Arc::new(Engine::new(self)) }
    }
}

impl Dispatcher {
    /// Starts the handlers of what is left in the inbox. To be called before anything new is handed over.
    ///
    /// # Errors
    /// When the inbox cannot be read.
    pub async fn resume(&self) -> Result<(), ServeError> {
        self.engine.resume().await.map_err(ServeError::Inbox)
    }

    /// Hands a payload over and waits for its acknowledgement and what is in it; the handler may go on after that.
    ///
    /// # Errors
    /// When it was not acknowledged.
    pub async fn dispatch(
        &self,
        id: &str,
        kind: EnvelopeKind,
        payload: &Value,
        retry: Option<Retry>,
    ) -> Result<Option<Value>, NotAcknowledged> {
        let payload = serde_json::value::to_raw_value(payload).map_err(|_| NotAcknowledged)?;
        self.hand_over(id, kind, &payload, (retry, Transport::Local)).await.map_err(|_| NotAcknowledged)
    }

    /// Hands a payload over; the receiver gets the acknowledgement.
    pub(crate) fn hand_over(
        &self,
        id: &str,
        kind: EnvelopeKind,
        payload: &RawValue,
        (retry, transport): (Option<Retry>, Transport),
    ) -> oneshot::Receiver<Option<Value>> {
        let (sender, acknowledged) = oneshot::channel();
        let head = Head::read(payload.get());
        let arrival = Arrival { id, kind, payload, head, takes_answer: true, retry, transport };
        self.engine.take(&arrival, Way::Http(sender));
        acknowledged
    }

    /// Waits until the handlers have ended, however long they take.
    pub async fn drain(&self) {
        self.engine.drain().await;
    }

    /// Waits until the handlers have ended, for a while.
    pub async fn close(&self) {
        self.engine.finish().await;
    }
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dispatcher")
    }
}

impl Sink for Dispatcher {
    fn take(&self, incoming: Incoming<'_>, ack: AckHandle) {
        let retry = (incoming.retry_attempt > 0)
            .then(|| Retry { number: incoming.retry_attempt, reason: incoming.retry_reason.map(str::to_owned) });
        let arrival = Arrival {
            id: incoming.envelope_id,
            kind: incoming.kind,
            payload: incoming.payload,
            head: incoming.head,
            takes_answer: incoming.accepts_response_payload,
            retry,
            transport: Transport::SocketMode,
        };
        self.engine.take(&arrival, Way::Socket(ack));
    }
}

impl Receiver for SocketMode {
    async fn receive(self, app: Dispatcher, cancel: CancellationToken) -> Result<(), ServeError> {
        Ok(self.feed(Arc::new(app), cancel).await?)
    }
}

impl<A: Receiver, B: Receiver> Receiver for (A, B) {
    async fn receive(self, app: Dispatcher, cancel: CancellationToken) -> Result<(), ServeError> {
        let (one, other) = (self.0.receive(app.clone(), cancel.clone()), self.1.receive(app, cancel));
        tokio::try_join!(one, other).map(drop)
    }
}
