//! `api.test`, `auth.test`, `apps.connections.open`, `bots.info`, `team.info`.

use serde_json::{Value, json};

use super::args::Args;
use super::body::{ApiError, Body};
use super::call::Call;
use crate::model::{Holder, State, TICKET_MS, Ticket};

/// `api.test`: says back what it was told; needs no token.
pub(super) fn api_test(args: &Args) -> Result<Body, ApiError> {
    let echo = |error: &str| ApiError::new(error.to_owned()).with("args", args.all().clone());
    match args.text("error") {
        Some(error) => Err(echo(&error)),
        None => Ok(Body::ok().with("args", args.all().clone())),
    }
}

/// `auth.test`: whom the token stands for.
pub(super) fn auth_test(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let app = state.app(call.grant.app.as_str());
    if app.is_none() && !call.grant.is_tool {
        return Err(ApiError::new("account_inactive"));
    }
    if let (Holder::App, Some(app)) = (&call.grant.holder, app) {
        return Ok(Body::ok().with("app_id", app.id.as_str()).with("app_name", app.name.as_str()));
    }
    let user = state.user(call.user()?.as_str()).ok_or(ApiError::new("account_inactive"))?;
    let body = Body::ok()
        .with("url", format!("{}/", state.base()))
        .with("team", state.team().name.as_str())
        .with("user", user.name.as_str())
        .with("team_id", state.team().id.as_str())
        .with("user_id", user.id.as_str());
    let body = match app {
        Some(app) if call.is_bot() => body.with("bot_id", app.bot.as_str()),
        _ => body,
    };
    Ok(body.with("is_enterprise_install", false))
}

/// `apps.connections.open`: an address that opens one Socket Mode connection.
#[expect(clippy::unnecessary_wraps, reason = "every method's handler has the same signature")]
pub(super) fn connections_open(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let ticket = state.mint.uuid();
    let app_id = call.grant.app.clone();
    let host = state.base().replacen("http", "ws", 1);
    let url = format!("{host}/link/?ticket={ticket}&app_id={app_id}");
    state.tickets.insert(ticket, Ticket { app: app_id, expires_at: now.saturating_add(TICKET_MS) });
    Ok(Body::ok().with("url", url))
}

/// `auth.revoke`: takes back the token of the call; with `test` it only says that it could.
#[expect(clippy::unnecessary_wraps, reason = "every method's handler has the same signature")]
pub(super) fn auth_revoke(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    if call.args.flag("test") {
        return Ok(Body::ok().with("revoked", false));
    }
    state.revoke(call.token, now);
    Ok(Body::ok().with("revoked", true))
}

/// `auth.teams.list`: where the token's app is installed with it; a token is of one team.
#[expect(clippy::unnecessary_wraps, reason = "every method's handler has the same signature")]
pub(super) fn auth_teams(state: &mut State, _call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let team = state.team();
    Ok(Body::ok().with("teams", json!([{"id": team.id, "name": team.name}])).next_cursor(""))
}

/// `emoji.list`: the workspace's own emoji.
#[expect(clippy::unnecessary_wraps, reason = "every method's handler has the same signature")]
pub(super) fn emoji_list(state: &mut State, _call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let stamp = format!("{}.000000", now / 1000);
    Ok(Body::ok().with("emoji", json!(state.emoji)).with("cache_ts", stamp))
}

/// `bots.info`.
pub(super) fn bots_info(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let Some(wanted) = call.args.text("bot") else {
        return Ok(Body::ok());
    };
    let app = state.apps().find(|app| app.bot.as_str() == wanted).ok_or(ApiError::new("bot_not_found"))?;
    let bot = json!({
        "id": app.bot, "deleted": false, "name": app.name, "updated": app.updated,
        "app_id": app.id, "user_id": app.bot_user, "icons": {},
    });
    Ok(Body::ok().with("bot", bot))
}

/// `team.info`.
pub(super) fn team_info(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let team = state.team();
    let is_this = |wanted: &str| wanted == team.id.as_str();
    let is_called = |wanted: &str| wanted == team.domain;
    if call.args.text("team").is_some_and(|wanted| !is_this(&wanted))
        || call.args.text("domain").is_some_and(|wanted| !is_called(&wanted))
    {
        return Err(ApiError::new("team_not_found"));
    }
    let info: Value = json!({
        "id": team.id, "name": team.name, "domain": team.domain, "email_domain": "",
        "url": format!("{}/", state.base()), "icon": {"image_default": true},
        "avatar_base_url": "", "is_verified": false,
    });
    Ok(Body::ok().with("team", info))
}
