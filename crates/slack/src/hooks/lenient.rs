//! The deviations from the formats that are out there, and their names.
//!
//! The specification's own samples write `"true"` for a switch, `""` for an error and a text for a list. They are read; a
//! CLI can say so with [`oddities`].

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Something that is not written as the specification's tables say, and is read all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oddity {
    /// Where, as a JSON pointer.
    pub pointer: String,
    /// What belongs there.
    pub expected: &'static str,
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is a text where {} belongs", self.pointer, self.expected)
    }
}

/// What in an interface or a hook's response is not written as the tables say, and is read all the same.
pub fn oddities(value: &Value) -> Vec<Oddity> {
    let mut found = Vec::new();
    for (pointer, expected) in [
        ("/config/sdk-managed-connection-enabled", "true or false"),
        ("/config/protocol-version", "a list of names"),
        ("/error", "an object with a message"),
    ] {
        note(&mut found, value.pointer(pointer), pointer.to_owned(), expected);
    }
    for list in ["releases", "updates", "versions"] {
        for (index, item) in value.get(list).and_then(Value::as_array).into_iter().flatten().enumerate() {
            note(&mut found, item.get("error"), format!("/{list}/{index}/error"), "an object with a message");
        }
    }
    found
}

fn note(found: &mut Vec<Oddity>, value: Option<&Value>, pointer: String, expected: &'static str) {
    if value.is_some_and(Value::is_string) {
        found.push(Oddity { pointer, expected });
    }
}

/// Commands; `null` is a hook that is switched off.
pub(super) fn commands<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let commands = Option::<BTreeMap<String, Option<String>>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(commands.into_iter().map(|(name, command)| (name, command.unwrap_or_default())).collect())
}

/// A switch, or its text.
pub(super) fn switch<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Bool(on) => Ok(on),
        Value::Null => Ok(false),
        Value::String(text) if text == "true" => Ok(true),
        Value::String(text) if text == "false" => Ok(false),
        _ => Err(serde::de::Error::custom("expected true or false")),
    }
}

/// A list of texts, or one text.
pub(super) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(vec![text]),
        list => serde_json::from_value(list).map_err(serde::de::Error::custom),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_deviation_is_named_with_its_place() {
        let interface = json!({"config": {"sdk-managed-connection-enabled": "true", "protocol-version": "default"}});
        let found: Vec<String> = oddities(&interface).iter().map(Oddity::to_string).collect();
        assert_eq!(
            found,
            [
                "/config/sdk-managed-connection-enabled is a text where true or false belongs",
                "/config/protocol-version is a text where a list of names belongs",
            ]
        );
        let report = json!({"error": "", "releases": [{"error": {"message": "m"}}, {"error": ""}], "versions": [{"error": "e"}]});
        let places: Vec<String> = oddities(&report).into_iter().map(|oddity| oddity.pointer).collect();
        assert_eq!(places, ["/error", "/releases/1/error", "/versions/0/error"]);
    }

    #[test]
    fn what_is_written_properly_has_none() {
        assert_eq!(
            oddities(&json!({"config": {"sdk-managed-connection-enabled": true}, "error": {"message": "m"}})),
            []
        );
        for value in [json!(null), json!([]), json!({"releases": 1, "config": []})] {
            assert_eq!(oddities(&value), []);
        }
    }
}
