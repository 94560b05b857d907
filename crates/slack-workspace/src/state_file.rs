//! What outlives a workspace's process: the state file.
//!
//! JSON with a version. A field that a later version adds must be readable when it is missing; a file of a later
//! version is refused.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;

use crate::Workspace;
use crate::config::Config;
use crate::disk;
use crate::error::StartError;
use crate::model::{ChangeKind, Mint, State, saved};
use crate::seed::Seed;
use crate::workspace::seed_bytes;
use crate::world::{self, Ground, Landmarks};

/// The version this program writes and reads.
const VERSION: u32 = 1;
/// How long after a change the file is written; changes in between go with it.
const DELAY: Duration = Duration::from_secs(2);

/// Why a state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateFileError {
    /// It cannot be read.
    #[error("{path} could not be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is no state file.
    #[error("{path} is not the state of a workspace")]
    Parse {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        #[source]
        source: serde_json::Error,
    },
    /// It is of another version of this program.
    #[error("{path} has version {found}, this program reads {VERSION}")]
    Version {
        /// The file.
        path: PathBuf,
        /// The file's version.
        found: u32,
    },
}

/// What a workspace begins with.
#[derive(Debug)]
pub(crate) struct Kept {
    /// As it was given, or as it was when the workspace was first made.
    pub(crate) config: Config,
    pub(crate) seed: Seed,
    pub(crate) seed_entropy: SecretString,
    pub(crate) control_token: SecretString,
    pub(crate) state: State,
    pub(crate) landmarks: Landmarks,
    /// The time when it was kept, milliseconds since the epoch; zero for a fresh one.
    pub(crate) now_ms: u64,
}

/// The content of the file: what is written, borrowed…
#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    now_ms: u64,
    config: &'a Config,
    seed: &'a Seed,
    #[serde(with = "saved::secret")]
    seed_entropy: &'a SecretString,
    #[serde(with = "saved::secret")]
    control_token: &'a SecretString,
    landmarks: &'a Landmarks,
    state: &'a State,
}

/// … and what is read.
#[derive(Deserialize)]
struct Read {
    now_ms: u64,
    config: Config,
    seed: Seed,
    #[serde(with = "saved::secret")]
    seed_entropy: SecretString,
    #[serde(with = "saved::secret")]
    control_token: SecretString,
    landmarks: Landmarks,
    state: State,
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl Kept {
    /// The workspace that was kept, or a fresh one.
    pub(crate) fn begin(config: Config, mint: &mut Mint, now_ms: u64) -> Result<Self, StartError> {
        let text = config.state.as_deref().map(read).transpose().map_err(StartError::State)?.flatten();
        match (text, config.state.clone()) {
            (Some(text), Some(path)) => Self::again(config, &path, &text).map_err(StartError::State),
            _ => Self::fresh(config, mint, now_ms),
        }
    }

    fn fresh(config: Config, mint: &mut Mint, now_ms: u64) -> Result<Self, StartError> {
        let seed = config.seed.as_deref().map(Seed::read).transpose().map_err(StartError::Seed)?.unwrap_or_default();
        let seed_entropy = SecretString::from(mint.hex(64));
        let control_token = SecretString::from(mint.word(32));
        let ground = Ground { config: &config, seed: &seed, entropy: seed_bytes(seed_entropy.expose_secret()) };
        let (state, landmarks) = world::build(ground, "http://127.0.0.1".to_owned(), now_ms)?;
        Ok(Self { config, seed, seed_entropy, control_token, state, landmarks, now_ms: 0 })
    }

    fn again(config: Config, path: &Path, text: &str) -> Result<Self, StateFileError> {
        let parse = |source| StateFileError::Parse { path: path.to_owned(), source };
        let Versioned { version } = serde_json::from_str(text).map_err(parse)?;
        if version != VERSION {
            return Err(StateFileError::Version { path: path.to_owned(), found: version });
        }
        let read: Read = serde_json::from_str(text).map_err(parse)?;
        // What the world was made of stays; how it is served is for every start to say.
        let made_of = read.config;
        let config = Config {
            team_name: made_of.team_name,
            app_name: made_of.app_name,
            people: made_of.people,
            channels: made_of.channels,
            ..config
        };
        Ok(Self {
            config,
            seed: read.seed,
            seed_entropy: read.seed_entropy,
            control_token: read.control_token,
            state: read.state,
            landmarks: read.landmarks,
            now_ms: read.now_ms,
        })
    }
}

/// The file's text; nothing when there is no such file yet.
fn read(path: &Path) -> Result<Option<String>, StateFileError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StateFileError::Read { path: path.to_owned(), source }),
    }
}

impl Workspace {
    /// Writes the state file whenever something has changed, until the workspace stops.
    pub(crate) async fn keep_state(&self) {
        if self.config().state.is_none() {
            return;
        }
        let mut changes = self.changes();
        let on_change = async {
            loop {
                match changes.recv().await {
                    // What is written down in the journal is not kept.
                    Ok(change) if change.kind == ChangeKind::Journal => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => {
                        tokio::time::sleep(DELAY).await;
                        changes = changes.resubscribe();
                        self.save_state().await;
                    }
                    Err(RecvError::Closed) => return,
                }
            }
        };
        tokio::select! {
            () = self.stopping().cancelled() => {}
            () = on_change => {}
        }
    }

    /// Writes the state file, whole or not at all.
    pub(crate) async fn save_state(&self) {
        let Some(path) = self.config().state.clone() else { return };
        let workspace = self.clone();
        let written = tokio::task::spawn_blocking(move || {
            let _saving = workspace.saving();
            let text = workspace.read(|state| workspace.written(state))?;
            disk::replace(&path, &text, 0o600)
        });
        match written.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the state file could not be written"),
            Err(error) => tracing::warn!(%error, "the state file could not be written"),
        }
    }

    fn written(&self, state: &State) -> io::Result<Vec<u8>> {
        let (seed, seed_entropy) = self.origin();
        let written = Written {
            version: VERSION,
            now_ms: self.clock().now_ms(),
            config: self.config(),
            seed,
            seed_entropy,
            control_token: self.control_token(),
            landmarks: self.landmarks(),
            state,
        };
        Ok(serde_json::to_vec(&written)?)
    }
}
