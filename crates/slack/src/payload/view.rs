//! Modals that were submitted or closed.

use serde_json::Value;

use super::raw::{Malformed, Missing, Origin, Raw, Reader, raw_access, text, view};
use crate::ids::{CallbackId, TriggerId, ViewId};

/// Which view it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewInfo {
    /// This one view.
    pub id: ViewId,
    /// The app's name for this kind of view; empty where it gave none.
    pub callback_id: CallbackId,
    /// What the app put into it.
    pub private_metadata: String,
    /// The state of the view, to guard an update against a race.
    pub hash: Option<String>,
    /// The first view of its stack.
    pub root_view_id: Option<ViewId>,
    /// The view below it.
    pub previous_view_id: Option<ViewId>,
}

/// A modal was submitted.
#[derive(Debug, Clone, PartialEq)]
pub struct ViewSubmission {
    /// Who, and where.
    pub origin: Origin,
    /// Which view.
    pub view: ViewInfo,
    /// The right to open another; three seconds, once.
    pub trigger_id: Option<TriggerId>,
    raw: Raw,
}

/// A modal was closed without being submitted; sent only for views that ask for it.
#[derive(Debug, Clone, PartialEq)]
pub struct ViewClosed {
    /// Who, and where.
    pub origin: Origin,
    /// Which view.
    pub view: ViewInfo,
    /// Whether the whole stack was closed.
    pub is_cleared: bool,
    raw: Raw,
}

raw_access!(ViewSubmission, ViewClosed);

impl ViewSubmission {
    /// Reads a `view_submission` payload.
    pub fn parse(raw: Value) -> Result<Self, Malformed> {
        let (mut parsed, raw) = view("view_submission", raw, |reader| {
            let (origin, view) = (reader.origin()?, ViewInfo::read(reader)?);
            Ok(Self { origin, view, trigger_id: reader.id("/trigger_id"), raw: Raw(Value::Null) })
        })?;
        parsed.raw = raw;
        Ok(parsed)
    }

    /// The state of one element.
    pub fn state(&self, block_id: &str, action_id: &str) -> Option<&Value> {
        self.raw().pointer("/view/state/values")?.get(block_id)?.get(action_id)
    }

    /// What was typed into one element, or the value of the option chosen in it.
    pub fn text(&self, block_id: &str, action_id: &str) -> Option<&str> {
        let state = self.state(block_id, action_id)?;
        text(state, "/value").or_else(|| text(state, "/selected_option/value"))
    }
}

impl ViewClosed {
    /// Reads a `view_closed` payload.
    pub fn parse(raw: Value) -> Result<Self, Malformed> {
        let (mut parsed, raw) = view("view_closed", raw, |reader| {
            let is_cleared = reader.at("/is_cleared").and_then(Value::as_bool).unwrap_or(false);
            Ok(Self { origin: reader.origin()?, view: ViewInfo::read(reader)?, is_cleared, raw: Raw(Value::Null) })
        })?;
        parsed.raw = raw;
        Ok(parsed)
    }
}

impl ViewInfo {
    fn read(reader: &Reader<'_>) -> Result<Self, Missing> {
        Ok(Self {
            id: reader.need("/view/id")?,
            callback_id: CallbackId::from(reader.text("/view/callback_id").unwrap_or_default()),
            private_metadata: reader.text("/view/private_metadata").unwrap_or_default().to_owned(),
            hash: reader.text("/view/hash").map(str::to_owned),
            root_view_id: reader.id("/view/root_view_id"),
            previous_view_id: reader.id("/view/previous_view_id"),
        })
    }
}
