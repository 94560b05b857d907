//! What the app itself has.

use std::convert::Infallible;
use std::ops::Deref;

use crate::{FromRequest, Request};

/// The app's state, or a part of it; see [`App::state`](crate::App::state).
///
/// ```
/// # use countersign_slack_sdk::{App, FromRef, State};
/// #[derive(Clone)]
/// struct Everything {
///     greeting: String,
/// }
///
/// impl FromRef<Everything> for String {
///     fn from_ref(everything: &Everything) -> Self {
///         everything.greeting.clone()
///     }
/// }
///
/// async fn greet(State(greeting): State<String>) {
///     println!("{greeting}");
/// }
///
/// let app: App = App::new().event("app_mention", greet).state(Everything { greeting: "Hi".to_owned() });
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct State<T>(pub T);

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// What can be had of a state.
pub trait FromRef<S> {
    /// Takes it.
    fn from_ref(state: &S) -> Self;
}

impl<S: Clone> FromRef<S> for S {
    fn from_ref(state: &S) -> Self {
        state.clone()
    }
}

impl<S: Sync, T: FromRef<S> + Send> FromRequest<S> for State<T> {
    type Rejection = Infallible;

    async fn from_request(_: &Request, state: &S) -> Result<Self, Infallible> {
        Ok(Self(T::from_ref(state)))
    }
}
