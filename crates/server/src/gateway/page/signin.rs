//! Signing in to the pages: a link, good once and for ten minutes, becomes a cookie.
//!
//! Both are tokens of the person in the store, so that every node knows them and an administrator can take them back. Their
//! hashes are of the secret and a word that no header can carry: a link or cookie is worth nothing as a token of the API.

use std::time::Duration;

use axum::{
    Form, Json,
    extract::{Query, State},
    http::{
        HeaderMap, StatusCode,
        header::{COOKIE, LOCATION, SET_COOKIE},
    },
    response::{IntoResponse, Response},
};
use countersign_approval::{PersonId, StoreError, Timestamp, to_hex};
use countersign_gateway::{
    AccessToken, TokenHash, TokenOwner,
    port::{Account, Change, Deleted},
};
use serde::{Deserialize, Serialize};

use super::{super::state::Gateway, guard, view};
use crate::gateway::slack::caller;

/// How long a link is good.
const LINK_FOR: Duration = Duration::from_mins(10);

/// How long somebody stays signed in.
const SIGNED_IN_FOR: Duration = Duration::from_hours(12);

/// How lists name what belongs to the pages.
const LINK_NAME: &str = "web-link-";
const SESSION_NAME: &str = "web-session-";

/// The cookie.
const COOKIE_NAME: &str = "countersign_session";

/// Somebody who is signed in.
#[derive(Debug)]
pub(super) struct Visitor {
    /// Who.
    pub(super) account: Account,
    /// What their forms carry.
    pub(super) form_token: String,
}

/// What a link carries.
#[derive(Debug, Deserialize)]
pub(super) struct Link {
    /// Its secret.
    token: String,
    /// The page that it leads to.
    #[serde(default)]
    to: String,
}

/// Where a new link leads to.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WantedLink {
    /// A path here.
    to: String,
}

/// A new link.
#[derive(Debug, Serialize)]
struct NewLink {
    /// Good once.
    url: String,
    /// From then on it is worth nothing.
    expires_at: Timestamp,
}

/// A link that signs a person in, once, and leads to a page.
pub(crate) async fn link_for(gateway: &Gateway, person: &PersonId, to: &str) -> Result<String, StoreError> {
    let secret = new_token(gateway, person, LINK_NAME, LINK_FOR).await?;
    Ok(format!("{}/sign-in?token={secret}&to={}", gateway.settings().public_url, local(to)))
}

/// A link for whoever has a token of the API: `countersign login --web`.
pub(super) async fn new_link(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    Json(wanted): Json<WantedLink>,
) -> Response {
    let account = match caller(&gateway, &headers).await {
        Ok(account) => account,
        Err(refused) => return refused,
    };
    let expires_at = gateway.now().plus(LINK_FOR);
    match link_for(&gateway, &account.person.id, &wanted.to).await {
        Ok(url) => Json(NewLink { url, expires_at }).into_response(),
        Err(error) => guard::fault(&error),
    }
}

/// Shows whom a link signs in. Looking at it does not use it up: programs follow links too.
pub(super) async fn ask(State(gateway): State<Gateway>, headers: HeaderMap, Query(link): Query<Link>) -> Response {
    if let Err(refused) = guard::check_host(&gateway, &headers) {
        return *refused;
    }
    match owner(&gateway, &link.token, LINK_NAME).await {
        Ok(Some((account, _))) => {
            guard::page(StatusCode::OK, view::sign_in(&account.person, &link.token, local(&link.to)))
        }
        Ok(None) => used_up(),
        Err(error) => guard::fault(&error),
    }
}

/// Signs in.
pub(super) async fn enter(State(gateway): State<Gateway>, headers: HeaderMap, Form(link): Form<Link>) -> Response {
    if let Err(refused) = guard::check_origin(&gateway, &headers) {
        return *refused;
    }
    match redeem(&gateway, &link.token).await {
        Ok(Some(secret)) => {
            let secure = if gateway.settings().public_url.starts_with("https:") { "; Secure" } else { "" };
            let cookie = format!(
                "{COOKIE_NAME}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{secure}",
                SIGNED_IN_FOR.as_secs()
            );
            (StatusCode::SEE_OTHER, [(SET_COOKIE, cookie), (LOCATION, local(&link.to).to_owned())]).into_response()
        }
        Ok(None) => used_up(),
        Err(error) => guard::fault(&error),
    }
}

/// Signs out.
pub(super) async fn leave(State(gateway): State<Gateway>, headers: HeaderMap) -> Response {
    if let Err(refused) = guard::check_origin(&gateway, &headers) {
        return *refused;
    }
    if let Some(secret) = cookie(&headers)
        && let Ok(Some((account, token))) = owner(&gateway, secret, SESSION_NAME).await
    {
        let change = Change { actor: account.person.id.clone(), at: gateway.now() };
        if let Err(error) = gateway.store().delete_token(&account.person.id, &token.name, change).await {
            return guard::fault(&error);
        }
    }
    let gone = format!("{COOKIE_NAME}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    let mut response = guard::refusal(StatusCode::OK, "Signed out", "Ask for a new link to come back.");
    if let Ok(value) = gone.parse() {
        response.headers_mut().insert(SET_COOKIE, value);
    }
    response
}

/// Whoever is signed in; else what to tell them.
pub(super) async fn visitor(gateway: &Gateway, headers: &HeaderMap) -> Result<Visitor, Response> {
    let Some(secret) = cookie(headers) else { return Err(please_sign_in()) };
    match owner(gateway, secret, SESSION_NAME).await {
        Ok(Some((account, _))) => Ok(Visitor { account, form_token: form_token(secret) }),
        Ok(None) => Err(please_sign_in()),
        Err(error) => Err(guard::fault(&error)),
    }
}

fn please_sign_in() -> Response {
    guard::refusal(
        StatusCode::UNAUTHORIZED,
        "Sign in first",
        "Press “Open…” on the request in Slack, or run `countersign login --web`: both give a link of your own.",
    )
}

fn used_up() -> Response {
    guard::refusal(
        StatusCode::GONE,
        "This link is used up",
        "A link signs in once, within ten minutes. Press “Open…” in Slack again, or run `countersign login --web`.",
    )
}

/// What the forms of a session carry: known to whoever has the cookie, and not the cookie.
fn form_token(secret: &str) -> String {
    TokenHash::of(&format!("{secret}\0form")).to_string()
}

fn hash_of(secret: &str, kind: &str) -> TokenHash {
    TokenHash::of(&format!("{secret}\0{kind}"))
}

/// Makes a token of the pages.
async fn new_token(gateway: &Gateway, person: &PersonId, kind: &str, good_for: Duration) -> Result<String, StoreError> {
    let (secret, name) = (to_hex(&gateway.entropy().bytes16()), to_hex(&gateway.entropy().bytes16()));
    let now = gateway.now();
    sweep(gateway, person, now).await?;
    let token = AccessToken {
        name: format!("{kind}{}", name.get(..12).unwrap_or(&name)),
        hash: hash_of(&secret, kind),
        owner: TokenOwner::Person(person.clone()),
        created_at: now,
        expires_at: Some(now.plus(good_for)),
        used_at: None,
    };
    let _put = gateway.store().put_token(token, Change { actor: person.clone(), at: now }).await?;
    Ok(secret)
}

/// Forgets a person's links and sessions whose time is over.
async fn sweep(gateway: &Gateway, person: &PersonId, now: Timestamp) -> Result<(), StoreError> {
    for token in gateway.store().tokens(Some(person)).await? {
        let ours = token.name.starts_with(LINK_NAME) || token.name.starts_with(SESSION_NAME);
        if ours && token.expires_at.is_some_and(|at| at <= now) {
            let change = Change { actor: person.clone(), at: now };
            let _gone = gateway.store().delete_token(person, &token.name, change).await?;
        }
    }
    Ok(())
}

/// Uses a link up: whoever deletes it is the one who comes in.
async fn redeem(gateway: &Gateway, secret: &str) -> Result<Option<String>, StoreError> {
    let Some((account, link)) = owner(gateway, secret, LINK_NAME).await? else { return Ok(None) };
    let person = account.person.id;
    let change = Change { actor: person.clone(), at: gateway.now() };
    match gateway.store().delete_token(&person, &link.name, change).await? {
        Deleted::Now => new_token(gateway, &person, SESSION_NAME, SIGNED_IN_FOR).await.map(Some),
        Deleted::Missing | Deleted::InUse(_) => Ok(None),
    }
}

/// Whose a secret is.
async fn owner(gateway: &Gateway, secret: &str, kind: &str) -> Result<Option<(Account, AccessToken)>, StoreError> {
    let Some(token) = gateway.store().token(hash_of(secret, kind), gateway.now()).await? else { return Ok(None) };
    let TokenOwner::Person(person) = &token.owner else { return Ok(None) };
    let account = gateway.store().account(person).await?.filter(|account| account.person.active);
    Ok(account.map(|account| (account, token)))
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE_NAME).then_some(value))
}

/// The path, if it is one of a request's page here; else the way to nowhere else.
fn local(to: &str) -> &str {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-');
    if to.starts_with("/requests/") && to.bytes().all(is_plain) { to } else { "/" }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_link_leads_nowhere_else() {
        assert_eq!(local("/requests/0190a1b2"), "/requests/0190a1b2");
        for elsewhere in ["//evil.test", "https://evil.test", "/requests/../x", "/requests/a\r\nb", ""] {
            assert_eq!(local(elsewhere), "/", "{elsewhere:?}");
        }
    }

    #[test]
    fn our_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_static("a=b; countersign_session=abc; x=y"));
        assert_eq!(cookie(&headers), Some("abc"));
        assert_eq!(cookie(&HeaderMap::new()), None);
    }

    #[test]
    fn a_cookie_is_no_token_and_no_link() {
        assert_ne!(hash_of("s", LINK_NAME), hash_of("s", SESSION_NAME));
        assert_ne!(hash_of("s", SESSION_NAME), TokenHash::of("s"));
    }
}
