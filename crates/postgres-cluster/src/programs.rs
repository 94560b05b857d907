//! Where PostgreSQL's programs are, and as whom they run.

use std::{
    os::unix::{fs::MetadataExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::cluster::StartError;

/// Debian keeps each major version's programs here.
const VERSIONS: &str = "/usr/lib/postgresql";

/// The user that the package makes: the server refuses to run as root.
const USER: &str = "postgres";

/// The programs of one version.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    bin: PathBuf,
    /// Whom they run as, if not as ourselves.
    account: Option<Account>,
}

#[derive(Clone, Copy, Debug)]
struct Account {
    user: u32,
    group: u32,
}

impl Programs {
    /// Those of the newest version there is.
    pub(crate) fn find() -> Result<Self, StartError> {
        let bin = newest().ok_or(StartError::Missing)?;
        // Who we are is told by what is ours.
        let root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
        let account = if root { Some(Account::of(USER)?) } else { None };
        Ok(Self { bin, account })
    }

    /// A program, to be run as whom it has to.
    pub(crate) fn command(&self, program: &str) -> Command {
        self.as_account(Command::new(self.bin.join(program)))
    }

    /// Where a program is.
    pub(crate) fn path(&self, program: &str) -> PathBuf {
        self.bin.join(program)
    }

    /// Some other program, to be run as the same account.
    pub(crate) fn as_account(&self, mut command: Command) -> Command {
        if let Some(Account { user, group }) = self.account {
            command.uid(user).gid(group);
        }
        // Neither our settings nor our language: each start is like every other.
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
        command
    }

    /// Gives a directory to whom the programs run as.
    pub(crate) fn give(&self, directory: &Path) -> std::io::Result<()> {
        match self.account {
            Some(Account { user, group }) => std::os::unix::fs::chown(directory, Some(user), Some(group)),
            None => Ok(()),
        }
    }
}

fn newest() -> Option<PathBuf> {
    let versions = std::fs::read_dir(VERSIONS).ok()?;
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            let bin = entry.path().join("bin");
            bin.join("initdb").is_file().then_some((version, bin))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, bin)| bin)
}

impl Account {
    fn of(user: &'static str) -> Result<Self, StartError> {
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        let line = passwd.lines().find_map(|line| line.strip_prefix(user)?.strip_prefix(':'));
        // NAME:password:UID:GID:…
        let mut ids = line.unwrap_or_default().split(':').skip(1).map(str::parse);
        match (ids.next(), ids.next()) {
            (Some(Ok(user)), Some(Ok(group))) => Ok(Self { user, group }),
            _ => Err(StartError::NoAccount { user }),
        }
    }
}
