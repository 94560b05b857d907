//! The triggers of an app that was just installed.

use super::{Selection, Source, Trigger, create_for, list, source};
use crate::{Failure, Session, account::Account, app::App, project::Project};

/// More triggers than these are not told one by one.
const TOLD: usize = 20;

/// Tells an app's triggers; where it has none, a person is offered to create one of those that the project defines.
///
/// A project that defines none is left alone: most apps have nothing to do with workflows.
pub async fn offer(
    session: &Session,
    project: &Project,
    account: &Account,
    app: &App,
) -> Result<Vec<Trigger>, Failure> {
    let defined = source::found(project);
    if defined.is_empty() {
        return Ok(Vec::new());
    }
    let selection = Selection { kind: None, limit: Some(TOLD) };
    let mut triggers = list(account, &app.id, &selection).await?;
    if triggers.is_empty() {
        let mut options: Vec<String> = defined.iter().map(|path| path.display().to_string()).collect();
        options.push("none of them".to_owned());
        let chosen = session.talk.choose("The app has no triggers yet. Create one?", &options);
        if let Some(path) = chosen.and_then(|index| defined.get(index)) {
            let source = Source::File(project.root().join(path));
            triggers.push(create_for(session, project, account, app, &source).await?);
        }
    }
    for trigger in &triggers {
        session.talk.say(&format!("trigger {trigger}"));
    }
    Ok(triggers)
}
