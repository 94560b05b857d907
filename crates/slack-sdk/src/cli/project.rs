//! The project that a hook is about.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use thiserror::Error;

use super::Environment;

/// The file that describes a package.
pub const CARGO: &str = "Cargo.toml";
/// The file that holds a manifest.
pub const MANIFEST: &str = "manifest.json";
/// A manifest of a few kilobytes is large; beyond this it is something else.
const MAX_MANIFEST: u64 = 4 * 1024 * 1024;

/// Why there is no project, or its manifest cannot be read.
#[derive(Debug, Error)]
pub enum ProjectError {
    /// No package up to the root of the file system.
    #[error("there is no Cargo.toml in {} or above it", from.display())]
    NotFound {
        /// Where the search began.
        from: PathBuf,
    },
    /// A file cannot be read.
    #[error("could not read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A manifest is no JSON.
    #[error("{} is not JSON", path.display())]
    Json {
        /// Which.
        path: PathBuf,
        /// Where and why not.
        source: serde_json::Error,
    },
    /// A manifest is some other JSON.
    #[error("{} is not a JSON object", path.display())]
    NotAnObject {
        /// Which.
        path: PathBuf,
    },
}

/// The nearest directory with a package, from a directory upward.
///
/// # Errors
/// When there is none.
pub fn root(from: &Path) -> Result<PathBuf, ProjectError> {
    let found = from.ancestors().find(|directory| directory.join(CARGO).is_file());
    found.map(Path::to_path_buf).ok_or_else(|| ProjectError::NotFound { from: from.to_owned() })
}

/// The path that `slack run PATH` was given, below the project or the directory it was called in.
pub fn custom_path(environment: &Environment, root: &Path) -> Option<PathBuf> {
    // The reference sets both; hooks out there read one of them each.
    let given = ["SLACK_CLI_CUSTOM_FILE_PATH", "SLACK_APP_PATH"].into_iter().find_map(|name| environment.path(name))?;
    let inside = root.join(&given);
    Some(if inside.exists() { inside } else { given })
}

/// The file that holds the app's manifest, where there is one: what was named, or `manifest.json` beside it or in the root.
pub fn manifest_file(environment: &Environment, root: &Path) -> Option<PathBuf> {
    let custom = custom_path(environment, root);
    let named = custom.as_deref().filter(|path| path.extension().is_some_and(|kind| kind == "json"));
    let beside = custom.as_deref().filter(|path| path.is_dir()).map(|directory| directory.join(MANIFEST));
    let files = [named.map(Path::to_path_buf), beside, Some(root.join(MANIFEST))];
    files.into_iter().flatten().find(|file| file.is_file())
}

/// Reads a JSON object from a file: a manifest, or a trigger.
///
/// # Errors
/// When it cannot be read, or holds something else.
pub fn read_object(path: &Path) -> Result<Value, ProjectError> {
    let read = |source| ProjectError::Read { path: path.to_owned(), source };
    if fs::metadata(path).map_err(read)?.len() > MAX_MANIFEST {
        return Err(read(std::io::Error::other("it is larger than 4 MiB")));
    }
    let text = fs::read_to_string(path).map_err(read)?;
    let value = serde_json::from_str(text.trim_start_matches('\u{feff}'));
    let value: Value = value.map_err(|source| ProjectError::Json { path: path.to_owned(), source })?;
    if value.is_object() { Ok(value) } else { Err(ProjectError::NotAnObject { path: path.to_owned() }) }
}
