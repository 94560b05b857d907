//! Making the directory that one is in a project.

use std::path::{Path, PathBuf};

use super::{Runtime, files, template};
use crate::{Code, Failure, Session};

/// What was made of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initialised {
    /// The project's directory.
    pub root: PathBuf,
    /// What it runs on.
    pub runtime: Runtime,
    /// The files that were written, below the project's directory.
    pub written: Vec<String>,
    /// What is there to be done by the person, in this order.
    pub next: Vec<String>,
}

/// Where hooks were kept long ago; they are read still, unless there is a newer file beside them.
const FORMER: [&str; 2] = ["slack.json", ".slack/slack.json"];

/// Makes the session's directory a project: writes what is missing in `.slack`, and nothing else.
pub fn init(session: &Session, runtime: Option<Runtime>) -> Result<Initialised, Failure> {
    let root = session.directory.clone();
    if root.join(".slack/cli.json").is_file() {
        return Err(Failure::new(Code::CliConfigLocation, "the file .slack/cli.json is not supported")
            .remedy("move it to .slack/hooks.json and try again"));
    }
    let runtime = runtime.map_or_else(|| detect(session, &root), Ok)?;
    let mut written = Vec::new();
    let mut missing = |path: &str, text: String| {
        if root.join(path).exists() {
            return Ok(());
        }
        files::write(&root.join(path), &text)?;
        written.push(path.to_owned());
        Ok(())
    };
    let former = FORMER.into_iter().find(|path| root.join(path).is_file());
    if former.is_none() {
        missing(".slack/hooks.json", runtime.hooks().to_owned())?;
    }
    missing(".slack/config.json", template::config()?)?;
    missing(".slack/.gitignore", template::SLACK_GITIGNORE.to_owned())?;
    let next = next(&root, runtime, former);
    Ok(Initialised { root, runtime, written, next })
}

fn detect(session: &Session, root: &Path) -> Result<Runtime, Failure> {
    let candidates = Runtime::candidates(root);
    match candidates.as_slice() {
        [] => Err(Failure::new(Code::RuntimeNotFound, format!("nothing in {} says what it runs on", root.display()))
            .remedy("say it with --runtime: rust, node, python or deno")
            .remedy("make a new project with `countersign slack create`")),
        [only] => Ok(*only),
        several => {
            let names: Vec<String> = several.iter().map(Runtime::to_string).collect();
            let chosen = session.talk.choose("What does the app run on?", &names);
            chosen.and_then(|index| several.get(index).copied()).ok_or_else(|| {
                Failure::new(Code::MismatchedFlags, format!("the project can run on {}", names.join(", ")))
                    .remedy("say which with --runtime")
            })
        }
    }
}

fn next(root: &Path, runtime: Runtime, former: Option<&str>) -> Vec<String> {
    let mut next = Vec::new();
    if let Some(former) = former {
        next.push(format!("move {former} to .slack/hooks.json: the former place is no longer looked at some day"));
    }
    if !runtime.has_hooks_package(root) {
        next.extend(match runtime {
            Runtime::Rust => Some("let Cargo.toml depend on countersign-slack-sdk".to_owned()),
            Runtime::Node => Some("install what answers the hooks: npm install --save-dev @slack/cli-hooks".to_owned()),
            Runtime::Python => Some("install what answers the hooks: pip install slack-cli-hooks".to_owned()),
            // The hooks of Deno come from an address.
            Runtime::Deno => None,
        });
    }
    // Rust and Deno can make a manifest of the code.
    if matches!(runtime, Runtime::Node | Runtime::Python) && !root.join("manifest.json").is_file() {
        next.push("write manifest.json, or take it from an app that is there: countersign slack manifest info --app A… --source remote".to_owned());
    }
    next.push("use an app that is there: countersign slack app link".to_owned());
    next.push("or make one, and run it: countersign slack run".to_owned());
    next
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Settings;

    #[derive(Debug)]
    struct Nobody;

    impl crate::Talk for Nobody {
        fn stream(&self, _: &[u8]) {}
        fn say(&self, _: &str) {}
        fn warn(&self, _: &str) {}
        fn choose(&self, _: &str, _: &[String]) -> Option<usize> {
            None
        }
        fn confirm(&self, _: &str) -> Option<bool> {
            None
        }
    }

    fn session(files: &[(&str, &str)]) -> (tempfile::TempDir, Session) {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            files::write(&directory.path().join(name), text).unwrap();
        }
        let session = Session {
            environment: countersign_slack::hooks::Environment::default(),
            directory: directory.path().to_owned(),
            settings: Settings::default(),
            talk: Arc::new(Nobody),
            now: || jiff::Timestamp::UNIX_EPOCH,
        };
        (directory, session)
    }

    #[test]
    fn what_is_missing_is_written_and_what_is_there_stays() {
        let (directory, session) = session(&[("package.json", "{}"), (".slack/config.json", "{\"mine\": 1}")]);
        let made = init(&session, None).unwrap();
        assert_eq!(made.runtime, Runtime::Node);
        assert_eq!(made.written, [".slack/hooks.json", ".slack/.gitignore"]);
        let config = std::fs::read_to_string(directory.path().join(".slack/config.json")).unwrap();
        assert_eq!(config, "{\"mine\": 1}");
        assert!(made.next.iter().any(|line| line.contains("@slack/cli-hooks")), "{:?}", made.next);
        assert!(made.next.iter().any(|line| line.contains("manifest.json")), "{:?}", made.next);
        assert_eq!(init(&session, None).unwrap().written, [""; 0]);
    }

    #[test]
    fn hooks_in_a_former_place_are_not_overruled() {
        let (_directory, session) = session(&[("Cargo.toml", "countersign-slack-sdk"), ("slack.json", "{}")]);
        let made = init(&session, None).unwrap();
        assert_eq!(made.written, [".slack/config.json", ".slack/.gitignore"]);
        assert!(made.next[0].contains("move slack.json"), "{:?}", made.next);
    }

    #[test]
    fn what_it_runs_on_has_to_be_known() {
        let (_directory, empty) = session(&[]);
        assert_eq!(*init(&empty, None).unwrap_err().code(), Code::RuntimeNotFound);
        assert_eq!(init(&empty, Some(Runtime::Python)).unwrap().runtime, Runtime::Python);
        let (_directory, both) = session(&[("Cargo.toml", ""), ("package.json", "{}")]);
        let failure = init(&both, None).unwrap_err();
        assert_eq!(*failure.code(), Code::MismatchedFlags);
        assert!(failure.to_string().contains("node, rust"), "{failure}");
    }

    #[test]
    fn a_cli_json_is_refused_as_ever() {
        let (_directory, session) = session(&[("Cargo.toml", ""), (".slack/cli.json", "{}")]);
        assert_eq!(*init(&session, None).unwrap_err().code(), Code::CliConfigLocation);
    }
}
