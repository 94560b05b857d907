//! `views.*`.

use serde::{Deserialize, Serialize};

use crate::client::{Client, Error, Token};
use crate::ids::{TriggerId, ViewId};

/// A view that is shown.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OpenedView {
    /// This one view.
    pub id: ViewId,
    /// Its state, to guard an update against a race.
    #[serde(default)]
    pub hash: Option<String>,
    /// The first view of its stack.
    #[serde(default)]
    pub root_view_id: Option<ViewId>,
}

/// Which view to update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewRef {
    /// By Slack's id.
    Id(ViewId),
    /// By the app's own unique name.
    External(String),
}

#[derive(Serialize)]
struct Open<'a, V> {
    trigger_id: &'a TriggerId,
    view: &'a V,
}

#[derive(Serialize)]
struct Update<'a, V> {
    #[serde(skip_serializing_if = "Option::is_none")]
    view_id: Option<&'a ViewId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<&'a str>,
    view: &'a V,
}

#[derive(Deserialize)]
struct Shown {
    view: OpenedView,
}

impl Client {
    /// Opens a modal; the trigger lasts three seconds.
    pub async fn open_view(
        &self,
        token: &Token,
        trigger_id: &TriggerId,
        view: &impl Serialize,
    ) -> Result<OpenedView, Error> {
        Ok(self.call::<Shown>(token, "views.open", &Open { trigger_id, view }).await?.body.view)
    }

    /// Puts a modal above the one that is open; three at most.
    pub async fn push_view(
        &self,
        token: &Token,
        trigger_id: &TriggerId,
        view: &impl Serialize,
    ) -> Result<OpenedView, Error> {
        Ok(self.call::<Shown>(token, "views.push", &Open { trigger_id, view }).await?.body.view)
    }

    /// Replaces a view; with `hash`, only if nobody else did.
    pub async fn update_view(
        &self,
        token: &Token,
        which: &ViewRef,
        hash: Option<&str>,
        view: &impl Serialize,
    ) -> Result<OpenedView, Error> {
        let (view_id, external_id) = match which {
            ViewRef::Id(id) => (Some(id), None),
            ViewRef::External(name) => (None, Some(name.as_str())),
        };
        Ok(self.call::<Shown>(token, "views.update", &Update { view_id, external_id, hash, view }).await?.body.view)
    }
}
