//! Modals that were submitted or closed.

use serde_json::Value;

use super::fields::{Fields, ViewFields};
use super::raw::{Malformed, Missing, Origin, Raw, need, owned, text, views};
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

views!(ViewSubmission = "view_submission", ViewClosed = "view_closed");

impl ViewSubmission {
    pub(super) fn of(fields: &Fields<'_>, raw: &Raw) -> Result<Self, Missing> {
        let (origin, view) = (Origin::of(fields)?, ViewInfo::of(&fields.view.0)?);
        Ok(Self { origin, view, trigger_id: fields.trigger_id.to(), raw: raw.clone() })
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
    pub(super) fn of(fields: &Fields<'_>, raw: &Raw) -> Result<Self, Missing> {
        let (origin, view) = (Origin::of(fields)?, ViewInfo::of(&fields.view.0)?);
        Ok(Self { origin, view, is_cleared: fields.is_cleared.0, raw: raw.clone() })
    }
}

impl ViewInfo {
    fn of(view: &ViewFields<'_>) -> Result<Self, Missing> {
        Ok(Self {
            id: need(&view.id, "/view/id")?,
            callback_id: CallbackId::from(owned(&view.callback_id)),
            private_metadata: owned(&view.private_metadata),
            hash: view.hash.get().map(str::to_owned),
            root_view_id: view.root_view_id.to(),
            previous_view_id: view.previous_view_id.to(),
        })
    }
}
