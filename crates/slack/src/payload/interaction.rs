//! Any interaction: what a person did to something the app showed.

use serde_json::Value;
use serde_json::value::RawValue;

use super::fields::Fields;
use super::raw::{Missing, Raw, text};
use super::{BlockActions, BlockSuggestion, Malformed, Origin, Shortcut, ViewClosed, ViewSubmission};

/// The payload of an `interactive` envelope, by its `type`.
#[derive(Debug, Clone)]
pub enum Interaction {
    /// A button was clicked or a choice made.
    BlockActions(BlockActions),
    /// A modal was submitted; Slack waits for the answer.
    ViewSubmission(ViewSubmission),
    /// A modal was closed without being submitted.
    ViewClosed(ViewClosed),
    /// A shortcut was used.
    Shortcut(Shortcut),
    /// A menu asks for its options; Slack waits for the answer.
    BlockSuggestion(BlockSuggestion),
    /// A kind that is not known here, as it came.
    Unknown(Value),
}

impl Interaction {
    /// Reads a payload; a kind that is not known is no error.
    pub fn parse(raw: Value) -> Result<Self, Malformed> {
        Self::of_raw(Raw::of_value(raw))
    }

    /// Reads a payload from its text; values are made of it when they are asked for.
    pub fn read(payload: &RawValue) -> Result<Self, Malformed> {
        Self::of_raw(Raw::of_text(payload))
    }

    fn of_raw(raw: Raw) -> Result<Self, Malformed> {
        let read = Self::of(&raw.read(), &raw);
        match read {
            Some(Ok(interaction)) => Ok(interaction),
            Some(Err((kind, field))) => Err(raw.malformed(kind, field)),
            None => Ok(Self::Unknown(raw.into_value())),
        }
    }

    /// `None` is one of a kind that is not known.
    fn of(fields: &Fields<'_>, raw: &Raw) -> Option<Result<Self, (&'static str, Missing)>> {
        macro_rules! read {
            ($view:ident) => {
                $view::of(fields, raw).map(Self::$view).map_err(|field| ($view::KIND, field))
            };
        }
        Some(match fields.kind.get()? {
            "block_actions" => read!(BlockActions),
            "view_submission" => read!(ViewSubmission),
            "view_closed" => read!(ViewClosed),
            "shortcut" | "message_action" => read!(Shortcut),
            "block_suggestion" => read!(BlockSuggestion),
            _ => return None,
        })
    }

    /// The `type` as Slack writes it.
    pub fn kind(&self) -> &str {
        text(self.raw(), "/type").unwrap_or("")
    }

    /// Who did it; unknown kinds are not read.
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            Self::BlockActions(payload) => Some(&payload.origin),
            Self::ViewSubmission(payload) => Some(&payload.origin),
            Self::ViewClosed(payload) => Some(&payload.origin),
            Self::Shortcut(payload) => Some(&payload.origin),
            Self::BlockSuggestion(payload) => Some(&payload.origin),
            Self::Unknown(_) => None,
        }
    }

    /// The payload as it came.
    pub fn raw(&self) -> &Value {
        match self {
            Self::BlockActions(payload) => payload.raw(),
            Self::ViewSubmission(payload) => payload.raw(),
            Self::ViewClosed(payload) => payload.raw(),
            Self::Shortcut(payload) => payload.raw(),
            Self::BlockSuggestion(payload) => payload.raw(),
            Self::Unknown(raw) => raw,
        }
    }

    /// Takes the payload out, as it came.
    pub fn into_raw(self) -> Value {
        match self {
            Self::BlockActions(payload) => payload.into_raw(),
            Self::ViewSubmission(payload) => payload.into_raw(),
            Self::ViewClosed(payload) => payload.into_raw(),
            Self::Shortcut(payload) => payload.into_raw(),
            Self::BlockSuggestion(payload) => payload.into_raw(),
            Self::Unknown(raw) => raw,
        }
    }
}

#[cfg(test)]
mod tests;
