//! Whom to talk to, and with which token.

use std::{
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use countersign_gateway::client::Server;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{commands::Context, config::make_private, output::Hinted};

use super::ServerOptions;

/// What `login` keeps.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stored {
    /// The server's URL.
    pub(crate) server: String,
    /// The token.
    pub(crate) token: String,
    /// Whose it is, as the server said.
    pub(crate) person: String,
}

impl std::fmt::Debug for Stored {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stored").field("server", &self.server).field("person", &self.person).finish_non_exhaustive()
    }
}

/// The file that `login` writes: for its owner alone.
#[derive(Clone, Debug)]
pub(crate) struct CredentialsFile(PathBuf);

impl CredentialsFile {
    /// This user's.
    pub(crate) fn of(context: &Context<'_>) -> Self {
        Self(context.dirs.config.join("credentials.json"))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// What is in it; nothing when there is none.
    pub(crate) fn read(&self) -> anyhow::Result<Option<Stored>> {
        let text = match std::fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("could not read {}", self.0.display())),
        };
        let mode = std::fs::metadata(&self.0).map(|data| data.permissions().mode()).unwrap_or_default();
        if mode & 0o077 != 0 {
            let error = Hinted::new(format!("others can read {}: the token in it is no secret", self.0.display()))
                .hint(format!("chmod 600 {}, and sign in again", self.0.display()));
            return Err(error.into());
        }
        let stored = serde_json::from_str(&text);
        stored.map(Some).with_context(|| format!("{} is broken: sign in again", self.0.display()))
    }

    /// Writes it, all or nothing.
    pub(crate) fn write(&self, stored: &Stored) -> anyhow::Result<()> {
        let dir = self.0.parent().context("the credentials file has no directory")?;
        make_private(dir).with_context(|| format!("could not create {}", dir.display()))?;
        let fresh = self.0.with_extension(format!("{}.new", std::process::id()));
        let writing = || -> std::io::Result<()> {
            let _ = std::fs::remove_file(&fresh);
            let mut file = std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&fresh)?;
            file.write_all(serde_json::to_string_pretty(stored)?.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&fresh, &self.0)
        };
        writing().with_context(|| format!("could not write {}", self.0.display()))
    }

    /// Removes it; answers whether it was there.
    pub(crate) fn remove(&self) -> anyhow::Result<bool> {
        match std::fs::remove_file(&self.0) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).with_context(|| format!("could not remove {}", self.0.display())),
        }
    }
}

/// The server to talk to: `--server` and `COUNTERSIGN_TOKEN` before what `login` kept.
///
/// A kept token goes to the server that it is from and to no other.
pub(crate) fn server_of(context: &Context<'_>, options: &ServerOptions) -> anyhow::Result<Server> {
    let stored = CredentialsFile::of(context).read()?;
    let given = context.environment.text("COUNTERSIGN_TOKEN");
    let url = match (&options.server, &stored) {
        (Some(url), _) => url.clone(),
        (None, Some(stored)) => stored.server.clone(),
        (None, None) => return Err(signed_out("no server is known")),
    };
    let url = parse_url(&url)?;
    let token = match (given, stored) {
        (Some(token), _) => token.to_owned(),
        (None, Some(stored)) if parse_url(&stored.server)? == url => stored.token,
        (None, _) => return Err(signed_out(&format!("you are not signed in to {url}"))),
    };
    Ok(Server::new(url, SecretString::from(token))?)
}

/// A server's URL; a bare host is taken for https.
pub(crate) fn parse_url(text: &str) -> anyhow::Result<Url> {
    let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url: Url = whole.parse().with_context(|| format!("{text:?} is not a server's URL"))?;
    anyhow::ensure!(url.has_host(), "{text:?} is not a server's URL: it has no host");
    Ok(url)
}

fn signed_out(why: &str) -> anyhow::Error {
    Hinted::new(why)
        .hint("`countersign login URL` signs you in")
        .hint("scripts set COUNTERSIGN_SERVER and COUNTERSIGN_TOKEN")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = CredentialsFile(dir.path().join("deep/credentials.json"));
        assert!(file.read().unwrap().is_none());
        let stored =
            Stored { server: "https://cs.example".into(), token: "secret".into(), person: "ada@example.com".into() };
        file.write(&stored).unwrap();
        file.write(&stored).unwrap();
        assert_eq!(file.read().unwrap().unwrap().token, "secret");
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(file.read().unwrap_err().to_string().contains("others can read"));
        assert!(file.remove().unwrap());
        assert!(!file.remove().unwrap());
    }

    #[test]
    fn debug_never_shows_the_token() {
        let stored = Stored { server: String::new(), token: "hunter2".into(), person: String::new() };
        assert!(!format!("{stored:?}").contains("hunter2"));
    }

    #[test]
    fn a_bare_host_is_https() {
        assert_eq!(parse_url("cs.example").unwrap().as_str(), "https://cs.example/");
        assert!(parse_url("https://").is_err());
    }
}
