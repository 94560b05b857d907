//! What was entered into a modal.

use std::ops::Deref;

use countersign_slack::payload::{Interaction, ViewSubmission};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::request::Parsed;
use crate::{FromRequest, Rejection, Request};

/// What was entered into a modal that was submitted, and the submission itself.
///
/// `T` is read from an object with one field for each block, by block id, that holds what its element stands at: a text, a
/// value, a list, or `null`. Of a block with several elements it is an object by action id.
///
/// ```
/// # use countersign_slack_sdk::{App, View, ViewResponse};
/// #[derive(serde::Deserialize)]
/// struct Denial {
///     reason: Option<String>,
/// }
///
/// async fn denied(denial: View<Denial>) -> ViewResponse {
///     match &denial.reason {
///         Some(_) => ViewResponse::Clear,
///         None => ViewResponse::error("reason", "Please say why."),
///     }
/// }
///
/// let app: App = App::new().view("deny", denied);
/// ```
#[derive(Debug, Clone)]
pub struct View<T = Value> {
    /// What was entered.
    pub values: T,
    /// The submission.
    pub submission: ViewSubmission,
}

impl<T> Deref for View<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.values
    }
}

impl<S: Sync, T: DeserializeOwned + Send> FromRequest<S> for View<T> {
    type Rejection = Rejection;

    async fn from_request(request: &Request, _: &S) -> Result<Self, Rejection> {
        let Parsed::Interaction(Interaction::ViewSubmission(submission)) = request.parsed()? else {
            return Err(Rejection::wrong_kind("View", request));
        };
        let entered = entered(submission.raw().pointer("/view/state/values"));
        let values = serde_json::from_value(entered).map_err(Rejection::shape("View"))?;
        Ok(Self { values, submission })
    }
}

fn entered(blocks: Option<&Value>) -> Value {
    let blocks = blocks.and_then(Value::as_object).into_iter().flatten();
    let block = |(block_id, elements): (&String, &Value)| {
        let mut elements = elements.as_object().into_iter().flatten();
        let value = match (elements.next(), elements.next()) {
            (Some((_, only)), None) => standing_at(only),
            (Some(first), Some(second)) => {
                let all = [first, second].into_iter().chain(elements);
                Value::Object(all.map(|(action_id, state)| (action_id.clone(), standing_at(state))).collect())
            }
            _ => Value::Null,
        };
        (block_id.clone(), value)
    };
    Value::Object(blocks.map(block).collect::<Map<_, _>>())
}

/// What an element stands at, whatever its type calls it.
fn standing_at(state: &Value) -> Value {
    const PLACES: [&str; 12] = [
        "value",
        "selected_date",
        "selected_time",
        "selected_date_time",
        "selected_user",
        "selected_users",
        "selected_conversation",
        "selected_conversations",
        "selected_channel",
        "selected_channels",
        "rich_text_value",
        "files",
    ];
    if let Some(option) = state.get("selected_option") {
        return option.get("value").cloned().unwrap_or(Value::Null);
    }
    if let Some(options) = state.get("selected_options").and_then(Value::as_array) {
        return options.iter().filter_map(|option| option.get("value").cloned()).collect();
    }
    PLACES.iter().find_map(|place| state.get(place)).cloned().unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_block_gives_what_it_stands_at() {
        let state = json!({
            "reason": {"text": {"type": "plain_text_input", "value": "because"}},
            "empty": {"text": {"type": "plain_text_input", "value": null}},
            "one": {"menu": {"type": "static_select", "selected_option": {"value": "a"}}},
            "none": {"menu": {"type": "static_select", "selected_option": null}},
            "many": {"boxes": {"type": "checkboxes", "selected_options": [{"value": "a"}, {"value": "b"}]}},
            "people": {"users": {"type": "multi_users_select", "selected_users": ["U1"]}},
            "both": {"from": {"selected_date": "2026-01-01"}, "to": {"selected_date": null}},
            "odd": 7,
        });
        let expected = json!({
            "reason": "because", "empty": null, "one": "a", "none": null, "many": ["a", "b"], "people": ["U1"],
            "both": {"from": "2026-01-01", "to": null}, "odd": null,
        });
        assert_eq!(entered(Some(&state)), expected);
        assert_eq!(entered(None), json!({}));
    }
}
