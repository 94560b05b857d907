//! The variables of an app: in the project's `.env`, or at Slack for apps that Slack runs.

use std::path::{Path, PathBuf};

use countersign_slack::ids::AppId;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    AppChoice, Code, Failure, Session,
    account::Account,
    app,
    dotenv::{self, Dotenv},
    failure,
    project::Project,
};

/// Where an app's variables are.
#[derive(Debug, Clone)]
pub enum Variables {
    /// In the `.env` of the project with this directory.
    File(PathBuf),
    /// At Slack, for an app that Slack runs.
    Hosted {
        /// Who looks at them.
        account: Box<Account>,
        /// Whose they are.
        app: AppId,
    },
}

/// One variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value; Slack never tells it.
    pub value: Option<String>,
}

impl Variables {
    /// Those that are meant: the file's, unless `--app` names an app that Slack runs.
    pub async fn of(session: &Session) -> Result<Self, Failure> {
        if !matches!(session.settings.app, Some(AppChoice::Deployed | AppChoice::Id(_))) {
            return Project::directory(session).map(Self::File);
        }
        let project = Project::open(session).await?;
        let account = Account::choose(session).await?;
        let app = app::find(session, &project, &account, None)?;
        let statuses = app::statuses(&account, std::slice::from_ref(&app)).await?;
        let is_hosted = statuses.iter().any(|status| status.id == app.id && status.is_hosted);
        Ok(if is_hosted {
            Self::Hosted { account: Box::new(account), app: app.id }
        } else {
            Self::File(project.root().to_owned())
        })
    }

    /// All of them; where one is said twice, what it was said to be last.
    pub async fn all(&self) -> Result<Vec<Variable>, Failure> {
        match self {
            Self::File(root) => {
                let read = Dotenv::read(root)?;
                let mut names: Vec<&str> = read.iter().map(|(name, _)| name).collect();
                names.sort_unstable();
                names.dedup();
                let variable =
                    |name: &str| Variable { name: name.to_owned(), value: read.get(name).map(str::to_owned) };
                Ok(names.into_iter().map(variable).collect())
            }
            Self::Hosted { account, app } => hosted(account, app).await,
        }
    }

    /// Sets one.
    pub async fn set(&self, name: &str, value: &str) -> Result<(), Failure> {
        match self {
            Self::File(root) => dotenv::set(root, name, value),
            Self::Hosted { account, app } => {
                let arguments = json!({"app_id": app, "variables": [{"name": name, "value": value}]});
                let _: Value = account.api.call("apps.hosted.variables.add", &arguments).await?;
                Ok(())
            }
        }
    }

    /// Takes one out; answers whether it was there.
    pub async fn unset(&self, name: &str) -> Result<bool, Failure> {
        match self {
            Self::File(root) => dotenv::unset(root, name),
            Self::Hosted { account, app } => {
                let arguments = json!({"app_id": app, "variable_name": name});
                match account.api.call::<Value>("apps.hosted.variables.remove", &arguments).await {
                    Ok(_) => Ok(true),
                    Err(failure) if failure.code().as_str() == "variable_not_found" => Ok(false),
                    Err(failure) => Err(failure),
                }
            }
        }
    }
}

async fn hosted(account: &Account, app: &AppId) -> Result<Vec<Variable>, Failure> {
    #[derive(Deserialize)]
    struct Listed {
        #[serde(default)]
        variable_names: Vec<String>,
    }
    let listed: Listed = account.api.call("apps.hosted.variables.list", &json!({"app_id": app})).await?;
    Ok(listed.variable_names.into_iter().map(|name| Variable { name, value: None }).collect())
}

/// Where a project shows which variables it wants.
const SAMPLES: [&str; 2] = [".env.sample", ".env.example"];

/// Makes the project's `.env` of its sample; answers which that was. A `.env` that is there stays as it is.
pub fn init(root: &Path) -> Result<&'static str, Failure> {
    let path = root.join(".env");
    let sample = SAMPLES.into_iter().find(|sample| root.join(sample).is_file()).ok_or_else(|| {
        Failure::new(Code::NotFound, format!("there is no {} in {}", SAMPLES.join(" or "), root.display()))
            .remedy("set variables one by one: countersign slack env set NAME VALUE")
    })?;
    let from = root.join(sample);
    let text = std::fs::read(&from).map_err(|error| failure::io("read", &from, &error))?;
    match write_new(&path, &text) {
        Ok(()) => Ok(sample),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(Failure::new(Code::DotEnvFileWrite, format!("{} is there already", path.display()))
                .remedy("change it with `countersign slack env set`, or remove it first"))
        }
        Err(error) => Err(Failure::new(Code::DotEnvFileWrite, format!("could not write {}", path.display()))
            .detail(error.to_string())),
    }
}

/// Writes a file that is not there yet; what will stand in it is nobody else's business.
fn write_new(path: &Path, text: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;

    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_env_file_is_made_of_the_sample_and_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        assert_eq!(*init(root).unwrap_err().code(), Code::NotFound);
        std::fs::write(root.join(".env.example"), "# mine\nTOKEN=\n").unwrap();
        assert_eq!(init(root).unwrap(), ".env.example");
        assert_eq!(std::fs::read_to_string(root.join(".env")).unwrap(), "# mine\nTOKEN=\n");
        std::fs::write(root.join(".env"), "TOKEN=secret\n").unwrap();
        assert_eq!(*init(root).unwrap_err().code(), Code::DotEnvFileWrite);
        assert_eq!(std::fs::read_to_string(root.join(".env")).unwrap(), "TOKEN=secret\n");
    }
}
