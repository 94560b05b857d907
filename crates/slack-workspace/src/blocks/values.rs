//! What a person enters: `state.values` of views and messages.

use serde_json::{Map, Value, json};

use super::element::{each, elements, option_of};

/// Where an element keeps what was entered, and what it looks like.
#[derive(Clone, Copy, Debug)]
struct Slot {
    field: &'static str,
    initial: &'static str,
    shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// A text, id or date.
    Text,
    /// Several ids.
    Texts,
    /// Seconds since the epoch.
    Number,
    /// One of the element's options.
    Choice,
    /// Some of the element's options.
    Choices,
    /// An object of its own, such as rich text.
    Object,
}

/// The slot of an element type; nothing for those that keep nothing, such as buttons.
fn slot(kind: &str) -> Option<Slot> {
    let slot = |field, initial, shape| Some(Slot { field, initial, shape });
    match kind {
        "plain_text_input" | "email_text_input" | "url_text_input" | "number_input" => {
            slot("value", "initial_value", Shape::Text)
        }
        "static_select" | "external_select" | "radio_buttons" => {
            slot("selected_option", "initial_option", Shape::Choice)
        }
        "multi_static_select" | "multi_external_select" | "checkboxes" => {
            slot("selected_options", "initial_options", Shape::Choices)
        }
        "users_select" => slot("selected_user", "initial_user", Shape::Text),
        "conversations_select" => slot("selected_conversation", "initial_conversation", Shape::Text),
        "channels_select" => slot("selected_channel", "initial_channel", Shape::Text),
        "multi_users_select" => slot("selected_users", "initial_users", Shape::Texts),
        "multi_conversations_select" => slot("selected_conversations", "initial_conversations", Shape::Texts),
        "multi_channels_select" => slot("selected_channels", "initial_channels", Shape::Texts),
        "datepicker" => slot("selected_date", "initial_date", Shape::Text),
        "timepicker" => slot("selected_time", "initial_time", Shape::Text),
        "datetimepicker" => slot("selected_date_time", "initial_date_time", Shape::Number),
        "rich_text_input" => slot("rich_text_value", "initial_value", Shape::Object),
        "file_input" => slot("files", "initial_files", Shape::Texts),
        _ => None,
    }
}

/// The state of a view as it is opened: every input with its initial value.
pub(crate) fn initial_values(content: &Map<String, Value>) -> Map<String, Value> {
    let mut values = Map::new();
    let blocks = content.get("blocks").and_then(Value::as_array);
    for (block, element) in each(blocks.map_or(&[], Vec::as_slice)) {
        let kind = text(element, "type");
        if let Some(slot) = slot(kind) {
            let empty = if matches!(slot.shape, Shape::Texts | Shape::Choices) { json!([]) } else { Value::Null };
            let value = element.get(slot.initial).cloned().unwrap_or(empty);
            let state = json!({"type": kind, slot.field: value});
            set(&mut values, text(block, "block_id"), text(element, "action_id"), state);
        }
    }
    values
}

/// Whether an element keeps what was chosen; a menu of actions and a verdict do not.
pub(crate) fn keeps_state(kind: &str) -> bool {
    slot(kind).is_some()
}

/// What a verdict says: the text and the value of the button that was pressed, by name or by value.
pub(crate) fn feedback(element: &Value, chosen: &str) -> Option<Value> {
    let is_chosen = |name: &&str| *name == chosen || element.get(*name).is_some_and(|of| text(of, "value") == chosen);
    let name = ["positive_button", "negative_button"].into_iter().find(is_chosen)?;
    let button = element.get(name)?;
    Some(json!({"text": button.get("text"), "value": button.get("value")}))
}

/// Puts the state of one element in its place.
pub(crate) fn set(values: &mut Map<String, Value>, block_id: &str, action_id: &str, state: Value) {
    let block = values.entry(block_id).or_insert_with(|| json!({}));
    if let Value::Object(block) = block {
        block.insert(action_id.to_owned(), state);
    }
}

/// Keeps what was entered in elements that an update leaves in place.
pub(crate) fn keep_entered(values: &mut Map<String, Value>, entered: &Map<String, Value>) {
    for (block_id, actions) in values.iter_mut() {
        let Value::Object(actions) = actions else { continue };
        for (action_id, state) in actions.iter_mut() {
            let before = entered.get(block_id).and_then(|block| block.get(action_id));
            if let Some(before) = before.filter(|before| before.get("type") == state.get("type")) {
                *state = before.clone();
            }
        }
    }
}

/// The state object that an element has once a person entered `input`.
///
/// A text is a text, an option's value, an id or a date; a list of texts is several of them; an
/// object is taken as the state itself. Nothing when the element cannot have that.
pub(crate) fn state_object(element: &Value, input: &Value) -> Option<Value> {
    let kind = text(element, "type");
    let slot = slot(kind)?;
    if let Value::Object(state) = input {
        let mut state = state.clone();
        state.insert("type".to_owned(), kind.into());
        return state.contains_key(slot.field).then_some(Value::Object(state));
    }
    let is_external = kind.ends_with("external_select");
    let option = |value: &Value| -> Option<Value> {
        let value = value.as_str()?;
        let known = option_of(element, value).cloned();
        let typed = || json!({"text": {"type": "plain_text", "text": value, "emoji": true}, "value": value});
        known.or_else(|| is_external.then(typed))
    };
    let value = match (slot.shape, input) {
        (_, Value::Null) => Value::Null,
        (Shape::Text, Value::String(_)) | (Shape::Number, Value::Number(_)) => input.clone(),
        (Shape::Text, Value::Number(number)) => Value::String(number.to_string()),
        (Shape::Number, Value::String(text)) => Value::from(text.parse::<u64>().ok()?),
        (Shape::Texts, Value::Array(items)) if items.iter().all(Value::is_string) => input.clone(),
        (Shape::Texts, Value::String(_)) => json!([input]),
        (Shape::Choice, Value::String(_)) => option(input)?,
        (Shape::Choices, Value::String(_)) => json!([option(input)?]),
        (Shape::Choices, Value::Array(items)) => items.iter().map(option).collect::<Option<Vec<_>>>()?.into(),
        _ => return None,
    };
    Some(json!({"type": kind, slot.field: value}))
}

/// The fields that a `block_actions` action carries beside its ids.
pub(crate) fn action_fields(element: &Value, state: Option<&Value>) -> Map<String, Value> {
    let mut fields = state.and_then(Value::as_object).cloned().unwrap_or_default();
    fields.insert("type".to_owned(), element.get("type").cloned().unwrap_or_default());
    for name in ["text", "value", "style", "placeholder", "confirm", "url"] {
        if let (false, Some(value)) = (fields.contains_key(name), element.get(name)) {
            fields.insert(name.to_owned(), value.clone());
        }
    }
    fields
}

/// True for an input that must not be left empty.
pub(crate) fn is_required(block: &Value) -> bool {
    text(block, "type") == "input" && block.get("optional").and_then(Value::as_bool) != Some(true)
}

/// What Slack's client refuses before it submits a view: block id to the reason.
pub(crate) fn input_errors(blocks: &[Value], values: &Map<String, Value>) -> Map<String, Value> {
    let mut errors = Map::new();
    for block in blocks.iter().filter(|block| text(block, "type") == "input") {
        let Some(element) = elements(block).next() else { continue };
        let Some(slot) = slot(text(element, "type")) else { continue };
        let block_id = text(block, "block_id");
        let state = values.get(block_id).and_then(|block| block.get(text(element, "action_id")));
        let value = state.and_then(|state| state.get(slot.field)).unwrap_or(&Value::Null);
        if let Some(reason) = input_error(block, element, value) {
            errors.insert(block_id.to_owned(), reason.into());
        }
    }
    errors
}

fn input_error(block: &Value, element: &Value, value: &Value) -> Option<String> {
    let is_empty = value.is_null() || value == "" || value.as_array().is_some_and(Vec::is_empty);
    if is_empty {
        return is_required(block).then(|| "Please complete this required field.".to_owned());
    }
    let entered = value.as_str()?.chars().count();
    let bound = |name: &str| element.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    if text(element, "type") != "plain_text_input" {
        return None;
    }
    // Slack: 3000 characters where the app says nothing.
    let longest = bound("max_length").unwrap_or(3000);
    if entered > longest {
        return Some(format!("This entry is too long: at most {longest} characters."));
    }
    let shortest = bound("min_length").unwrap_or(0);
    (entered < shortest).then(|| format!("This entry is too short: at least {shortest} characters."))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}
