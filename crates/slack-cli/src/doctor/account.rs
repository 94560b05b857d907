//! Who is signed in.

use super::{Group, Section};
use crate::{
    Code, Failure, Session,
    account::{Account, Origin},
};

pub(super) async fn examine(session: &Session) -> Section {
    let version = Group::named("CLI").fact("Version", env!("CARGO_PKG_VERSION"));
    let configuration = Group::named("Configurations");
    let configuration = match session.config_directory() {
        Ok(directory) => configuration.fact("Directory", directory.display().to_string()),
        Err(failure) => configuration.error(&failure),
    };
    let mut groups = vec![version, configuration];
    groups.extend(accounts(session).await);
    Section { name: "Slack", groups }
}

async fn accounts(session: &Session) -> Vec<Group> {
    let failed = |failure: &Failure| vec![Group::named("Credentials").error(failure)];
    let accounts = match Account::all(session).await {
        Ok(accounts) => accounts,
        Err(failure) => return failed(&failure),
    };
    if accounts.is_empty() {
        return failed(
            &Failure::new(Code::NotAuthed, "nobody is signed in").remedy("sign in with `countersign slack login`"),
        );
    }
    let mut groups = Vec::new();
    for account in &accounts {
        groups.push(credential(account).await);
    }
    groups
}

async fn credential(account: &Account) -> Group {
    let mut group = Group::named("Credentials")
        .fact("Team domain", account.team_domain.as_str())
        .fact("Team ID", account.team.as_str())
        .fact("User ID", account.user.as_str());
    if let Origin::Kept { last_updated, is_organisation } = &account.origin {
        if let Some(when) = last_updated {
            group = group.fact("Last updated", when.as_str());
        }
        group = group.fact("Authorization level", if *is_organisation { "Organization" } else { "Workspace" });
    }
    group = group.fact("API", account.api.client().base().to_string());
    match account.test().await {
        Ok(_) => group.fact("Token status", "Valid"),
        Err(failure) => group.fact("Token status", "Invalid").error(&failure),
    }
}
