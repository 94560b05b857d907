//! What a form sent, and the state objects that Slack makes of it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::json::{items, string};

/// A form's fields in order; names repeat where several options are chosen.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// Adds a value, such as the id of a file that came with the form.
    pub(super) fn push(&mut self, name: String, value: String) {
        self.0.push((name, value));
    }

    /// The first value of a field.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a field.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All fields, for forms that carry an earlier form along.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Errors by block id.
pub(super) type Errors = BTreeMap<String, String>;

/// The field name of an element: both ids as JSON, because either may hold any character.
pub(super) fn field_name(block_id: &str, action_id: &str) -> String {
    json!([block_id, action_id]).to_string()
}

/// An element that somebody used: a button, a menu, an input that reports at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Press {
    pub(super) block_id: String,
    pub(super) action_id: String,
    /// The chosen option of an overflow menu, whose choice is not a field.
    pub(super) option: Option<String>,
}

impl Press {
    /// Reads the value of a pressed button.
    pub(super) fn parse(raw: &str) -> Option<Self> {
        let parts: Vec<String> = serde_json::from_str(raw).ok()?;
        let mut parts = parts.into_iter();
        Some(Self { block_id: parts.next()?, action_id: parts.next()?, option: parts.next() })
    }
}

/// The value of a button that chooses one option of an overflow menu.
pub(super) fn option_name(block_id: &str, action_id: &str, value: &str) -> String {
    json!([block_id, action_id, value]).to_string()
}

/// Every interactive element of some blocks, with its block's id.
pub(super) fn elements(blocks: &[Value]) -> impl Iterator<Item = (&str, &Value)> {
    crate::blocks::each(blocks)
        .filter(|(_, element)| element.get("action_id").is_some())
        .map(|(block, element)| (string(block, "block_id"), element))
}

/// The element that was pressed.
pub(super) fn find<'a>(blocks: &'a [Value], press: &Press) -> Option<&'a Value> {
    elements(blocks)
        .find(|(block, element)| *block == press.block_id && string(element, "action_id") == press.action_id)
        .map(|(_, element)| element)
}

/// `state.values` as Slack would report it for what the form holds.
pub(super) fn state(blocks: &[Value], fields: &Fields) -> Map<String, Value> {
    let mut values = Map::new();
    for (block_id, element) in elements(blocks) {
        let action_id = string(element, "action_id");
        if let Some(answer) = answer(element, &field_name(block_id, action_id), fields) {
            let block = values.entry(block_id).or_insert_with(|| Value::Object(Map::new()));
            if let Some(block) = block.as_object_mut() {
                block.insert(action_id.to_owned(), answer);
            }
        }
    }
    values
}

/// One element's state object; `None` for what has no state.
pub(super) fn answer(element: &Value, name: &str, fields: &Fields) -> Option<Value> {
    let kind = string(element, "type");
    let one = fields.get(name).filter(|value| !value.is_empty());
    let all = || fields.all(name).filter(|value| !value.is_empty());
    let options = |chosen: &mut dyn Iterator<Item = &str>| -> Vec<Value> {
        chosen.filter_map(|value| option(element, value)).collect()
    };
    let (key, value) = match kind {
        "plain_text_input" | "number_input" | "email_text_input" | "url_text_input" => ("value", json!(one)),
        "static_select" | "radio_buttons" | "external_select" => {
            ("selected_option", json!(one.and_then(|value| option(element, value))))
        }
        "checkboxes" | "multi_static_select" | "multi_external_select" => {
            ("selected_options", Value::Array(options(&mut all())))
        }
        "users_select" => ("selected_user", json!(one)),
        "conversations_select" => ("selected_conversation", json!(one)),
        "channels_select" => ("selected_channel", json!(one)),
        "multi_users_select" => ("selected_users", json!(all().collect::<Vec<_>>())),
        "multi_conversations_select" => ("selected_conversations", json!(all().collect::<Vec<_>>())),
        "multi_channels_select" => ("selected_channels", json!(all().collect::<Vec<_>>())),
        "datepicker" => ("selected_date", json!(one)),
        "timepicker" => ("selected_time", json!(one)),
        "datetimepicker" => ("selected_date_time", json!(one.and_then(epoch))),
        // Still as it was typed, and as ids: the workspace alone can make of them what apps get.
        "rich_text_input" => ("rich_text_value", json!(one)),
        "file_input" => ("files", json!(all().collect::<Vec<_>>())),
        _ => return None,
    };
    Some(json!({"type": kind, key: value}))
}

/// Seconds since the epoch of a `datetime-local` field, on this machine's clock.
fn epoch(local: &str) -> Option<i64> {
    let at: jiff::civil::DateTime = local.parse().ok()?;
    let at = at.to_zoned(jiff::tz::TimeZone::system()).ok()?;
    Some(at.timestamp().as_second())
}

/// All options of an element, those in groups included.
pub(super) fn options(element: &Value) -> impl Iterator<Item = &Value> {
    let grouped = items(element, "option_groups").iter().flat_map(|group| items(group, "options"));
    items(element, "options").iter().chain(grouped)
}

/// The option with this value; an external select's options are the app's own and are taken by value.
fn option(element: &Value, value: &str) -> Option<Value> {
    if string(element, "type").ends_with("external_select") {
        return Some(
            unpacked(value).unwrap_or_else(|| json!({"value": value, "text": {"type": "plain_text", "text": value}})),
        );
    }
    options(element).find(|option| string(option, "value") == value).cloned()
}

/// An option that the app offered, as the form carries it; nothing but text and value is taken from it.
fn unpacked(raw: &str) -> Option<Value> {
    let option: Value = serde_json::from_str(raw).ok()?;
    let (shown, value) = (option.get("text")?.get("text")?.as_str()?, option.get("value")?.as_str()?);
    let mut clean = json!({"text": {"type": "plain_text", "text": shown, "emoji": true}, "value": value});
    if let Some(description) = option.get("description").filter(|text| text.is_object()) {
        clean["description"] = description.clone();
    }
    Some(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        Fields::new(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn a_form_becomes_slacks_state() {
        let option = |v: &str| json!({"value": v, "text": {"type": "plain_text", "text": v}});
        let blocks = [
            json!({"type": "input", "block_id": "b\"1", "element": {"type": "plain_text_input", "action_id": "a"}}),
            json!({"type": "input", "block_id": "b2", "element": {"type": "checkboxes", "action_id": "a",
                "options": [option("x"), option("y"), option("z")]}}),
            json!({"type": "actions", "block_id": "b3", "elements": [
                {"type": "static_select", "action_id": "s", "option_groups": [{"options": [option("q")]}]},
                {"type": "button", "action_id": "go"},
                {"type": "datepicker", "action_id": "d"}]}),
        ];
        let sent = fields(&[
            (&field_name("b\"1", "a"), "why"),
            (&field_name("b2", "a"), "x"),
            (&field_name("b2", "a"), "z"),
            (&field_name("b2", "a"), "forged"),
            (&field_name("b3", "s"), "q"),
            (&field_name("b3", "d"), ""),
        ]);
        insta::assert_json_snapshot!(state(&blocks, &sent));
    }

    #[test]
    fn a_press_names_an_element_and_perhaps_an_option() {
        let press = Press::parse(&option_name("b", "a", "v")).unwrap();
        assert_eq!(press, Press { block_id: "b".into(), action_id: "a".into(), option: Some("v".into()) });
        for bad in ["", "[]", "[\"b\"]", "{}", "[1,2]"] {
            assert_eq!(Press::parse(bad), None);
        }
    }
}
