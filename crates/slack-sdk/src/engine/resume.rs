//! Handling what a process left over, a page at a time, beside what comes in.

use std::sync::Arc;
use std::time::Duration;

use countersign_slack::ids::EnvelopeId;
use countersign_slack::payload::Head;
use countersign_slack::socket_mode::EnvelopeKind;
use serde_json::value::RawValue;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use super::{Arrival, Engine};
use crate::acknowledgement::Acknowledgement;
use crate::request::DeliveryMode;
use crate::routes::Routed;
use crate::{Inbox, InboxError, Request, StoredEnvelope, Transport};

/// How many of them are handled at once, at most. Of the app's own limit they take one half: the other is for what comes in.
const AT_ONCE: usize = 1000;
/// The pause where there is no room for more, or what is left cannot be told from what is coming in.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// The pause after an inbox could not be read.
const AFTER_FAULT: Duration = Duration::from_secs(5);

/// Part of what was left over.
struct Page {
    envelopes: Vec<StoredEnvelope<'static>>,
    /// How many there might have been: with fewer, it is the last.
    most: usize,
}

impl Engine {
    /// Starts the handlers of what is left over: the first page is read before this returns.
    pub(crate) async fn resume(self: &Arc<Self>) -> Result<(), InboxError> {
        let Some(inbox) = &self.inbox else { return Ok(()) };
        self.ledger.open();
        let first = match self.page(inbox.as_ref()).await {
            Ok(page) => page,
            Err(error) => {
                self.ledger.close();
                return Err(error);
            }
        };
        let (this, inbox) = (Arc::clone(self), Arc::clone(inbox));
        self.resuming.spawn(async move {
            tokio::select! {
                () = Arc::clone(&this).resume_from(first, inbox.as_ref()) => {}
                // What was not begun is for the next process.
                () = this.stopping.cancelled() => {}
            }
        });
        Ok(())
    }

    async fn page(&self, inbox: &dyn Inbox) -> Result<Page, InboxError> {
        let most = self.ledger.page();
        Ok(Page { envelopes: inbox.unhandled(most).await?, most })
    }

    async fn resume_from(self: Arc<Self>, first: Page, inbox: &dyn Inbox) {
        let places = Arc::new(Semaphore::new((self.most_at_once / 2).clamp(1, AT_ONCE)));
        let mut page = first;
        loop {
            let is_last = page.envelopes.len() < page.most;
            let sorted = self.ledger.sort(page.envelopes);
            let is_idle = sorted.left.is_empty();
            if is_idle && is_last && !sorted.is_unsure {
                return self.ledger.close();
            }
            for envelope in sorted.left {
                let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
                while self.tasks.len() >= self.most_at_once {
                    sleep(LOOK_AGAIN).await;
                }
                self.tasks.spawn(Arc::clone(&self).resumed(envelope, place));
            }
            if is_idle {
                sleep(LOOK_AGAIN).await;
            }
            page = self.next_page(inbox).await;
        }
    }

    /// The next page, once the inbox can be read.
    async fn next_page(&self, inbox: &dyn Inbox) -> Page {
        loop {
            match self.page(inbox).await {
                Ok(page) => return page,
                Err(error) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "what else was left over cannot be read now; trying again"
                ),
            }
            sleep(AFTER_FAULT).await;
        }
    }

    async fn resumed(self: Arc<Self>, envelope: StoredEnvelope<'static>, _place: OwnedSemaphorePermit) {
        let id = envelope.envelope_id.into_owned();
        tracing::info!(slack.envelope = %id, "handling envelope {id}, which was left over");
        if let Some(request) = self.left_over(&id, envelope.kind.into_owned(), &envelope.payload) {
            match self.run(&request).await {
                Ok(response) if !response.is_empty() => {
                    tracing::info!(slack.envelope = %id, "nobody waits for the answer to envelope {id} any more");
                }
                Ok(_) => {}
                Err(error) => self.fail(&request, error, false).await,
            }
        }
        self.handled(&id).await;
    }

    fn left_over(&self, id: &EnvelopeId, kind: EnvelopeKind, payload: &RawValue) -> Option<Request> {
        let head = Head::read(payload.get());
        if head.is_none() {
            tracing::warn!(slack.envelope = %id, "envelope {id} cannot be read");
        }
        let Routed::To(to) = self.route(&kind, head.as_ref()?) else { return None };
        let (takes_answer, retry, transport) = (false, None, Transport::Local);
        let arrival = Arrival { id: id.as_str(), kind, payload, head: None, takes_answer, retry, transport };
        Some(self.request(&arrival, id.clone(), to, (Acknowledgement::none(), DeliveryMode::Resumed)))
    }
}
