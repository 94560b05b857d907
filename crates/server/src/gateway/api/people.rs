//! Users.

use std::{collections::BTreeSet, time::Duration};

use axum::{Json, extract::State};
use countersign_approval::{Person, PersonId, SlackIdentity};
use countersign_gateway::{
    ADMIN_GROUP, parse_email,
    port::{Account, Change, Deleted, Put},
    wire::api::{Done, List, ME, Outcome, Removed, SlackAccount, User, UserInput},
};

use super::{
    Admin, ApiError, Caller,
    body::{Body, In},
    caller::is_admin,
};
use crate::gateway::state::Gateway;

/// How long a new Slack app may take to say which workspace it is in, when a user's Slack id waits for that.
const SLACK_STARTS_WITHIN: Duration = Duration::from_secs(10);

/// How often that is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub(super) async fn list(State(gateway): State<Gateway>, _: Admin) -> Result<Json<List<User>>, ApiError> {
    let accounts = gateway.store().accounts().await?;
    Ok(Json(List { items: accounts.iter().map(user).collect() }))
}

pub(super) async fn show(
    State(gateway): State<Gateway>,
    caller: Caller,
    In(email): In<String>,
) -> Result<Json<User>, ApiError> {
    let id = own_or_administered(&caller, &email)?;
    let account = gateway.store().account(&id).await?.ok_or_else(|| ApiError::no_such("user", id.as_str()))?;
    Ok(Json(user(&account)))
}

pub(super) async fn put(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    In(email): In<String>,
    Body(input): Body<UserInput>,
) -> Result<Json<Outcome<User>>, ApiError> {
    put_user(&gateway, caller.change(), address(&email)?, input).await.map(Json)
}

pub(super) async fn remove(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    In(email): In<String>,
) -> Result<Json<Removed>, ApiError> {
    let id = address(&email)?;
    remove_user(&gateway, caller.change(), &id).await?;
    Ok(Json(Removed { deleted: id.to_string() }))
}

/// Creates or changes a person. What the input leaves out stays as it is, but nothing of somebody who had left: they begin
/// anew.
pub(super) async fn put_user(
    gateway: &Gateway,
    change: Change,
    id: PersonId,
    input: UserInput,
) -> Result<Outcome<User>, ApiError> {
    let groups = input.check()?;
    let before = gateway.store().account(&id).await?.filter(|account| account.person.active);
    let person = merged(&id, before.as_ref().map(|account| &account.person), &input, groups);
    keep_an_administrator(gateway, before.as_ref(), &person).await?;
    let identity = identity(gateway, &input).await?;
    // Whoever leaves loses everything that lets them in, which is what deleting does to somebody active.
    let leaves = before.is_some() && !person.active;
    let person = Person { active: person.active || leaves, ..person };
    let put = gateway.store().put_account(person, identity, input.overwrite, change.clone()).await?;
    let (done, account) = match put {
        Put::Created(account) => (Done::Created, account),
        Put::Replaced(account) if before.is_none() => (Done::Created, account),
        Put::Replaced(account) => (Done::Replaced, account),
        Put::Unchanged(account) => (Done::Unchanged, account),
        Put::Exists(account) => return Err(taken(&id, &account, &input)),
    };
    if !leaves {
        return Ok(outcome(done, &account));
    }
    remove_user(gateway, change, &id).await?;
    let person = Person { active: false, ..account.person };
    Ok(outcome(Done::Replaced, &Account { person, identities: Vec::new() }))
}

/// The person is there already, or the Slack account is somebody else's.
fn taken(id: &PersonId, account: &Account, input: &UserInput) -> ApiError {
    if account.person.id == *id {
        return ApiError::exists("user", id.as_str());
    }
    let slack = input.slack_id.as_deref().unwrap_or_default();
    let owner = &account.person.id;
    let message =
        format!("Slack account {slack} is {owner}'s: it proves who somebody is, so it cannot be two people's");
    ApiError::conflict("slack_account_taken", message).about("slack_id")
}

/// Makes a person inactive and takes everything that lets them in.
pub(super) async fn remove_user(gateway: &Gateway, change: Change, id: &PersonId) -> Result<(), ApiError> {
    let before = gateway.store().account(id).await?;
    if let Some(before) = &before {
        let after = Person { active: false, ..before.person.clone() };
        keep_an_administrator(gateway, Some(before), &after).await?;
    }
    match gateway.store().delete_person(id, change).await? {
        Deleted::Now => Ok(()),
        Deleted::Missing => Err(ApiError::no_such("user", id.as_str())),
        Deleted::InUse(used_by) => Err(ApiError::in_use("user", id.as_str(), used_by)),
    }
}

fn outcome(outcome: Done, account: &Account) -> Outcome<User> {
    let mut warnings = Vec::new();
    if account.person.active && account.person.groups.is_empty() {
        warnings.push(format!("{} is in no group, and so can approve nothing", account.person.id));
    }
    Outcome { outcome, value: user(account), warnings }
}

fn merged(
    id: &PersonId,
    before: Option<&Person>,
    input: &UserInput,
    groups: Option<BTreeSet<countersign_approval::GroupName>>,
) -> Person {
    let known = before.map(|person| person.name.clone());
    let name = input.name.as_deref().map(|name| name.trim().to_owned());
    Person {
        id: id.clone(),
        name: name.or(known).unwrap_or_else(|| default_name(id)),
        email: Some(id.to_string()),
        groups: groups.or_else(|| before.map(|person| person.groups.clone())).unwrap_or_default(),
        active: input.active.unwrap_or(true),
    }
}

/// A server without an administrator could be set right by nobody.
async fn keep_an_administrator(gateway: &Gateway, before: Option<&Account>, after: &Person) -> Result<(), ApiError> {
    let after = Account { person: after.clone(), identities: Vec::new() };
    if !before.is_some_and(is_admin) || is_admin(&after) {
        return Ok(());
    }
    let accounts = gateway.store().accounts().await?;
    if accounts.iter().any(|account| account.person.id != after.person.id && is_admin(account)) {
        return Ok(());
    }
    let message =
        format!("{} is the last one in group {ADMIN_GROUP}: put somebody else into it first", after.person.id);
    Err(ApiError::conflict("last_admin", message))
}

/// The Slack identity that an administrator says is somebody's.
async fn identity(gateway: &Gateway, input: &UserInput) -> Result<Option<SlackIdentity>, ApiError> {
    let Some(user) = input.slack_id.clone() else { return Ok(None) };
    if let Some(org) = input.slack_team.clone() {
        return Ok(Some(SlackIdentity { org, user }));
    }
    if let Some(installation) = gateway.slack().core().and_then(|core| core.installation_now()) {
        return Ok(Some(installation.identity(&user)));
    }
    let orgs = installed_orgs(gateway).await?;
    let mut found = orgs.into_iter();
    match (found.next(), found.next()) {
        (Some(org), None) => Ok(Some(SlackIdentity { org, user })),
        (None, _) => Err(ApiError::invalid("slack_id", no_workspace(gateway))),
        (Some(first), Some(second)) => {
            let message = format!(
                "the app is installed in several workspaces ({first}, {second} …): say which with --slack-team"
            );
            Err(ApiError::invalid("slack_team", message))
        }
    }
}

fn no_workspace(gateway: &Gateway) -> String {
    let trouble = gateway.slack().status().trouble.map_or_else(String::new, |trouble| format!(" ({trouble})"));
    format!(
        "which Slack workspace this account is in is not known: create the slack plugin first, or say it with --slack-team T…{trouble}"
    )
}

/// The workspaces that are known. An app that has just been set up gets a moment to say where it is.
async fn installed_orgs(gateway: &Gateway) -> Result<BTreeSet<String>, ApiError> {
    let known = || async {
        let installations = gateway.approvals().store().installations().await?;
        Ok::<_, ApiError>(installations.iter().map(|one| one.identity("").org).collect::<BTreeSet<_>>())
    };
    let orgs = known().await?;
    let is_set_up = gateway.store().setting(countersign_gateway::plugin::SLACK_SETTING).await?.is_some();
    if !orgs.is_empty() || !is_set_up {
        return Ok(orgs);
    }
    let looked = tokio::time::timeout(SLACK_STARTS_WITHIN, async {
        loop {
            let orgs = known().await?;
            if !orgs.is_empty() || gateway.slack().status().trouble.is_some() {
                return Ok(orgs);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    });
    looked.await.unwrap_or_else(|_| Ok(BTreeSet::new()))
}

/// A person as the API shows them.
pub(super) fn user(account: &Account) -> User {
    let slack = |identity: &SlackIdentity| SlackAccount { org: identity.org.clone(), user: identity.user.clone() };
    User {
        email: account.person.id.to_string(),
        name: account.person.name.clone(),
        groups: account.person.groups.iter().map(ToString::to_string).collect(),
        active: account.person.active,
        slack: account.identities.iter().map(slack).collect(),
    }
}

/// What somebody is called by themselves: the part before the `@`.
pub(super) fn default_name(id: &PersonId) -> String {
    id.as_str().split('@').next().unwrap_or_default().to_owned()
}

fn address(email: &str) -> Result<PersonId, ApiError> {
    parse_email(email).map_err(|error| ApiError::invalid("email", error.to_string()))
}

/// The caller themselves (`me`, or their own address), or anybody for an administrator.
pub(super) fn own_or_administered(caller: &Caller, email: &str) -> Result<PersonId, ApiError> {
    if email == ME {
        return Ok(caller.person().clone());
    }
    let id = address(email)?;
    if id == *caller.person() || caller.is_admin() {
        return Ok(id);
    }
    Err(ApiError::forbidden(format!("only people in the group {ADMIN_GROUP} may do this for others")))
}
