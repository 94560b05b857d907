//! What people say of themselves.

use serde_json::{Map, Value, json};

use super::{ChangeKind, ModelError, State, UserId};
use crate::events::{self, Audience};

/// Text fields of a profile and their greatest lengths; docs.slack.dev, "users.profile.set".
const TEXTS: [(&str, usize); 8] = [
    ("display_name", 80),
    ("first_name", 35),
    ("last_name", 35),
    ("phone", 100),
    ("pronouns", 80),
    ("status_emoji", 100),
    ("status_text", 100),
    ("title", 255),
];
/// The longest name of a person.
const MAX_NAME: usize = 80;
const STATUS: [&str; 3] = ["status_text", "status_emoji", "status_expiration"];

impl State {
    /// Changes a person's profile whole or not at all, and tells the apps.
    pub(crate) fn set_profile(
        &mut self,
        user: &UserId,
        changes: &Map<String, Value>,
        now_ms: u64,
    ) -> Result<(), ModelError> {
        for (field, value) in changes {
            check(field, value)?;
        }
        let email = changes.get("email").and_then(Value::as_str);
        if email.is_some_and(|email| self.users.values().any(|other| other.id != *user && other.has_email(email))) {
            return Err(ModelError::new("email_taken"));
        }
        let known = self.users.get_mut(user).ok_or(ModelError::new("user_not_found"))?;
        for (field, value) in changes {
            match (field.as_str(), value.as_str()) {
                ("real_name", Some(name)) => name.clone_into(&mut known.real_name),
                ("email", Some(email)) => known.email = Some(email.to_owned()),
                _ => {
                    known.profile.insert(field.clone(), value.clone());
                }
            }
        }
        if let Some(name) = changes.get("display_name") {
            known.profile.insert("display_name_normalized".to_owned(), name.clone());
        }
        known.updated = now_ms / 1000;
        let object = known.to_json(&self.team.id, false);
        let has_status = changes.keys().any(|field| STATUS.contains(&field.as_str()));
        let kinds = ["user_change", "user_profile_changed", "user_status_changed"];
        for kind in kinds.into_iter().take(if has_status { 3 } else { 2 }) {
            let event = json!({"type": kind, "user": object, "cache_ts": now_ms / 1000});
            events::emit(self, Audience::Everyone, event, now_ms);
        }
        self.changed(ChangeKind::Directory);
        Ok(())
    }
}

fn check(field: &str, value: &Value) -> Result<(), ModelError> {
    let limit = match field {
        "real_name" | "email" => MAX_NAME,
        "status_expiration" => return value.as_u64().map(drop).ok_or(ModelError::new("invalid_profile")),
        "fields" => return value.as_object().map(drop).ok_or(ModelError::new("invalid_profile")),
        _ => TEXTS.iter().find(|(name, _)| *name == field).ok_or(ModelError::new("invalid_profile"))?.1,
    };
    let text = value.as_str().ok_or(ModelError::new("invalid_profile"))?;
    let is_emoji = |text: &str| text.len() > 2 && text.starts_with(':') && text.ends_with(':');
    match field {
        _ if text.chars().count() > limit => Err(ModelError::new("too_long")),
        "real_name" | "email" if text.trim().is_empty() => Err(ModelError::new("invalid_profile")),
        "status_emoji" if !text.is_empty() && !is_emoji(text) => Err(ModelError::new("invalid_emoji_not_allowed")),
        _ => Ok(()),
    }
}
