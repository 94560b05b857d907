//! Newer versions of what a project is built on.

use countersign_slack::hooks::{CheckUpdate, Fault, HookName, InstallUpdate, Installed, Release};

use crate::{Code, Failure, Session, project::Project};

/// What an upgrade found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade {
    /// What `check-update` answered.
    pub found: CheckUpdate,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of the newer versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// There are none.
    UpToDate,
    /// They are there and were not taken, for nobody wanted them.
    Declined,
    /// They are there, and nobody could be asked.
    NotAsked,
    /// They are there, and the project's SDK cannot take them.
    ByHand,
    /// They were taken, each with what went wrong.
    Taken(Vec<Installed>),
}

impl Upgrade {
    /// What is not known, or did not work; with any of them the upgrade has failed.
    pub fn faults(&self) -> Vec<String> {
        let unknown = self.found.releases.iter().filter_map(|release| named(&release.name, release.error.as_ref()));
        let taken = match &self.outcome {
            Outcome::Taken(installed) => installed.as_slice(),
            _ => &[],
        };
        let failed = taken.iter().filter_map(|installed| named(&installed.name, installed.error.as_ref()));
        unknown.chain(failed).collect()
    }

    /// The releases that are newer than what is used.
    pub fn newer(&self) -> impl Iterator<Item = &Release> {
        newer(&self.found)
    }
}

fn named(name: &str, fault: Option<&Fault>) -> Option<String> {
    let fault = fault?;
    Some(if fault.message.is_empty() {
        format!("{name}: nothing is known")
    } else {
        format!("{name}: {}", fault.message)
    })
}

fn newer(found: &CheckUpdate) -> impl Iterator<Item = &Release> {
    found.releases.iter().filter(|release| release.update)
}

/// Asks the project what newer versions there are.
///
/// An answer that says it is an error is one: who looks for updates must not take "unknown" for "none".
pub async fn check(session: &Session, project: &Project) -> Result<CheckUpdate, Failure> {
    if !project.has(HookName::CheckUpdate) {
        return Err(Failure::new(Code::SdkHookNotFound, "the project has no check-update hook")
            .remedy("update what the project is built on by hand, or name a command in .slack/hooks.json"));
    }
    let found: CheckUpdate = project.hook(session, HookName::CheckUpdate)?.answer().await?.json()?;
    let Some(fault) = &found.error else { return Ok(found) };
    let failure =
        Failure::new(Code::SdkHookInvocationFailed, "the check-update hook could not look for newer versions");
    let failure = if fault.message.is_empty() { failure } else { failure.detail(fault.message.clone()) };
    let each = found.releases.iter().filter_map(|release| named(&release.name, release.error.as_ref()));
    Err(each.fold(failure, Failure::detail))
}

/// Looks for newer versions and, where somebody says yes, takes them.
pub async fn upgrade(session: &Session, project: &Project) -> Result<Upgrade, Failure> {
    let found = check(session, project).await?;
    if newer(&found).next().is_none() {
        return Ok(Upgrade { found, outcome: Outcome::UpToDate });
    }
    tell(session, &found);
    if !project.has(HookName::InstallUpdate) {
        return Ok(Upgrade { found, outcome: Outcome::ByHand });
    }
    let wanted = if session.settings.yes { Some(true) } else { session.talk.confirm("Take the newest versions now?") };
    let outcome = match wanted {
        Some(true) => Outcome::Taken(install(session, project).await?),
        Some(false) => Outcome::Declined,
        None => Outcome::NotAsked,
    };
    Ok(Upgrade { found, outcome })
}

/// Tells what there is.
fn tell(session: &Session, found: &CheckUpdate) {
    let name = if found.name.is_empty() { "the project's SDK" } else { &found.name };
    session.talk.say(&format!("an update of {name} is available:"));
    let mut is_breaking = false;
    for release in newer(found) {
        is_breaking |= release.breaking;
        let breaking = if release.breaking { " (breaking)" } else { "" };
        let version = |version: &Option<String>| version.clone().unwrap_or_else(|| "?".to_owned());
        let (current, latest) = (version(&release.current), version(&release.latest));
        session.talk.say(&format!("  {} {current} → {latest}{breaking}", release.name));
        for text in [&release.message, &release.url].into_iter().flatten().filter(|text| !text.is_empty()) {
            session.talk.say(&format!("    {text}"));
        }
    }
    for text in [&found.message, &found.url].into_iter().flatten().filter(|text| !text.is_empty()) {
        session.talk.say(&format!("  {text}"));
    }
    if is_breaking {
        session.talk.warn("a breaking update may need the app to be changed");
    }
}

async fn install(session: &Session, project: &Project) -> Result<Vec<Installed>, Failure> {
    let answer: InstallUpdate = project.hook(session, HookName::InstallUpdate)?.answer().await?.json()?;
    if let Some(fault) = &answer.error {
        let failure =
            Failure::new(Code::SdkHookInvocationFailed, "the install-update hook could not take the newest versions");
        return Err(if fault.message.is_empty() { failure } else { failure.detail(fault.message.clone()) });
    }
    if !answer.updates.is_empty() {
        return Ok(answer.updates);
    }
    // The specification's sample answers with releases; the reference reads updates.
    let taken = |release: Release| Installed {
        name: release.name,
        previous: release.current.unwrap_or_default(),
        installed: release.latest.unwrap_or_default(),
        error: release.error,
    };
    Ok(answer.releases.into_iter().map(taken).collect())
}
