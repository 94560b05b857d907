//! What outlives a workspace's process: the state file.
//!
//! JSON with a version. A field that a later version adds must be readable when it is missing; a file of a later
//! version is refused.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::Workspace;
use crate::config::Config;
use crate::disk;
use crate::error::StartError;
use crate::model::{Mint, State, saved};
use crate::seed::Seed;
use crate::teams::Teams;
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
    /// It cannot be written.
    #[error("{path} could not be written")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another workspace uses it.
    #[error("{path} is in use by another workspace")]
    InUse {
        /// The file.
        path: PathBuf,
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
    pub(crate) teams: Teams,
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
    teams: &'a [State],
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
    /// The teams beside the first.
    #[serde(default)]
    teams: Vec<State>,
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl Kept {
    /// The workspace that was kept, or a fresh one.
    pub(crate) fn begin(config: Config, seed: Option<Seed>, mint: &mut Mint, now_ms: u64) -> Result<Self, StartError> {
        let text = config.state.as_deref().map(read).transpose().map_err(StartError::State)?.flatten();
        match (text, config.state.clone()) {
            (Some(text), Some(path)) => Self::again(config, &path, &text).map_err(StartError::State),
            _ => Self::fresh(config, seed, mint, now_ms),
        }
    }

    fn fresh(config: Config, seed: Option<Seed>, mint: &mut Mint, now_ms: u64) -> Result<Self, StartError> {
        let read = || config.seed.as_deref().map(Seed::read).transpose().map(Option::unwrap_or_default);
        let seed = seed.map_or_else(read, Ok).map_err(StartError::Seed)?;
        let seed_entropy = SecretString::from(mint.hex(64));
        let control_token = SecretString::from(mint.word(32));
        let ground = Ground { config: &config, seed: &seed, entropy: seed_bytes(seed_entropy.expose_secret()) };
        let (teams, landmarks) = world::build(ground, "http://127.0.0.1".to_owned(), now_ms)?;
        Ok(Self { config, seed, seed_entropy, control_token, teams, landmarks, now_ms: 0 })
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
            teams: Teams::new(read.state, read.teams),
            landmarks: read.landmarks,
            now_ms: read.now_ms,
        })
    }
}

/// Keeps other processes from a state file as long as it lives.
#[derive(Debug)]
pub(crate) struct Lock {
    // Locks end with the open file.
    _file: File,
}

impl Lock {
    /// Takes the lock beside a state file; the lock's own file stays when it is given back.
    pub(crate) fn take(path: &Path) -> Result<Self, StateFileError> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".lock");
        let failed = |source| StateFileError::Write { path: path.to_owned(), source };
        let file = File::options().create(true).truncate(false).write(true).open(path.with_file_name(name));
        let file = file.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StateFileError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
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
        let on_change = async {
            loop {
                self.touched().notified().await;
                tokio::time::sleep(DELAY).await;
                self.save_state().await;
            }
        };
        tokio::select! {
            () = self.stopping().cancelled() => {}
            () = on_change => {}
        }
    }

    /// Writes the state file, whole or not at all.
    pub(crate) async fn save_state(&self) {
        let workspace = self.clone();
        let written = tokio::task::spawn_blocking(move || workspace.write_state()).await;
        let failed = match written {
            Ok(Ok(())) => None,
            Ok(Err(error)) => {
                Some(std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string))
            }
            Err(error) => Some(error.to_string()),
        };
        self.set_saved(failed.is_none());
        if let Some(error) = failed {
            tracing::warn!(%error, "the state file could not be written");
        }
    }

    /// Writes the state file now, if there is to be one.
    pub(crate) fn write_state(&self) -> Result<(), StateFileError> {
        let Some(path) = self.config().state.clone() else { return Ok(()) };
        let _saving = self.saving();
        if !self.is_locked() {
            return Ok(());
        }
        // Everybody waits for the copy alone, which shares the messages, not for the text that is made of it.
        let teams = self.read_teams(Teams::snapshot);
        let text = self.written(&teams);
        let written = text.and_then(|text| disk::replace(&path, &text, 0o600));
        written.map_err(|source| StateFileError::Write { path, source })
    }

    fn written(&self, teams: &Teams) -> io::Result<Vec<u8>> {
        let (seed, seed_entropy) = self.origin();
        let written = Written {
            version: VERSION,
            now_ms: self.clock().now_ms(),
            config: self.config(),
            seed,
            seed_entropy,
            control_token: self.control_token(),
            landmarks: self.landmarks(),
            state: teams.first(),
            teams: teams.more(),
        };
        Ok(serde_json::to_vec(&written)?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Author, Draft};

    /// A workspace in which this many messages were posted.
    fn filled(messages: usize) -> Workspace {
        let workspace = Workspace::new(Config::default()).unwrap();
        let channel = workspace.landmarks().channels["general"].clone();
        let author = Author { user: workspace.landmarks().users["alice"].clone(), app: None };
        workspace.update(|state, now| {
            for number in 0..messages {
                let draft = Draft { text: format!("message {number} of many"), ..Draft::default() };
                state.post(&channel, &author, draft, now).unwrap();
            }
        });
        workspace
    }

    /// The shortest of a few runs: load makes runs longer, never shorter.
    fn shortest<T>(run: impl Fn() -> T) -> Duration {
        let timed = || {
            let begun = std::time::Instant::now();
            let made = run();
            let took = begun.elapsed();
            drop(made);
            took
        };
        (0..5).map(|_| timed()).min().unwrap()
    }

    #[test]
    fn nobody_waits_while_the_text_is_made() {
        let workspace = filled(100);
        let snapshot = workspace.read_teams(Teams::snapshot);
        // Whoever needed the lock to make the text would wait here for ever.
        let held = workspace.teams();
        let text = workspace.written(&snapshot).unwrap();
        drop(held);
        let read: Read = serde_json::from_slice(&text).unwrap();
        let channel = &workspace.landmarks().channels["general"];
        let texts = |state: &State| -> Vec<String> {
            state.channels[channel].messages().iter().map(|message| message.text().to_owned()).collect()
        };
        assert_eq!(texts(&read.state), workspace.read(texts));
    }

    #[test]
    fn a_copy_is_quick_and_knows_nothing_of_what_comes_later() {
        let workspace = filled(20_000);
        let copied = shortest(|| workspace.read_teams(Teams::snapshot));
        let written = shortest(|| workspace.read_teams(|teams| workspace.written(teams).unwrap()));
        assert!(copied * 5 < written, "the lock is held for {copied:?}, the text takes {written:?}");
        let snapshot = workspace.read_teams(Teams::snapshot);
        let channel = workspace.landmarks().channels["general"].clone();
        let first = workspace.read(|state| state.channels[&channel].messages()[10].ts);
        workspace.update(|state, now| {
            state.update(&channel, first, Draft { text: "changed".to_owned(), ..Draft::default() }, now).unwrap();
        });
        let text = |state: &State| state.channels[&channel].message(first).unwrap().text().to_owned();
        assert_ne!(text(snapshot.first()), "changed");
        assert_eq!(workspace.read(text), "changed");
    }

    proptest! {
        #[test]
        fn any_text_is_a_state_or_refused(text in prop_oneof![
            ".{0,80}",
            "[{}\\[\\]\",:a-z0-9]{0,80}".prop_map(|rest| format!("{{\"version\":1,{rest}")),
            "[a-z_]{1,12}".prop_map(|key| format!("{{\"version\":1,\"now_ms\":0,\"state\":{{\"{key}\":[]}}}}")),
        ]) {
            prop_assert!(Kept::again(Config::default(), Path::new("state.json"), &text).is_err());
        }
    }
}
