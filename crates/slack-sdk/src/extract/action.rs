//! What was clicked or chosen.

use std::ops::Deref;
use std::sync::OnceLock;

use countersign_slack::payload::{self, BlockActions, Interaction};
use serde::de::DeserializeOwned;

use crate::request::Parsed;
use crate::{FromRequest, Rejection, Request, RequestKind};

/// What was clicked or chosen, and the click itself.
///
/// `T` is read from the element: its own [`payload::Action`] (the default), its value as `String` or `Option<String>`, or a
/// [`Json`] of what the app wrote into the value.
///
/// ```
/// # use countersign_slack_sdk::{Action, App, HandlerError, Json};
/// #[derive(serde::Deserialize)]
/// struct Task {
///     id: u64,
/// }
///
/// async fn clicked(button: Action) {
///     println!("{} stands for {:?}", button.action_id, button.value);
/// }
///
/// async fn done(task: Action<Json<Task>>) -> Result<(), HandlerError> {
///     println!("{} has done task {}", task.click()?.origin.user_id, task.element.0.id);
///     Ok(())
/// }
///
/// let app: App = App::new().action("show", clicked).action("done", done);
/// ```
#[derive(Debug, Clone)]
pub struct Action<T = payload::Action> {
    /// What was read from the element.
    pub element: T,
    click: OnceLock<Box<BlockActions>>,
    request: Request,
}

impl<T> Action<T> {
    /// The click itself: who, where, and in which message. It is read when it is asked for.
    ///
    /// # Errors
    /// When the payload lacks what clicks always have.
    pub fn click(&self) -> Result<&BlockActions, Rejection> {
        if let Some(click) = self.click.get() {
            return Ok(click);
        }
        match self.request.parsed()? {
            Parsed::Interaction(Interaction::BlockActions(click)) => Ok(self.click.get_or_init(|| Box::new(click))),
            _ => Err(Rejection::wrong_kind("Action", &self.request)),
        }
    }
}

impl<T> Deref for Action<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.element
    }
}

/// The value of an element, as the JSON that the app wrote into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Json<T>(pub T);

/// What can be read from an element that was used.
pub trait FromAction: Sized {
    /// Reads it.
    fn from_action(action: payload::Action) -> Result<Self, Rejection>;
}

impl FromAction for payload::Action {
    fn from_action(action: payload::Action) -> Result<Self, Rejection> {
        Ok(action)
    }
}

impl FromAction for Option<String> {
    fn from_action(action: payload::Action) -> Result<Self, Rejection> {
        Ok(action.value)
    }
}

impl FromAction for String {
    fn from_action(action: payload::Action) -> Result<Self, Rejection> {
        action.value.ok_or(Rejection::missing("Action<String>", "value"))
    }
}

impl<T: DeserializeOwned> FromAction for Json<T> {
    fn from_action(action: payload::Action) -> Result<Self, Rejection> {
        let value = action.value.as_deref().ok_or(Rejection::missing("Action<Json>", "value"))?;
        serde_json::from_str(value).map(Self).map_err(Rejection::shape("Action<Json>"))
    }
}

impl<S: Sync, T: FromAction + Send> FromRequest<S> for Action<T> {
    type Rejection = Rejection;

    async fn from_request(request: &Request, _: &S) -> Result<Self, Rejection> {
        if request.kind() != RequestKind::Action {
            return Err(Rejection::wrong_kind("Action", request));
        }
        let action = payload::Action::of_payload(request.payload()).map_err(Rejection::shape("Action"))?;
        let action = action.ok_or(Rejection::missing("Action", "action"))?;
        Ok(Self { element: T::from_action(action)?, click: OnceLock::new(), request: request.clone() })
    }
}
