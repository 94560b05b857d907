//! The page on which a person lets an app in: `/oauth/v2/authorize` and `/openid/connect/authorize`.
//!
//! docs.slack.dev, "Installing with OAuth". Whoever is at this machine may be any of the workspace's people, so the
//! page asks which.

use axum::Router;
use axum::extract::{Form, Query, Request, State as Shared};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use maud::{DOCTYPE, html};
use reqwest::Url;
use serde::Deserialize;

use crate::Workspace;
use crate::delivery::is_loopback;
use crate::journal::Field;
use crate::model::{Code, Plan, Registration, State, TeamId, UserId, is_scope};
use crate::teams::Teams;

/// How long a code works; docs.slack.dev, "Installing with OAuth".
const CODE_MS: u64 = 10 * 60 * 1000;
/// The length of a challenge: a SHA-256 in base64url (RFC 7636).
const CHALLENGE: usize = 43;

/// The two addresses.
pub(crate) fn routes(workspace: Workspace) -> Router {
    Router::new()
        .route("/oauth/v2/authorize", get(ask).post(decide))
        .route("/openid/connect/authorize", get(ask_openid).post(decide))
        .layer(axum::middleware::from_fn(harmless))
        .with_state(workspace)
}

/// Keeps scripts, frames and caches away; the form must be able to lead back to the app.
async fn harmless(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let policy = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// What an app asks for, as the query of the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    client_id: String,
    scope: String,
    user_scope: String,
    redirect_uri: Option<String>,
    state: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    nonce: Option<String>,
    response_type: Option<String>,
    /// The team to install in, by id; the app's own unless it is said.
    team: Option<String>,
}

/// What a person answers: the same, with who they are and whether they allow it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Decided {
    #[serde(flatten)]
    asked: Asked,
    user: String,
    decision: String,
    /// The scopes are a person's, not a bot's (OpenID Connect).
    openid: String,
}

/// What was asked, checked.
#[derive(Clone, Debug)]
struct Checked {
    app: crate::model::AppId,
    name: String,
    bot_scopes: Vec<String>,
    user_scopes: Vec<String>,
    redirect: Url,
}

/// Why an app cannot ask; told to the person, never to the address that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Refusal {
    #[error("invalid_client_id")]
    Client,
    #[error("bad_redirect_uri")]
    Redirect,
    #[error("invalid_scope")]
    Scope,
    #[error("no_scopes")]
    NoScopes,
    #[error("invalid_code_challenge")]
    Challenge,
    #[error("invalid_response_type")]
    ResponseType,
    #[error("user_not_found")]
    User,
    #[error("invalid_team")]
    Team,
    #[error("invalid_decision")]
    Decision,
}

impl Refusal {
    fn explanation(self) -> &'static str {
        match self {
            Self::Client => "No app of this workspace has this client_id.",
            Self::Redirect => {
                "The redirect_uri matches none of the app's redirect URLs. An app without any may use addresses \
                 of this machine only."
            }
            Self::Scope => "A scope has a character that no scope has.",
            Self::NoScopes => "The app asks for nothing: scope and user_scope are both empty.",
            Self::Challenge => "The code_challenge must be a SHA-256 in base64url, its method S256.",
            Self::ResponseType => "The response_type must be code.",
            Self::Team => "There is no team with this id.",
            Self::User => "There is no such person.",
            Self::Decision => "The decision must be allow or deny.",
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head { meta charset="utf-8"; title { "Not possible" } link rel="stylesheet" href="/page/workspace.css"; }
                body { main.page {
                    h1 { "This app cannot be installed like this" }
                    p { code { (self.to_string()) } }
                    p { (self.explanation()) }
                } }
            }
        };
        (StatusCode::BAD_REQUEST, Html(page.0)).into_response()
    }
}

/// The app that asks, as its developer knows it, and the team that is asked: its own unless another is said.
fn asked_team<'t>(teams: &'t Teams, asked: &Asked) -> Result<(&'t Registration, &'t State), Refusal> {
    let found = teams.registration(|known| known.secrets.client_id == asked.client_id);
    let (home, app) = found.ok_or(Refusal::Client)?;
    let wanted = asked.team.as_deref().filter(|team| !team.is_empty());
    let team = wanted.map_or_else(|| home.clone(), |team| TeamId::from(team.to_owned()));
    Ok((app, teams.team(&team).ok_or(Refusal::Team)?))
}

async fn ask(Shared(workspace): Shared<Workspace>, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    workspace.read_teams(|teams| page(asked_team(teams, &asked)?, &asked, Kind::Install))
}

async fn ask_openid(Shared(workspace): Shared<Workspace>, Query(asked): Query<Asked>) -> Result<Response, Refusal> {
    workspace.read_teams(|teams| page(asked_team(teams, &asked)?, &asked, Kind::OpenId))
}

/// Whose scopes `scope` lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The bot's.
    Install,
    /// The person's.
    OpenId,
}

fn check(app: &Registration, asked: &Asked, kind: Kind) -> Result<Checked, Refusal> {
    let redirect = redirect(app, asked.redirect_uri.as_deref())?;
    if asked.response_type.as_deref().is_some_and(|wanted| wanted != "code") {
        return Err(Refusal::ResponseType);
    }
    let scope = scopes(&asked.scope)?;
    let user_scope = scopes(&asked.user_scope)?;
    let (bot_scopes, user_scopes) = match kind {
        Kind::Install => (scope, user_scope),
        Kind::OpenId => (Vec::new(), scope),
    };
    if bot_scopes.is_empty() && user_scopes.is_empty() {
        return Err(Refusal::NoScopes);
    }
    if let Some(challenge) = &asked.code_challenge {
        let is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let is_sha = asked.code_challenge_method.as_deref() == Some("S256");
        if !is_sha || challenge.len() != CHALLENGE || !challenge.chars().all(is_fine) {
            return Err(Refusal::Challenge);
        }
    }
    let name = Plan::read(&app.manifest).name;
    Ok(Checked { app: app.id.clone(), name, bot_scopes, user_scopes, redirect })
}

fn scopes(list: &str) -> Result<Vec<String>, Refusal> {
    let scopes = list.split([',', ' ']).filter(|scope| !scope.is_empty());
    scopes.map(|scope| if is_scope(scope) { Ok(scope.to_owned()) } else { Err(Refusal::Scope) }).collect()
}

/// Where the person is sent afterwards: one of the app's URLs or below it, else the first of them.
fn redirect(app: &Registration, wanted: Option<&str>) -> Result<Url, Refusal> {
    let known = Plan::read(&app.manifest).redirect_urls;
    let parse = |url: &str| Url::parse(url).map_err(|_| Refusal::Redirect);
    let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) else {
        return parse(known.first().ok_or(Refusal::Redirect)?);
    };
    let url = parse(wanted)?;
    let is_fine = if known.is_empty() {
        is_loopback(wanted)
    } else {
        known.iter().filter_map(|known| Url::parse(known).ok()).any(|known| is_below(&url, &known))
    };
    if is_fine && matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err(Refusal::Redirect) }
}

/// Whether a URL is this one, or has its path further down.
fn is_below(url: &Url, known: &Url) -> bool {
    let base = known.path().trim_end_matches('/');
    let rest = url.path().strip_prefix(base);
    url.origin() == known.origin()
        && url.username().is_empty()
        && url.password().is_none()
        && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn page((app, state): (&Registration, &State), asked: &Asked, kind: Kind) -> Result<Response, Refusal> {
    let checked = check(app, asked, kind)?;
    let hidden = [
        ("client_id", Some(asked.client_id.as_str())),
        ("scope", Some(asked.scope.as_str())),
        ("user_scope", Some(asked.user_scope.as_str())),
        ("redirect_uri", asked.redirect_uri.as_deref()),
        ("state", asked.state.as_deref()),
        ("code_challenge", asked.code_challenge.as_deref()),
        ("code_challenge_method", asked.code_challenge_method.as_deref()),
        ("nonce", asked.nonce.as_deref()),
        ("team", asked.team.as_deref()),
        ("openid", (kind == Kind::OpenId).then_some("1")),
    ];
    let people = state.users().filter(|user| !user.is_bot());
    let title = format!("{} wants to use {}", checked.name, state.team().name);
    let list = |heading: &str, scopes: &[String]| {
        html! { @if !scopes.is_empty() { h2 { (heading) } ul { @for scope in scopes { li { code { (scope) } } } } } }
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { (title) } link rel="stylesheet" href="/page/workspace.css"; }
            body { main.page {
                h1 { (title) }
                (list("Its bot may", &checked.bot_scopes))
                (list("In your name it may", &checked.user_scopes))
                p { "Afterwards you are sent to " code { (checked.redirect.as_str()) } "." }
                form method="post" {
                    @for (name, value) in hidden {
                        @if let Some(value) = value { input type="hidden" name=(name) value=(value); }
                    }
                    p {
                        label for="user" { "You are " }
                        select #user name="user" {
                            @for user in people { option value=(user.id.as_str()) selected[user.is_owner] { (user.name) } }
                        }
                    }
                    p {
                        button type="submit" name="decision" value="allow" { "Allow" } " "
                        button type="submit" name="decision" value="deny" { "Cancel" }
                    }
                }
            } }
        }
    };
    Ok(Html(page.0).into_response())
}

async fn decide(Shared(workspace): Shared<Workspace>, Form(decided): Form<Decided>) -> Result<Response, Refusal> {
    let url = workspace.update_teams(|teams, now| decision(teams, &decided, now))?;
    let details = serde_json::json!({"client_id": decided.asked.client_id, "decision": decided.decision});
    let fields = [
        ("action", Field::Text("authorize")),
        ("user", Field::Text(&decided.user)),
        ("details", Field::Json(&details)),
    ];
    workspace.recorder().write("person", &fields);
    Ok((StatusCode::FOUND, [(header::LOCATION, url.to_string())]).into_response())
}

/// Where the person is sent, with a code or with `access_denied`.
fn decision(teams: &mut Teams, decided: &Decided, now: u64) -> Result<Url, Refusal> {
    let asked = &decided.asked;
    let kind = if decided.openid.is_empty() { Kind::Install } else { Kind::OpenId };
    let (app, state) = asked_team(teams, asked)?;
    let checked = check(app, asked, kind)?;
    let mut url = checked.redirect.clone();
    let answer = match decided.decision.as_str() {
        "deny" => ("error", "access_denied".to_owned()),
        "allow" => {
            let user = UserId::from(decided.user.clone());
            if state.user(user.as_str()).is_none_or(crate::model::User::is_bot) {
                return Err(Refusal::User);
            }
            let seat = teams.seat(Some(&state.team.id.clone()));
            teams.adopt(&checked.app, seat).map_err(|_| Refusal::Client)?;
            ("code", grant(teams.at_mut(seat), asked, checked, user, now))
        }
        _ => return Err(Refusal::Decision),
    };
    let mut query = url.query_pairs_mut();
    query.append_pair(answer.0, &answer.1);
    query.append_pair("state", asked.state.as_deref().unwrap_or_default());
    drop(query);
    Ok(url)
}

fn grant(state: &mut State, asked: &Asked, checked: Checked, user: UserId, now: u64) -> String {
    let mint = &mut state.mint;
    let text = format!("{}.{}.{}", mint.digits(13), mint.digits(13), mint.hex(64));
    state.platform.codes.retain(|_, code| code.expires_at > now);
    let code = Code {
        app: checked.app,
        user,
        bot_scopes: checked.bot_scopes,
        user_scopes: checked.user_scopes,
        redirect_uri: asked.redirect_uri.clone().filter(|uri| !uri.is_empty()),
        challenge: asked.code_challenge.clone(),
        nonce: asked.nonce.clone(),
        expires_at: now.saturating_add(CODE_MS),
    };
    state.platform.codes.insert(text.clone(), code);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_must_lie_below_a_known_one() {
        let url = |text: &str| Url::parse(text).unwrap();
        let known = url("https://app.example/slack/oauth");
        for good in ["https://app.example/slack/oauth", "https://app.example/slack/oauth/x?y=1"] {
            assert!(is_below(&url(good), &known), "{good}");
        }
        for bad in [
            "http://app.example/slack/oauth",
            "https://app.example/slack/oauthx",
            "https://app.example/slack/oauth/../../evil",
            "https://app.example:444/slack/oauth",
            "https://app.example.evil/slack/oauth",
            "https://u@app.example/slack/oauth",
        ] {
            assert!(!is_below(&url(bad), &known), "{bad}");
        }
    }
}
