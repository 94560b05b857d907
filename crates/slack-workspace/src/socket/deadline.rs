//! What happens when time has passed: ack deadlines, redelivery, faults that delay.

use tokio_util::sync::CancellationToken;

use super::hub::{Hub, InFlight, Lines};
use crate::model::AppId;

/// When an event that was not acknowledged is sent again, after each failure: at once, after a
/// minute, after five; docs.slack.dev, "Events API", for HTTP. Socket Mode's own is not documented.
const RETRY_MS: [u64; 3] = [0, 60_000, 300_000];

/// How long an event waits for an app that is not connected: the whole schedule.
pub(super) const EVENT_LIFETIME_MS: u64 = 372_000;

/// Something to do at a certain time.
#[derive(Debug)]
pub(super) enum Deadline {
    /// The envelope should have been acknowledged.
    Ack(String),
    /// Send the event again.
    Retry(super::hub::Delivery),
    /// Send what was delayed.
    Send { app: AppId, connection: u64, text: String },
    /// Send what was held back.
    Release,
}

impl Hub {
    /// Acts on deadlines until stopped.
    pub(crate) async fn run(&self, stop: &CancellationToken) {
        loop {
            let next = self.fire();
            let sleep = async {
                match next {
                    Some(at) => self.recorder.clock.sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.wake.notified() => {}
                () = sleep => {}
            }
        }
    }

    /// Acts on everything that is due; says when the next thing is.
    fn fire(&self) -> Option<u64> {
        let now = self.recorder.now_ms();
        let mut lines = self.lines();
        let next = loop {
            let Some((&(at, number), _)) = lines.deadlines.first_key_value() else { break None };
            if at > now {
                break Some(at);
            }
            if let Some(deadline) = lines.deadlines.remove(&(at, number)) {
                self.act(&mut lines, deadline, at, now);
            }
        };
        lines.armed_at = next.unwrap_or(u64::MAX);
        next
    }

    /// Acts on a deadline that was due at `at`: what follows from it counts from there.
    fn act(&self, lines: &mut Lines, deadline: Deadline, at: u64, now: u64) {
        match deadline {
            Deadline::Ack(envelope) => {
                if let Some(app) = lines.not_acknowledged(&envelope, at) {
                    lines.flush(&self.recorder, &app, now);
                }
            }
            Deadline::Retry(delivery) => lines.deliver(&self.recorder, delivery, now),
            Deadline::Send { app, connection, text } => lines.transmit(&app, connection, &text),
            Deadline::Release => {
                if let Some((connection, app, text)) = lines.held.take() {
                    lines.transmit(&app, connection, &text);
                }
            }
        }
    }
}

impl Lines {
    /// Whether something is due before deadlines are looked at by themselves.
    pub(super) fn is_earlier(&self) -> bool {
        self.deadlines.first_key_value().is_some_and(|((at, _), _)| *at < self.armed_at)
    }

    /// Gives up on an envelope: an event is sent again later, a request has failed. Says whose event it was.
    pub(super) fn not_acknowledged(&mut self, envelope: &str, at: u64) -> Option<AppId> {
        match self.in_flight.remove(envelope) {
            None => None,
            Some(InFlight::Request { answer, .. }) => {
                // Whoever asked may have gone.
                let _ = answer.send(None);
                None
            }
            Some(InFlight::Event { delivery, .. }) => {
                let app = delivery.app.clone();
                self.landed(&app);
                let failures = usize::try_from(delivery.sends).unwrap_or(usize::MAX);
                if let Some(wait) = RETRY_MS.get(failures.saturating_sub(1)).filter(|_| !delivery.is_last) {
                    self.after(at.saturating_add(*wait), Deadline::Retry(delivery));
                }
                Some(app)
            }
        }
    }
}
