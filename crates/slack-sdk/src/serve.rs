//! Serving an app: receive, keep, acknowledge, handle.

use std::any::Any;
use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use countersign_slack::blocks::Mrkdwn;
use countersign_slack::client::ViewRef;
use countersign_slack::ids::{EnvelopeId, ViewId};
use countersign_slack::socket_mode::{AckHandle, Delivery, EnvelopeKind, SocketMode, StopReason};
use futures_util::FutureExt;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ack::acknowledge;
use crate::answer::{Answer, ViewResponse};
use crate::ctx::{DeliveryMode, Scene};
use crate::job::{FAILED, Job};
use crate::routes::Routed;
use crate::{App, Ctx, HandlerError, InboxError, Inserted, StoredEnvelope};

/// How long an acknowledgement waits for the handler's answer; Slack waits 3 s for the acknowledgement.
const ANSWER_TIME: Duration = Duration::from_millis(2500);
/// How long handlers may go on after the end; what they do not finish stays in the inbox.
const LAST_HANDLERS: Duration = Duration::from_secs(10);
/// Deliveries waiting to be taken on; taking one on is quick, so this is plenty.
const ROOM: usize = 1024;

/// Why an app stopped being served.
#[derive(Debug, Error)]
pub enum ServeError {
    /// Slack's connections ended for good.
    #[error("Socket Mode stopped")]
    Stopped(#[from] StopReason),
    /// What was left over could not be read.
    #[error("what was left in the inbox could not be read")]
    Inbox(#[source] InboxError),
    /// The task that keeps the connections died, which is a bug.
    #[error("the connections' task ended unexpectedly")]
    Task(#[source] tokio::task::JoinError),
}

impl App {
    /// Serves the app over Socket Mode until cancelled.
    ///
    /// Handlers of what is left in the inbox start first, while the connections open. Handlers run at once, each in its own
    /// task: two clicks of the same person may be handled in either order.
    ///
    /// # Errors
    /// When the inbox cannot be read, or Slack refuses the connections for good.
    pub async fn serve(self, socket_mode: SocketMode, cancel: CancellationToken) -> Result<(), ServeError> {
        let app = Arc::new(self);
        let tasks = TaskTracker::new();
        let stop = cancel.child_token();
        let _guard = stop.clone().drop_guard();
        let (sender, deliveries) = mpsc::channel(ROOM);
        let connections = tasks.spawn(socket_mode.run(sender, stop));
        app.resume(&tasks).await.map_err(ServeError::Inbox)?;
        receive(&app, &tasks, deliveries).await;
        let result = connections.await.map_err(ServeError::Task)?;
        tasks.close();
        if timeout(LAST_HANDLERS, tasks.wait()).await.is_err() {
            tracing::warn!(tasks = tasks.len(), "handlers are still running at the end");
        }
        Ok(result?)
    }

    /// Starts the handlers of what is left over.
    async fn resume(self: &Arc<Self>, tasks: &TaskTracker) -> Result<(), InboxError> {
        let Some(inbox) = &self.inbox else { return Ok(()) };
        for envelope in inbox.unhandled().await? {
            tasks.spawn(Arc::clone(self).resumed(envelope));
        }
        Ok(())
    }

    async fn resumed(self: Arc<Self>, envelope: StoredEnvelope<'static>) {
        let id = envelope.envelope_id.into_owned();
        tracing::info!(slack.envelope = %id, "handling envelope {id}, which was left over");
        match self.routes.route(&envelope.kind, envelope.payload.into_owned()) {
            Ok(Routed::Job(job)) => {
                let ctx = self.ctx(&id, job.scene(), DeliveryMode::Resumed);
                match run(*job, &ctx).await {
                    Some(answer) if answer.payload().is_some() => {
                        tracing::info!(slack.envelope = %id, "nobody waits for the answer to envelope {id} any more");
                    }
                    Some(_) => {}
                    None => say_it_failed(&ctx).await,
                }
            }
            Ok(Routed::Nowhere(_)) => {}
            Err(error) => tracing::warn!(slack.envelope = %id, %error, "envelope {id} cannot be read"),
        }
        self.handled(&id).await;
    }

    /// Takes a delivery on.
    async fn deliver(self: Arc<Self>, delivery: Delivery) {
        let Delivery { envelope, ack } = delivery;
        let id = envelope.envelope_id;
        match self.routes.route(&envelope.kind, envelope.payload) {
            Ok(Routed::Job(job)) => {
                let id = job.key().map_or(id, EnvelopeId::from);
                self.handle(id, &envelope.kind, *job, ack).await;
            }
            Ok(Routed::Nowhere(answer)) => acknowledge(ack, &id, answer.filter(|_| envelope.accepts_response_payload)),
            Err(error) => {
                // Coming again would not make it better.
                tracing::warn!(slack.envelope = %id, %error, "envelope {id} cannot be read; acknowledged and ignored");
                acknowledge(ack, &id, None);
            }
        }
    }

    async fn handle(&self, id: EnvelopeId, kind: &EnvelopeKind, job: Job, ack: AckHandle) {
        let kept = job.is_kept();
        if kept {
            match self.keep(&id, kind, &job).await {
                Ok(Inserted::New) => {}
                Ok(Inserted::Duplicate) => return acknowledge(ack, &id, None),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    // Dropping the handle is the refusal: Slack shows the person that it failed, or delivers again.
                    return tracing::error!(slack.envelope = %id, error, "envelope {id} could not be kept; not acknowledged");
                }
            }
        }
        let ctx = self.ctx(&id, job.scene(), DeliveryMode::Live);
        if job.waits() {
            answer_in_time(job, &ctx, &id, ack).await;
        } else {
            acknowledge(ack, &id, None);
            if run(job, &ctx).await.is_none() {
                say_it_failed(&ctx).await;
            }
        }
        if kept {
            self.handled(&id).await;
        }
    }

    async fn keep(&self, id: &EnvelopeId, kind: &EnvelopeKind, job: &Job) -> Result<Inserted, InboxError> {
        let Some(inbox) = &self.inbox else { return Ok(Inserted::New) };
        let (envelope_id, kind, payload) = (Cow::Borrowed(id), Cow::Borrowed(kind), Cow::Borrowed(job.raw()));
        inbox.insert(&StoredEnvelope { envelope_id, kind, payload }).await
    }

    async fn handled(&self, id: &EnvelopeId) {
        let Some(inbox) = &self.inbox else { return };
        if let Err(error) = inbox.handled(id).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(slack.envelope = %id, error, "envelope {id} was handled, but will be handled again after a restart");
        }
    }

    fn ctx(&self, id: &EnvelopeId, scene: Scene, mode: DeliveryMode) -> Ctx {
        Ctx::new(self.client.clone(), self.token.clone(), id.clone(), scene, mode)
    }
}

async fn receive(app: &Arc<App>, tasks: &TaskTracker, mut deliveries: mpsc::Receiver<Delivery>) {
    while let Some(delivery) = deliveries.recv().await {
        tasks.spawn(Arc::clone(app).deliver(delivery));
    }
}

/// Runs a handler and acknowledges with its answer; when it takes too long, with a notice, and it goes on.
async fn answer_in_time(job: Job, ctx: &Ctx, id: &EnvelopeId, ack: AckHandle) {
    let notices = job.notices();
    let left = ANSWER_TIME.saturating_sub(ack.age());
    let mut running = Box::pin(run(job, ctx));
    match timeout(left, &mut running).await {
        Ok(Some(answer)) => acknowledge(ack, id, answer.payload()),
        Ok(None) => acknowledge(ack, id, notices.failed),
        Err(_) => {
            tracing::warn!(slack.envelope = %id, "the handler of envelope {id} needs longer than Slack waits");
            acknowledge(ack, id, notices.late);
            if let Some(answer) = running.await {
                send_late(answer, ctx, notices.view).await;
            }
        }
    }
}

/// Brings an answer that missed its acknowledgement to the person in another way, where there is one.
async fn send_late(answer: Answer, ctx: &Ctx, view: Option<ViewId>) {
    let id = ctx.envelope_id();
    let sent = match (answer, view) {
        (Answer::View(ViewResponse::Update(new)), Some(view)) => ctx
            .client()
            .update_view(ctx.token(), &ViewRef::Id(view), None, &new)
            .await
            .map(drop)
            .map_err(HandlerError::from),
        (Answer::Reply(Some(reply)), _) => ctx.respond(&reply).await.map_err(HandlerError::from),
        _ => return,
    };
    if let Err(error) = sent {
        tracing::warn!(slack.envelope = %id, %error, "the late answer to envelope {id} could not be sent");
    }
}

/// Runs a handler; its failure or panic is logged here, once.
async fn run(job: Job, ctx: &Ctx) -> Option<Answer> {
    let id = ctx.envelope_id();
    match AssertUnwindSafe(job.run(ctx.clone())).catch_unwind().await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) => {
            let error = &*error as &dyn std::error::Error;
            tracing::error!(slack.envelope = %id, error, "the handler of envelope {id} failed");
            None
        }
        Err(panic) => {
            tracing::error!(slack.envelope = %id, panic = said(&*panic), "the handler of envelope {id} panicked");
            None
        }
    }
}

/// A click is never silently ignored: where there is an address for it, the person is told.
async fn say_it_failed(ctx: &Ctx) {
    if ctx.response_url().is_none() {
        return;
    }
    if let Err(error) = ctx.respond_ephemeral(&Mrkdwn::trusted(FAILED)).await {
        tracing::debug!(%error, "nor could the person be told");
    }
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a text")
}
