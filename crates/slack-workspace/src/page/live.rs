//! Live updates: whole fragments, sent when they differ from what the browser has.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio_util::sync::CancellationToken;

use super::fragment::Sent;
use super::modal::Refused;
use super::shell;
use super::tail::Tail;
use super::visit::Visit;
use crate::Workspace;
use crate::change::Change;
use crate::model::ChangeKind;

/// Changes that come together are drawn once.
const TOGETHER: Duration = Duration::from_millis(20);
/// The developer pane looks this often for envelopes that became overdue.
const OVERDUE: Duration = Duration::from_secs(1);
/// A comment this often keeps the connection open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// `GET …/live`: the regions of a page as they change.
pub(super) async fn live(visit: Visit) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let workspace = visit.workspace.clone();
    let watch = Watch {
        changes: workspace.changes(),
        stop: workspace.stopping().clone(),
        workspace,
        visit,
        sent: Sent::default(),
        tail: Tail::default(),
        queue: VecDeque::new(),
        is_first: true,
    };
    let stream = futures_util::stream::unfold(watch, |mut watch| async move {
        let event = watch.next().await?;
        Some((Ok(event), watch))
    });
    Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// What one open page follows.
struct Watch {
    workspace: Workspace,
    visit: Visit,
    changes: Receiver<Change>,
    stop: CancellationToken,
    sent: Sent,
    tail: Tail,
    queue: VecDeque<Event>,
    is_first: bool,
}

impl Watch {
    /// The next update; `None` when the workspace stops.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Some(event);
            }
            if !std::mem::take(&mut self.is_first) {
                self.changed().await?;
                tokio::time::sleep(TOGETHER).await;
                self.forget_waiting();
            }
            self.draw();
        }
    }

    /// Waits for a change that this page shows.
    async fn changed(&mut self) -> Option<()> {
        loop {
            let change = tokio::select! {
                () = self.stop.cancelled() => return None,
                change = self.changes.recv() => change,
                // What was not acknowledged in time makes no noise of its own.
                () = tokio::time::sleep(OVERDUE), if self.visit.place.shows_journal() => return Some(()),
            };
            match change {
                Ok(Change { kind: ChangeKind::Reset, .. }) => {
                    self.queue.push_back(Event::default().event("reload").data("reset"));
                    return Some(());
                }
                Ok(change) if !self.concerns(&change.kind) => {}
                // A watcher that fell behind draws everything again.
                Ok(_) | Err(RecvError::Lagged(_)) => return Some(()),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// What was announced before the next drawing is in that drawing.
    fn forget_waiting(&mut self) {
        while matches!(self.changes.try_recv(), Ok(_) | Err(TryRecvError::Lagged(_))) {}
    }

    fn concerns(&self, kind: &ChangeKind) -> bool {
        let place = &self.visit.place;
        match kind {
            ChangeKind::Journal => place.shows_journal(),
            ChangeKind::View { user } | ChangeKind::Ephemeral { user, .. } => *user == place.user,
            // Other conversations show in the sidebar's unread marks.
            ChangeKind::Message { .. } | ChangeKind::Directory | ChangeKind::Reset => true,
        }
    }

    fn draw(&mut self) {
        let Some(scene) = self.visit.scene() else {
            self.queue.push_back(Event::default().event("reload").data("gone"));
            return;
        };
        if scene.place.shows_journal() {
            let newer = self.workspace.journal(self.tail.last());
            self.tail.extend(newer);
        }
        for region in shell::regions(&scene, &self.tail, &Refused::default(), None) {
            if let Some(update) = self.sent.update(&region) {
                self.queue.push_back(Event::default().event("region").data(update.to_string()));
            }
        }
    }
}
