//! New projects from templates that are in the binary, and directories that become projects.

mod dependencies;
mod files;
mod init;
mod name;
mod runtime;
mod template;

use std::path::{Path, PathBuf};

pub use self::{
    dependencies::Dependencies,
    init::{Initialised, init},
    name::{NameError, ProjectName},
    runtime::{Runtime, UnknownRuntime},
    template::{Template, UnknownTemplate},
};
use crate::{Code, Failure, Session, failure};

/// The project that is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its name, and that of its directory.
    pub name: ProjectName,
    /// What it is made from.
    pub template: Template,
    /// Where our SDK is; Rust projects depend on it by this path.
    pub sdk: Option<PathBuf>,
    /// Whether what it is built on is installed.
    pub install: bool,
}

/// A project that was made.
#[derive(Debug)]
pub struct Created {
    /// Its directory; absolute.
    pub root: PathBuf,
    /// What it was made from.
    pub template: Template,
    /// What became of what it is built on.
    pub dependencies: Dependencies,
}

impl Created {
    /// What is there to be done by the person, in this order.
    pub fn next(&self) -> Vec<String> {
        let name = self.root.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_missing = matches!(self.dependencies, Dependencies::LeftOut | Dependencies::Failed(_));
        let by_hand = dependencies::by_hand(self.template).filter(|_| is_missing).map(str::to_owned);
        [Some(format!("cd {name}")), by_hand, Some("countersign slack run".to_owned())].into_iter().flatten().collect()
    }
}

/// Makes a project in a directory of its name, below the session's.
///
/// A directory that has something in it is left alone. What the project is built on may fail to be installed: the project
/// is there all the same, and the person is told what to do.
pub async fn create(session: &Session, wanted: &Wanted) -> Result<Created, Failure> {
    let sdk = sdk(session, wanted)?;
    let root = session.directory.join(wanted.name.as_str());
    let is_new = vacant(&root)?;
    let written = template::files(wanted.template, &wanted.name, sdk.as_deref())
        .and_then(|files| files.iter().try_for_each(|file| files::write(&root.join(&file.path), &file.text)));
    if let Err(failure) = written {
        // Half a project is in the way of the next try. What cannot be removed either was told by the first failure.
        if is_new {
            let _ = std::fs::remove_dir_all(&root);
        }
        return Err(failure);
    }
    session.talk.say(&format!("made {}", root.display()));
    let dependencies = if wanted.install {
        dependencies::install(session, &root, wanted.template).await
    } else {
        Dependencies::LeftOut
    };
    Ok(Created { root, template: wanted.template, dependencies })
}

/// Asks a person for a template.
pub fn choose_template(session: &Session) -> Result<Template, Failure> {
    let names = Template::ALL.map(|template| template.to_string());
    let chosen = session.talk.choose("Which template?", &names).and_then(|index| Template::ALL.get(index).copied());
    chosen.ok_or_else(|| {
        Failure::new(Code::InvalidArguments, "no template is given").remedy("say --template rust, node or python")
    })
}

/// Makes sure that nothing is in a directory; answers whether it is not there at all.
fn vacant(root: &Path) -> Result<bool, Failure> {
    let mut inside = match std::fs::read_dir(root) {
        Ok(inside) => inside,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(failure::io("look into", root, &error)),
    };
    if inside.next().is_none() {
        return Ok(false);
    }
    Err(Failure::new(Code::AlreadyExists, format!("{} is there already, and not empty", root.display()))
        .remedy("take another name, or make a project of what is there with `countersign slack init`"))
}

/// The directory of our SDK, for a Rust project.
fn sdk(session: &Session, wanted: &Wanted) -> Result<Option<PathBuf>, Failure> {
    let Some(given) = &wanted.sdk else {
        if wanted.template == Template::Rust {
            return Err(Failure::new(
                Code::Template,
                "the Rust SDK is not published yet: a new project cannot depend on it by its name",
            )
            .remedy("say where its source is: --sdk-path DIR, such as a checkout's crates/slack-sdk"));
        }
        return Ok(None);
    };
    if wanted.template != Template::Rust {
        let message =
            format!("--sdk-path is for Rust projects, and this one is made from the template {}", wanted.template);
        return Err(Failure::new(Code::InvalidArguments, message));
    }
    let given = session.directory.join(given);
    let places = [given.clone(), given.join("crates/slack-sdk")];
    let found = places.into_iter().find(|place| is_sdk(place)).ok_or_else(|| {
        Failure::new(Code::Template, format!("there is no {} in {}", template::SDK, given.display()))
            .remedy("--sdk-path is the directory with the SDK's Cargo.toml, such as a checkout's crates/slack-sdk")
    })?;
    found.canonicalize().map(Some).map_err(|error| failure::io("find", &found, &error))
}

fn is_sdk(directory: &Path) -> bool {
    let name = format!("name = \"{}\"", template::SDK);
    let cargo = std::fs::read_to_string(directory.join("Cargo.toml")).unwrap_or_default();
    cargo.lines().any(|line| line.trim() == name)
}
