//! What all payloads share: who sent them, and the JSON they came in.

use std::fmt;

use serde_json::Value;
use thiserror::Error;

use crate::ids::{AppId, EnterpriseId, TeamId, UserId};

/// A payload of a known kind without what that kind always has.
#[derive(Clone, Error)]
#[error("{kind} payload without {field}")]
pub struct Malformed {
    kind: &'static str,
    field: &'static str,
    raw: Box<Value>,
}

impl Malformed {
    /// The kind it claims to be.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// What is missing, as a JSON pointer.
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// The payload as it came.
    pub fn into_raw(self) -> Value {
        *self.raw
    }
}

impl fmt::Debug for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Malformed").field("kind", &self.kind).field("field", &self.field).finish_non_exhaustive()
    }
}

/// Who did something, where, and for which app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The person; in Socket Mode as trustworthy as the app's own token.
    pub user_id: UserId,
    /// The person's own workspace, which differs from `team_id` in shared channels.
    pub user_team_id: Option<TeamId>,
    /// What the person is called; for people to read, never for a decision.
    pub user_name: Option<String>,
    /// The workspace where it happened.
    pub team_id: Option<TeamId>,
    /// The organisation, in Enterprise Grid.
    pub enterprise_id: Option<EnterpriseId>,
    /// The app it is meant for.
    pub api_app_id: Option<AppId>,
}

/// The address at which one interaction can be answered: at most five times within 30 minutes.
///
/// Who knows it can post: it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ResponseUrl(String);

impl ResponseUrl {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ResponseUrl {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

impl fmt::Debug for ResponseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseUrl([redacted])")
    }
}

/// The payload as it came. It holds response addresses and what people typed, so `Debug` is silent.
#[derive(Clone, PartialEq)]
pub(super) struct Raw(pub(super) Value);

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

/// Reads a payload.
pub(super) struct Reader<'v> {
    value: &'v Value,
}

/// The name of what is missing.
pub(super) type Missing = &'static str;

impl<'v> Reader<'v> {
    pub(super) fn text(&self, pointer: &str) -> Option<&'v str> {
        text(self.value, pointer)
    }

    pub(super) fn id<T: From<&'v str>>(&self, pointer: &str) -> Option<T> {
        self.text(pointer).map(T::from)
    }

    pub(super) fn need<T: From<&'v str>>(&self, pointer: &'static str) -> Result<T, Missing> {
        self.id(pointer).ok_or(pointer)
    }

    pub(super) fn at(&self, pointer: &str) -> Option<&'v Value> {
        self.value.pointer(pointer)
    }

    /// The origin of an interaction, where people and workspaces are objects.
    pub(super) fn origin(&self) -> Result<Origin, Missing> {
        Ok(Origin {
            user_id: self.need("/user/id")?,
            user_team_id: self.id("/user/team_id"),
            user_name: self.text("/user/username").or_else(|| self.text("/user/name")).map(str::to_owned),
            team_id: self.id("/team/id"),
            enterprise_id: self.id("/enterprise/id").or_else(|| self.id("/team/enterprise_id")),
            api_app_id: self.id("/api_app_id"),
        })
    }
}

/// Reads a payload with `read` and keeps it.
pub(super) fn view<T>(
    kind: &'static str,
    raw: Value,
    read: impl FnOnce(&Reader<'_>) -> Result<T, Missing>,
) -> Result<(T, Raw), Malformed> {
    match read(&Reader { value: &raw }) {
        Ok(parts) => Ok((parts, Raw(raw))),
        Err(field) => Err(Malformed { kind, field, raw: Box::new(raw) }),
    }
}

/// The non-empty text at a JSON pointer.
pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Gives a view its way back to the JSON it came in.
macro_rules! raw_access {
    ($($view:ident),+) => {$(
        impl $view {
            /// The payload as it came.
            pub fn raw(&self) -> &serde_json::Value {
                &self.raw.0
            }

            /// Takes the payload out, as it came.
            pub fn into_raw(self) -> serde_json::Value {
                self.raw.0
            }
        }

        impl serde::Serialize for $view {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.raw.0.serialize(serializer)
            }
        }
    )+};
}

pub(super) use raw_access;
