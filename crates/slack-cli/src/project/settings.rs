//! What else a project says of itself: `.slack/config.json`, and its files.

use std::path::Path;

use serde_json::Value;

use super::ManifestSource;
use crate::{Code, Failure, json_file};

/// Which runtime a file tells.
const RUNTIMES: [(&str, &str); 8] = [
    ("deno.json", "deno"),
    ("deno.jsonc", "deno"),
    ("import_map.json", "deno"),
    ("Cargo.toml", "rust"),
    ("package.json", "node"),
    ("requirements.txt", "python"),
    ("pyproject.toml", "python"),
    ("app.py", "python"),
];

/// What a project's `.slack/config.json` has for us.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Saved {
    pub(super) project_id: Option<String>,
    pub(super) manifest_source: ManifestSource,
}

/// Reads a project's `.slack/config.json`; one that is missing or empty says nothing.
pub(super) fn read(root: &Path) -> Result<Saved, Failure> {
    let path = root.join(".slack/config.json");
    let file = json_file::read(&path)?;
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::trim).unwrap_or_default().to_owned();
    let source = file.get("manifest").and_then(|manifest| manifest.get("source"));
    let manifest_source = match text(source).as_str() {
        "" | "local" => ManifestSource::Local,
        "remote" => ManifestSource::Remote,
        other => {
            let message = format!("{other:?} is no manifest source");
            return Err(Failure::new(Code::ProjectConfigManifestSource, message)
                .detail(format!("manifest.source in {}", path.display()))
                .remedy("write \"local\" or \"remote\""));
        }
    };
    Ok(Saved { project_id: Some(text(file.get("project_id"))).filter(|id| !id.is_empty()), manifest_source })
}

/// What a project runs on, seen from its files.
pub(super) fn runtime_of(root: &Path) -> Option<&'static str> {
    RUNTIMES.into_iter().find(|(file, _)| root.join(file).is_file()).map(|(_, runtime)| runtime)
}
