//! Choosing a connection and sending an envelope on it, with whatever is made to go wrong.

use std::sync::Arc;

use serde_json::Value;

use super::deadline::Deadline;
use super::frame::{self, Frame};
use super::hub::{ACK_MS, Connection, Delivery, EnvelopeKind, InFlight, Lines};
use crate::journal::Field;
use crate::model::AppId;
use crate::recorder::Recorder;

/// How many events may wait for an app that is not connected.
const MAX_WAITING: usize = 10_000;

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

impl Lines {
    /// Sends an event to a connection, or lets it wait for one.
    pub(super) fn deliver(&mut self, recorder: &Recorder, mut delivery: Delivery, now: u64) {
        let app = delivery.app.clone();
        let Some(connection) = self.pick(&app) else {
            let waiting = &mut self.apps.entry(app).or_default().waiting;
            if waiting.len() < MAX_WAITING {
                waiting.push_back(delivery);
            } else {
                recorder.write("fault", &[("fault", Field::Text("event lost: too many wait"))]);
            }
            return;
        };
        let attempt = delivery.sends;
        delivery.sends += 1;
        let id = self.mint.uuid();
        let payload = Arc::clone(&delivery.payload);
        self.in_flight.insert(id.clone(), InFlight::Event { delivery, sent_at: now, connection });
        self.after(now.saturating_add(ACK_MS), Deadline::Ack(id.clone()));
        let sending = Sending { id: &id, kind: EnvelopeKind::Event, connection, attempt };
        note_envelope(recorder, &app, &sending, &payload);
        let text = frame::envelope(&id, EnvelopeKind::Event, &payload, attempt);
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
