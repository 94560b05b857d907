//! `credentials.json`, as the official command line reads and writes it.

use std::path::PathBuf;

use countersign_slack::ids::{TeamId, UserId};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    Code, Failure, Session,
    json_file::{self, Readers},
};

/// One person on one team.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Credential {
    #[serde(default)]
    pub(super) token: SecretString,
    #[serde(rename = "team_id")]
    pub(super) team: TeamId,
    #[serde(default)]
    pub(super) team_domain: String,
    #[serde(rename = "user_id", default = "nobody")]
    pub(super) user: UserId,
    #[serde(rename = "enterprise_id", default)]
    pub(super) enterprise: Option<String>,
    #[serde(default)]
    pub(super) last_updated: Option<String>,
    #[serde(default)]
    pub(super) api_host: Option<String>,
    #[serde(default)]
    pub(super) refresh_token: Option<SecretString>,
    /// Seconds since the epoch; 0 is never.
    #[serde(rename = "exp", default)]
    pub(super) expires: i64,
    #[serde(rename = "is_enterprise_install", default)]
    pub(super) is_organisation: bool,
}

fn nobody() -> UserId {
    UserId::from(String::new())
}

/// Everybody who is signed in.
#[derive(Debug)]
pub(super) struct Credentials {
    all: Vec<Credential>,
}

impl Credentials {
    /// Reads them; a file that is missing or empty has nobody.
    pub(super) fn read(session: &Session) -> Result<Self, Failure> {
        let path = path(session)?;
        let mut all = Vec::new();
        for (key, value) in json_file::read(&path)? {
            let read = serde_json::from_value(value).map_err(|error| {
                Failure::new(
                    Code::CredentialsNotFound,
                    format!("{} has an account that cannot be read", path.display()),
                )
                // What is wrong is named by its kind alone: a value may be a token.
                .detail(format!("the account {key:?}: {}", kind_of(&error)))
                .remedy(format!("take {key:?} out of the file, and sign in again with `countersign slack login`"))
            })?;
            all.push(read);
        }
        Ok(Self { all })
    }

    /// All of them, by team.
    pub(super) fn all(&self) -> &[Credential] {
        &self.all
    }
}

/// What is wrong, without the value that it is about.
fn kind_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.split_once("missing field") {
        Some((_, field)) => format!("missing field{field}"),
        None => "a value is of another kind than it should be".to_owned(),
    }
}

/// Writes one down: what was known of it besides is kept.
pub(super) fn keep(session: &Session, credential: &Credential) -> Result<PathBuf, Failure> {
    let path = path(session)?;
    json_file::change(&path, Readers::Owner, |all| {
        rename_old_keys(all);
        merge(all, credential);
        Ok(())
    })?;
    Ok(path)
}

/// Puts one among all, over what is there.
pub(super) fn merge(all: &mut Map<String, Value>, credential: &Credential) {
    let entry = all.entry(credential.team.as_str()).or_insert_with(|| Value::Object(Map::new()));
    if !entry.is_object() {
        *entry = Value::Object(Map::new());
    }
    let Some(entry) = entry.as_object_mut() else { return };
    let text = |secret: &SecretString| Value::from(secret.expose_secret());
    let refresh = credential.refresh_token.as_ref().map(text);
    let fields = [
        ("token", Some(text(&credential.token))),
        ("team_domain", Some(credential.team_domain.clone().into())),
        ("team_id", Some(credential.team.as_str().into())),
        ("enterprise_id", credential.enterprise.clone().map(Value::from)),
        ("user_id", Some(credential.user.as_str().into())),
        ("last_updated", credential.last_updated.clone().map(Value::from)),
        ("api_host", credential.api_host.clone().map(Value::from)),
        ("refresh_token", refresh),
        ("exp", (credential.expires != 0).then(|| credential.expires.into())),
        ("is_enterprise_install", credential.is_organisation.then_some(Value::Bool(true))),
    ];
    for (name, value) in fields {
        match value {
            Some(value) => entry.insert(name.to_owned(), value),
            None => entry.remove(name),
        };
    }
}

/// Forgets a team, where it is signed in to with this token.
pub(super) fn forget(session: &Session, team: &TeamId, token: &SecretString) -> Result<(), Failure> {
    let path = path(session)?;
    if !path.exists() {
        return Ok(());
    }
    json_file::change(&path, Readers::Owner, |all| {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        all.retain(|key, value| {
            let is_teams = *team == *text(value, "team_id").as_ref().unwrap_or(key).as_str();
            !is_teams || text(value, "token").as_deref() != Some(token.expose_secret())
        });
        Ok(())
    })
}

/// Long ago accounts stood under their team's domain, which is not unique.
pub(super) fn rename_old_keys(all: &mut Map<String, Value>) {
    let is_old = |key: &String| key.parse::<TeamId>().is_err() && !key.starts_with('E');
    let old: Vec<String> = all.keys().filter(|key| is_old(key)).cloned().collect();
    for key in old {
        let team = all.get(&key).and_then(|value| value.get("team_id")?.as_str().map(str::to_owned));
        if let Some((team, value)) = team.and_then(|team| Some((team, all.remove(&key)?))) {
            all.entry(team).or_insert(value);
        }
    }
}

/// `--config-dir`, else `SLACK_CONFIG_DIR`, else `~/.slack`.
pub(super) fn path(session: &Session) -> Result<PathBuf, Failure> {
    Ok(session.config_directory()?.join("credentials.json"))
}

/// A time as the official command line writes it.
pub(super) fn written(now: Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
