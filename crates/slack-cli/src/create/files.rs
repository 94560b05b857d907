//! Writing the files of a project.

use std::path::Path;

use crate::{Failure, failure};

/// Writes a file, and the directories above it.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(|error| failure::io("make", directory, &error))?;
    }
    std::fs::write(path, text).map_err(|error| failure::io("write", path, &error))
}
