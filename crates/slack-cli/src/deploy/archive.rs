//! A directory, as a zip archive.

use std::{
    fs::File,
    io::{Cursor, Read as _},
    path::{Path, PathBuf},
};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{Code, Failure, failure::io};

/// The most that is packed: the archive is held in memory while it is sent.
const MAX_BYTES: u64 = 512 * 1024 * 1024;
/// What is kept of a file's mode: a program stays one.
#[cfg(unix)]
const MODE: u32 = 0o777;

/// Packs the files below a directory, always in the same order.
pub(super) fn pack(directory: &Path) -> Result<Vec<u8>, Failure> {
    pack_at_most(directory, MAX_BYTES)
}

fn pack_at_most(directory: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    let mut files = Vec::new();
    collect(directory, &mut files)?;
    files.sort();
    if files.is_empty() {
        return Err(Failure::new(Code::AppNotHosted, "the build hook built nothing")
            .detail(format!("{} is empty", directory.display()))
            .remedy("the hook writes what Slack is to run into the directory that --output names"));
    }
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let mut left = limit;
    for path in &files {
        let packed = add(&mut archive, directory, path, left)?;
        left = left.checked_sub(packed).ok_or_else(|| {
            Failure::new(Code::AppNotHosted, format!("what the build hook built is larger than {limit} bytes"))
                .detail(format!("at {}", path.display()))
        })?;
    }
    Ok(archive.finish().map_err(|error| failed(directory, &error))?.into_inner())
}

/// Every file; what a symbolic link leads to is left out, for it could lead anywhere.
fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error: &std::io::Error| io("look into", directory, error);
    for entry in std::fs::read_dir(directory).map_err(|error| failed(&error))? {
        let entry = entry.map_err(|error| failed(&error))?;
        let kind = entry.file_type().map_err(|error| failed(&error))?;
        if kind.is_dir() {
            collect(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

/// Adds a file, or as much of it as shows that it is too large; answers how many bytes were added.
fn add(archive: &mut ZipWriter<Cursor<Vec<u8>>>, directory: &Path, path: &Path, limit: u64) -> Result<u64, Failure> {
    let inside = path.strip_prefix(directory).unwrap_or(path);
    // Archives have slashes, whatever the system has.
    let name: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    let file = File::open(path).map_err(|error| io("read", path, &error))?;
    let options = options(&file);
    archive.start_file(name.join("/"), options).map_err(|error| failed(path, &error))?;
    std::io::copy(&mut file.take(limit + 1), archive).map_err(|error| io("pack", path, &error))
}

fn options(file: &File) -> SimpleFileOptions {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    #[cfg(unix)]
    if let Ok(described) = file.metadata() {
        use std::os::unix::fs::PermissionsExt as _;

        return options.unix_permissions(described.permissions().mode() & MODE);
    }
    options
}

fn failed(path: &Path, error: &zip::result::ZipError) -> Failure {
    Failure::new(Code::FileSystem, format!("could not pack {}", path.display())).detail(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_has_every_file_under_its_path_and_is_the_same_every_time() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(directory.path().join("functions/deep")).unwrap();
        std::fs::write(directory.path().join("manifest.json"), "{}").unwrap();
        std::fs::write(directory.path().join("functions/deep/a.js"), "a".repeat(100_000)).unwrap();
        std::fs::write(directory.path().join("functions/b.js"), "b").unwrap();
        let packed = pack(directory.path()).unwrap();
        assert!(packed.len() < 10_000, "{}", packed.len());
        assert_eq!(packed, pack(directory.path()).unwrap());
        let mut archive = zip::ZipArchive::new(Cursor::new(packed)).unwrap();
        let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        assert_eq!(names, ["functions/b.js", "functions/deep/a.js", "manifest.json"]);
        let mut text = String::new();
        archive.by_name("functions/b.js").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "b");
    }

    #[test]
    fn a_build_that_built_nothing_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(*pack(directory.path()).unwrap_err().code(), Code::AppNotHosted);
    }

    #[test]
    fn no_more_than_can_be_held_is_packed() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("a"), "12345").unwrap();
        std::fs::write(directory.path().join("b"), "678").unwrap();
        assert!(pack_at_most(directory.path(), 8).is_ok());
        let failure = pack_at_most(directory.path(), 7).unwrap_err();
        assert!(failure.to_string().contains("larger than 7 bytes"), "{failure}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_takes_nothing_from_elsewhere_along() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("a"), "a").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", directory.path().join("passwd")).unwrap();
        std::os::unix::fs::symlink("/etc", directory.path().join("etc")).unwrap();
        let mut archive = zip::ZipArchive::new(Cursor::new(pack(directory.path()).unwrap())).unwrap();
        assert_eq!(archive.len(), 1);
        assert_eq!(archive.by_index(0).unwrap().name().unwrap(), "a");
    }
}
