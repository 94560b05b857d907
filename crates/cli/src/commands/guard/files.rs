//! The program and the files of a guarded command.

use std::{
    ffi::OsString,
    fs::File,
    io::Read as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use countersign_approval::{FileDigest, to_hex};
use sha2::{Digest as _, Sha256};

/// Bytes that are hashed at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// A command that was found.
#[derive(Debug)]
pub(super) struct Command {
    /// The program, all links followed.
    pub(super) program: PathBuf,
    /// Program and arguments, as they were given.
    pub(super) argv: Vec<String>,
    /// The program, and every argument that is a file.
    pub(super) files: Vec<PathBuf>,
}

/// Finds the program as a shell would; `None` when there is none.
pub(super) fn find(command: &[OsString], path: Option<&Path>) -> anyhow::Result<Option<Command>> {
    let argv = command
        .iter()
        .map(|arg| arg.clone().into_string().ok().context("an argument is not UTF-8: it cannot be shown for approval"))
        .collect::<anyhow::Result<Vec<String>>>()?;
    let Some(name) = argv.first() else { return Ok(None) };
    let Some(program) = program(name, path) else { return Ok(None) };
    let program = program.canonicalize().with_context(|| format!("could not follow {}", program.display()))?;
    let mut files = vec![program.clone()];
    for arg in argv.iter().skip(1) {
        if let Some(file) = file_of(arg) {
            let file = file.canonicalize().with_context(|| format!("could not follow {}", file.display()))?;
            if !files.contains(&file) {
                files.push(file);
            }
        }
    }
    Ok(Some(Command { program, argv, files }))
}

/// The file that an argument names: as it is, or after the `=` of an option.
fn file_of(arg: &str) -> Option<&Path> {
    let whole = Path::new(arg);
    if whole.is_file() {
        return Some(whole);
    }
    let value = arg.strip_prefix('-').and_then(|option| option.split_once('='))?.1;
    let value = Path::new(value.strip_prefix('@').unwrap_or(value));
    value.is_file().then_some(value)
}

fn program(name: &str, path: Option<&Path>) -> Option<PathBuf> {
    if name.contains('/') {
        return is_executable(Path::new(name)).then(|| PathBuf::from(name));
    }
    std::env::split_paths(path?).map(|dir| dir.join(name)).find(|candidate| is_executable(candidate))
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

impl Command {
    /// The files' digests as they are now.
    pub(super) fn digests(&self) -> anyhow::Result<Vec<FileDigest>> {
        self.files.iter().map(|path| digest(path)).collect()
    }
}

fn digest(path: &Path) -> anyhow::Result<FileDigest> {
    let text = path.to_str().with_context(|| format!("the path of {} is not UTF-8", path.display()))?;
    let file = File::open(path).with_context(|| format!("could not open {text} to hash it"))?;
    let sha256 = hash(file).with_context(|| format!("could not read {text} to hash it"))?;
    Ok(FileDigest { path: text.to_owned(), sha256 })
}

/// SHA-256 of a file's content, hex.
pub(super) fn hash(mut file: File) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(to_hex(&hasher.finalize())),
            bytes => hasher.update(buffer.get(..bytes).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_and_every_file_are_hashed() {
        let dir = tempfile::tempdir().unwrap();
        let (tool, plan, vars) = (dir.path().join("tool"), dir.path().join("plan"), dir.path().join("vars"));
        for file in [&tool, &plan, &vars] {
            std::fs::write(file, "x").unwrap();
        }
        std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
        let args = ["tool".into(), plan.clone().into_os_string(), format!("-var-file={}", vars.display()).into()];
        let command = find(&args, Some(dir.path())).unwrap().unwrap();
        assert_eq!(command.files.len(), 3);
        let before = command.digests().unwrap();
        std::fs::write(&plan, "y").unwrap();
        assert_ne!(command.digests().unwrap(), before);
    }

    #[test]
    fn what_cannot_be_executed_is_not_found() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("tool"), "x").unwrap();
        assert!(find(&["tool".into()], Some(dir.path())).unwrap().is_none());
        assert!(find(&["tool".into()], None).unwrap().is_none());
    }
}
