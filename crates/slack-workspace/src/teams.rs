//! Several teams in one workspace.
//!
//! Each team is a whole [`State`]: people, channels, messages and tokens are its own, so that no id crosses from one
//! into another. What teams share is what surrounds the states: connections, delivery, faults, the journal, the clock.
//! An app is made in one team and may be installed in others: the same id and secrets, another bot and other tokens.

use crate::model::{AppId, ModelError, Registration, State, TeamId};

/// Every team, in the order they were made in; there is always one.
#[derive(Debug)]
pub(crate) struct Teams {
    first: State,
    more: Vec<State>,
}

/// Which of the teams; one that is not there is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat(usize);

impl Teams {
    pub(crate) fn new(first: State, mut more: Vec<State>) -> Self {
        for state in &mut more {
            state.is_beside = true;
        }
        Self { first, more }
    }

    /// The seat of a team; the first's when there is none such.
    pub(crate) fn seat(&self, team: Option<&TeamId>) -> Seat {
        let of = |wanted: &TeamId| self.more.iter().position(|state| state.team.id == *wanted);
        Seat(team.and_then(of).map_or(0, |position| position + 1))
    }

    pub(crate) fn at(&self, seat: Seat) -> &State {
        seat.0.checked_sub(1).and_then(|position| self.more.get(position)).unwrap_or(&self.first)
    }

    pub(crate) fn at_mut(&mut self, seat: Seat) -> &mut State {
        match seat.0.checked_sub(1).and_then(|position| self.more.get_mut(position)) {
            Some(state) => state,
            None => &mut self.first,
        }
    }

    /// Every seat, the first's first.
    pub(crate) fn seats(&self) -> impl Iterator<Item = Seat> + use<> {
        (0..=self.more.len()).map(Seat)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &State> {
        std::iter::once(&self.first).chain(&self.more)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut State> {
        std::iter::once(&mut self.first).chain(&mut self.more)
    }

    /// What is to be kept of every team, as it is now.
    pub(crate) fn snapshot(&self) -> Self {
        Self { first: self.first.snapshot(), more: self.more.iter().map(State::snapshot).collect() }
    }

    /// The teams beside the first.
    pub(crate) fn more(&self) -> &[State] {
        &self.more
    }

    pub(crate) fn first(&self) -> &State {
        &self.first
    }

    pub(crate) fn first_mut(&mut self) -> &mut State {
        &mut self.first
    }

    pub(crate) fn add(&mut self, state: State) {
        self.more.push(State { is_beside: true, ..state });
    }

    /// The team with this id.
    pub(crate) fn team(&self, id: &TeamId) -> Option<&State> {
        self.iter().find(|state| state.team.id == *id)
    }

    /// The first team that fits, if it is not the very first one.
    pub(crate) fn other(&self, fits: impl Fn(&State) -> bool) -> Option<TeamId> {
        if fits(&self.first) {
            return None;
        }
        self.more.iter().find(|state| fits(state)).map(|state| state.team.id.clone())
    }

    /// An app as it is known in the team it was made in.
    pub(crate) fn registration(&self, fits: impl Fn(&Registration) -> bool) -> Option<(&TeamId, &Registration)> {
        let all = self.iter().flat_map(|state| {
            let known = state.platform.registrations.values();
            known.map(move |known| (&state.team.id, known))
        });
        all.into_iter().find(|(_, known)| known.home.is_none() && fits(known))
    }

    /// Makes an app known in a team.
    pub(crate) fn adopt(&mut self, app: &AppId, seat: Seat) -> Result<(), ModelError> {
        let found = self.registration(|known| known.id == *app);
        let (home, known) = found.map(|(home, known)| (home.clone(), known.clone())).ok_or(APP_NOT_FOUND)?;
        let state = self.at_mut(seat);
        let owner = state.users.values().find(|user| user.is_owner).map(|user| user.id.clone());
        state.adopt(&known, &home, &owner.ok_or(ModelError { code: "user_not_found" })?);
        Ok(())
    }
}

const APP_NOT_FOUND: ModelError = ModelError { code: "app_not_found" };
