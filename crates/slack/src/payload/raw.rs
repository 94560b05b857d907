//! What all payloads share: who sent them, and the JSON they came in.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use thiserror::Error;

use super::fields::Fields;
use super::lenient::Text;
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

/// The payload as it came: a text until somebody asks for its values. Cheap to clone.
///
/// It holds response addresses and what people typed, so `Debug` is silent.
#[derive(Clone)]
pub(super) struct Raw(Arc<Whole>);

struct Whole {
    /// None where it came as values.
    text: Option<Box<RawValue>>,
    value: OnceLock<Value>,
}

impl Raw {
    pub(super) fn of_value(value: Value) -> Self {
        Self(Arc::new(Whole { text: None, value: OnceLock::from(value) }))
    }

    pub(super) fn of_text(text: &RawValue) -> Self {
        Self(Arc::new(Whole { text: Some(text.to_owned()), value: OnceLock::new() }))
    }

    /// Reads fields, from whatever it is; nothing of what is no object.
    pub(super) fn read<'r, T: Default + Deserialize<'r>>(&'r self) -> T {
        let read = match (&self.0.text, self.0.value.get()) {
            // A list would be read as the fields in their order.
            (Some(text), _) if text.get().starts_with('{') => serde_json::from_str(text.get()).ok(),
            (None, Some(value)) if value.is_object() => T::deserialize(value).ok(),
            _ => None,
        };
        read.unwrap_or_default()
    }

    pub(super) fn value(&self) -> &Value {
        self.0.value.get_or_init(|| open(self.0.text.as_deref()))
    }

    pub(super) fn into_value(self) -> Value {
        match Arc::try_unwrap(self.0) {
            Ok(whole) => whole.value.into_inner().unwrap_or_else(|| open(whole.text.as_deref())),
            Err(shared) => shared.value.get_or_init(|| open(shared.text.as_deref())).clone(),
        }
    }

    /// What is said of it when it lacks something.
    pub(super) fn malformed(self, kind: &'static str, field: Missing) -> Malformed {
        Malformed { kind, field, raw: Box::new(self.into_value()) }
    }
}

fn open(text: Option<&RawValue>) -> Value {
    // It is one JSON text already: only one that is nested too deeply to be values is none.
    text.and_then(|text| serde_json::from_str(text.get()).ok()).unwrap_or_default()
}

impl PartialEq for Raw {
    fn eq(&self, other: &Self) -> bool {
        self.value() == other.value()
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

/// The name of what is missing.
pub(super) type Missing = &'static str;

/// An identifier that has to be there.
pub(super) fn need<T: for<'s> From<&'s str>>(text: &Text<'_>, name: Missing) -> Result<T, Missing> {
    text.to().ok_or(name)
}

/// A text, empty where there is none.
pub(super) fn owned(text: &Text<'_>) -> String {
    text.get().unwrap_or_default().to_owned()
}

impl Origin {
    /// The origin of an interaction, where people and workspaces are objects.
    pub(super) fn of(fields: &Fields<'_>) -> Result<Self, Missing> {
        let (user, team) = (&fields.user.0, &fields.team.0);
        Ok(Self {
            user_id: need(&user.id, "/user/id")?,
            user_team_id: user.team_id.to(),
            user_name: user.username.get().or_else(|| user.name.get()).map(str::to_owned),
            team_id: team.id.to(),
            enterprise_id: fields.enterprise.to().or_else(|| team.enterprise_id.to()),
            api_app_id: fields.api_app_id.to(),
        })
    }
}

/// The non-empty text at a JSON pointer.
pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Gives a view its ways from the JSON that it comes in, and back; it has a function `of` that reads its fields.
macro_rules! views {
    ($($view:ident = $kind:literal),+) => {$(
        impl $view {
            pub(super) const KIND: &'static str = $kind;

            #[doc = concat!("Reads a `", $kind, "` payload.")]
            pub fn parse(raw: serde_json::Value) -> Result<Self, Malformed> {
                Self::of_raw(Raw::of_value(raw))
            }

            #[doc = concat!("Reads a `", $kind, "` payload from its text; values are made of it when they are asked for.")]
            pub fn read(payload: &serde_json::value::RawValue) -> Result<Self, Malformed> {
                Self::of_raw(Raw::of_text(payload))
            }

            fn of_raw(raw: Raw) -> Result<Self, Malformed> {
                let read = Self::of(&raw.read(), &raw);
                read.map_err(|field| raw.malformed(Self::KIND, field))
            }

            /// The payload as it came.
            pub fn raw(&self) -> &serde_json::Value {
                self.raw.value()
            }

            /// Takes the payload out, as it came.
            pub fn into_raw(self) -> serde_json::Value {
                self.raw.into_value()
            }
        }

        impl serde::Serialize for $view {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.raw.value().serialize(serializer)
            }
        }
    )+};
}

pub(super) use views;
