//! What happened.

use std::ops::Deref;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{FromRequest, Rejection, Request, RequestKind};

/// An event, as a type of [`countersign_slack::payload`], of one's own, or as it came.
///
/// ```
/// # use countersign_slack_sdk::{App, Event};
/// use countersign_slack::payload::AppMention;
///
/// async fn mentioned(Event(mention): Event<AppMention>) {
///     println!("{} in {}", mention.text, mention.channel);
/// }
///
/// async fn anything(event: Event) {
///     println!("{}", event["type"]);
/// }
///
/// let app: App = App::new().event("app_mention", mentioned).event("team_join", anything);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Event<T = Value>(pub T);

impl<T> Deref for Event<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

#[derive(Deserialize)]
struct Callback<T> {
    event: T,
}

impl<S: Sync, T: DeserializeOwned + Send> FromRequest<S> for Event<T> {
    type Rejection = Rejection;

    async fn from_request(request: &Request, _: &S) -> Result<Self, Rejection> {
        if request.kind() != RequestKind::Event {
            return Err(Rejection::wrong_kind("Event", request));
        }
        let callback = serde_json::from_str::<Callback<T>>(request.payload()).map_err(Rejection::shape("Event"))?;
        Ok(Self(callback.event))
    }
}
