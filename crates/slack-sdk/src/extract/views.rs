//! Opening modals, and what the Home tab shows.

use std::convert::Infallible;

use countersign_slack::client::{OpenedView, ViewRef};
use countersign_slack::ids::ViewId;
use serde::Serialize;

use crate::{FromRequest, Request, SendError};

/// Opens and changes modals, and publishes the Home tab.
///
/// ```
/// # use countersign_slack_sdk::{App, HandlerError, Views};
/// # use countersign_slack::blocks::View;
/// async fn open(views: Views) -> Result<(), HandlerError> {
///     views.open(&View::modal("Settings", vec![])?).await?;
///     Ok(())
/// }
///
/// let app: App = App::new().command("/settings", open);
/// ```
#[derive(Debug, Clone)]
pub struct Views {
    request: Request,
}

impl Views {
    /// Opens a modal; its right to do so lasts three seconds.
    ///
    /// # Errors
    /// When there is no such right, or Slack refuses.
    pub async fn open(&self, view: &impl Serialize) -> Result<OpenedView, SendError> {
        let trigger = self.request.scene().trigger.as_ref().ok_or(SendError::NoTrigger)?;
        Ok(self.request.client().await?.open_view(trigger, view).await?)
    }

    /// Puts a modal above the one that is open; three at most.
    ///
    /// # Errors
    /// When there is no right to do so, or Slack refuses.
    pub async fn push(&self, view: &impl Serialize) -> Result<OpenedView, SendError> {
        let trigger = self.request.scene().trigger.as_ref().ok_or(SendError::NoTrigger)?;
        Ok(self.request.client().await?.push_view(trigger, view).await?)
    }

    /// Replaces a view that is open.
    ///
    /// # Errors
    /// When Slack refuses.
    pub async fn update(&self, view_id: ViewId, view: &impl Serialize) -> Result<OpenedView, SendError> {
        Ok(self.request.client().await?.update_view(&ViewRef::Id(view_id), None, view).await?)
    }

    /// Publishes what the Home tab shows to the person who did it.
    ///
    /// # Errors
    /// When there is no such person, or Slack refuses.
    pub async fn publish_home(&self, view: &impl Serialize) -> Result<OpenedView, SendError> {
        let user = self.request.scene().user.as_ref().ok_or(SendError::NowhereToAnswer)?;
        Ok(self.request.client().await?.publish_home(user, view).await?)
    }
}

impl<S: Sync> FromRequest<S> for Views {
    type Rejection = Infallible;

    async fn from_request(request: &Request, _: &S) -> Result<Self, Infallible> {
        Ok(Self { request: request.clone() })
    }
}
