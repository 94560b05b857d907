//! Sign in with Slack: `openid.connect.*`, the keys and the discovery document.
//!
//! docs.slack.dev, "Sign in with Slack". The id token is signed with ES256 where Slack uses RS256; the discovery
//! document says so.

use axum::Json;
use axum::extract::State as Shared;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::body::{ApiError, Body};
use super::call::Call;
use super::oauth::{Bare, install};
use crate::Workspace;
use crate::model::{Code, Registration, State, User};

/// How long an id token is good for, in seconds.
const LIFETIME_S: u64 = 300;

/// What `openid.connect.userInfo` may say of a person.
const CLAIMS: [&str; 12] = [
    "sub",
    "https://slack.com/user_id",
    "https://slack.com/team_id",
    "https://slack.com/team_name",
    "https://slack.com/team_domain",
    "email",
    "email_verified",
    "date_email_verified",
    "name",
    "given_name",
    "family_name",
    "locale",
];

/// The key that signs id tokens; another one with every start.
pub(crate) struct IdKey {
    pair: EcdsaKeyPair,
    id: String,
}

impl std::fmt::Debug for IdKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl IdKey {
    /// A fresh key; nothing when the system has no random numbers.
    pub(crate) fn generate() -> Option<Self> {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).ok()?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).ok()?;
        let id = URL_SAFE_NO_PAD.encode(Sha256::digest(pair.public_key().as_ref()));
        Some(Self { pair, id })
    }

    fn sign(&self, claims: &Value) -> Option<String> {
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": self.id});
        let part = |of: &Value| URL_SAFE_NO_PAD.encode(of.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The public half (RFC 7517): an uncompressed point, after a byte that says so.
    fn public(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let half = |from: usize| URL_SAFE_NO_PAD.encode(point.get(from..from + 32).unwrap_or_default());
        json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id, "x": half(1), "y": half(33)})
    }
}

/// `openid.connect.token`.
pub(super) fn token(state: &mut State, call: Bare<'_>, now: u64) -> Result<Body, ApiError> {
    if call.is_refresh()? {
        return Err(ApiError::new("unsupported_grant_type"));
    }
    let code = call.code(state, now)?;
    if !code.user_scopes.iter().any(|scope| scope == "openid") {
        return Err(ApiError::new("invalid_code"));
    }
    install(state, &code, now)?;
    let issued = state.issue_user(&code.app, &code.user, now)?;
    let id_token = id_token(state, &code, issued.token.expose_secret(), call.real_s)?;
    let body = Body::ok()
        .with("access_token", issued.token.expose_secret())
        .with("token_type", "Bearer")
        .with("id_token", id_token);
    Ok(match (issued.expires_in, issued.refresh) {
        (Some(seconds), Some(refresh)) => {
            body.with("expires_in", seconds).with("refresh_token", refresh.expose_secret())
        }
        _ => body,
    })
}

/// Whoever checks it compares its times with the system's clock.
fn id_token(state: &State, code: &Code, access_token: &str, real_s: u64) -> Result<String, ApiError> {
    let internal = || ApiError::new("internal_error");
    let user = state.user(code.user.as_str()).ok_or_else(internal)?;
    let app: &Registration = state.platform.registrations.get(&code.app).ok_or_else(internal)?;
    let hash = Sha256::digest(access_token.as_bytes());
    let mut claims = about(state, user, &code.user_scopes);
    claims["iss"] = state.base().into();
    claims["aud"] = app.secrets.client_id.as_str().into();
    claims["iat"] = real_s.into();
    claims["auth_time"] = real_s.into();
    claims["exp"] = real_s.saturating_add(LIFETIME_S).into();
    claims["at_hash"] = URL_SAFE_NO_PAD.encode(hash.get(..16).unwrap_or_default()).into();
    if let Some(nonce) = &code.nonce {
        claims["nonce"] = nonce.as_str().into();
    }
    state.platform.id_key().and_then(|key| key.sign(&claims)).ok_or_else(internal)
}

/// What may be said of a person.
fn about(state: &State, user: &User, scopes: &[String]) -> Value {
    let has = |scope: &str| scopes.iter().any(|given| given == scope);
    let team = state.team();
    let mut claims = json!({
        "sub": user.id, "https://slack.com/user_id": user.id, "https://slack.com/team_id": team.id,
        "https://slack.com/team_name": team.name, "https://slack.com/team_domain": team.domain,
    });
    if has("email") {
        claims["email"] = json!(user.email);
        claims["email_verified"] = user.email.is_some().into();
        claims["date_email_verified"] = user.updated.into();
    }
    if has("profile") {
        let (given, family) = user.real_name.split_once(' ').unwrap_or((user.real_name.as_str(), ""));
        claims["name"] = user.real_name.as_str().into();
        claims["given_name"] = given.into();
        claims["family_name"] = family.into();
        claims["locale"] = "en-US".into();
    }
    claims
}

/// `openid.connect.userInfo`.
pub(super) fn user_info(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let user = state.user(call.user()?.as_str()).ok_or(ApiError::new("user_not_found"))?;
    let scopes: Vec<String> = call.grant.scopes.iter().cloned().collect();
    let about = about(state, user, &scopes);
    let said = CLAIMS.iter().filter_map(|claim| Some((*claim, about.get(*claim)?.clone())));
    Ok(said.fold(Body::ok(), |body, (claim, value)| body.with(claim, value)))
}

/// `GET /openid/connect/keys`.
pub(crate) async fn keys(Shared(workspace): Shared<Workspace>) -> Json<Value> {
    let key = |state: &State| state.platform.id_key().map(IdKey::public);
    let keys: Vec<Value> = workspace.read_teams(|teams| teams.iter().filter_map(key).collect());
    Json(json!({"keys": keys}))
}

/// `GET /.well-known/openid-configuration`.
pub(crate) async fn discovery(Shared(workspace): Shared<Workspace>) -> Json<Value> {
    let base = workspace.read(|state| state.base().to_owned());
    Json(json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/openid/connect/authorize"),
        "token_endpoint": format!("{base}/api/openid.connect.token"),
        "userinfo_endpoint": format!("{base}/api/openid.connect.userInfo"),
        "jwks_uri": format!("{base}/openid/connect/keys"),
        "scopes_supported": ["openid", "profile", "email"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
        "claims_supported": ["sub", "auth_time", "iss"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    }))
}
