//! Reading the configuration.

use std::path::{Path, PathBuf};

use figment::{
    Figment, Metadata, Profile, Provider,
    error::Kind,
    providers::{Format as _, Toml},
    value::{Dict, Map, Value},
};

use super::{Config, ConfigError, DEFAULTS, Dirs};
use crate::environment::Environment;

/// Prefix of our own variables: `COUNTERSIGN__SLACK__API_URL` is `slack.api_url`.
const PREFIX: &str = "COUNTERSIGN__";

/// Slack's own variables, and the keys they set.
const SLACK_VARIABLES: &[(&str, [&str; 2])] = &[
    ("SLACK_BOT_TOKEN", ["slack", "bot_token"]),
    ("SLACK_APP_TOKEN", ["slack", "app_token"]),
    ("SLACK_API_URL", ["slack", "api_url"]),
];

/// Where the file came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// `--config`: nothing outside the file counts.
    Pinned(PathBuf),
    /// `COUNTERSIGN_CONFIG`, or the user's own file.
    Found(PathBuf),
    /// No file.
    None,
}

/// A configuration and where it came from.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) config: Config,
    pub(crate) source: Source,
    figment: Figment,
}

impl Loaded {
    /// Where a value comes from, in words.
    pub(crate) fn origin(&self, key: &str) -> String {
        self.figment.find_metadata(key).map_or_else(|| "not set".to_owned(), origin)
    }
}

/// Reads the configuration. `pinned` is `--config`.
pub(crate) fn load(pinned: Option<&Path>, environment: &Environment, dirs: &Dirs) -> Result<Loaded, ConfigError> {
    let source = find(pinned, environment, dirs)?;
    let mut figment = Figment::new().merge(Named { name: "the defaults".into(), provider: Toml::string(DEFAULTS) });
    if let Source::Pinned(path) | Source::Found(path) = &source {
        figment = figment.merge(Toml::file_exact(path));
    }
    if !matches!(source, Source::Pinned(_)) {
        figment = figment.merge(Variables(environment));
    }
    let config = figment.extract().map_err(|error| explain(&error, &figment))?;
    Ok(Loaded { config, source, figment })
}

fn find(pinned: Option<&Path>, environment: &Environment, dirs: &Dirs) -> Result<Source, ConfigError> {
    let existing = |path: PathBuf| if path.is_file() { Ok(path) } else { Err(ConfigError::Missing(path)) };
    if let Some(path) = pinned {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        return existing(absolute).map(Source::Pinned);
    }
    if let Some(path) = environment.path("COUNTERSIGN_CONFIG") {
        return existing(path).map(Source::Found);
    }
    let own = dirs.config_file();
    Ok(if own.is_file() { Source::Found(own) } else { Source::None })
}

/// A provider under a name that people understand.
struct Named<P> {
    name: String,
    provider: P,
}

impl<P: Provider> Provider for Named<P> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        self.provider.data()
    }
}

/// The variables that count, from the snapshot that was taken at the start.
struct Variables<'a>(&'a Environment);

impl Provider for Variables<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named("the environment")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let mut root = Dict::new();
        for (name, path) in SLACK_VARIABLES {
            if let Some(text) = self.0.text(name) {
                insert(&mut root, &path.map(str::to_owned), Value::from(text));
            }
        }
        for (name, text) in self.0.prefixed(PREFIX) {
            let path: Vec<String> = name.split("__").map(str::to_ascii_lowercase).collect();
            // The same syntax as in figment's own provider: numbers, booleans and [lists] are read as such.
            let value = text.parse().unwrap_or_else(|_| Value::from(text));
            insert(&mut root, &path, value);
        }
        Ok(Profile::Default.collect(root))
    }
}

fn insert(dict: &mut Dict, path: &[String], value: Value) {
    match path {
        [] => {}
        [last] => {
            dict.insert(last.clone(), value);
        }
        [first, rest @ ..] => {
            let inner = dict.entry(first.clone()).or_insert_with(|| Value::from(Dict::new()));
            if let Value::Dict(_, inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

/// figment's first error in our words.
fn explain(error: &figment::Error, figment: &Figment) -> ConfigError {
    let mut path = error.path.clone();
    let metadata = error.metadata.as_ref().or_else(|| figment.find_metadata(&path.join(".")));
    let origin = metadata.map_or_else(|| "the configuration".to_owned(), origin);
    match &error.kind {
        Kind::UnknownField(name, expected) => {
            if path.last() != Some(name) {
                path.push(name.clone());
            }
            let nearest = nearest(name, expected).map(|near| {
                let mut near_path = path.clone();
                near_path.pop();
                near_path.push(near.to_owned());
                near_path.join(".")
            });
            ConfigError::UnknownKey { key: path.join("."), origin, nearest }
        }
        kind => {
            let key = if path.is_empty() { String::new() } else { format!("`{}`: ", path.join(".")) };
            ConfigError::Invalid { origin, message: format!("{key}{kind}") }
        }
    }
}

fn origin(metadata: &Metadata) -> String {
    match metadata.source.as_ref().and_then(figment::Source::file_path) {
        Some(path) => path.display().to_string(),
        None => metadata.name.to_string(),
    }
}

/// The expected word that is most like `word`, if any is at all.
fn nearest<'a>(word: &str, expected: &'a [&'a str]) -> Option<&'a str> {
    expected
        .iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), *candidate))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
