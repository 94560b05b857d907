//! Editing `.env`, leaving everything else in it as it is.

use std::{fs, io::Write as _, path::Path};

use super::{not_parsed, parse, path_of, text_of};
use crate::{Code, Failure};

/// Sets a variable in a project's `.env`, leaving everything else in it as it is, comments included.
pub fn set(root: &Path, name: &str, value: &str) -> Result<(), Failure> {
    check(name, value)?;
    let path = path_of(root);
    let text = text_of(&path)?.unwrap_or_default();
    let edited = with(&text, name, value).map_err(|wrong| not_parsed(&path, &wrong))?;
    write(&path, &edited)
}

/// Takes a variable out of a project's `.env`; answers whether it was there.
pub fn unset(root: &Path, name: &str) -> Result<bool, Failure> {
    let path = path_of(root);
    let Some(text) = text_of(&path)? else { return Ok(false) };
    let edited = without(&text, name).map_err(|wrong| not_parsed(&path, &wrong))?;
    if edited == text {
        return Ok(false);
    }
    write(&path, &edited).map(|()| true)
}

fn check(name: &str, value: &str) -> Result<(), Failure> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !starts_well || !name.chars().all(parse::is_in_name) {
        let failure = Failure::new(Code::InvalidArguments, format!("{name:?} cannot be a variable's name"));
        return Err(failure.remedy("use letters, digits and `_`, and no digit first"));
    }
    if value.contains('\0') {
        return Err(Failure::new(Code::InvalidArguments, format!("the value of {name} has a NUL")));
    }
    Ok(())
}

/// A text with a variable set: where it stands last, which is the one that counts, else at the end.
pub(super) fn with(text: &str, name: &str, value: &str) -> Result<String, parse::Wrong> {
    let assignments = parse::assignments(text)?;
    if let Some(last) = assignments.iter().rfind(|assignment| assignment.name == name) {
        let mut edited = text.to_owned();
        edited.replace_range(last.place.clone(), &written(value));
        return Ok(edited);
    }
    let newline = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    Ok(format!("{text}{newline}{name}={}\n", written(value)))
}

/// A text without a variable, however often it stands there.
pub(super) fn without(text: &str, name: &str) -> Result<String, parse::Wrong> {
    let mut edited = text.to_owned();
    for assignment in parse::assignments(text)?.iter().rev().filter(|assignment| assignment.name == name) {
        edited.replace_range(assignment.lines.clone(), "");
    }
    Ok(edited)
}

/// A value as it is written: bare where nothing in it needs quotes, else so that most readers of `.env` take it.
fn written(value: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+,=-".contains(c);
    if !value.is_empty() && value.chars().all(is_plain) {
        return value.to_owned();
    }
    // Nothing in single quotes means anything but itself.
    if !value.contains(['\'', '\r']) {
        return format!("'{value}'");
    }
    let mut quoted = String::from("\"");
    for c in value.chars() {
        match c {
            '\\' | '"' | '$' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Writes the file in one step, so that nobody reads half of it; only its owner may read a new one.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: &std::io::Error| {
        Failure::new(Code::DotEnvFileWrite, format!("could not write {}", path.display())).detail(error.to_string())
    };
    // A link stays one: what it leads to is written.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let directory = target.parent().unwrap_or(Path::new("."));
    let replace = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(directory)?;
        file.write_all(text.as_bytes())?;
        if let Ok(data) = fs::metadata(&target) {
            file.as_file().set_permissions(data.permissions())?;
        }
        file.persist(&target)?;
        Ok(())
    };
    replace().map_err(|error| failed(&error))
}
