//! `check-update` and `install-update`, through cargo.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign_slack::hooks::{CheckUpdate, Fault, InstallUpdate, Installed, Release};
use countersign_slack_sdk::cli::Environment;

use super::cargo;
use super::lock::{self, Locked, Origin, is_breaking};
use super::project::Project;

/// How long cargo may ask its registry.
const PATIENCE: Duration = Duration::from_mins(1);
/// What the releases belong to.
const NAME: &str = "the Slack SDK for Rust";
/// How the packages of the SDK begin.
const SDK: &str = "countersign-slack";

/// What cargo says of one package.
#[derive(Debug, PartialEq, Eq)]
struct News<'t> {
    package: &'t str,
    current: &'t str,
    /// The newest that fits what `Cargo.toml` asks for.
    fitting: Option<&'t str>,
    /// The newest there is, where it does not fit.
    available: Option<&'t str>,
}

/// Whether there are newer versions of the SDK, and of what else the app names.
pub(super) fn check(project: &Project, environment: &Environment) -> CheckUpdate {
    let locked = lock::read(&project.root);
    let asked = ask(project, environment, &["update", "--dry-run", "--verbose"]);
    let text = asked.as_deref().unwrap_or_default();
    let news: BTreeMap<&str, News<'_>> = text.lines().filter_map(News::read).map(|news| (news.package, news)).collect();
    let names = project.dependencies();
    let releases = names.iter().filter_map(|name| release(name, news.get(name.as_str()), locked.get(name)));
    let mut releases: Vec<Release> = releases.collect();
    // The SDK first: it is what the question is about.
    releases.sort_by_key(|release| !release.name.starts_with(SDK));
    let message = releases.iter().any(|release| release.update).then(|| {
        "`cargo update` takes what fits Cargo.toml; for a breaking release change the version there".to_owned()
    });
    CheckUpdate {
        name: NAME.to_owned(),
        releases,
        message,
        error: asked.err().map(Fault::new),
        ..CheckUpdate::default()
    }
}

/// Takes the newer versions that fit.
pub(super) fn install(project: &Project, environment: &Environment) -> InstallUpdate {
    let before = lock::read(&project.root);
    let names = project.dependencies();
    let from_registry = |name: &&String| before.get(*name).is_none_or(|locked| locked.origin == Origin::Registry);
    let mut arguments = vec!["update"];
    arguments.extend(names.iter().filter(from_registry).map(String::as_str));
    // With no names cargo would update everything.
    let done = if arguments.len() > 1 { ask(project, environment, &arguments).map(drop) } else { Ok(()) };
    let after = lock::read(&project.root);
    let updates: Vec<Installed> = names.iter().filter_map(|name| installed(name, &before, &after)).collect();
    let releases = updates.iter().map(taken).collect();
    InstallUpdate {
        name: NAME.to_owned(),
        updates,
        releases,
        error: done.err().map(Fault::new),
        ..InstallUpdate::default()
    }
}

/// Asks cargo; what it says goes to stderr, and why it could not say anything is for people to read.
fn ask(project: &Project, environment: &Environment, arguments: &[&str]) -> Result<String, String> {
    let mut command = cargo::command(project, environment);
    command.args(arguments).env("CARGO_TERM_COLOR", "never").env("CARGO_TERM_PROGRESS_WHEN", "never");
    // Offline, cargo would try for minutes.
    for (name, value) in [("CARGO_NET_RETRY", "1"), ("CARGO_HTTP_TIMEOUT", "10")] {
        if environment.text(name).is_none() {
            command.env(name, value);
        }
    }
    let written = cargo::listen(&mut command, PATIENCE).map_err(|error| format!("{error:#}"))?;
    if written.status.success() { Ok(written.stderr) } else { Err(complaint(&written.stderr)) }
}

/// The first complaint of cargo, with its causes, on one line.
fn complaint(stderr: &str) -> String {
    let lines = stderr.lines().skip_while(|line| !line.starts_with("error"));
    let lines = lines.map(str::trim).filter(|line| !line.is_empty() && *line != "Caused by:");
    let text = lines.take(8).collect::<Vec<_>>().join(": ");
    let text = text.trim_start_matches("error: ");
    if text.is_empty() { "cargo failed without a word".to_owned() } else { format!("cargo: {text}") }
}

impl<'t> News<'t> {
    /// Reads a line such as `Updating serde v1.0.1 -> v1.0.2` or `Unchanged serde v1.0.2 (available: v2.0.0)`.
    fn read(line: &'t str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let verb = words.next()?;
        let package = words.next()?;
        let current = words.next()?.strip_prefix('v')?;
        let rest: Vec<&str> = words.collect();
        let fitting = match (verb, rest.as_slice()) {
            ("Updating", ["->", version, ..]) => Some(version.strip_prefix('v')?),
            ("Unchanged", _) => None,
            _ => return None,
        };
        let available = rest.windows(2).find_map(|pair| match pair {
            ["(available:", version] => version.trim_end_matches([')', ',']).strip_prefix('v'),
            _ => None,
        });
        Some(Self { package, current, fitting, available })
    }
}

/// What is said of a dependency: of the SDK always, of others when there is something new.
fn release(name: &str, news: Option<&News<'_>>, locked: Option<&Locked>) -> Option<Release> {
    let current = locked.map(|locked| locked.version.as_str()).or(news.map(|news| news.current));
    let latest = news.and_then(|news| news.available.or(news.fitting)).or(current);
    let update = current != latest;
    if !update && !name.starts_with(SDK) {
        return None;
    }
    let breaking = current.zip(latest).is_some_and(|(current, latest)| is_breaking(current, latest));
    let is_elsewhere = locked.is_some_and(|locked| locked.origin == Origin::Elsewhere);
    let also = news.filter(|news| news.available.is_some()).and_then(|news| news.fitting);
    let message = match (is_elsewhere, also) {
        (true, _) => Some("it comes from a directory or repository and is as new as that".to_owned()),
        (false, Some(fitting)) => Some(format!("{fitting} fits Cargo.toml as it is")),
        (false, None) => None,
    };
    Some(Release {
        name: name.to_owned(),
        current: current.map(str::to_owned),
        latest: latest.map(str::to_owned),
        update,
        breaking,
        message,
        ..Release::default()
    })
}

fn installed(name: &str, before: &BTreeMap<String, Locked>, after: &BTreeMap<String, Locked>) -> Option<Installed> {
    let (previous, installed) = (&before.get(name)?.version, &after.get(name)?.version);
    let is_other = previous != installed;
    is_other.then(|| Installed {
        name: name.to_owned(),
        previous: previous.clone(),
        installed: installed.clone(),
        error: None,
    })
}

fn taken(installed: &Installed) -> Release {
    Release {
        name: installed.name.clone(),
        current: Some(installed.installed.clone()),
        latest: Some(installed.installed.clone()),
        ..Release::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news<'t>(package: &'t str, current: &'t str, fitting: Option<&'t str>, available: Option<&'t str>) -> News<'t> {
        News { package, current, fitting, available }
    }

    #[test]
    fn the_lines_of_cargo_are_read() {
        assert_eq!(
            News::read("    Updating serde v1.0.1 -> v1.0.2"),
            Some(news("serde", "1.0.1", Some("1.0.2"), None))
        );
        assert_eq!(
            News::read("   Unchanged a v0.1.0 (available: v0.2.0)"),
            Some(news("a", "0.1.0", None, Some("0.2.0")))
        );
        assert_eq!(
            News::read("    Updating a v1.0.0 -> v1.1.0 (available: v2.0.0, requires Rust 1.99)"),
            Some(news("a", "1.0.0", Some("1.1.0"), Some("2.0.0")))
        );
        for line in [
            "    Updating crates.io index",
            "     Locking 3 packages to latest versions",
            "      Adding x v1.0.0",
            "",
            "note: pass `--verbose`",
        ] {
            assert_eq!(News::read(line), None, "{line}");
        }
    }

    #[test]
    fn the_sdk_is_always_named_and_others_when_there_is_news() {
        let locked = Locked { version: "0.1.0".to_owned(), origin: Origin::Elsewhere };
        let sdk = release("countersign-slack-sdk", None, Some(&locked)).unwrap();
        assert!(!sdk.update && sdk.message.unwrap().contains("directory"));
        let locked = Locked { version: "1.0.0".to_owned(), origin: Origin::Registry };
        assert_eq!(release("serde", None, Some(&locked)), None);
        let found = news("serde", "1.0.0", Some("1.1.0"), Some("2.0.0"));
        let serde = release("serde", Some(&found), Some(&locked)).unwrap();
        assert_eq!((serde.latest.as_deref(), serde.update, serde.breaking), (Some("2.0.0"), true, true));
        assert_eq!(serde.message.as_deref(), Some("1.1.0 fits Cargo.toml as it is"));
    }

    #[test]
    fn a_complaint_is_one_line_with_its_causes() {
        let stderr = "    Updating crates.io index\nerror: failed to get `serde`\n\nCaused by:\n  no network\n";
        assert_eq!(complaint(stderr), "cargo: failed to get `serde`: no network");
        assert_eq!(complaint(""), "cargo failed without a word");
    }
}
