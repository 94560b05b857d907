//! The directory and the names in it.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::DaemonKey;

/// Longest path of a Unix socket, in bytes without the final NUL: `sun_path` has 104 bytes on the BSDs and
/// macOS, 108 on Linux.
const SOCKET_PATH_MAX_BYTES: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// Permission bits that let somebody else in.
const OTHERS: u32 = 0o077;

/// Why there is no place to meet.
#[derive(Debug, thiserror::Error)]
pub enum PathsError {
    /// No candidate was given.
    #[error("no runtime directory is known")]
    NoCandidate,
    /// The directory's path is too long for a socket inside it.
    #[error("runtime directory {dir} is too long for a socket: {length} bytes, at most {SOCKET_PATH_MAX_BYTES}")]
    TooLong {
        /// The directory.
        dir: PathBuf,
        /// Length of the socket's path, in bytes.
        length: usize,
    },
    /// A relative path would be another place for client and daemon.
    #[error("runtime directory {0} is not absolute")]
    NotAbsolute(PathBuf),
    /// The directory could not be made or looked at.
    #[error("runtime directory {dir} cannot be used")]
    Io {
        /// The directory.
        dir: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A symbolic link or a file stands there.
    #[error("runtime directory {0} is not a directory of its own (a symbolic link or a file)")]
    NotADirectory(PathBuf),
    /// Somebody else's directory.
    #[error("runtime directory {dir} belongs to user {owner}, not to user {user}")]
    Foreign {
        /// The directory.
        dir: PathBuf,
        /// Its owner.
        owner: u32,
        /// The user who is running.
        user: u32,
    },
    /// Others could enter it.
    #[error("runtime directory {dir} is open to others (mode {mode:03o}); hint: chmod 700 {dir}")]
    Open {
        /// The directory.
        dir: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
}

/// The names of one daemon, inside a verified directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    dir: PathBuf,
    key: DaemonKey,
}

/// Directories to meet in, best first, for [`Paths::locate`].
///
/// The first is the user's runtime directory, else the state directory; the last has the shortest path and is
/// used only when a socket's path would be too long. It lies in a directory that everybody can write to, which
/// is safe only because [`Paths`] refuses what is not the user's own.
pub fn candidates(runtime_dir: Option<&Path>, state_dir: &Path) -> Vec<PathBuf> {
    let user = nix::unistd::geteuid();
    let first = match runtime_dir.filter(|dir| dir.is_absolute()) {
        Some(dir) => dir.join("countersign"),
        None => state_dir.join("run"),
    };
    vec![first, PathBuf::from(format!("/tmp/countersign-{user}"))]
}

impl Paths {
    /// Takes the first candidate whose path is short enough, makes it if it is missing, and verifies it.
    ///
    /// The choice depends on lengths only, so that every client of a user makes the same one; a directory that
    /// is not safe is an error, never a reason to go elsewhere.
    pub fn locate(candidates: &[PathBuf], key: DaemonKey) -> Result<Self, PathsError> {
        let mut refused = PathsError::NoCandidate;
        for dir in candidates {
            match Self::named(dir, key) {
                Ok(paths) => {
                    make_private(&paths.dir)?;
                    return Ok(paths);
                }
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    /// As [`Paths::locate`] with one directory: the daemon's end, which was told where.
    pub fn in_dir(dir: &Path, key: DaemonKey) -> Result<Self, PathsError> {
        let paths = Self::named(dir, key)?;
        make_private(&paths.dir)?;
        Ok(paths)
    }

    /// Every daemon that ever met its clients in one of these directories, whether it runs or not.
    ///
    /// A directory that is missing or not safe has none: nothing in it is to be trusted.
    pub fn all_in(candidates: &[PathBuf]) -> Vec<Self> {
        let mut all = Vec::new();
        for dir in candidates {
            let names = fs::read_dir(dir).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.file_name());
            let keys = names.filter_map(|name| name.to_str()?.strip_suffix(".lock")?.parse::<DaemonKey>().ok());
            all.extend(keys.filter_map(|key| Self::in_dir(dir, key).ok()));
        }
        all
    }

    /// The names only, nothing touched.
    fn named(dir: &Path, key: DaemonKey) -> Result<Self, PathsError> {
        if !dir.is_absolute() {
            return Err(PathsError::NotAbsolute(dir.to_owned()));
        }
        let paths = Self { dir: dir.to_owned(), key };
        let length = paths.socket().as_os_str().as_bytes().len();
        if length > SOCKET_PATH_MAX_BYTES {
            return Err(PathsError::TooLong { dir: paths.dir, length });
        }
        Ok(paths)
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Which daemon.
    pub fn key(&self) -> DaemonKey {
        self.key
    }

    /// The daemon's socket.
    pub fn socket(&self) -> PathBuf {
        self.name("sock")
    }

    /// Where the socket is bound before it gets its name. Not longer than [`Paths::socket`].
    pub(super) fn unborn_socket(&self) -> PathBuf {
        self.name("tmp")
    }

    /// The lock of whoever starts the daemon.
    pub fn start_lock(&self) -> PathBuf {
        self.name("start.lock")
    }

    /// The lock the daemon holds for life.
    pub fn life_lock(&self) -> PathBuf {
        self.name("lock")
    }

    /// The daemon's pid, for people.
    pub fn pid_file(&self) -> PathBuf {
        self.name("pid")
    }

    fn name(&self, ending: &str) -> PathBuf {
        self.dir.join(format!("{}.{ending}", self.key))
    }
}

/// Makes the directory if it is missing, and verifies it in any case.
///
/// The mode is given to `mkdir` itself: a umask only takes bits away, so there is no moment at which the directory
/// is open. What exists is never repaired: a directory that was open may have been visited.
fn make_private(dir: &Path) -> Result<(), PathsError> {
    let failed = |source| PathsError::Io { dir: dir.to_owned(), source };
    let about = match fs::symlink_metadata(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
            fs::symlink_metadata(dir).map_err(failed)?
        }
        looked => looked.map_err(failed)?,
    };
    verify(dir, &about)
}

/// Refuses what is not a directory of the user's own that nobody else can enter.
fn verify(dir: &Path, about: &fs::Metadata) -> Result<(), PathsError> {
    let dir = dir.to_owned();
    let user = nix::unistd::geteuid().as_raw();
    let mode = about.mode() & 0o777;
    if !about.file_type().is_dir() {
        Err(PathsError::NotADirectory(dir))
    } else if about.uid() != user {
        let owner = about.uid();
        Err(PathsError::Foreign { dir, owner, user })
    } else if mode & OTHERS != 0 {
        Err(PathsError::Open { dir, mode })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn key() -> DaemonKey {
        DaemonKey::derive("https://slack.com/api/", "xapp-1-A1-1-x")
    }

    #[test]
    fn a_missing_directory_is_made_private() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("a/b");
        let paths = Paths::in_dir(&dir, key()).unwrap();
        let mode = fs::metadata(&dir).unwrap().mode() & 0o777;
        assert_eq!(mode, 0o700);
        assert_eq!(paths.socket().parent().unwrap(), dir);
    }

    #[rstest]
    #[case::world_writable(0o777)]
    #[case::group_readable(0o740)]
    #[case::searchable(0o711)]
    fn a_directory_open_to_others_is_refused(#[case] mode: u32) {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("run");
        fs::create_dir(&dir).unwrap();
        fs::set_permissions(&dir, fs::Permissions::from_mode(mode)).unwrap();
        let error = Paths::in_dir(&dir, key()).unwrap_err();
        assert!(matches!(error, PathsError::Open { mode: m, .. } if m == mode));
        assert!(error.to_string().contains("hint: chmod 700"));
    }

    #[test]
    fn a_symbolic_link_is_refused_even_to_a_good_directory() {
        let root = tempfile::tempdir().unwrap();
        let good = root.path().join("good");
        Paths::in_dir(&good, key()).unwrap();
        let link = root.path().join("link");
        symlink(&good, &link).unwrap();
        assert!(matches!(Paths::in_dir(&link, key()), Err(PathsError::NotADirectory(_))));
    }

    #[test]
    fn a_file_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("run");
        fs::write(&file, "").unwrap();
        assert!(matches!(Paths::in_dir(&file, key()), Err(PathsError::NotADirectory(_))));
    }

    #[test]
    fn another_users_directory_is_refused() {
        // The root directory is another user's for everybody but root; as root, a directory is given away.
        let root = tempfile::tempdir().unwrap();
        let dir = if nix::unistd::geteuid().is_root() {
            let dir = root.path().join("run");
            Paths::in_dir(&dir, key()).unwrap();
            std::os::unix::fs::chown(&dir, Some(12_345), None).unwrap();
            dir
        } else {
            PathBuf::from("/")
        };
        assert!(matches!(Paths::in_dir(&dir, key()), Err(PathsError::Foreign { .. })));
    }

    #[test]
    fn a_path_too_long_for_a_socket_falls_back_or_is_named() {
        let root = tempfile::tempdir().unwrap();
        let long = root.path().join("x".repeat(100));
        let short = root.path().join("s");
        let paths = Paths::locate(&[long.clone(), short.clone()], key()).unwrap();
        assert_eq!(paths.dir(), short);
        assert!(!long.exists());
        let error = Paths::locate(std::slice::from_ref(&long), key()).unwrap_err();
        assert!(error.to_string().contains("too long for a socket"), "{error}");
    }

    #[test]
    fn an_unsafe_directory_is_no_reason_to_go_elsewhere() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("run");
        fs::write(&file, "").unwrap();
        assert!(Paths::locate(&[file, root.path().join("s")], key()).is_err());
    }

    #[test]
    fn a_relative_directory_is_refused() {
        assert!(matches!(Paths::in_dir(Path::new("run"), key()), Err(PathsError::NotAbsolute(_))));
    }

    #[test]
    fn the_runtime_directory_comes_first_and_the_state_directory_without_it() {
        let state = Path::new("/home/a/.local/state/countersign");
        let with = candidates(Some(Path::new("/run/user/1")), state);
        assert_eq!(with[0], Path::new("/run/user/1/countersign"));
        let without = candidates(None, state);
        assert_eq!(without[0], state.join("run"));
        assert!(without[1].starts_with("/tmp"));
        assert_eq!(candidates(Some(Path::new("relative")), state), without);
    }
}
