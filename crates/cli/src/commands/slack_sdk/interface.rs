//! `get-hooks`: which hooks a Rust project has.

use std::path::Path;

use anyhow::Context as _;
use countersign_slack::hooks::{Config, HookName, Interface, Watch, WatchPaths};
use countersign_slack_sdk::cli::project::{MANIFEST, root};

/// The hooks of a Rust project, all answered by this very program.
pub(super) fn of(directory: &Path) -> anyhow::Result<Interface> {
    let program = std::env::current_exe().context("this program does not know where it is")?;
    let program = quoted(&program.to_string_lossy());
    let others = HookName::ALL.into_iter().filter(|hook| *hook != HookName::GetHooks);
    let hooks = others.map(|hook| (hook.to_string(), command(&program, hook))).collect();
    // Without a project there are hooks all the same: each of them says what is missing.
    let root = root(directory).ok();
    let has = |file: &str| root.as_ref().is_some_and(|root| root.join(file).exists());
    let config = Config {
        protocol_version: ["message-boundaries", "default"].map(str::to_owned).into(),
        sdk_managed_connection_enabled: true,
        watch: Some(watch(&has)),
        trigger_paths: vec!["triggers/".to_owned()],
    };
    Ok(Interface { runtime: Some("rust".to_owned()), hooks, config })
}

/// The command of a hook.
///
/// `start` takes the shell's place, as cargo takes this program's and the app takes cargo's: whoever signals the one process
/// that was started reaches the app, and no orphan goes on answering Slack.
fn command(program: &str, hook: HookName) -> String {
    let exec = if cfg!(unix) && hook == HookName::Start { "exec " } else { "" };
    format!("{exec}{program} slack sdk {hook}")
}

/// What is watched: sources by name, never the whole directory, in which `target` has tens of thousands of files.
fn watch(has: &impl Fn(&str) -> bool) -> Watch {
    let sources = ["src", "Cargo.toml", "build.rs"].into_iter().filter(|file| *file == "src" || has(file));
    let app =
        WatchPaths { paths: sources.map(str::to_owned).collect(), filter_regex: Some(r"\.(rs|toml)$".to_owned()) };
    // A manifest made of the code changes with the code.
    let manifest = if has(MANIFEST) {
        WatchPaths { paths: vec![MANIFEST.to_owned()], filter_regex: None }
    } else {
        WatchPaths { paths: vec!["src".to_owned()], filter_regex: Some(r"\.rs$".to_owned()) }
    };
    Watch { manifest: Some(manifest), app: Some(app), ..Watch::default() }
}

/// A program as a word for a shell.
fn quoted(program: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%\\".contains(c);
    if program.chars().all(is_plain) { program.to_owned() } else { format!("'{}'", program.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_one_word_for_a_shell() {
        assert_eq!(quoted("/usr/local/bin/countersign"), "/usr/local/bin/countersign");
        assert_eq!(quoted("/home/o'b rien/c"), r"'/home/o'\''b rien/c'");
        assert_eq!(quoted("/a/$(b)"), "'/a/$(b)'");
    }

    #[test]
    fn a_manifest_file_is_watched_instead_of_the_code() {
        let with = watch(&|_| true);
        assert_eq!(with.manifest.unwrap().paths, ["manifest.json"]);
        assert_eq!(with.app.unwrap().paths, ["src", "Cargo.toml", "build.rs"]);
        let without = watch(&|_| false);
        assert_eq!(without.manifest.unwrap().paths, ["src"]);
        assert_eq!(without.app.unwrap().paths, ["src"]);
    }
}
