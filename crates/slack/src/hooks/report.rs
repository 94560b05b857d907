//! What `check-update`, `install-update` and `doctor` answer.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// What went wrong, for people to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// What.
    pub message: String,
}

/// The answer of `check-update`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CheckUpdate {
    /// What the releases belong to.
    pub name: String,
    /// What it consists of.
    pub releases: Vec<Release>,
    /// What else is to be said, such as how to update by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Where one can read more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Why the answer is not complete.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "fault")]
    pub error: Option<Fault>,
}

/// One dependency, and its newest version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// The version that is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    /// The newest version there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<String>,
    /// The newest version is another.
    pub update: bool,
    /// It may need the app to be changed.
    pub breaking: bool,
    /// What else is to be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Where one can read more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Why nothing is known of it.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "fault")]
    pub error: Option<Fault>,
}

/// The answer of `install-update`.
///
/// The specification's sample has `releases`; the reference CLI reads `updates`. Both are written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InstallUpdate {
    /// What the updates belong to.
    pub name: String,
    /// What was taken.
    pub updates: Vec<Installed>,
    /// The same, as the specification's sample has it.
    pub releases: Vec<Release>,
    /// What else is to be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Where one can read more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Why it did not work.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "fault")]
    pub error: Option<Fault>,
}

/// One dependency that was updated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Installed {
    /// Its name.
    pub name: String,
    /// The version before.
    pub previous: String,
    /// The version now.
    pub installed: String,
    /// Why it was not updated.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "fault")]
    pub error: Option<Fault>,
}

/// The answer of `doctor`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Doctor {
    /// What the app needs, and what there is.
    pub versions: Vec<Version>,
}

/// Something that the app needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Version {
    /// Its name.
    pub name: String,
    /// The version that is there.
    pub current: String,
    /// What else is to be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "fault")]
    pub error: Option<Fault>,
}

impl Fault {
    /// A fault with its text.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        fault(deserializer).map(|fault| fault.unwrap_or_else(|| Self::new("")))
    }
}

/// A fault as an object or a text; an empty text is none.
fn fault<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Fault>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text).filter(|text| !text.is_empty()).map(Fault::new)),
        Value::Object(object) => {
            let message = object.get("message").and_then(Value::as_str).unwrap_or_default();
            Ok(Some(Fault::new(message)))
        }
        _ => Err(serde::de::Error::custom("expected an object with a message")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_specifications_samples_are_read() {
        let sample = json!({"name": "", "releases": [{"name": "", "current": "", "latest": "", "update": true,
            "breaking": false, "message": "", "url": "", "error": ""}], "message": "", "url": "", "error": ""});
        let check: CheckUpdate = serde_json::from_value(sample.clone()).unwrap();
        assert!(check.releases[0].update && check.error.is_none());
        let install: InstallUpdate = serde_json::from_value(sample).unwrap();
        assert_eq!(install.releases.len(), 1);
        let doctor = json!({"versions": [{"name": "", "current": "", "message": "", "error": ""}]});
        assert_eq!(serde_json::from_value::<Doctor>(doctor).unwrap().versions[0].error, None);
    }

    #[test]
    fn errors_are_written_as_objects_and_read_in_both_forms() {
        let report = CheckUpdate { name: "n".to_owned(), error: Some(Fault::new("offline")), ..CheckUpdate::default() };
        let written = serde_json::to_value(&report).unwrap();
        assert_eq!(written, json!({"name": "n", "releases": [], "error": {"message": "offline"}}));
        assert_eq!(serde_json::from_value::<CheckUpdate>(written).unwrap(), report);
        let text: CheckUpdate = serde_json::from_value(json!({"name": "n", "error": "offline"})).unwrap();
        assert_eq!(text.error, report.error);
        assert!(serde_json::from_value::<CheckUpdate>(json!({"error": 7})).is_err());
    }

    #[test]
    fn an_installed_update_is_what_the_reference_reads() {
        let installed =
            Installed { name: "n".to_owned(), previous: "1".to_owned(), installed: "2".to_owned(), error: None };
        let report = InstallUpdate { name: "Rust".to_owned(), updates: vec![installed], ..InstallUpdate::default() };
        let written = serde_json::to_value(report).unwrap();
        assert_eq!(written["updates"], json!([{"name": "n", "previous": "1", "installed": "2"}]));
        assert_eq!(written["releases"], json!([]));
    }
}
