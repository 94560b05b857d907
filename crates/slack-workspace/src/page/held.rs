//! What a form control holds when it is drawn.

use serde_json::Value;

use super::json::{items, number, string};

/// A state object as form values.
pub(super) fn entered(state: &Value) -> Vec<String> {
    let single =
        ["value", "selected_date", "selected_time", "selected_user", "selected_conversation", "selected_channel"];
    let several = ["selected_users", "selected_conversations", "selected_channels"];
    let mut found: Vec<String> =
        single.iter().map(|key| string(state, key).to_owned()).filter(|value| !value.is_empty()).collect();
    for key in several {
        found.extend(items(state, key).iter().filter_map(Value::as_str).map(str::to_owned));
    }
    let options = state.get("selected_option").into_iter().chain(items(state, "selected_options"));
    found.extend(options.map(|option| string(option, "value").to_owned()).filter(|value| !value.is_empty()));
    found.extend(number(state, "selected_date_time").and_then(local_time));
    found
}

/// Seconds since the epoch as a `datetime-local` field holds them.
fn local_time(epoch: i64) -> Option<String> {
    let at = jiff::Timestamp::from_second(epoch).ok()?;
    Some(at.strftime("%Y-%m-%dT%H:%M").to_string())
}

/// Initial values as form values.
pub(super) fn initial(element: &Value) -> Vec<String> {
    let single =
        ["initial_value", "initial_date", "initial_time", "initial_user", "initial_conversation", "initial_channel"];
    let several = ["initial_users", "initial_conversations", "initial_channels"];
    let mut found: Vec<String> =
        single.iter().map(|key| string(element, key).to_owned()).filter(|value| !value.is_empty()).collect();
    for key in several {
        found.extend(items(element, key).iter().filter_map(Value::as_str).map(str::to_owned));
    }
    let options = element.get("initial_option").into_iter().chain(items(element, "initial_options"));
    found.extend(options.map(|option| string(option, "value").to_owned()));
    found.extend(number(element, "initial_date_time").and_then(local_time));
    found
}
