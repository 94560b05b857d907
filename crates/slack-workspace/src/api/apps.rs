//! `apps.*`: creating apps from manifests, installing and removing them.
//!
//! docs.slack.dev, "App manifests"; the calls without a reference page are as Slack's command line makes them.

use std::collections::BTreeSet;

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::body::{ApiError, Body};
use super::call::Call;
use crate::events::missing_scopes;
use crate::model::{Activity, AppId, Consent, Plan, Registration, State, UserId, is_scope, problems};

/// The person whose token it is: bots make no apps.
pub(super) fn developer<'a>(call: &'a Call<'_>) -> Result<&'a UserId, ApiError> {
    if call.is_bot() { Err(ApiError::new("not_allowed_token_type")) } else { call.user() }
}

/// The app that is meant, which must be the caller's, or the caller an administrator.
pub(super) fn own_app<'s>(state: &'s State, call: &Call<'_>, argument: &str) -> Result<&'s Registration, ApiError> {
    let user = developer(call)?;
    let wanted = call.args.text(argument).unwrap_or_default();
    let found = state.platform.registrations.get(wanted.as_ref()).ok_or(ApiError::new("app_not_found"))?;
    let is_admin = state.user(user.as_str()).is_some_and(|user| user.is_admin || user.is_owner);
    if found.owner == *user || is_admin { Ok(found) } else { Err(ApiError::new("no_permission")) }
}

/// An app is changed in the team it was made in.
fn at_home(app: &Registration) -> Result<&Registration, ApiError> {
    if app.home.is_none() { Ok(app) } else { Err(ApiError::new("no_permission")) }
}

/// The manifest that a call carries, as an object or as its JSON text.
fn manifest(call: &Call<'_>) -> Result<Value, ApiError> {
    let invalid = |errors: Value| ApiError::new("invalid_manifest").with("errors", errors);
    let given = call.args.nested("manifest").ok_or(ApiError::new("invalid_arguments"))?;
    let not_json = json!({"code": "invalid_manifest", "message": "not JSON", "pointer": "/"});
    let manifest = given.map_err(|()| invalid(json!([not_json])))?.into_owned();
    let problems = problems(&manifest);
    if problems.is_empty() {
        return Ok(manifest);
    }
    Err(invalid(problems.iter().map(crate::model::Problem::to_json).collect()))
}

/// `apps.manifest.validate`.
pub(super) fn validate(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    developer(call)?;
    if call.args.get("app_id").is_some() {
        own_app(state, call, "app_id")?;
    }
    let warnings = warnings(&manifest(call)?);
    Ok(Body::ok().with("errors", json!([])).with("warnings", warnings))
}

/// Events that will not come, for want of a scope.
fn warnings(manifest: &Value) -> Value {
    let plan = Plan::read(manifest);
    let missing = |event: &String| {
        let scopes = missing_scopes(event, |scope| plan.bot_scopes.iter().any(|granted| granted == scope))?;
        let message = format!("{event} is not sent without the bot scope {}", scopes.join(" or "));
        Some(json!({"message": message, "pointer": "/settings/event_subscriptions/bot_events"}))
    };
    plan.events.iter().filter_map(missing).collect()
}

/// `apps.manifest.create`: an app that is not installed yet.
pub(super) fn create(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let owner = developer(call)?.clone();
    let manifest = manifest(call)?;
    let id = state.register(manifest, &owner);
    let registration = state.platform.registrations.get(&id).ok_or(ApiError::new("internal_error"))?;
    let secrets = &registration.secrets;
    let credentials = json!({
        "client_id": secrets.client_id, "client_secret": secrets.client_secret.expose_secret(),
        "verification_token": secrets.verification_token.expose_secret(),
        "signing_secret": secrets.signing_secret.expose_secret(),
    });
    Ok(Body::ok()
        .with("app_id", id.as_str())
        .with("credentials", credentials)
        .with("oauth_authorize_url", authorize_url(state, registration))
        .with("team_id", state.team().id.as_str())
        .with("team_domain", state.team().domain.as_str()))
}

/// Where a person is asked to install the app.
fn authorize_url(state: &State, registration: &Registration) -> String {
    let plan = Plan::read(&registration.manifest);
    let query = [
        ("client_id", registration.secrets.client_id.clone()),
        ("scope", plan.bot_scopes.join(",")),
        ("user_scope", plan.user_scopes.join(",")),
    ];
    // Pairs of texts: writing them as a query cannot fail.
    let query = serde_urlencoded::to_string(query).unwrap_or_default();
    format!("{}/oauth/v2/authorize?{query}", state.base())
}

/// `apps.manifest.update`.
pub(super) fn update(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let known = at_home(own_app(state, call, "app_id")?)?;
    let (id, before) = (known.id.clone(), Plan::read(&known.manifest));
    let manifest = manifest(call)?;
    let after = Plan::read(&manifest);
    state.set_manifest(&id, manifest, now);
    let scopes = |plan: &Plan| -> BTreeSet<String> {
        plan.bot_scopes.iter().map(|scope| format!("bot {scope}")).chain(plan.user_scopes.iter().cloned()).collect()
    };
    Ok(Body::ok().with("app_id", id.as_str()).with("permissions_updated", scopes(&before) != scopes(&after)))
}

/// `apps.manifest.export`: exactly what was given.
pub(super) fn export(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    Ok(Body::ok().with("manifest", own_app(state, call, "app_id")?.manifest.clone()))
}

/// `apps.manifest.delete` and `apps.delete`.
pub(super) fn delete(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let id = at_home(own_app(state, call, "app_id")?)?.id.clone();
    state.unregister(&id, now);
    Ok(Body::ok())
}

/// `apps.developerInstall`: installs without the authorize page.
pub(super) fn install(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let user = developer(call)?.clone();
    this_team(state, call)?;
    let registration = own_app(state, call, "app_id")?;
    let (id, plan) = (registration.id.clone(), Plan::read(&registration.manifest));
    let asked = call.args.list("bot_scopes");
    if asked.iter().any(|scope| !is_scope(scope)) {
        return Err(ApiError::new("invalid_scopes"));
    }
    let bot_scopes = if asked.is_empty() { plan.bot_scopes } else { asked };
    let has_user_scopes = !plan.user_scopes.is_empty();
    let consent = Consent { user: user.clone(), bot_scopes, user_scopes: plan.user_scopes };
    let app = state.install(&id, &consent, now).ok_or(ApiError::new("app_not_found"))?;
    let mut tokens = json!({"app_level": app.secrets.app_token.expose_secret()});
    if !app.bot_scopes.is_empty() {
        tokens["bot"] = app.secrets.bot_token.expose_secret().into();
    }
    if let (true, Some(token)) = (has_user_scopes, state.user_token(&id, &user)) {
        tokens["user"] = token.expose_secret().into();
    }
    Ok(Body::ok()
        .with("app_id", id.as_str())
        .with("team_id", state.team().id.as_str())
        .with("api_access_tokens", tokens))
}

/// `apps.developerUninstall`.
pub(super) fn uninstall(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    this_team(state, call)?;
    let id = own_app(state, call, "app_id")?.id.clone();
    if state.remove_app(&id, now) { Ok(Body::ok()) } else { Err(ApiError::new("app_not_installed")) }
}

/// `apps.uninstall`: the app of the token takes itself out, with its id and secret.
pub(super) fn uninstall_self(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let id = call.args.text("client_id").unwrap_or_default();
    let secret = call.args.text("client_secret").unwrap_or_default();
    let app = state.client(&id, &secret)?;
    if app != call.grant.app {
        return Err(ApiError::new("client_id_token_mismatch"));
    }
    state.remove_app(&app, now);
    Ok(Body::ok().with("uninstalled", true))
}

/// `apps.status`: which of these apps are installed here.
pub(super) fn status(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    developer(call)?;
    this_team(state, call)?;
    let known = |id: &String| state.platform.registrations.get(id.as_str());
    let apps: Vec<Value> =
        call.args.list("app_ids").iter().filter_map(known).map(|app| status_of(state, app)).collect();
    let team = state.team();
    let team = json!({"team_id": team.id, "team_domain": team.domain, "enterprise_id": null});
    Ok(Body::ok().with("apps", apps).with("team", team))
}

fn status_of(state: &State, app: &Registration) -> Value {
    json!({
        "app_id": app.id, "is_installed": state.app(app.id.as_str()).is_some(),
        "is_hosted": Plan::read(&app.manifest).is_hosted, "enterprise_grants": [],
    })
}

fn this_team(state: &State, call: &Call<'_>) -> Result<(), ApiError> {
    match call.args.text("team_id") {
        Some(team) if team != state.team().id.as_str() => Err(ApiError::new("team_not_found")),
        _ => Ok(()),
    }
}

/// `apps.activities.list`: what happened to the app's custom steps, the newest first.
pub(super) fn activities(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let id = own_app(state, call, "app_id")?.id.clone();
    let limit = super::cursor::limit(call.args, 100)?;
    let since = match call.args.number("min_date_created") {
        Some(Ok(since)) => since,
        Some(Err(())) => return Err(ApiError::new("invalid_arguments")),
        None => 0,
    };
    let level = match call.args.text("min_log_level") {
        Some(name) => level_named(&name).ok_or(ApiError::new("invalid_arguments"))?,
        None => 0,
    };
    let is_wanted = |entry: &&Activity| {
        entry.app == id && entry.created >= since && level_named(entry.level()).is_some_and(|of| of >= level)
    };
    let wanted = state.platform.activities.iter().rev().filter(is_wanted);
    let entries: Vec<Value> = wanted.take(limit).map(Activity::to_json).collect();
    Ok(Body::ok().with("activities", entries).next_cursor(""))
}

/// How grave a level is, as Slack's command line orders them.
fn level_named(name: &str) -> Option<usize> {
    ["trace", "debug", "info", "warn", "error", "fatal"].iter().position(|level| *level == name)
}

/// `developer.apps.owners.list`.
pub(super) fn owners(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let app = own_app(state, call, "app_id")?;
    let owner = state.user(app.owner.as_str()).ok_or(ApiError::new("user_not_found"))?;
    let owner = json!({
        "user_id": owner.id, "user_email": owner.email, "username": owner.name, "permission_type": "owner",
    });
    Ok(Body::ok().with("owners", json!([owner])))
}

/// `apps.hosted.variables.add`.
pub(super) fn variables_add(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let id = own_app(state, call, "app_id")?.id.clone();
    let given = call.args.nested("variables").ok_or(ApiError::new("invalid_arguments"))?;
    let given = given.map_err(|()| ApiError::new("invalid_arguments"))?;
    let pair = |item: &Value| Some((item.get("name")?.as_str()?.to_owned(), item.get("value")?.as_str()?.to_owned()));
    let pairs: Option<Vec<(String, String)>> = given.as_array().and_then(|items| items.iter().map(pair).collect());
    let pairs = pairs.ok_or(ApiError::new("invalid_arguments"))?;
    state.platform.variables.entry(id).or_default().extend(pairs);
    Ok(Body::ok())
}

/// `apps.hosted.variables.list`: names only.
pub(super) fn variables_list(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let id: AppId = own_app(state, call, "app_id")?.id.clone();
    let known = state.platform.variables.get(&id);
    let names: Vec<&String> = known.into_iter().flat_map(std::collections::BTreeMap::keys).collect();
    Ok(Body::ok().with("variable_names", json!(names)))
}

/// `apps.hosted.variables.remove`.
pub(super) fn variables_remove(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let id = own_app(state, call, "app_id")?.id.clone();
    let name = call.args.text("variable_name").unwrap_or_default();
    let removed = state.platform.variables.get_mut(&id).and_then(|known| known.remove(name.as_ref()));
    removed.map(|_| Body::ok()).ok_or(ApiError::new("variable_not_found"))
}
