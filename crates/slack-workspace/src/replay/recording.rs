//! Reading a recording.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use super::call::Call;
use super::gesture::Gesture;
use crate::config::Config;
use crate::error::StartError;
use crate::running::Running;
use crate::seed::Seed;
use crate::{Ready, Workspace};

/// The version this program writes and plays.
const VERSION: u32 = 1;

/// Why a recording cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// It cannot be read.
    #[error("{path} could not be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A line is no entry of a journal.
    #[error("line {line} of the recording is no entry of a journal")]
    Line {
        /// Counted from one.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// It does not begin with what the workspace was made of.
    #[error("the recording does not say what its workspace was made of")]
    NoBeginning,
    /// It is of another version of this program.
    #[error("the recording has version {found}, this program plays {VERSION}")]
    Version {
        /// The recording's version.
        found: u32,
    },
    /// The workspace came from a state file: it cannot be made afresh.
    #[error("the recording begins with a workspace that was kept: it cannot be made afresh")]
    Kept,
}

/// A run that was recorded.
#[derive(Clone, Debug)]
pub struct Recording {
    beginning: Beginning,
    pub(super) steps: Vec<Step>,
}

/// What somebody did, and what the app did then.
#[derive(Clone, Debug, Default)]
pub(super) struct Step {
    pub(super) gesture: Option<Gesture>,
    pub(super) calls: Vec<Call>,
    /// What the app was told: names are learnt from it.
    pub(super) told: Vec<Value>,
}

/// The first line.
#[derive(Clone, Debug, Deserialize)]
struct Beginning {
    version: u32,
    is_kept: bool,
    config: Value,
    seed: Seed,
    names: Value,
}

/// The first line of a recording.
pub(crate) fn describe(config: &Config, seed: &Seed, is_kept: bool, ready: &Ready) -> Value {
    let Config { team_name, app_name, people, channels, rate_limits, .. } = config;
    json!({
        "seq": 0, "kind": "workspace", "version": VERSION, "is_kept": is_kept, "seed": seed, "names": named(ready),
        "config": {
            "team_name": team_name, "app_name": app_name, "people": people, "channels": channels,
            "rate_limits": rate_limits,
        },
    })
}

/// What has a name that is the same each time.
pub(super) fn named(ready: &Ready) -> Value {
    let app = |app: &crate::ReadyApp| json!([app.app_id, app.bot_user_id]);
    let apps = |apps: &std::collections::BTreeMap<String, crate::ReadyApp>| {
        apps.iter().map(|(name, of)| (name.clone(), app(of))).collect::<serde_json::Map<_, _>>()
    };
    let teams = ready.teams.iter().map(|(name, team)| {
        let of = json!({
            "team": team.team_id, "users": team.users, "channels": team.channels, "apps": apps(&team.apps),
        });
        (name.clone(), of)
    });
    json!({
        "team": ready.team_id, "app": ready.app_id, "bot": ready.bot_user_id, "users": ready.users,
        "channels": ready.channels, "apps": apps(&ready.apps), "teams": teams.collect::<serde_json::Map<_, _>>(),
    })
}

impl Recording {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, RecordingError> {
        let text = fs::read_to_string(path);
        Self::parse(&text.map_err(|source| RecordingError::Read { path: path.to_owned(), source })?)
    }

    /// Reads a recording's text. A last line that was not finished, as after a crash, is left out.
    pub fn parse(text: &str) -> Result<Self, RecordingError> {
        let whole = if text.ends_with('\n') { text } else { text.rsplit_once('\n').map_or("", |(whole, _)| whole) };
        let mut lines = whole.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|(_, line)| !line.is_empty());
        let (_, first) = lines.next().ok_or(RecordingError::NoBeginning)?;
        let first: Value = serde_json::from_str(first).map_err(|source| RecordingError::Line { line: 1, source })?;
        if first.get("kind").and_then(Value::as_str) != Some("workspace") {
            return Err(RecordingError::NoBeginning);
        }
        let beginning: Beginning =
            serde_json::from_value(first).map_err(|source| RecordingError::Line { line: 1, source })?;
        if beginning.version != VERSION {
            return Err(RecordingError::Version { found: beginning.version });
        }
        if beginning.is_kept {
            return Err(RecordingError::Kept);
        }
        let mut steps = vec![Step::default()];
        for (line, text) in lines {
            let entry: Value = serde_json::from_str(text).map_err(|source| RecordingError::Line { line, source })?;
            if let Some(gesture) = Gesture::of(&entry) {
                steps.push(Step { gesture: Some(gesture), ..Step::default() });
            } else if let Some(step) = steps.last_mut() {
                step.take(&entry);
            }
        }
        Ok(Self { beginning, steps })
    }

    /// How many things people did.
    pub fn gestures(&self) -> usize {
        self.steps.iter().filter(|step| step.gesture.is_some()).count()
    }

    /// How many things the app did.
    pub fn calls(&self) -> usize {
        self.steps.iter().map(|step| step.calls.len()).sum()
    }

    /// What the recorded workspace called things.
    pub(super) fn names(&self) -> &Value {
        &self.beginning.names
    }

    /// Starts the workspace of the recording afresh; of `config` only how it is served counts.
    pub async fn start(&self, config: Config) -> Result<Running, StartError> {
        let text = |name: &str| self.beginning.config.get(name).and_then(Value::as_str).map(str::to_owned);
        let list = |name: &str| serde_json::from_value(self.beginning.config.get(name)?.clone()).ok();
        let config = Config {
            team_name: text("team_name").unwrap_or(config.team_name),
            app_name: text("app_name").unwrap_or(config.app_name),
            people: list("people").unwrap_or(config.people),
            channels: list("channels").unwrap_or(config.channels),
            rate_limits: self.beginning.config.get("rate_limits") == Some(&Value::Bool(true)),
            seed: None,
            state: None,
            ..config
        };
        Workspace::start_with(config, Some(self.beginning.seed.clone())).await
    }
}

impl Step {
    pub(super) fn take(&mut self, entry: &Value) {
        if let Some(call) = Call::of(entry) {
            self.calls.push(call);
        } else if entry.get("kind").and_then(Value::as_str) == Some("envelope") {
            self.told.push(entry.get("payload").cloned().unwrap_or_default());
        }
    }
}
