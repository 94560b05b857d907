//! Verbs on the state, what they leave to be done, and what happens by itself as time passes.

use serde_json::Value;

use crate::Workspace;
use crate::clock::ClockError;
use crate::journal::Field;
use crate::model::{App, AppId, Effect, Packed, State};
use crate::socket::DisconnectKind;
use crate::teams::{Seat, Teams};

impl Workspace {
    /// Runs a verb on the state, then does what it left to be done.
    ///
    /// Effects leave while the lock is held, so that apps hear of things in their order.
    pub(crate) fn update<T>(&self, verb: impl FnOnce(&mut State, u64) -> T) -> T {
        let result = self.run_verb(verb);
        self.touched().notify_one();
        result
    }

    /// The same for a verb after which nothing has to be kept.
    pub(crate) fn run_verb<T>(&self, verb: impl FnOnce(&mut State, u64) -> T) -> T {
        let now = self.recorder().now_ms();
        let mut teams = self.teams();
        let seat = teams.seat(self.looked_at());
        let state = teams.at_mut(seat);
        state.fall_due(now);
        let result = verb(state, now);
        self.settle(&mut teams, seat, now);
        teams.iter_mut().for_each(|state| state.sweep(now));
        result
    }

    /// Changes which teams there are, or an app in several of them.
    pub(crate) fn update_teams<T>(&self, verb: impl FnOnce(&mut Teams, u64) -> T) -> T {
        let now = self.recorder().now_ms();
        let mut teams = self.teams();
        let result = verb(&mut teams, now);
        self.learn_every_secret(&teams);
        for seat in teams.seats() {
            self.settle(&mut teams, seat, now);
        }
        self.touched().notify_one();
        result
    }

    /// Does what a team's verbs left to be done.
    fn settle(&self, teams: &mut Teams, seat: Seat, now: u64) {
        for effect in std::mem::take(&mut teams.at_mut(seat).effects) {
            match effect {
                Effect::Change(kind) => self.recorder().changes.announce(kind),
                Effect::Event { app, payload } => {
                    let over_http = teams.at(seat).apps.get(&app).is_some_and(|app| self.publish(app, &payload));
                    if !over_http {
                        self.hub().publish(&app, payload);
                    }
                }
                Effect::Farewell { app, payload } => {
                    if !self.publish(&app, &payload) {
                        self.hub().publish(&app.id, payload);
                    }
                }
                Effect::Closed { view } => self.tell_closed(teams.at(seat), &view),
                Effect::Unplugged { app } => self.hub().disconnect(Some(&app), DisconnectKind::LinkDisabled),
                Effect::Due => self.due().notify_one(),
                Effect::Secrets { app } => self.learn_secrets(teams.at(seat), &app),
                Effect::Gone { app } => {
                    if !teams.iter().any(|state| state.apps.contains_key(&app)) {
                        self.hub().forget(&app);
                        self.outbox().forget(&app);
                    }
                }
                Effect::Limited { app, payload } => self.tell_limited(teams.at(seat), &app, &payload),
                Effect::Described { app } => {
                    self.outbox().switch_on(&app);
                    let manifest = teams.at(seat).platform.registrations.get(&app).map(|known| known.manifest.clone());
                    if let Some(manifest) = manifest {
                        self.elsewhere(teams, seat, now, |state| {
                            state.set_manifest(&app, manifest.clone(), now);
                        });
                    }
                }
                Effect::Unregistered { app } => {
                    self.elsewhere(teams, seat, now, |state| state.unregister(&app, now));
                    self.learn_anew(teams);
                }
            }
        }
    }

    /// Delivers an event to an app's address; false when the app has none.
    fn publish(&self, app: &App, payload: &Packed) -> bool {
        app.endpoints.events.is_some() && self.outbox().publish(app, payload.value())
    }

    /// Tells an app that it gets no more events. Over Socket Mode Slack's SDKs cannot read that: it is only noted.
    fn tell_limited(&self, state: &State, app: &AppId, payload: &Value) {
        let fields = [
            ("app_id", Field::Text(app.as_str())),
            ("fault", Field::Text("app_rate_limited: events beyond the hour's limit are not sent")),
        ];
        self.recorder().write("fault", &fields);
        if let Some(app) = state.apps.get(app) {
            self.outbox().publish(app, payload);
        }
    }

    /// Whether an app's events were switched off because it took less than 5 % of an hour's.
    pub fn is_switched_off(&self, app: &AppId) -> bool {
        self.outbox().is_switched_off(app)
    }

    /// Does the same in every other team.
    fn elsewhere(&self, teams: &mut Teams, seat: Seat, now: u64, verb: impl Fn(&mut State)) {
        for other in teams.seats().filter(|other| *other != seat) {
            verb(teams.at_mut(other));
            self.settle(teams, other, now);
        }
    }

    /// Moves the clock forward, does what falls due, and returns the new time.
    pub fn advance_clock(&self, by_ms: u64) -> Result<u64, ClockError> {
        let now = self.clock().advance(by_ms)?;
        let details = serde_json::json!({"advance_ms": by_ms});
        let fields = [("action", Field::Text("clock")), ("user", Field::Text("")), ("details", Field::Json(&details))];
        self.recorder().write("person", &fields);
        self.fall_due();
        Ok(now)
    }

    fn fall_due(&self) {
        self.update_teams(|teams, now| teams.iter_mut().for_each(|state| state.fall_due(now)));
    }

    /// Does what falls due as time passes, until the workspace stops.
    pub(crate) async fn keep_time(&self) {
        loop {
            let next = self.read_teams(|teams| teams.iter().filter_map(State::next_due).min());
            let passed = async {
                match next {
                    Some(at) => self.clock().sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.stopping().cancelled() => return,
                () = self.due().notified() => {}
                () = passed => self.fall_due(),
            }
        }
    }
}
