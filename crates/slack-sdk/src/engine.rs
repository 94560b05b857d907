//! From what came in to its acknowledgement and its handler.

mod ledger;
mod resume;

use std::any::Any;
use std::borrow::Cow;
use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countersign_slack::ids::EnvelopeId;
use countersign_slack::payload::{EventCallback, Head, TokensRevoked};
use countersign_slack::socket_mode::EnvelopeKind;
use futures_util::FutureExt;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use self::ledger::Ledger;
use crate::acknowledgement::{Acknowledgement, Way as AckWay};
use crate::answering::{answer, notice, send_late};
use crate::authorize::Source;
use crate::failure::{FAILED, STILL_WORKING};
use crate::layer::{self, BoxService};
use crate::request::{DeliveryMode, Inner, Lazy};
use crate::routes::{Routed, Routes, Way};
use crate::scene::Scene;
use crate::shared::Shared;
use crate::{
    App, ErrorHandler, Failure, HandlerError, HandlerPanic, Inbox, Inserted, Request, RequestKind, Response, Retry,
    Revoked, StoredEnvelope, Transport,
};

/// How long an acknowledgement waits for the handler's answer; Slack waits 3 s for the acknowledgement.
const ANSWER_TIME: Duration = Duration::from_millis(2500);
/// How long handlers may go on after the end; what they do not finish stays in the inbox.
const LAST_HANDLERS: Duration = Duration::from_secs(10);

/// An app at work.
pub(crate) struct Engine {
    routes: Routes<()>,
    service: Option<BoxService>,
    inbox: Option<Arc<dyn Inbox>>,
    on_error: Option<Arc<dyn ErrorHandler>>,
    shared: Arc<Shared>,
    tasks: TaskTracker,
    /// Looks for what was left over, until there is no more or the app stops.
    resuming: TaskTracker,
    stopping: CancellationToken,
    ledger: Ledger,
    most_at_once: usize,
    /// Whether the log says already that too much comes in.
    is_overloaded: AtomicBool,
    /// What came in over HTTP; Socket Mode remembers for itself.
    #[cfg(feature = "http")]
    pub(crate) seen: countersign_slack::socket_mode::Seen,
}

/// Something that has come in.
pub(crate) struct Arrival<'a> {
    pub(crate) id: &'a str,
    pub(crate) kind: EnvelopeKind,
    pub(crate) payload: &'a RawValue,
    pub(crate) head: Option<Head<'a>>,
    pub(crate) takes_answer: bool,
    pub(crate) retry: Option<Retry>,
    pub(crate) transport: Transport,
}

impl Engine {
    pub(crate) fn new(app: App) -> Self {
        let App { routes, layers, settings } = app;
        let shared = Shared {
            client: settings.client,
            authorizer: settings.authorizer,
            clock: settings.clock,
            contexts: settings.contexts,
        };
        Self {
            routes: routes.bind(&()),
            service: layers.build(),
            inbox: settings.inbox,
            on_error: settings.on_error,
            shared: Arc::new(shared),
            tasks: TaskTracker::new(),
            resuming: TaskTracker::new(),
            stopping: CancellationToken::new(),
            ledger: Ledger::default(),
            most_at_once: settings.most_at_once,
            is_overloaded: AtomicBool::new(false),
            #[cfg(feature = "http")]
            seen: countersign_slack::socket_mode::Seen::default(),
        }
    }

    /// The clock, for signatures.
    #[cfg(feature = "http")]
    pub(crate) fn now_s(&self) -> u64 {
        self.shared.clock.now_ms() / 1000
    }

    /// Takes something on. It never waits: what takes time runs in a task.
    pub(crate) fn take(self: &Arc<Self>, arrival: &Arrival<'_>, way: AckWay) {
        let Some(head) = &arrival.head else {
            // Coming again would not make it better.
            tracing::warn!(
                slack.envelope = arrival.id,
                "envelope {} cannot be read; acknowledged and ignored",
                arrival.id
            );
            return send(way, arrival.id, None);
        };
        self.heed(arrival, head);
        match self.route(&arrival.kind, head) {
            Routed::To(to) => self.start(arrival, head, to, way),
            Routed::Nowhere(answer) => send(way, arrival.id, answer.filter(|_| arrival.takes_answer)),
        }
    }

    /// Finds the handler. A predicate of the app's that panics must not end the connection, so nothing is found then.
    fn route(&self, kind: &EnvelopeKind, head: &Head<'_>) -> Routed {
        std::panic::catch_unwind(AssertUnwindSafe(|| self.routes.route(kind, head))).unwrap_or_else(|panic| {
            tracing::error!(panic = said(&*panic), "a constraint panicked; acknowledged and ignored");
            Routed::Nowhere(None)
        })
    }

    fn start(self: &Arc<Self>, arrival: &Arrival<'_>, head: &Head<'_>, to: Way, way: AckWay) {
        if self.is_full() {
            // Dropping the way is the refusal: events come again, and the person sees that it failed.
            return drop(way);
        }
        let (waits, kept) = (to.waits, self.inbox.is_some() && to.kind != RequestKind::Options);
        let acknowledgement = if waits || kept {
            Acknowledgement::open(way)
        } else {
            send(way, arrival.id, None);
            Acknowledgement::none()
        };
        let event = (to.kind == RequestKind::Event).then(|| head.event_id.get()).flatten();
        let id = EnvelopeId::from(event.unwrap_or(arrival.id));
        let request = self.request(arrival, id, to, (acknowledgement, DeliveryMode::Live));
        let span = tracing::debug_span!("slack", slack.envelope = %request.id(), slack.kind = request.kind().as_str());
        if waits || kept {
            self.tasks.spawn(Arc::clone(self).handle(request, waits, kept).instrument(span));
        } else {
            self.tasks.spawn(Arc::clone(self).only_run(request).instrument(span));
        }
    }

    /// Runs the handler of what is acknowledged already; nothing is kept of it.
    async fn only_run(self: Arc<Self>, request: Request) {
        if let Err(error) = self.run(&request).await {
            Box::pin(self.fail(&request, error, false)).await;
        }
    }

    fn request(
        &self,
        arrival: &Arrival<'_>,
        key: EnvelopeId,
        to: Way,
        (acknowledgement, delivery): (Acknowledgement, DeliveryMode),
    ) -> Request {
        Request::new(Inner {
            shared: Arc::clone(&self.shared),
            key,
            envelope_kind: arrival.kind.clone(),
            kind: to.kind,
            transport: arrival.transport,
            payload: arrival.payload.to_owned(),
            retry: arrival.retry.clone(),
            delivery,
            matches: to.matches,
            endpoint: to.endpoint,
            acknowledgement,
            received_ms: self.shared.clock.now_ms(),
            lazy: Lazy::default(),
        })
    }

    /// Whether more cannot be taken on.
    fn is_full(&self) -> bool {
        let is_full = self.tasks.len() >= self.most_at_once;
        if is_full && !self.is_overloaded.swap(true, Ordering::Relaxed) {
            tracing::error!(
                handlers = self.most_at_once,
                "too many handlers are running; what comes in is not acknowledged"
            );
        } else if !is_full && self.is_overloaded.load(Ordering::Relaxed) {
            self.is_overloaded.store(false, Ordering::Relaxed);
        }
        is_full
    }

    // What comes after the handler is put into a box: a handler that waits does not hold room for it.
    async fn handle(self: Arc<Self>, request: Request, waits: bool, kept: bool) {
        if kept && !self.keep(&request).await {
            return;
        }
        if waits {
            self.answer_in_time(&request).await;
        } else {
            if kept {
                request.acknowledgement().send_logged(request.id(), None);
            }
            if let Err(error) = self.run(&request).await {
                Box::pin(self.fail(&request, error, false)).await;
            }
        }
        if kept {
            self.handled(request.id()).await;
        }
    }

    /// Keeps a request; says whether it is to be handled here.
    async fn keep(&self, request: &Request) -> bool {
        let Some(inbox) = &self.inbox else { return true };
        let inner = request.inner();
        let id = request.id();
        let envelope = StoredEnvelope {
            envelope_id: Cow::Borrowed(id),
            kind: Cow::Borrowed(&inner.envelope_kind),
            payload: Cow::Borrowed(&inner.payload),
        };
        self.ledger.arrives(id);
        let inserted = inbox.insert(&envelope).await;
        self.ledger.arrived(id, matches!(inserted, Ok(Inserted::New)));
        match inserted {
            Ok(Inserted::New) => true,
            Ok(Inserted::Duplicate) => {
                request.acknowledgement().send_logged(id, None);
                false
            }
            Err(error) => {
                let error = &error as &dyn Error;
                tracing::error!(slack.envelope = %id, error, "envelope {id} could not be kept; not acknowledged");
                request.acknowledgement().refuse();
                false
            }
        }
    }

    async fn handled(&self, id: &EnvelopeId) {
        let Some(inbox) = &self.inbox else { return };
        match inbox.handled(id).await {
            Ok(()) => self.ledger.ended(id),
            Err(error) => {
                let error = &error as &dyn Error;
                tracing::error!(slack.envelope = %id, error, "envelope {id} was handled, but will be handled again after a restart");
            }
        }
    }

    /// Runs a handler and acknowledges with its answer; when it takes too long, with a notice, and it goes on.
    async fn answer_in_time(&self, request: &Request) {
        let (id, acknowledgement) = (request.id(), request.acknowledgement());
        let left = ANSWER_TIME.saturating_sub(acknowledgement.age());
        let mut running = Box::pin(self.run(request));
        match timeout(left, &mut running).await {
            Ok(Ok(response)) => answer(request, &response),
            Ok(Err(error)) => {
                let is_told = acknowledgement.is_open();
                if is_told {
                    acknowledgement.send_logged(id, notice(request, FAILED));
                }
                Box::pin(self.fail(request, error, is_told)).await;
            }
            Err(_) => {
                if acknowledgement.is_open() {
                    tracing::warn!(slack.envelope = %id, "the handler of envelope {id} needs longer than Slack waits");
                    acknowledgement.send_logged(id, notice(request, STILL_WORKING));
                }
                match running.await {
                    Ok(response) => Box::pin(send_late(request, response)).await,
                    Err(error) => Box::pin(self.fail(request, error, false)).await,
                }
            }
        }
    }

    /// Runs a handler, through the layers.
    async fn run(&self, request: &Request) -> Result<Response, HandlerError> {
        let running = async {
            match &self.service {
                Some(service) => layer::run(service.clone(), request.clone()).await,
                None => request.inner().endpoint.call(request.clone()).await,
            }
        };
        match AssertUnwindSafe(running).catch_unwind().await {
            Ok(result) => result,
            Err(panic) => Err(HandlerPanic(said(&*panic)).into()),
        }
    }

    async fn fail(&self, request: &Request, error: HandlerError, is_told: bool) {
        let failure = Failure::new(request.clone(), error, is_told);
        match &self.on_error {
            Some(handler) => {
                if AssertUnwindSafe(handler.handle(failure)).catch_unwind().await.is_err() {
                    tracing::error!(slack.envelope = %request.id(), "the error handler panicked");
                }
            }
            None => failure.log_and_tell().await,
        }
    }

    /// Lets the authorizer know of tokens that are not valid any more, whether or not a handler is for that.
    fn heed(self: &Arc<Self>, arrival: &Arrival<'_>, head: &Head<'_>) {
        let kind = head.event.0.kind.get();
        if !matches!(kind, Some("tokens_revoked" | "app_uninstalled")) || arrival.kind != EnvelopeKind::EventsApi {
            return;
        }
        let Some(authorizer) = self.shared.authorizer.clone() else { return };
        let value: Value = serde_json::from_str(arrival.payload.get()).unwrap_or_default();
        let Ok(event) = EventCallback::parse(value) else { return };
        let ended = if kind == Some("app_uninstalled") {
            Revoked::App
        } else {
            let Ok(TokensRevoked { tokens, .. }) = serde_json::from_value(event.event().clone()) else {
                return tracing::warn!(
                    slack.envelope = arrival.id,
                    "envelope {} says that tokens were revoked, not which; nothing is forgotten",
                    arrival.id
                );
            };
            Revoked::Tokens { has_bot: !tokens.bot.is_empty(), users: tokens.oauth }
        };
        let source = Source { user_id: None, ..Source::of(&Scene::read(RequestKind::Event, arrival.payload)) };
        let at = head.event_time.0;
        self.tasks.spawn(async move {
            if let Err(error) = authorizer.revoked(&source, &ended, at).await {
                let error = &error as &dyn Error;
                tracing::error!(
                    error,
                    ?source,
                    "tokens were revoked, and could not be forgotten; calls with them fail until the installation is removed or made anew"
                );
            }
        });
    }

    /// Waits for the handlers, of what was left over as well.
    pub(crate) async fn drain(&self) {
        self.resuming.close();
        self.resuming.wait().await;
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Waits for the handlers, for a while.
    pub(crate) async fn finish(&self) {
        self.stopping.cancel();
        self.resuming.close();
        self.resuming.wait().await;
        self.tasks.close();
        if timeout(LAST_HANDLERS, self.tasks.wait()).await.is_err() {
            tracing::warn!(tasks = self.tasks.len(), "handlers are still running at the end");
        }
    }
}

/// Acknowledges what no handler answers.
fn send(way: AckWay, id: &str, payload: Option<Value>) {
    if let Err(error) = way.send(payload) {
        tracing::warn!(slack.envelope = id, %error, "envelope {id} could not be acknowledged");
    }
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a text").to_owned()
}
