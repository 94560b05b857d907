//! The project, and what it needs.

use countersign_slack::hooks::{Doctor, Fault, HookName, Release};

use super::{Group, Section, Trouble};
use crate::{
    Code, Failure, Session,
    project::{ManifestSource, Project},
    upgrade,
};

/// The project's section; none outside of a project.
pub(super) async fn examine(session: &Session) -> Option<Section> {
    let name = "Project";
    let project = match Project::open(session).await {
        Ok(project) => project,
        Err(failure) if *failure.code() == Code::InvalidAppDirectory => return None,
        Err(failure) => return Some(Section { name, groups: vec![Group::named("Hooks").error(&failure)] }),
    };
    let (runtime, dependencies) = tokio::join!(runtime(session, &project), dependencies(session, &project));
    Some(Section { name, groups: vec![configuration(&project), runtime, dependencies] })
}

fn configuration(project: &Project) -> Group {
    let source = match project.manifest_source() {
        ManifestSource::Local => "project (local)",
        ManifestSource::Remote => "app settings (remote)",
    };
    let group = Group::named("Configurations")
        .fact("Directory", project.root().display().to_string())
        .fact("Manifest source", source);
    match project.id() {
        Some(id) => group.fact("Project ID", id),
        None => group,
    }
}

async fn runtime(session: &Session, project: &Project) -> Group {
    let group = Group::named("Runtime");
    let group = match project.runtime() {
        Some(runtime) => group.fact("Runtime", runtime),
        None => group,
    };
    if !project.has(HookName::Doctor) {
        return group.note("the project has no doctor hook");
    }
    match ask(session, project).await {
        Ok(found) => with_versions(group, found),
        Err(failure) => group.error(&failure),
    }
}

async fn ask(session: &Session, project: &Project) -> Result<Doctor, Failure> {
    project.hook(session, HookName::Doctor)?.answer().await?.json()
}

fn with_versions(mut group: Group, found: Doctor) -> Group {
    for version in found.versions {
        if let Some(fault) = &version.error {
            group = group.error(told(&version.name, fault));
        }
        if let Some(message) = version.message.filter(|message| !message.is_empty()) {
            group = group.note(format!("{}: {message}", version.name));
        }
        group = group.fact(version.name, version.current);
    }
    group
}

async fn dependencies(session: &Session, project: &Project) -> Group {
    let mut group = Group::named("Dependencies");
    if !project.has(HookName::CheckUpdate) {
        return group.note("the project has no check-update hook");
    }
    let found = match upgrade::check(session, project).await {
        Ok(found) => found,
        Err(failure) => return group.error(&failure),
    };
    for release in &found.releases {
        if let Some(fault) = &release.error {
            group = group.error(told(&release.name, fault));
        }
        group = group.fact(release.name.as_str(), versions(release));
    }
    group
}

/// The version that is used, and the one there could be.
fn versions(release: &Release) -> String {
    let current = release.current.as_deref().unwrap_or("?");
    match release.latest.as_deref() {
        Some(latest) if release.update => format!("{current} → {latest} (update available)"),
        Some(latest) if latest != current => format!("{current} (supported version)"),
        _ => current.to_owned(),
    }
}

fn told(name: &str, fault: &Fault) -> Trouble {
    let what = if fault.message.is_empty() { "something is wrong with it" } else { &fault.message };
    Trouble::from(format!("{name}: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_told_with_the_one_there_could_be() {
        let release = |current: &str, latest: &str, update| Release {
            current: Some(current.to_owned()),
            latest: Some(latest.to_owned()),
            update,
            ..Release::default()
        };
        assert_eq!(versions(&release("1.0", "1.1", true)), "1.0 → 1.1 (update available)");
        assert_eq!(versions(&release("1.0", "1.1", false)), "1.0 (supported version)");
        assert_eq!(versions(&release("1.0", "1.0", false)), "1.0");
        assert_eq!(versions(&Release::default()), "?");
    }
}
