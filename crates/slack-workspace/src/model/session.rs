//! Where people are signed in.

use serde_json::{Value, json};

use super::{ModelError, State, TeamId, UserId};

/// One place where a person is signed in.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Session {
    /// A number that no other session has.
    pub id: u64,
    /// Seconds since the epoch.
    pub created: u64,
}

impl Session {
    /// The object of `admin.users.session.list`.
    pub fn to_json(&self, user: &UserId, team: &TeamId) -> Value {
        let device = json!({
            "device_hardware": "", "os": "", "os_version": "", "slack_client_version": "", "ip": "127.0.0.1",
        });
        json!({
            "user_id": user, "team_id": team, "session_id": self.id, "created": device.clone(),
            "recent": device,
        })
    }
}

impl State {
    /// Signs a person in.
    pub(crate) fn sign_in(&mut self, user: &UserId, now_ms: u64) {
        // Thirteen digits: any number is one.
        let id = self.mint.digits(13).parse().unwrap_or_default();
        self.sessions.entry(user.clone()).or_default().push(Session { id, created: now_ms / 1000 });
    }

    /// Whether somebody is one whom administrators can sign out.
    pub(crate) fn can_be_reset(&self, user: &UserId) -> Result<(), ModelError> {
        match self.users.get(user) {
            None => Err(ModelError::new("user_not_found")),
            Some(user) if user.is_bot() => Err(ModelError::new("cannot_reset_bot")),
            Some(user) if user.is_owner => Err(ModelError::new("cannot_reset_primary_owner")),
            Some(_) => Ok(()),
        }
    }

    /// Signs a person out everywhere.
    pub(crate) fn reset_sessions(&mut self, user: &UserId) -> Result<(), ModelError> {
        self.can_be_reset(user)?;
        self.sessions.remove(user);
        Ok(())
    }

    /// Signs a person out in one place.
    pub(crate) fn end_session(&mut self, user: &UserId, id: u64) -> Result<(), ModelError> {
        let known = self.users.get(user).ok_or(ModelError::new("user_not_found"))?;
        if known.is_owner {
            return Err(ModelError::new("cannot_invalidate_primary_owner"));
        }
        let sessions = self.sessions.entry(user.clone()).or_default();
        let position = sessions.iter().position(|session| session.id == id);
        sessions.remove(position.ok_or(ModelError::new("session_not_found"))?);
        Ok(())
    }
}
