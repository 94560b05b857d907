//! Agents and connections.

use std::collections::BTreeMap;

use countersign_approval::Timestamp;
use serde::{Deserialize, Serialize};

use super::secret::WireSecret;
use crate::connection::{Secret, SecretSource, Target};

/// An agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentView {
    /// Its name.
    pub name: String,
    /// Whether it is connected to any node now.
    pub connected: bool,
    /// The nodes it is connected to.
    pub nodes: Vec<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last heard of, to the minute.
    pub seen_at: Option<Timestamp>,
    /// The version it told.
    pub version: Option<String>,
}

/// An agent to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentInput {
    /// Give an agent that is there already another token; its old one is worth nothing from then on.
    #[serde(default)]
    pub overwrite: bool,
}

/// An agent that was made; its token is shown this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAgent {
    /// The token that it dials in with.
    pub token: WireSecret,
    /// The agent.
    pub agent: AgentView,
}

/// A connection. Values of variables are given to nobody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionView {
    /// Its name.
    pub name: String,
    /// Grows with every change.
    pub revision: u64,
    /// The agent that reaches it.
    pub agent: String,
    /// Whether that agent is connected now.
    pub agent_connected: bool,
    /// What is there.
    pub target: Target,
    /// Its variables by name, and where their values are.
    pub env: Vec<EnvView>,
    /// The plugins that are on for it, e.g. `review`, `slack`.
    pub plugins: Vec<String>,
    /// When it was changed last.
    pub changed_at: Timestamp,
}

/// A variable without its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvView {
    /// Its name.
    pub name: String,
    /// `sealed`, `env:NAME` or `file:/path`.
    pub source: String,
}

impl From<&Secret> for EnvView {
    fn from(secret: &Secret) -> Self {
        let source = match &secret.source {
            SecretSource::Sealed { .. } => "sealed".to_owned(),
            SecretSource::Env { name } => format!("env:{name}"),
            SecretSource::File { path } => format!("file:{path}"),
        };
        Self { name: secret.name.clone(), source }
    }
}

/// A connection as an administrator describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionInput {
    /// Replace a connection that is there already.
    #[serde(default)]
    pub overwrite: bool,
    /// The agent that reaches it.
    pub agent: String,
    /// What is there.
    pub target: TargetInput,
    /// Its variables, all of them; those that are there already when nothing is said.
    #[serde(default)]
    pub env: Option<BTreeMap<String, EnvInput>>,
}

/// What a connection leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetInput {
    /// Program and leading arguments.
    Command(Vec<String>),
    /// `host:port`, as the agent sees it.
    Tcp(String),
}

/// A variable's value, or where it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvInput {
    /// The value; sealed when it arrives.
    Value(WireSecret),
    /// In the agent's environment, under this name.
    Env(String),
    /// In a file next to the agent, by its absolute path.
    File(String),
}

/// A variable that cannot be. Nothing of its value is in the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEnv {
    /// No `=` in it.
    #[error("a variable is written NAME=VALUE, NAME=env:NAME or NAME=file:/path; there is no '=' here")]
    NoEquals,
    /// The name is none.
    #[error(
        "{name:?} is not the name of a variable: it takes letters, digits and '_', and does not begin with a digit"
    )]
    Name {
        /// What was given, at most its first 80 characters.
        name: String,
    },
    /// The path is not absolute.
    #[error("the file of variable {name} must be given by its absolute path")]
    RelativeFile {
        /// The variable.
        name: String,
    },
    /// The value cannot be a variable's.
    #[error("the value of variable {name} {wrong}")]
    Value {
        /// The variable.
        name: String,
        /// E.g. `holds a NUL character`.
        wrong: &'static str,
    },
}

/// Longest value of a variable, in bytes.
const MAX_VALUE_BYTES: usize = 64 * 1024;

/// Whether a text can name a variable of an environment.
pub fn is_env_name(name: &str) -> bool {
    name.len() <= 128
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit())
}

/// Reads `NAME=VALUE`, `NAME=env:NAME`, `NAME=file:/path`; `NAME=value:…` where a value begins like a reference.
pub fn parse_env(text: &str) -> Result<(String, EnvInput), InvalidEnv> {
    let (name, value) = text.split_once('=').ok_or(InvalidEnv::NoEquals)?;
    let value = EnvInput::from_text(value);
    value.check(name)?;
    Ok((name.to_owned(), value))
}

impl EnvInput {
    /// Reads a value, or a reference such as `env:NAME`.
    pub fn from_text(text: &str) -> Self {
        match text.split_once(':') {
            Some(("env", name)) => Self::Env(name.to_owned()),
            Some(("file", path)) => Self::File(path.to_owned()),
            Some(("value", value)) => Self::Value(WireSecret::new(value)),
            _ => Self::Value(WireSecret::new(text)),
        }
    }

    /// Whether it can be the value of a variable with this name.
    pub fn check(&self, name: &str) -> Result<(), InvalidEnv> {
        if !is_env_name(name) {
            return Err(InvalidEnv::Name { name: name.chars().take(80).collect() });
        }
        let wrong = |wrong| Err(InvalidEnv::Value { name: name.to_owned(), wrong });
        match self {
            Self::Value(value) if value.expose().contains('\0') => wrong("holds a NUL character"),
            Self::Value(value) if value.expose().len() > MAX_VALUE_BYTES => wrong("is longer than 64 KiB"),
            Self::Env(from) if !is_env_name(from) => Err(InvalidEnv::Name { name: from.chars().take(80).collect() }),
            Self::File(path) if !path.starts_with('/') => Err(InvalidEnv::RelativeFile { name: name.to_owned() }),
            Self::File(path) if path.contains('\0') || path.len() > 4096 => wrong("is not a path"),
            Self::Value(_) | Self::Env(_) | Self::File(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn values_and_references_are_told_apart() {
        let read = |text| parse_env(text).unwrap().1;
        assert_eq!(read("A=b=c"), EnvInput::Value(WireSecret::new("b=c")));
        assert_eq!(read("A=env:HOME"), EnvInput::Env("HOME".into()));
        assert_eq!(read("A=file:/run/x"), EnvInput::File("/run/x".into()));
        assert_eq!(read("A=value:env:HOME"), EnvInput::Value(WireSecret::new("env:HOME")));
        assert_eq!(read("A=https://x"), EnvInput::Value(WireSecret::new("https://x")));
    }

    #[rstest]
    #[case::no_equals("hunter2")]
    #[case::no_name("=hunter2")]
    #[case::digit("1A=hunter2")]
    #[case::space("A B=hunter2")]
    #[case::nul("A=hunter2\0")]
    #[case::relative("A=file:hunter2")]
    fn what_cannot_be_is_refused_without_showing_the_value(#[case] text: &str) {
        let error = parse_env(text).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
