//! What a workspace is filled with at the start: people, channels, apps and messages from a YAML file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::{ApiError, checked_blocks};
use crate::depth;
use crate::model::{App, AppId, Author, ChannelId, ChannelKind, Draft, ModelError, State, Ts, UserId, problems};
use crate::world::usual_manifest;

/// The largest file that is read.
const MAX_FILE: u64 = 8 * 1024 * 1024;

/// Why a seed cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The file cannot be read.
    #[error("{path} could not be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is larger than any seed.
    #[error("{path} is larger than {MAX_FILE} bytes")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file is not YAML of the right shape; the text says where.
    #[error("{path} is not a seed: {message}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        message: String,
    },
    /// It names something that is not there, or that cannot be.
    #[error("the seed's {what} cannot be made: {why}")]
    Content {
        /// Which entry.
        what: String,
        /// Why.
        why: String,
    },
}

/// What a workspace is filled with; what is left out is as without a seed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Seed {
    /// The workspace's name.
    pub(crate) team: Option<String>,
    /// The people; the first is the owner.
    pub(crate) users: Vec<SeedUser>,
    pub(crate) channels: Vec<SeedChannel>,
    /// Apps beside the one that is always there.
    pub(crate) apps: Vec<SeedApp>,
    pub(crate) messages: Vec<SeedMessage>,
    /// Teams beside the first.
    pub(crate) teams: Vec<SeedTeam>,
}

/// A team beside the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedTeam {
    /// Its name; its domain is made of it.
    #[serde(alias = "name")]
    pub(crate) team: String,
    /// Its people, the first the owner; without any: alice, bob and carol.
    #[serde(default)]
    pub(crate) users: Vec<SeedUser>,
    /// Without any: general.
    #[serde(default)]
    pub(crate) channels: Vec<SeedChannel>,
    /// Apps that are made in it.
    #[serde(default)]
    pub(crate) apps: Vec<SeedApp>,
    /// Apps of earlier teams that are installed in it too, by id or name.
    #[serde(default)]
    pub(crate) installed: Vec<String>,
    #[serde(default)]
    pub(crate) messages: Vec<SeedMessage>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedUser {
    pub(crate) name: String,
    pub(crate) real_name: Option<String>,
    pub(crate) email: Option<String>,
    #[serde(default)]
    pub(crate) is_admin: bool,
}

impl SeedUser {
    /// A person of whom only the handle is said.
    pub(crate) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), real_name: None, email: None, is_admin: false }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedChannel {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) private: bool,
    /// Handles of people and names of apps; everyone when left out.
    pub(crate) members: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedApp {
    pub(crate) name: Option<String>,
    pub(crate) manifest: Option<Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedMessage {
    /// A channel's name.
    pub(crate) channel: String,
    /// Who wrote it: a handle…
    pub(crate) user: Option<String>,
    /// … or an app's name.
    pub(crate) app: Option<String>,
    pub(crate) text: String,
    pub(crate) blocks: Option<Vec<Value>>,
    /// Its replies, in the same channel.
    #[serde(default)]
    pub(crate) replies: Vec<SeedReply>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedReply {
    pub(crate) user: Option<String>,
    pub(crate) app: Option<String>,
    pub(crate) text: String,
}

impl Seed {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self, SeedError> {
        let unreadable = |source| SeedError::Read { path: path.to_owned(), source };
        if fs::metadata(path).map_err(unreadable)?.len() > MAX_FILE {
            return Err(SeedError::TooLarge { path: path.to_owned() });
        }
        let text = fs::read_to_string(path).map_err(unreadable)?;
        let parsed = if text.trim().is_empty() { Ok(Self::default()) } else { serde_saphyr::from_str(&text) };
        let seed: Self =
            parsed.map_err(|error| SeedError::Parse { path: path.to_owned(), message: error.to_string() })?;
        // Written as JSON, as the state file has it: reading a seed into a value cannot fail.
        if serde_json::to_value(&seed).is_ok_and(|value| depth::is_fine(&value)) {
            return Ok(seed);
        }
        Err(SeedError::Parse { path: path.to_owned(), message: "it is nested too deeply".to_owned() })
    }
}

/// What was made of a seed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Planted {
    pub(crate) channels: BTreeMap<String, ChannelId>,
    pub(crate) apps: BTreeMap<String, AppId>,
}

pub(crate) fn refuse(what: impl Into<String>) -> impl FnOnce(ModelError) -> SeedError {
    let what = what.into();
    move |error| SeedError::Content { what, why: error.code.replace('_', " ") }
}

/// Fills a workspace that has its people and its first app.
pub(crate) struct Planter<'a> {
    pub(crate) state: &'a mut State,
    pub(crate) users: &'a BTreeMap<String, UserId>,
    pub(crate) owner: &'a UserId,
    pub(crate) now_ms: u64,
    pub(crate) planted: Planted,
}

impl Planter<'_> {
    /// Makes the apps of a seed.
    pub(crate) fn apps(&mut self, apps: &[SeedApp]) -> Result<(), SeedError> {
        for (position, wanted) in apps.iter().enumerate() {
            let app = self.app(wanted, position)?;
            self.planted.apps.insert(app.name.clone(), app.id);
        }
        Ok(())
    }

    fn app(&mut self, wanted: &SeedApp, position: usize) -> Result<App, SeedError> {
        let what = || format!("app {position}");
        let mut manifest = match (&wanted.manifest, &wanted.name) {
            (Some(manifest), _) => manifest.clone(),
            (None, Some(name)) => usual_manifest(name),
            (None, None) => {
                return Err(SeedError::Content {
                    what: what(),
                    why: "it has neither a name nor a manifest".to_owned(),
                });
            }
        };
        if let (Some(name), Value::Object(object)) = (&wanted.name, &mut manifest) {
            object.entry("display_information").or_insert_with(|| json!({"name": name}));
        }
        if let Some(problem) = problems(&manifest).first() {
            let why = format!("{}: {}", problem.pointer, problem.message);
            return Err(SeedError::Content { what: what(), why });
        }
        let app = self.state.add_app(manifest, self.owner, self.now_ms);
        app.ok_or_else(|| SeedError::Content { what: what(), why: "the manifest makes no app".to_owned() })
    }

    /// Makes a channel; without `members`, everyone and every bot is in it.
    pub(crate) fn channel(&mut self, wanted: &SeedChannel) -> Result<(), SeedError> {
        let what = || format!("channel {}", wanted.name);
        let members: BTreeSet<UserId> = match &wanted.members {
            Some(names) => names.iter().map(|name| self.member(name, what())).collect::<Result<_, _>>()?,
            None => self.state.users().map(|user| user.id.clone()).collect(),
        };
        let kind = if wanted.private { ChannelKind::Private } else { ChannelKind::Public };
        let name = wanted.name.trim_start_matches('#');
        let made = self.state.create_channel(name, kind, members, self.owner, self.now_ms);
        let id = made.map_err(refuse(what()))?;
        self.planted.channels.insert(name.to_owned(), id);
        Ok(())
    }

    /// Writes the messages of a seed, in their order.
    pub(crate) fn messages(&mut self, messages: &[SeedMessage]) -> Result<(), SeedError> {
        for (position, wanted) in messages.iter().enumerate() {
            let what = format!("message {position}");
            let missing = || SeedError::Content { what: what.clone(), why: format!("no channel {}", wanted.channel) };
            let name = wanted.channel.trim_start_matches('#');
            let channel = self.planted.channels.get(name).cloned().ok_or_else(missing)?;
            let author = self.author(wanted.user.as_deref(), wanted.app.as_deref(), &what)?;
            let blocks = wanted.blocks.clone().map(|blocks| checked_blocks(self.state, blocks));
            let wrong = |error: ApiError| SeedError::Content { what: what.clone(), why: error.describe() };
            let blocks = blocks.transpose().map_err(wrong)?;
            let draft = Draft { text: wanted.text.clone(), blocks, ..Draft::default() };
            let thread = self.post(&channel, &author, draft, &what)?;
            for reply in &wanted.replies {
                let author = self.author(reply.user.as_deref(), reply.app.as_deref(), &what)?;
                let draft = Draft { text: reply.text.clone(), thread: Some(thread), ..Draft::default() };
                self.post(&channel, &author, draft, &what)?;
            }
        }
        Ok(())
    }

    fn post(&mut self, channel: &ChannelId, author: &Author, draft: Draft, what: &str) -> Result<Ts, SeedError> {
        let posted = self.state.post(channel, author, draft, self.now_ms);
        posted.map(|message| message.ts).map_err(refuse(what))
    }

    fn author(&self, user: Option<&str>, app: Option<&str>, what: &str) -> Result<Author, SeedError> {
        match (user, app) {
            (Some(user), None) => Ok(Author { user: self.member(user, what.to_owned())?, app: None }),
            (None, Some(name)) => {
                let app = self.state.apps().find(|app| app.name == name);
                let missing = || SeedError::Content { what: what.to_owned(), why: format!("no app {name}") };
                let app = app.ok_or_else(missing)?;
                Ok(Author { user: app.bot_user.clone(), app: Some(app.id.clone()) })
            }
            _ => Err(SeedError::Content { what: what.to_owned(), why: "say either its user or its app".to_owned() }),
        }
    }

    /// A person by handle, or an app's bot by the app's name.
    fn member(&self, name: &str, what: String) -> Result<UserId, SeedError> {
        let bot = || self.state.apps().find(|app| app.name == name).map(|app| app.bot_user.clone());
        let found = self.users.get(name).cloned().or_else(bot);
        found.ok_or_else(|| SeedError::Content { what, why: format!("there is no user or app {name}") })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Seed, String> {
        serde_saphyr::from_str(text).map_err(|error| error.to_string())
    }

    proptest! {
        #[test]
        fn any_text_is_a_seed_or_refused(text in "[a-z:{}\\[\\]&* \\n'\"-]{0,120}") {
            let _ = read(&text);
        }

        #[test]
        fn any_value_under_a_known_key_is_read_or_refused(
            key in proptest::sample::select(vec!["users", "channels", "apps", "messages", "teams", "team"]),
            value in "[a-z0-9:{}, \\[\\]]{0,40}",
        ) {
            let _ = read(&format!("{key}: {value}"));
        }
    }
}
