//! Who is connected, what is under way, and who gets what.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::{Notify, mpsc, oneshot};

use super::deadline::Deadline;
use super::fault::{DisconnectKind, EnvelopeFaults};
use super::frame::{self, Frame};
use super::sending::{Sending, note_envelope};
use crate::journal::Field;
use crate::model::{AppId, Mint, Packed};
use crate::recorder::Recorder;

/// How many connections an app may have; docs.slack.dev, "Using Socket Mode".
pub(super) const MAX_CONNECTIONS: usize = 10;
/// How many frames may wait for a slow connection before it is cut.
const OUTBOX_FRAMES: usize = 4096;
/// How long an app has to acknowledge.
pub(crate) const ACK_MS: u64 = 3_000;
/// The type of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EnvelopeKind {
    /// `events_api`: redelivered until acknowledged.
    Event,
    /// `interactive` whose acknowledgement carries nothing.
    Interactive,
    /// `interactive` whose acknowledgement may carry an answer.
    InteractiveWithResponse,
    /// `slash_commands`.
    Command,
}

impl EnvelopeKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Event => "events_api",
            Self::Interactive | Self::InteractiveWithResponse => "interactive",
            Self::Command => "slash_commands",
        }
    }

    pub(super) fn accepts_response(self) -> bool {
        matches!(self, Self::InteractiveWithResponse | Self::Command)
    }
}

/// An acknowledgement in time.
#[derive(Clone, Debug)]
pub(crate) struct Acked {
    /// How long it took.
    pub(crate) ms: u64,
    /// What it carried; an empty object is nothing.
    pub(crate) payload: Option<Value>,
}

/// An event on its way to an app.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) app: AppId,
    pub(super) payload: Packed,
    pub(super) sends: u32,
    pub(super) expires_at: u64,
    /// It is not sent again.
    pub(super) is_last: bool,
}

/// What was sent and is not yet acknowledged.
#[derive(Debug)]
pub(super) enum InFlight {
    Event { delivery: Delivery, sent_at: u64, connection: u64, number: u64 },
    Request { app: AppId, sent_at: u64, answer: oneshot::Sender<Option<Acked>> },
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: u64,
    pub(super) outbox: mpsc::Sender<Frame>,
    /// Hello was said: from then on it gets envelopes.
    pub(super) is_greeted: bool,
    /// It was told to go: used only when there is no other.
    pub(super) is_retiring: bool,
}

#[derive(Debug, Default)]
pub(super) struct Sockets {
    pub(super) connections: Vec<Connection>,
    pub(super) next: usize,
    pub(super) waiting: VecDeque<Delivery>,
    /// How many events are under way.
    pub(super) flying: usize,
}

/// A connection that was accepted.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) id: u64,
    pub(super) frames: mpsc::Receiver<Frame>,
    pub(super) connections: usize,
}

/// The app has ten connections already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany(pub(super) usize);

/// All connections of all apps.
pub(crate) struct Hub {
    // Held for short sections without an await. Taken while the state's lock may be held, never
    // the other way round.
    lines: Mutex<Lines>,
    pub(super) recorder: Arc<Recorder>,
    /// Woken when a deadline was added.
    pub(super) wake: Notify,
}

pub(super) struct Lines {
    pub(super) apps: HashMap<AppId, Sockets>,
    pub(super) in_flight: HashMap<String, InFlight>,
    /// By time, then by the order they were made in.
    pub(super) deadlines: BTreeMap<(u64, u64), Deadline>,
    pub(super) next_deadline: u64,
    /// When deadlines are looked at next by themselves.
    pub(super) armed_at: u64,
    next_connection: u64,
    pub(super) mint: Mint,
    pub(super) faults: EnvelopeFaults,
    /// An envelope held back by the `reorder` fault.
    pub(super) held: Option<(u64, AppId, String)>,
}

// Payloads on their way carry tokens: none of them is printed.
impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}

impl Hub {
    pub(crate) fn new(recorder: Arc<Recorder>, mint: Mint) -> Self {
        let lines = Lines {
            apps: HashMap::new(),
            in_flight: HashMap::new(),
            deadlines: BTreeMap::new(),
            next_deadline: 0,
            armed_at: u64::MAX,
            next_connection: 1,
            mint,
            faults: EnvelopeFaults::default(),
            held: None,
        };
        Self { lines: Mutex::new(lines), recorder, wake: Notify::new() }
    }

    /// Sends an event to one connection of the app, now or when it connects.
    pub(crate) fn publish(&self, app: &AppId, payload: Packed) {
        let now = self.recorder.now_ms();
        let delivery = Delivery {
            app: app.clone(),
            payload,
            sends: 0,
            expires_at: now.saturating_add(super::deadline::EVENT_LIFETIME_MS),
            is_last: false,
        };
        let mut lines = self.lines();
        lines.deliver(&self.recorder, delivery, now);
        let is_earlier = lines.is_earlier();
        drop(lines);
        if is_earlier {
            self.wake.notify_one();
        }
    }

    /// Sends what wants an answer; nothing when the app is not connected.
    ///
    /// The receiver yields nothing when the deadline has passed.
    pub(crate) fn request(
        &self,
        app: &AppId,
        kind: EnvelopeKind,
        payload: &Value,
    ) -> Option<oneshot::Receiver<Option<Acked>>> {
        let now = self.recorder.now_ms();
        let mut lines = self.lines();
        let connection = lines.pick(app)?;
        let id = lines.mint.uuid();
        let (answer, answered) = oneshot::channel();
        lines.in_flight.insert(id.clone(), InFlight::Request { app: app.clone(), sent_at: now, answer });
        lines.after(now.saturating_add(ACK_MS), Deadline::Ack(id.clone()));
        let text = frame::envelope(&id, kind, &payload.to_string(), 0);
        let sending = Sending { id: &id, kind, connection, attempt: 0 };
        note_envelope(&self.recorder, app, &sending, payload);
        lines.send(&self.recorder, app, connection, text, now);
        let is_earlier = lines.is_earlier();
        drop(lines);
        if is_earlier {
            self.wake.notify_one();
        }
        Some(answered)
    }

    /// Takes an acknowledgement that arrived on any connection of the app.
    pub(super) fn acknowledge(&self, app: &AppId, envelope_id: &str, payload: &Value) {
        let now = self.recorder.now_ms();
        let mut lines = self.lines();
        let is_ours = |flight: &InFlight| match flight {
            InFlight::Event { delivery, .. } => delivery.app == *app,
            InFlight::Request { app: of, .. } => of == app,
        };
        let known = lines.in_flight.get(envelope_id).is_some_and(is_ours);
        let flight = if known { lines.in_flight.remove(envelope_id) } else { None };
        if let Some(InFlight::Event { .. }) = flight {
            lines.landed(app);
        }
        let sent_at = match &flight {
            Some(InFlight::Event { sent_at, .. } | InFlight::Request { sent_at, .. }) => *sent_at,
            None => now,
        };
        let ms = now.saturating_sub(sent_at);
        self.note_ack(app, envelope_id, payload, ms, flight.is_none());
        lines.flush(&self.recorder, app, now);
        drop(lines);
        if let Some(InFlight::Request { answer, .. }) = flight {
            let is_empty = payload.is_null() || payload.as_object().is_some_and(serde_json::Map::is_empty);
            let payload = (!is_empty).then(|| payload.clone());
            // Whoever asked may have gone.
            let _ = answer.send(Some(Acked { ms, payload }));
        }
    }

    /// Registers a connection.
    pub(super) fn connect(&self, app: &AppId) -> Result<Accepted, TooMany> {
        let (outbox, frames) = mpsc::channel(OUTBOX_FRAMES);
        let mut lines = self.lines();
        let id = lines.next_connection;
        let sockets = lines.apps.entry(app.clone()).or_default();
        if sockets.connections.len() >= MAX_CONNECTIONS {
            return Err(TooMany(sockets.connections.len()));
        }
        sockets.connections.push(Connection { id, outbox, is_greeted: false, is_retiring: false });
        let connections = sockets.connections.len();
        lines.next_connection += 1;
        Ok(Accepted { id, frames, connections })
    }

    /// Sends what has waited for a connection, in order; called once hello was said.
    pub(super) fn greeted(&self, app: &AppId, id: u64) {
        let now = self.recorder.now_ms();
        let mut lines = self.lines();
        let Some(sockets) = lines.apps.get_mut(app) else { return };
        for connection in sockets.connections.iter_mut().filter(|connection| connection.id == id) {
            connection.is_greeted = true;
        }
        lines.flush(&self.recorder, app, now);
        drop(lines);
        self.wake.notify_one();
    }

    /// Forgets a connection; events it did not acknowledge are sent again.
    pub(super) fn disconnected(&self, app: &AppId, id: u64) {
        let now = self.recorder.now_ms();
        let mut lines = self.lines();
        if let Some(sockets) = lines.apps.get_mut(app) {
            sockets.connections.retain(|connection| connection.id != id);
        }
        let lost = |(envelope, flight): (&String, &InFlight)| match flight {
            InFlight::Event { connection, number, .. } if *connection == id => Some((*number, envelope.clone())),
            _ => None,
        };
        let mut lost: Vec<(u64, String)> = lines.in_flight.iter().filter_map(lost).collect();
        // In the order they were sent in.
        lost.sort_unstable();
        for (_, envelope) in lost {
            lines.not_acknowledged(&envelope, now);
        }
        lines.flush(&self.recorder, app, now);
        drop(lines);
        self.wake.notify_one();
    }

    /// How many connections an app has that can be sent to: hello was said.
    pub(crate) fn connections(&self, app: &AppId) -> usize {
        let greeted = |sockets: &Sockets| sockets.connections.iter().filter(|connection| connection.is_greeted).count();
        self.lines().apps.get(app).map_or(0, greeted)
    }

    /// Ends the connections of one app, or of all.
    pub(crate) fn disconnect(&self, app: Option<&AppId>, kind: DisconnectKind) {
        let mut lines = self.lines();
        let chosen = lines.apps.iter_mut().filter(|(id, _)| app.is_none_or(|app| app == *id));
        for (_, sockets) in chosen {
            // One that is full is cut: its task ends when there is nobody left to send to it.
            sockets.connections.retain_mut(|connection| {
                connection.is_retiring = true;
                connection.outbox.try_send(Frame::Disconnect(kind)).is_ok()
            });
        }
    }

    /// An app is no longer installed: its connections end, and what it was still to hear is for nobody.
    pub(crate) fn forget(&self, app: &AppId) {
        self.disconnect(Some(app), DisconnectKind::LinkDisabled);
        let mut lines = self.lines();
        lines.deadlines.retain(|_, deadline| !matches!(deadline, Deadline::Retry(delivery) if delivery.app == *app));
        for flight in lines.in_flight.values_mut() {
            // Sent once, and not again: by then the app may be installed anew.
            if let InFlight::Event { delivery, .. } = flight
                && delivery.app == *app
            {
                delivery.is_last = true;
            }
        }
        if let Some(sockets) = lines.apps.get_mut(app) {
            sockets.waiting.clear();
            sockets.connections.iter_mut().for_each(|connection| connection.is_greeted = false);
        }
    }

    /// A connection was told to go: it is used only when there is no other.
    pub(super) fn retire(&self, app: &AppId, id: u64) {
        self.change(app, id, |connection| connection.is_retiring = true);
    }

    /// A connection is being closed: nothing is sent on it any more, acknowledgements still count.
    pub(super) fn quit(&self, app: &AppId, id: u64) {
        self.change(app, id, |connection| connection.is_greeted = false);
    }

    fn change(&self, app: &AppId, id: u64, change: impl Fn(&mut Connection)) {
        let mut lines = self.lines();
        let Some(sockets) = lines.apps.get_mut(app) else { return };
        sockets.connections.iter_mut().filter(|connection| connection.id == id).for_each(change);
    }

    /// Replaces what happens to envelopes.
    pub(crate) fn set_faults(&self, faults: EnvelopeFaults) {
        self.lines().faults = faults;
    }

    /// Forgets everything that is under way; connections of apps that are `gone` end.
    pub(crate) fn reset(&self, gone: &[AppId]) {
        let mut lines = self.lines();
        lines.in_flight.clear();
        lines.deadlines.clear();
        lines.held = None;
        lines.faults = EnvelopeFaults::default();
        for sockets in lines.apps.values_mut() {
            sockets.waiting.clear();
            sockets.flying = 0;
        }
        drop(lines);
        for app in gone {
            self.disconnect(Some(app), DisconnectKind::LinkDisabled);
        }
    }

    pub(super) fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_ack(&self, app: &AppId, envelope_id: &str, payload: &Value, ms: u64, is_late: bool) {
        let fields = [
            ("envelope_id", Field::Text(envelope_id)),
            ("app_id", Field::Text(app.as_str())),
            ("payload", Field::Json(payload)),
            ("ms", Field::Number(ms)),
            ("late", Field::Flag(is_late)),
        ];
        self.recorder.write("ack", &fields);
    }
}
