//! What a hook sees of the environment.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fmt,
    path::Path,
};

use countersign_slack::hooks::Environment;

use crate::dotenv::Dotenv;

/// Where a virtual environment has its programs.
const VENV_PROGRAMS: &str = if cfg!(windows) { "Scripts" } else { "bin" };

/// The sources of a hook's environment. Of a name that several have, the one with the most say counts:
/// the shell, the installation's tokens, `.env`, what the hook is given.
pub(super) struct Layers {
    shell: Environment,
    tokens: BTreeMap<String, OsString>,
    dotenv: Dotenv,
    given: BTreeMap<String, OsString>,
    /// What nobody overrules: these names exist for us alone.
    own: BTreeMap<String, OsString>,
    /// Names that a hook is not to see unless we give them.
    hidden: Vec<&'static str>,
}

impl Layers {
    pub(super) fn new(shell: Environment, dotenv: Dotenv) -> Self {
        Self {
            shell,
            tokens: BTreeMap::new(),
            dotenv,
            given: BTreeMap::new(),
            own: BTreeMap::new(),
            hidden: Vec::new(),
        }
    }

    pub(super) fn give(&mut self, name: &str, value: OsString) {
        self.given.insert(name.to_owned(), value);
    }

    /// Keeps a name from a hook, whoever has it, unless it is given as our own.
    pub(super) fn hide(&mut self, name: &'static str) {
        self.hidden.push(name);
    }

    /// Adds a token under a name that nobody overrules.
    pub(super) fn own(&mut self, name: &str, token: &str) {
        self.own.insert(name.to_owned(), token.into());
    }

    /// Adds a token under a name that others use too; answers a warning where somebody has another.
    pub(super) fn share(&mut self, shared: &str, token: &str) -> Option<String> {
        self.tokens.insert(shared.to_owned(), token.into());
        if let Some(other) = self.shell.text(shared) {
            return (other != token).then(|| {
                format!("{shared} of the environment differs from the installation's token; the environment's is used")
            });
        }
        // An empty token of the shell is none.
        self.shell.unset(shared);
        let other = self.dotenv.get(shared).filter(|other| !other.is_empty())?;
        (other != token)
            .then(|| format!("{shared} of .env differs from the installation's token; the installation's is used"))
    }

    /// The environment that comes of them in a project.
    pub(super) fn flatten(&self, root: &Path) -> Environment {
        let mut all = Environment::default();
        let dotenv = self.dotenv.iter().map(|(name, value)| (name.into(), value.into()));
        let own = |layer: &BTreeMap<String, OsString>| -> Vec<(OsString, OsString)> {
            layer.iter().map(|(name, value)| (name.into(), value.clone())).collect()
        };
        let shell = self.shell.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let layers = own(&self.given).into_iter().chain(dotenv).chain(own(&self.tokens)).chain(shell);
        for (name, value) in layers {
            all.set(name, value);
        }
        for name in &self.hidden {
            all.unset(name);
        }
        for (name, value) in own(&self.own) {
            all.set(name, value);
        }
        activate(&mut all, root);
        all
    }
}

impl fmt::Debug for Layers {
    /// Names only: values may be tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.tokens.keys().chain(self.given.keys()).chain(self.own.keys()).collect();
        f.debug_struct("Layers").field("dotenv", &self.dotenv).field("given", &names).finish_non_exhaustive()
    }
}

/// Does what `.venv/bin/activate` does, where a project has a virtual environment.
fn activate(environment: &mut Environment, root: &Path) {
    let venv = root.join(".venv");
    let programs = venv.join(VENV_PROGRAMS);
    if !programs.is_dir() {
        return;
    }
    let path = environment.iter().find(|(name, _)| *name == OsStr::new("PATH")).map(|(_, value)| value.to_owned());
    let others = path.iter().flat_map(|path| std::env::split_paths(path));
    // A directory whose name has the separator in it cannot stand in PATH.
    let Ok(path) = std::env::join_paths([programs].into_iter().chain(others)) else { return };
    environment.set("PATH", path);
    environment.set("VIRTUAL_ENV", venv);
    environment.unset("PYTHONHOME");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(shell: &[(&str, &str)], dotenv: &str) -> Layers {
        Layers::new(shell.iter().copied().collect(), Dotenv::parse(dotenv).unwrap())
    }

    fn text(layers: &Layers, name: &str) -> String {
        layers.flatten(Path::new("/nowhere")).text(name).unwrap_or_default().to_owned()
    }

    #[test]
    fn the_shell_beats_tokens_and_tokens_beat_dotenv_and_dotenv_beats_what_is_given() {
        let mut layers = layers(&[("A", "shell")], "A=dotenv\nB=dotenv\nSLACK_BOT_TOKEN=dotenv\n");
        for name in ["A", "B", "C", "SLACK_BOT_TOKEN"] {
            layers.give(name, "given".into());
        }
        layers.own("SLACK_CLI_XOXB", "xoxb-1");
        let warning = layers.share("SLACK_BOT_TOKEN", "xoxb-1").unwrap();
        assert!(warning.contains(".env differs") && !warning.contains("xoxb"), "{warning}");
        let seen = ["A", "B", "C", "SLACK_BOT_TOKEN", "SLACK_CLI_XOXB"].map(|name| text(&layers, name));
        assert_eq!(seen, ["shell", "dotenv", "given", "xoxb-1", "xoxb-1"]);
    }

    #[test]
    fn a_token_of_the_shell_is_kept_and_said_to_differ() {
        let mut layers = layers(&[("SLACK_APP_TOKEN", "xapp-shell")], "");
        layers.own("SLACK_CLI_XAPP", "xapp-1");
        let warning = layers.share("SLACK_APP_TOKEN", "xapp-1").unwrap();
        assert!(
            warning.contains("SLACK_APP_TOKEN of the environment differs") && !warning.contains("xapp-"),
            "{warning}"
        );
        assert_eq!(text(&layers, "SLACK_APP_TOKEN"), "xapp-shell");
        assert_eq!(text(&layers, "SLACK_CLI_XAPP"), "xapp-1");
    }

    #[test]
    fn a_hidden_name_is_seen_only_where_it_is_ours() {
        let mut layers = layers(&[("SLACK_CLI_XAPP", "xapp-shell")], "SLACK_CLI_XOXB=xoxb-dotenv");
        layers.hide("SLACK_CLI_XAPP");
        layers.hide("SLACK_CLI_XOXB");
        layers.own("SLACK_CLI_XOXB", "xoxb-ours");
        assert_eq!(
            (text(&layers, "SLACK_CLI_XAPP"), text(&layers, "SLACK_CLI_XOXB")),
            (String::new(), "xoxb-ours".into())
        );
    }

    #[test]
    fn the_same_token_and_an_empty_one_are_no_difference() {
        let mut layers = layers(&[("SLACK_APP_TOKEN", "x"), ("SLACK_BOT_TOKEN", "")], "");
        assert_eq!(layers.share("SLACK_APP_TOKEN", "x"), None);
        assert_eq!(layers.share("SLACK_BOT_TOKEN", "y"), None);
        assert_eq!(text(&layers, "SLACK_BOT_TOKEN"), "y");
    }

    #[test]
    fn a_variable_that_the_shell_has_empty_stays_empty() {
        assert_eq!(text(&layers(&[("DEBUG", "")], "DEBUG=1"), "DEBUG"), "");
    }

    #[cfg(unix)]
    #[test]
    fn a_virtual_environment_is_activated_where_there_is_one() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join(".venv/bin")).unwrap();
        let seen = layers(&[("PATH", "/usr/bin:/bin"), ("PYTHONHOME", "/old")], "").flatten(root.path());
        let venv = root.path().join(".venv");
        assert_eq!(seen.path("PATH").unwrap(), Path::new(&format!("{}/bin:/usr/bin:/bin", venv.display())));
        assert_eq!(seen.path("VIRTUAL_ENV"), Some(venv));
        assert_eq!(seen.text("PYTHONHOME"), None);
    }

    #[test]
    fn debug_shows_names_only() {
        let mut layers = layers(&[], "SECRET=hidden");
        layers.own("SLACK_CLI_XOXB", "xoxb-secret");
        let shown = format!("{layers:?}");
        assert!(shown.contains("SLACK_CLI_XOXB") && !shown.contains("xoxb-") && !shown.contains("hidden"), "{shown}");
    }
}
