//! `oauth.v2.*` and the sign-in of command lines: calls that are made without a token.
//!
//! docs.slack.dev, "Installing with OAuth", "Token rotation" and "Using PKCE".

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, header};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::args::Args;
use super::body::{ApiError, Body};
use super::call::Call;
use super::openid;
use crate::model::{AppId, Code, Consent, Holder, Issued, RefreshKind, SignIn, State, same_secret};

/// How long a command line may take to sign in.
const SIGN_IN_MS: u64 = 15 * 60 * 1000;

/// A call that carries no token: the app, or the person, proves itself in the arguments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bare<'a> {
    pub(super) args: &'a Args,
    pub(super) headers: &'a HeaderMap,
    /// Seconds since the epoch by the system's clock, however far the workspace's was moved.
    pub(super) real_s: u64,
}

/// Performs a call that carries no token.
pub(super) type BareHandler = fn(&mut State, Bare<'_>, u64) -> Result<Body, ApiError>;

/// The method with this name, if it is one that carries no token.
pub(super) fn without_token(name: &str) -> Option<BareHandler> {
    Some(match name {
        "oauth.v2.access" => access,
        "oauth.v2.user.access" => user_access,
        "openid.connect.token" => openid::token,
        "tooling.tokens.rotate" => rotate,
        "apps.hosted.generateAuthTicket" => generate_ticket,
        "apps.hosted.exchangeAuthTicket" => exchange_ticket,
        _ => return None,
    })
}

/// Stands in the table of handlers for methods that never get there.
pub(super) fn unreachable(_: &mut State, _: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    Err(ApiError::new("internal_error"))
}

impl Bare<'_> {
    /// Whether what the call carries was given out in this team.
    pub(super) fn is_of(&self, state: &State) -> bool {
        let has = |name: &str, known: &dyn Fn(&str) -> bool| self.args.text(name).is_some_and(|text| known(&text));
        let platform = &state.platform;
        has("code", &|code| platform.codes.contains_key(code))
            || has("refresh_token", &|token| platform.refreshes.contains_key(token))
            || has("ticket", &|ticket| platform.sign_ins.contains_key(ticket))
    }

    /// Client id and secret: from the header, or from the arguments.
    fn credentials(&self) -> Option<(String, Option<String>)> {
        let header = self.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let basic = header.and_then(|value| value.strip_prefix("Basic ")).and_then(|text| STANDARD.decode(text).ok());
        let basic = basic.and_then(|bytes| String::from_utf8(bytes).ok());
        if let Some((id, secret)) = basic.as_deref().and_then(|text| text.split_once(':')) {
            return Some((id.to_owned(), Some(secret.to_owned())));
        }
        let id = self.args.text("client_id")?.into_owned();
        Some((id, self.args.text("client_secret").map(std::borrow::Cow::into_owned)))
    }

    /// The app that calls. Without a secret it must show that it began the authorization (PKCE), if it may do so.
    fn app(&self, state: &State) -> Result<AppId, ApiError> {
        let (id, secret) = self.credentials().ok_or(ApiError::new("invalid_client_id"))?;
        if let Some(secret) = secret {
            return Ok(state.client(&id, &secret)?);
        }
        let known = state.platform.registrations.values().find(|app| app.secrets.client_id == id);
        let known = known.ok_or(ApiError::new("invalid_client_id"))?;
        let is_public = known.manifest.pointer("/oauth_config/pkce_enabled").and_then(Value::as_bool);
        match (self.args.get("code_verifier"), is_public) {
            (None, _) => Err(ApiError::new("bad_client_secret")),
            (Some(_), Some(true)) => Ok(known.id.clone()),
            (Some(_), _) => Err(ApiError::new("pkce_not_allowed")),
        }
    }

    /// Takes the code, which works once; everything about it must be as it was on the authorize page.
    pub(super) fn code(&self, state: &mut State, now: u64) -> Result<Code, ApiError> {
        let app = self.app(state)?;
        let invalid = || ApiError::new("invalid_code");
        let code = self.args.text("code").ok_or_else(invalid)?;
        let known = state.platform.codes.get(code.as_ref()).ok_or_else(invalid)?;
        if known.app != app || known.expires_at <= now {
            return Err(invalid());
        }
        let given = self.args.text("redirect_uri");
        if given.as_deref() != known.redirect_uri.as_deref() {
            return Err(ApiError::new("bad_redirect_uri"));
        }
        if let Some(challenge) = &known.challenge {
            let verifier = self.args.text("code_verifier").unwrap_or_default();
            if !same_secret(&URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())), challenge) {
                return Err(ApiError::new("invalid_code_verifier"));
            }
        } else if self.credentials().is_none_or(|(_, secret)| secret.is_none()) {
            return Err(ApiError::new("bad_client_secret"));
        }
        state.platform.codes.remove(code.as_ref()).ok_or_else(invalid)
    }

    pub(super) fn is_refresh(&self) -> Result<bool, ApiError> {
        match self.args.text("grant_type").as_deref() {
            Some("refresh_token") => Ok(true),
            None | Some("authorization_code") => Ok(false),
            Some(_) => Err(ApiError::new("invalid_grant_type")),
        }
    }
}

/// `oauth.v2.access`.
fn access(state: &mut State, call: Bare<'_>, now: u64) -> Result<Body, ApiError> {
    if call.is_refresh()? {
        return refreshed(state, call, now);
    }
    let code = call.code(state, now)?;
    if code.bot_scopes.is_empty() && code.user_scopes.is_empty() {
        return Err(ApiError::new("no_scopes"));
    }
    install(state, &code, now)?;
    let mut body = Body::ok();
    if !code.bot_scopes.is_empty() {
        let issued = state.issue_bot(&code.app, &code.user, now)?;
        body = with_token(body, &issued, "bot").with("bot_user_id", bot_user(state, &code.app));
    }
    let mut person = json!({"id": code.user});
    if !code.user_scopes.is_empty() {
        let issued = state.issue_user(&code.app, &code.user, now)?;
        person["scope"] = issued.scope.as_str().into();
        person["access_token"] = issued.token.expose_secret().into();
        person["token_type"] = "user".into();
        if let (Some(seconds), Some(refresh)) = (issued.expires_in, &issued.refresh) {
            person["expires_in"] = seconds.into();
            person["refresh_token"] = refresh.expose_secret().into();
        }
    }
    Ok(with_place(body, state, &code.app).with("authed_user", person))
}

/// `oauth.v2.user.access`: user tokens only, at the top of the answer.
fn user_access(state: &mut State, call: Bare<'_>, now: u64) -> Result<Body, ApiError> {
    if call.is_refresh()? {
        return refreshed(state, call, now);
    }
    let code = call.code(state, now)?;
    if code.user_scopes.is_empty() {
        return Err(ApiError::new("no_scopes"));
    }
    install(state, &code, now)?;
    let issued = state.issue_user(&code.app, &code.user, now)?;
    let body = with_token(Body::ok(), &issued, "user").with("user_id", code.user.as_str());
    Ok(with_place(body, state, &code.app))
}

/// Installs what a code permits.
pub(super) fn install(state: &mut State, code: &Code, now: u64) -> Result<(), ApiError> {
    let consent =
        Consent { user: code.user.clone(), bot_scopes: code.bot_scopes.clone(), user_scopes: code.user_scopes.clone() };
    state.install(&code.app, &consent, now).map(drop).ok_or(ApiError::new("invalid_client_id"))
}

fn refreshed(state: &mut State, call: Bare<'_>, now: u64) -> Result<Body, ApiError> {
    let app = call.app(state)?;
    let renewal = call.args.text("refresh_token").unwrap_or_default();
    let (issued, refresh) = state.refresh(&renewal, Some(&app), now)?;
    let body = match refresh.kind {
        RefreshKind::Bot => with_token(Body::ok(), &issued, "bot").with("bot_user_id", bot_user(state, &app)),
        RefreshKind::User | RefreshKind::Tool => {
            with_token(Body::ok(), &issued, "user").with("user_id", refresh.user.as_str())
        }
    };
    Ok(with_place(body, state, &app))
}

/// `oauth.v2.exchange`: the token of the call for one that expires.
pub(super) fn exchange(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let id = call.args.text("client_id").unwrap_or_default();
    let secret = call.args.text("client_secret").unwrap_or_default();
    let app = state.client(&id, &secret)?;
    let (issued, holder) = state.exchange(call.token, &app, now)?;
    let body = match holder {
        Holder::Bot(user) => with_token(Body::ok(), &issued, "bot").with("bot_user_id", user.as_str()),
        Holder::User(user) => with_token(Body::ok(), &issued, "user").with("user_id", user.as_str()),
        Holder::App => return Err(ApiError::new("invalid_token")),
    };
    Ok(with_place(body, state, &app))
}

fn with_token(body: Body, issued: &Issued, kind: &'static str) -> Body {
    let body = body
        .with("access_token", issued.token.expose_secret())
        .with("token_type", kind)
        .with("scope", issued.scope.as_str());
    match (issued.expires_in, &issued.refresh) {
        (Some(seconds), Some(refresh)) => {
            body.with("expires_in", seconds).with("refresh_token", refresh.expose_secret())
        }
        _ => body,
    }
}

fn with_place(body: Body, state: &State, app: &AppId) -> Body {
    let team = state.team();
    body.with("app_id", app.as_str())
        .with("team", json!({"id": team.id, "name": team.name}))
        .with("enterprise", Value::Null)
        .with("is_enterprise_install", false)
}

fn bot_user(state: &State, app: &AppId) -> Value {
    state.app(app.as_str()).map_or(Value::Null, |app| app.bot_user.as_str().into())
}

/// `tooling.tokens.rotate`: a command line renews its token.
fn rotate(state: &mut State, call: Bare<'_>, now: u64) -> Result<Body, ApiError> {
    let renewal = call.args.text("refresh_token").ok_or(ApiError::new("invalid_refresh_token"))?;
    let (issued, refresh) = state.refresh(&renewal, None, now)?;
    Ok(tool_body(state, &issued, now).with("user_id", refresh.user.as_str()).with("iat", now / 1000))
}

fn tool_body(state: &State, issued: &Issued, now: u64) -> Body {
    let refresh = issued.refresh.as_ref().map(|refresh| refresh.expose_secret().to_owned());
    Body::ok()
        .with("token", issued.token.expose_secret())
        .with("refresh_token", refresh)
        .with("exp", now / 1000 + issued.expires_in.unwrap_or_default())
        .with("team_id", state.team().id.as_str())
}

/// `apps.hosted.generateAuthTicket`: the person confirms it with `/slackauthticket` and gets the challenge.
#[expect(clippy::unnecessary_wraps, reason = "every method's handler has the same signature")]
fn generate_ticket(state: &mut State, _: Bare<'_>, now: u64) -> Result<Body, ApiError> {
    let (ticket, challenge) = (state.mint.word(32), state.mint.word(8));
    state.platform.sign_ins.retain(|_, known| known.expires_at > now);
    let sign_in = SignIn { challenge, user: None, expires_at: now.saturating_add(SIGN_IN_MS) };
    state.platform.sign_ins.insert(ticket.clone(), sign_in);
    Ok(Body::ok().with("ticket", ticket))
}

/// `apps.hosted.exchangeAuthTicket`.
fn exchange_ticket(state: &mut State, call: Bare<'_>, now: u64) -> Result<Body, ApiError> {
    let ticket = call.args.text("ticket").unwrap_or_default();
    let challenge = call.args.text("challenge").unwrap_or_default();
    let known = state.platform.sign_ins.get(ticket.as_ref()).filter(|known| known.expires_at > now);
    let known = known.ok_or(ApiError::new("invalid_ticket"))?;
    let user = known.user.clone().ok_or(ApiError::new("not_ready").with("is_ready", false))?;
    if !same_secret(&known.challenge, &challenge) {
        return Err(ApiError::new("invalid_challenge"));
    }
    state.platform.sign_ins.remove(ticket.as_ref());
    let issued = state.issue_tool(&user, crate::world::every_user_scope(), now);
    let (domain, name) = (state.team().domain.clone(), state.team().name.clone());
    Ok(tool_body(state, &issued, now)
        .with("is_ready", true)
        .with("team_domain", domain)
        .with("team_name", name)
        .with("user_id", user.as_str()))
}

impl State {
    /// A person confirms a command line's ticket, and gets the challenge to type there.
    pub(crate) fn confirm_sign_in(&mut self, ticket: &str, user: &crate::model::UserId, now_ms: u64) -> Option<String> {
        let known = self.platform.sign_ins.get_mut(ticket).filter(|known| known.expires_at > now_ms)?;
        known.user = Some(user.clone());
        Some(known.challenge.clone())
    }
}
