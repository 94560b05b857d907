//! `.env`: read for hooks and apps, edited by `countersign slack env`.
//!
//! What is read is what the official command line reads: `export`, quotes, values of several lines, comments. Reading and
//! editing go by the same assignments with their places in the file, so that what is edited is what was read.

mod edit;
mod parse;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

pub use self::edit::{set, unset};
use crate::{Code, Failure};

/// The file's name.
const NAME: &str = ".env";
/// The largest file that is read, in bytes. The kernel gives a process no larger environment anyway.
const LIMIT: u64 = 4 << 20;

/// The variables of a project's `.env` file, in order.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Dotenv(Vec<(String, String)>);

impl std::fmt::Debug for Dotenv {
    /// Names only: values are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Dotenv {
    /// Reads a project's `.env`; a missing one is empty.
    pub fn read(root: &Path) -> Result<Self, Failure> {
        let path = path_of(root);
        match text_of(&path)? {
            None => Ok(Self::default()),
            Some(text) => Self::parse(&text).map_err(|wrong| not_parsed(&path, &wrong)),
        }
    }

    /// Reads a text.
    pub(crate) fn parse(text: &str) -> Result<Self, parse::Wrong> {
        let assignments = parse::assignments(text)?;
        Ok(Self(assignments.into_iter().map(|assignment| (assignment.name, assignment.value)).collect()))
    }

    /// The variables, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn path_of(root: &Path) -> PathBuf {
    root.join(NAME)
}

/// The file's text; `None` where there is no file.
fn text_of(path: &Path) -> Result<Option<String>, Failure> {
    let failed = |why: String| {
        Failure::new(Code::DotEnvFileRead, format!("could not read {}", path.display()))
            .detail(why)
            .remedy("make it a file of UTF-8 text that you may read, or remove it")
    };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error.to_string())),
        // Reading a named pipe could take for ever.
        Ok(data) if !data.is_file() => return Err(failed("it is not a file".to_owned())),
        Ok(data) if data.len() > LIMIT => return Err(failed(format!("it is larger than {LIMIT} bytes"))),
        Ok(_) => {}
    }
    let bytes = fs::read(path).map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map(Some).map_err(|error| failed(error.utf8_error().to_string()))
}

fn not_parsed(path: &Path, wrong: &parse::Wrong) -> Failure {
    Failure::new(Code::DotEnvFileParse, format!("could not parse {}", path.display()))
        .detail(format!("line {}: {}", wrong.line, wrong.why))
        .remedy("write every variable as NAME=value or NAME=\"value\"")
}

#[cfg(test)]
mod tests;
