//! Where things are, by the XDG base directory specification.

use std::path::{Path, PathBuf};

use crate::environment::Environment;

/// The user's directories for this program. None of them need exist.
#[derive(Clone, Debug)]
pub(crate) struct Dirs {
    /// For `countersign.toml`.
    pub(crate) config: PathBuf,
    /// For databases, keys and logs.
    pub(crate) state: PathBuf,
    /// `XDG_RUNTIME_DIR`, where the system has such a place.
    pub(crate) runtime: Option<PathBuf>,
    /// The user's home.
    pub(crate) home: PathBuf,
}

impl Dirs {
    /// The directories that the environment names. Relative paths are ignored, as the specification wants.
    pub(crate) fn of(environment: &Environment) -> Self {
        let absolute = |name| environment.path(name).filter(|path| path.is_absolute());
        let home = absolute("HOME").unwrap_or_else(|| PathBuf::from("/"));
        let base = |name, fallback: &str| absolute(name).unwrap_or_else(|| home.join(fallback)).join("countersign");
        Self {
            config: base("XDG_CONFIG_HOME", ".config"),
            state: base("XDG_STATE_HOME", ".local/state"),
            runtime: absolute("XDG_RUNTIME_DIR"),
            home,
        }
    }

    /// The configuration file that is read when none is named.
    pub(crate) fn config_file(&self) -> PathBuf {
        self.config.join("countersign.toml")
    }

    /// Claude Code's settings of this user.
    pub(crate) fn claude_settings(&self, environment: &Environment) -> PathBuf {
        let dir = environment.path("CLAUDE_CONFIG_DIR").filter(|path| path.is_absolute());
        dir.unwrap_or_else(|| self.home.join(".claude")).join("settings.json")
    }
}

/// Makes a directory that only its owner can enter.
pub(crate) fn make_private(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}
