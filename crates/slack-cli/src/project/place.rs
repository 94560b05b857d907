//! Where a project is.

use std::path::{Path, PathBuf};

use url::Url;

use crate::{Code, Failure, Session};

/// Where hooks are written down, below a project's root.
pub(super) const FILE: &str = ".slack/hooks.json";
const DIRECTORY: &str = ".slack";

/// A project's directory, and its file of hooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) root: PathBuf,
    pub(super) file: PathBuf,
}

/// Finds the project that a session is in: the nearest directory upward that has a file of hooks.
pub(super) fn find(session: &Session) -> Result<Place, Failure> {
    let start = std::path::absolute(&session.directory).unwrap_or_else(|_| session.directory.clone());
    let home = session.environment.path("HOME").or_else(|| session.environment.path("USERPROFILE"));
    for directory in start.ancestors() {
        let is_home = home.as_deref() == Some(directory);
        if let Some(place) = look(session, directory, is_home)? {
            return Ok(place);
        }
        if is_home {
            break;
        }
    }
    Err(Failure::new(Code::InvalidAppDirectory, "this is an invalid Slack app project directory")
        .detail(format!("there is no {FILE} in {} or above it", start.display()))
        .remedy(
            "change to the directory of a project, or make one: `countersign slack create` or `countersign slack init`",
        ))
}

/// Looks into one directory.
fn look(session: &Session, directory: &Path, is_home: bool) -> Result<Option<Place>, Failure> {
    // Whoever stands in `.slack` is in the project around it.
    if directory.file_name().is_some_and(|name| name == DIRECTORY) {
        return Ok(None);
    }
    let places = [
        (FILE, None),
        ("slack.json", Some(Code::SlackJsonLocation)),
        (".slack/slack.json", Some(Code::SlackSlackJsonLocation)),
    ];
    for (name, deprecated) in places {
        let file = directory.join(name);
        if file.is_file() {
            if let Some(code) = deprecated {
                let line = format!("{} is a deprecated place for hooks; move it to {FILE} ({code})", file.display());
                session.talk.warn(&line);
            }
            return Ok(Some(Place { root: directory.to_owned(), file }));
        }
    }
    refuse(directory, is_home)
}

/// Refuses a directory that is a project without a file of hooks.
fn refuse(directory: &Path, is_home: bool) -> Result<Option<Place>, Failure> {
    let old = directory.join(".slack/cli.json");
    if old.is_file() {
        let message = format!("the configuration file {} is not supported", old.display());
        return Err(Failure::new(Code::CliConfigLocation, message)
            .remedy("move the .slack/cli.json file to .slack/hooks.json and try again"));
    }
    // At home the directory has credentials, and says nothing of a project.
    if !is_home && directory.join(DIRECTORY).is_dir() {
        let message = "the Slack hooks file is missing from the project's configurations";
        return Err(Failure::new(Code::HooksJsonLocation, message)
            .detail(format!("{} is there, but no {FILE}", directory.join(DIRECTORY).display()))
            .remedy("make it with `countersign slack init`"));
    }
    Ok(None)
}

/// The host of a Slack under development, which hooks are told of.
pub(super) fn development_host(session: &Session) -> Option<String> {
    let address = session.settings.apihost.as_deref().or_else(|| session.environment.text("SLACK_API_URL"))?;
    let url = Url::parse(address).or_else(|_| Url::parse(&format!("https://{address}"))).ok()?;
    let host = url.host_str()?;
    let number = host
        .strip_suffix(".slack.com")?
        .strip_prefix("dev")
        .or_else(|| host.strip_suffix(".slack.com")?.strip_prefix("qa"))?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then(|| host.to_owned())
}
