//! Where a trigger's definition comes from.

use std::path::{Path, PathBuf};

use crate::{Code, Failure, Session, project::Project};

/// Where a trigger's definition comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file: JSON is the definition itself, anything else is handed to the project's `get-trigger`.
    File(PathBuf),
    /// The only file in the project's trigger paths, or the one that a person chooses.
    Project,
    /// No file at all: a link that starts a workflow.
    Link {
        /// The workflow, with or without `#/workflows/`.
        workflow: String,
        /// What people read.
        title: Option<String>,
        /// What people read below it.
        description: Option<String>,
        /// The workflow's input for interactivity, where it has one.
        interactivity: Option<String>,
    },
}

/// The file that is meant, absolute: below the working directory, else below the project's.
pub(super) fn file(session: &Session, project: &Project, given: &Path) -> Result<PathBuf, Failure> {
    let places = [session.directory.join(given), project.root().join(given)];
    places.into_iter().find(|path| path.is_file()).ok_or_else(|| {
        let failure = Failure::new(Code::NotFound, format!("there is no file {}", given.display()));
        let failure = found(project).iter().fold(failure, |failure, path| failure.detail(path.display().to_string()));
        failure.remedy("name a trigger's definition with --trigger-def, or a workflow with --workflow")
    })
}

/// The project's only definition, or the one that a person chooses.
pub(super) fn only(session: &Session, project: &Project) -> Result<PathBuf, Failure> {
    let found = found(project);
    let names: Vec<String> = found.iter().map(|path| path.display().to_string()).collect();
    let index = match found.as_slice() {
        [] => None,
        [_] => Some(0),
        _ => session.talk.choose("Which trigger?", &names),
    };
    let chosen = index.and_then(|index| found.get(index)).map(|path| project.root().join(path));
    chosen.ok_or_else(|| {
        let message = if names.is_empty() {
            "the project has no definitions of triggers"
        } else {
            "several triggers could be meant"
        };
        let failure = names.into_iter().fold(Failure::new(Code::InvalidArguments, message), Failure::detail);
        failure.remedy("name a trigger's definition with --trigger-def, or a workflow with --workflow")
    })
}

/// More definitions than these are not offered.
const MAX_OFFERED: usize = 100;

/// The files in the project's trigger paths, by name.
pub(super) fn found(project: &Project) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in &project.interface().config.trigger_paths {
        let whole = project.root().join(path);
        if whole.is_file() {
            found.push(PathBuf::from(path));
        }
        for entry in std::fs::read_dir(&whole).into_iter().flatten().flatten() {
            let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
            let is_prose = entry.path().extension().is_some_and(|kind| kind == "md");
            if entry.path().is_file() && !is_hidden && !is_prose {
                found.push(Path::new(path).join(entry.file_name()));
            }
        }
    }
    found.sort();
    found.truncate(MAX_OFFERED);
    found
}
