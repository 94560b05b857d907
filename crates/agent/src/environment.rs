//! The environment of a command: a small clean base, the connection's variables, and ours.

use std::{fs::File, io::Read as _, path::Path};

use countersign_gateway::{
    SecretSource,
    wire::control::{EnvEntry, EnvSource, Start},
};

use crate::config::Surroundings;

/// Variables of the agent that commands see.
const BASE: [&str; 6] = ["PATH", "HOME", "LANG", "USER", "SHELL", "TMPDIR"];
/// Where programs are looked for when the agent has no `PATH`.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Longest value in a file: it has to fit into an environment anyway.
const MAX_VALUE_BYTES: u64 = 128 * 1024;

/// The session's id in the environment of each of its processes.
pub(crate) const SESSION_VARIABLE: &str = "COUNTERSIGN_SESSION";

/// Why an environment cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EnvironmentError {
    #[error("{0:?} cannot be the name of a variable")]
    Name(String),
    #[error("the variable {0} is there twice")]
    Twice(String),
    #[error("the value of {0} has a zero byte in it")]
    Value(String),
    #[error("the value of {0} came sealed, and only the server can open it")]
    Sealed(String),
    #[error("{name} refers to the variable {variable}, which the agent does not have")]
    NoVariable { name: String, variable: String },
    #[error("{name} refers to the file {path}, which cannot be used: {why}")]
    NoFile { name: String, path: String, why: String },
}

/// The whole environment of a session's command, in an order that later entries win.
pub(crate) fn of_command(
    start: &Start,
    term: &str,
    around: &Surroundings,
) -> Result<Vec<(String, String)>, EnvironmentError> {
    let mut variables: Vec<(String, String)> =
        BASE.iter().filter_map(|name| Some(((*name).to_owned(), around.text(name)?.to_owned()))).collect();
    if around.text("PATH").is_none() {
        variables.push(("PATH".to_owned(), DEFAULT_PATH.to_owned()));
    }
    variables.push(("TERM".to_owned(), term.to_owned()));
    check_names(&start.env)?;
    for entry in &start.env {
        variables.push((entry.name.clone(), value_of(entry, around)?));
    }
    variables.push(("COUNTERSIGN_CONNECTION".to_owned(), start.connection.to_string()));
    variables.push((SESSION_VARIABLE.to_owned(), start.session.to_string()));
    variables.push(("COUNTERSIGN_USER".to_owned(), start.person.replace('\0', "")));
    Ok(variables)
}

fn check_names(entries: &[EnvEntry]) -> Result<(), EnvironmentError> {
    let mut seen = std::collections::BTreeSet::new();
    for entry in entries {
        if entry.name.is_empty() || entry.name.contains(['=', '\0']) {
            return Err(EnvironmentError::Name(entry.name.chars().take(80).collect()));
        }
        if !seen.insert(&entry.name) {
            return Err(EnvironmentError::Twice(entry.name.clone()));
        }
    }
    Ok(())
}

fn value_of(entry: &EnvEntry, around: &Surroundings) -> Result<String, EnvironmentError> {
    let value = match &entry.value {
        EnvSource::Plain(value) => value.clone(),
        EnvSource::Reference(secret) => match &secret.source {
            SecretSource::Sealed { .. } => return Err(EnvironmentError::Sealed(entry.name.clone())),
            SecretSource::Env { name } => around
                .text(name)
                .map(str::to_owned)
                .ok_or_else(|| EnvironmentError::NoVariable { name: entry.name.clone(), variable: name.clone() })?,
            SecretSource::File { path } => read_value(Path::new(path)).map_err(|why| EnvironmentError::NoFile {
                name: entry.name.clone(),
                path: path.clone(),
                why,
            })?,
        },
    };
    if value.contains('\0') {
        return Err(EnvironmentError::Value(entry.name.clone()));
    }
    Ok(value)
}

/// The content of a file, without one newline at its end.
fn read_value(path: &Path) -> Result<String, String> {
    if !path.is_absolute() {
        return Err("the path is not absolute".to_owned());
    }
    let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_VALUE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_VALUE_BYTES {
        return Err(format!("it is longer than {MAX_VALUE_BYTES} bytes"));
    }
    let mut text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}

/// `TERM` as a person's terminal says it, where it is a plain word.
pub(crate) fn plain_term(term: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
    if (1..=64).contains(&term.len()) && term.bytes().all(plain) { term } else { "dumb" }
}
