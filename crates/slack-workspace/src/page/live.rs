//! Live updates: whole fragments, sent when they differ from what the browser has.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio_util::sync::CancellationToken;

use super::fragment::{Region, Sent};
use super::modal::Refused;
use super::shell;
use super::tail::Tail;
use super::visit::Visit;
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
        visit,
        sent: Sent::default(),
        tail: Tail::default(),
        queue: VecDeque::new(),
        wanted: Wanted::Everything,
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
    visit: Visit,
    changes: Receiver<Change>,
    stop: CancellationToken,
    sent: Sent,
    tail: Tail,
    queue: VecDeque<Event>,
    wanted: Wanted,
    is_first: bool,
}

/// What has to be drawn again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wanted {
    /// What stands around the conversation: something happened elsewhere.
    #[default]
    Surroundings,
    Everything,
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
                if self.forget_waiting() {
                    self.queue.push_back(reload());
                }
            }
            self.draw().await;
        }
    }

    /// Waits for a change that this page shows.
    async fn changed(&mut self) -> Option<()> {
        loop {
            let change = tokio::select! {
                () = self.stop.cancelled() => return None,
                change = self.changes.recv() => change,
                // What was not acknowledged in time makes no noise of its own.
                () = tokio::time::sleep(OVERDUE), if self.visit.place.shows_journal() => {
                    self.wanted = Wanted::Everything;
                    return Some(());
                }
            };
            match change {
                Ok(Change { kind: ChangeKind::Reset, .. }) => {
                    self.queue.push_back(reload());
                    return Some(());
                }
                Ok(change) => match self.concerns(&change.kind) {
                    None => {}
                    Some(wanted) => {
                        self.want(wanted);
                        return Some(());
                    }
                },
                // A watcher that fell behind draws everything again.
                Err(RecvError::Lagged(_)) => {
                    self.wanted = Wanted::Everything;
                    return Some(());
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// What was announced before the next drawing is in that drawing; true if the workspace was reset meanwhile.
    fn forget_waiting(&mut self) -> bool {
        let mut is_reset = false;
        loop {
            match self.changes.try_recv() {
                Ok(change) => {
                    is_reset |= change.kind == ChangeKind::Reset;
                    if let Some(wanted) = self.concerns(&change.kind) {
                        self.want(wanted);
                    }
                }
                Err(TryRecvError::Lagged(_)) => self.wanted = Wanted::Everything,
                Err(TryRecvError::Empty | TryRecvError::Closed) => return is_reset,
            }
        }
    }

    /// What a change makes this page draw again.
    fn concerns(&self, kind: &ChangeKind) -> Option<Wanted> {
        let place = &self.visit.place;
        match kind {
            ChangeKind::Journal => place.shows_journal().then_some(Wanted::Everything),
            ChangeKind::View { user } | ChangeKind::Ephemeral { user, .. } => {
                (*user == place.user).then_some(Wanted::Everything)
            }
            // Other conversations show in the sidebar's unread marks.
            ChangeKind::Message { channel } if *channel != place.channel => Some(Wanted::Surroundings),
            ChangeKind::Message { .. } | ChangeKind::Directory | ChangeKind::Reset => Some(Wanted::Everything),
        }
    }

    fn want(&mut self, wanted: Wanted) {
        if wanted == Wanted::Everything {
            self.wanted = wanted;
        }
    }

    /// Draws what the change was about, on a thread where nobody waits for it.
    async fn draw(&mut self) {
        let wanted = std::mem::take(&mut self.wanted);
        let visit = self.visit.clone();
        let mut tail = std::mem::take(&mut self.tail);
        let drawn = tokio::task::spawn_blocking(move || {
            let regions = drawn(&visit, wanted, &mut tail);
            (regions, tail)
        });
        // It fails only when the runtime ends, or by a fault that has been reported: the next change draws again.
        let Ok((regions, tail)) = drawn.await else { return };
        self.tail = tail;
        let Some(regions) = regions else {
            self.queue.push_back(Event::default().event("reload").data("gone"));
            return;
        };
        for region in regions {
            if let Some(update) = self.sent.update(&region) {
                self.queue.push_back(Event::default().event("region").data(update.to_string()));
            }
        }
    }
}

/// What a page shows; nothing when the person may not be there any more.
fn drawn(visit: &Visit, wanted: Wanted, tail: &mut Tail) -> Option<Vec<Region>> {
    let scene = match wanted {
        Wanted::Everything => visit.scene(),
        Wanted::Surroundings => visit.surroundings(),
    }?;
    if wanted == Wanted::Surroundings {
        return Some(shell::surroundings(&scene));
    }
    if scene.place.shows_journal() {
        tail.extend(visit.workspace.journal(tail.last()));
        tail.forget_before(visit.workspace.recorder().journal.oldest());
    }
    Some(shell::regions(&scene, tail, &Refused::default(), None))
}

/// Tells the page to begin anew: what was typed for people who are gone goes with it.
fn reload() -> Event {
    Event::default().event("reload").data("reset")
}
