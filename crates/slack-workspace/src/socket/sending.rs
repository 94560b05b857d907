//! Choosing a connection and sending an envelope on it, with whatever is made to go wrong.

use serde_json::Value;

use super::deadline::Deadline;
use super::frame::{self, Frame};
use super::hub::{ACK_MS, Connection, Delivery, EnvelopeKind, InFlight, Lines, Sockets};
use crate::journal::Field;
use crate::model::AppId;
use crate::recorder::Recorder;

/// How many events may wait for an app that is not connected.
const MAX_WAITING: usize = 10_000;
/// How many events of an app are under way at once; a connection's queue takes them twice over.
const WINDOW: usize = 1_000;

/// An envelope that is being sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sending<'a> {
    pub(super) id: &'a str,
    pub(super) kind: EnvelopeKind,
    pub(super) connection: u64,
    pub(super) attempt: u32,
}

/// Writes an envelope into the journal.
pub(super) fn note_envelope(recorder: &Recorder, app: &AppId, sending: &Sending<'_>, payload: &Value) {
    let fields = [
        ("envelope_id", Field::Text(sending.id)),
        ("type", Field::Text(sending.kind.name())),
        ("app_id", Field::Text(app.as_str())),
        ("connection", Field::Number(sending.connection)),
        ("retry_attempt", Field::Number(u64::from(sending.attempt))),
        ("payload", Field::Json(payload)),
    ];
    recorder.write("envelope", &fields);
}

/// Writes down that events waited too long, or too many of them.
pub(super) fn note_lost(recorder: &Recorder, count: usize) {
    if count > 0 {
        let fields = [
            ("fault", Field::Text("events lost: the app was not connected in time")),
            ("events", Field::Number(count as u64)),
        ];
        recorder.write("fault", &fields);
    }
}

impl Lines {
    /// Sends an event to a connection, or lets it wait: for one, or until the app has taken what came before.
    pub(super) fn deliver(&mut self, recorder: &Recorder, delivery: Delivery, now: u64) {
        let app = &delivery.app;
        let is_behind =
            self.apps.get(app).is_some_and(|sockets| sockets.flying >= WINDOW || !sockets.waiting.is_empty());
        let connection = if is_behind { None } else { self.pick(&delivery.app) };
        match connection {
            Some(connection) => self.dispatch(recorder, delivery, connection, now),
            None => self.wait(recorder, delivery, now),
        }
    }

    /// Sends what has waited, as much as the app may have at once.
    pub(super) fn flush(&mut self, recorder: &Recorder, app: &AppId, now: u64) {
        let mut lost = 0;
        loop {
            let has_room = |sockets: &Sockets| sockets.flying < WINDOW && !sockets.waiting.is_empty();
            if !self.apps.get(app).is_some_and(has_room) {
                break;
            }
            let Some(connection) = self.pick(app) else { break };
            let Some(delivery) = self.apps.get_mut(app).and_then(|sockets| sockets.waiting.pop_front()) else { break };
            if delivery.expires_at > now {
                self.dispatch(recorder, delivery, connection, now);
            } else {
                lost += 1;
            }
        }
        note_lost(recorder, lost);
    }

    /// An event is no longer under way.
    pub(super) fn landed(&mut self, app: &AppId) {
        if let Some(sockets) = self.apps.get_mut(app) {
            sockets.flying = sockets.flying.saturating_sub(1);
        }
    }

    fn wait(&mut self, recorder: &Recorder, mut delivery: Delivery, now: u64) {
        let waiting = &mut self.apps.entry(delivery.app.clone()).or_default().waiting;
        delivery.payload.pack();
        waiting.push_back(delivery);
        let before = waiting.len();
        while waiting.front().is_some_and(|first| first.expires_at <= now) || waiting.len() > MAX_WAITING {
            waiting.pop_front();
        }
        note_lost(recorder, before - waiting.len());
    }

    fn dispatch(&mut self, recorder: &Recorder, mut delivery: Delivery, connection: u64, now: u64) {
        let app = delivery.app.clone();
        let attempt = delivery.sends;
        delivery.sends += 1;
        let id = self.mint.uuid();
        let number = self.next_deadline;
        let payload = delivery.payload.clone();
        self.apps.entry(app.clone()).or_default().flying += 1;
        self.in_flight.insert(id.clone(), InFlight::Event { delivery, sent_at: now, connection, number });
        self.after(now.saturating_add(ACK_MS), Deadline::Ack(id.clone()));
        let sending = Sending { id: &id, kind: EnvelopeKind::Event, connection, attempt };
        note_envelope(recorder, &app, &sending, payload.value());
        let text = frame::envelope(&id, EnvelopeKind::Event, payload.text(), attempt);
        self.send(recorder, &app, connection, text, now);
    }

    /// Chooses a connection, each in turn; those that were told to go come last.
    pub(super) fn pick(&mut self, app: &AppId) -> Option<u64> {
        let sockets = self.apps.get_mut(app)?;
        let of = |is_retiring: bool| {
            let fits = move |to: &&Connection| to.is_greeted && to.is_retiring == is_retiring;
            sockets.connections.iter().filter(fits)
        };
        let is_last_resort = of(false).next().is_none();
        let count = of(is_last_resort).count();
        let chosen = of(is_last_resort).nth(sockets.next % count.max(1)).map(|to| to.id);
        sockets.next = sockets.next.wrapping_add(1);
        chosen
    }

    /// Remembers something for later.
    pub(super) fn after(&mut self, at_ms: u64, deadline: Deadline) {
        self.deadlines.insert((at_ms, self.next_deadline), deadline);
        self.next_deadline += 1;
    }

    /// Sends a text on a connection, with whatever is made to go wrong.
    pub(super) fn send(&mut self, recorder: &Recorder, app: &AppId, connection: u64, text: String, now: u64) {
        if self.faults.drop > 0 {
            self.faults.drop -= 1;
            recorder.write("fault", &[("fault", Field::Text("envelope dropped"))]);
            return;
        }
        if self.faults.delay_ms > 0 {
            let at = now.saturating_add(self.faults.delay_ms);
            self.after(at, Deadline::Send { app: app.clone(), connection, text });
            return;
        }
        self.send_in_order(app, connection, text, now);
    }

    fn send_in_order(&mut self, app: &AppId, connection: u64, text: String, now: u64) {
        /// How long one that is held back waits for another to overtake it.
        const HOLD_MS: u64 = 500;
        if !self.faults.reorder {
            self.transmit(app, connection, &text);
            return;
        }
        if let Some((first_connection, first_app, first)) = self.held.take() {
            self.transmit(app, connection, &text);
            self.transmit(&first_app, first_connection, &first);
        } else {
            self.held = Some((connection, app.clone(), text));
            self.after(now.saturating_add(HOLD_MS), Deadline::Release);
        }
    }

    /// Hands a text to the connection's task; a connection that is too slow is cut.
    pub(super) fn transmit(&mut self, app: &AppId, connection: u64, text: &str) {
        let copies = if self.faults.duplicate > 0 { 2 } else { 1 };
        self.faults.duplicate = self.faults.duplicate.saturating_sub(1);
        let Some(sockets) = self.apps.get_mut(app) else { return };
        let Some(at) = sockets.connections.iter().position(|to| to.id == connection) else { return };
        for _ in 0..copies {
            let Some(to) = sockets.connections.get(at) else { return };
            if to.outbox.try_send(Frame::Text(text.to_owned())).is_err() {
                sockets.connections.remove(at);
                return;
            }
        }
    }
}
