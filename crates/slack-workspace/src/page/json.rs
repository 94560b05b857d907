//! Reading JSON that an app sent: what is missing or of another type is empty, never an error.

use serde_json::Value;

/// A string field, or an empty string.
pub(super) fn string<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A list field, or an empty list.
pub(super) fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A whole number, also when it is written as a string.
pub(super) fn number(value: &Value, key: &str) -> Option<i64> {
    let field = value.get(key)?;
    field.as_i64().or_else(|| field.as_str().and_then(|text| text.parse().ok()))
}

/// Whether a field is `true`.
pub(super) fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or_default()
}

/// The `text` of a text object that stands under a key.
pub(super) fn label<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).map(|object| string(object, "text")).unwrap_or_default()
}
