//! One call: read, check, perform, answer, write down.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::body::{Body as HttpBody, Bytes};
use axum::extract::{FromRequest, Multipart, Path, Request, State as Shared};
use axum::response::{IntoResponse, Response};
use countersign_slack::method::{Method, Verb};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request};

use super::args::{Args, Format, Raw, format};
use super::body::{ApiError, Body};
use super::dispatch::{self, Handler};
use super::fault::Failure;
use super::intake::{content_type, whole};
use super::limits::RateLimits;
use super::oauth::{self, Bare};
use crate::Workspace;
use crate::journal::Field;
use crate::model::{Grant, Holder, State};

const SCOPES: HeaderName = HeaderName::from_static("x-oauth-scopes");
const ACCEPTED_SCOPES: HeaderName = HeaderName::from_static("x-accepted-oauth-scopes");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-slack-req-id");

/// What a handler needs to know of a call.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) method: &'static Method,
    pub(super) args: &'a Args,
    pub(super) grant: &'a Grant,
    /// The token itself.
    pub(super) token: &'a str,
}

/// What came of a call.
struct Outcome {
    grant: Option<Arc<Grant>>,
    result: Result<Body, ApiError>,
}

/// Answers a call of any method.
pub(crate) async fn call(Shared(workspace): Shared<Workspace>, Path(name): Path<String>, request: Request) -> Response {
    let begun = Instant::now();
    if let Some(delay) = workspace.faults().delay(&name) {
        tokio::time::sleep(delay).await;
    }
    if let Some(failure) = workspace.faults().failure(&name) {
        return failed(&workspace, &name, &failure);
    }
    let (parts, body) = request.into_parts();
    let known = dispatch::find(&name);
    let (args, outcome) = match read(&parts, body).await {
        Err(error) => (Args::none(), Outcome { grant: None, result: Err(error) }),
        Ok(args) => {
            // Some methods take forms only: they do not see what a JSON body says.
            let is_form_only = known.is_some_and(|(method, _)| !method.json_body());
            let is_unseen = is_form_only && is_json(&parts.headers);
            let args = if is_unseen { Args::from_fields(parts.uri.query(), Vec::new()) } else { args };
            let outcome = perform(&workspace, &name, known, &args, &parts.headers);
            (args, outcome)
        }
    };
    let retry_after = outcome.result.as_ref().err().and_then(ApiError::retry_after);
    let body = outcome.result.unwrap_or_else(ApiError::into_body);
    let body = if lacks_charset(&parts.headers) { body.warning("missing_charset") } else { body };
    let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    note(&workspace, &name, &args, outcome.grant.as_deref(), &body, ms);
    let mut response = answer(&body, known.map(|(method, _)| method), outcome.grant.as_deref());
    if let Some(seconds) = retry_after {
        *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// Answers a call at the root: some base URLs lack `/api`. What belongs to no family of methods is another address.
pub(crate) async fn call_bare(workspace: Shared<Workspace>, path: Path<String>, request: Request) -> Response {
    let family = |name: &str| name.split_once('.').map(|(family, _)| family.to_owned());
    let wanted = family(&path);
    if wanted.is_some() && Method::all().iter().any(|method| family(method.name()) == wanted) {
        return call(workspace, path, request).await;
    }
    StatusCode::NOT_FOUND.into_response()
}

fn perform(
    workspace: &Workspace,
    name: &str,
    known: Option<(&'static Method, Handler)>,
    args: &Args,
    headers: &HeaderMap,
) -> Outcome {
    let Some((method, handler)) = known else {
        let error = ApiError::new("unknown_method").with("req_method", name);
        return Outcome { grant: None, result: Err(error) };
    };
    if method.name() == "api.test" {
        return Outcome { grant: None, result: super::meta::api_test(args) };
    }
    if let Some(handler) = oauth::without_token(method.name()) {
        let call = Bare { args, headers, real_s: workspace.clock().real_s() };
        let result = workspace.where_is(|state| call.is_of(state)).update(|state, now| handler(state, call, now));
        return Outcome { grant: None, result };
    }
    // An app-level token is taken from the header alone; docs.slack.dev, "apps.connections.open".
    let as_argument = args.token().filter(|_| method.name() != "apps.connections.open");
    let Some(token) = bearer(headers).or(as_argument) else {
        return Outcome { grant: None, result: Err(ApiError::new("not_authed")) };
    };
    let workspace = home_of(workspace, token);
    let is_elsewhere = is_of_another_team(&workspace, args);
    let verb = |state: &mut State, now: u64| {
        let Some(grant) = state.grant(token).cloned() else {
            return Outcome { grant: None, result: Err(ApiError::new(state.refusal(token))) };
        };
        let call = Call { method, args, grant: &grant, token };
        if grant.expires_at.is_some_and(|at| at <= now) {
            return Outcome { grant: Some(grant), result: Err(ApiError::new("token_expired")) };
        }
        if let Some(seconds) = workspace.limits().and_then(|limits| limited(limits, state, &call, now)) {
            return Outcome { grant: Some(grant), result: Err(ApiError::rate_limited(seconds)) };
        }
        if is_elsewhere {
            return Outcome { grant: Some(grant), result: Err(ApiError::new("team_access_not_granted")) };
        }
        let result = call.allowed().and_then(|()| handler(state, &call, now));
        Outcome { grant: Some(grant), result }
    };
    let is_read = method.verb() == Verb::Get && method.name() != "auth.revoke" || method.name() == "auth.test";
    if is_read { workspace.run_verb(verb) } else { workspace.update(verb) }
}

/// The team in which a token is good, else one in which it was; an app-level token may be both in different ones.
fn home_of(workspace: &Workspace, token: &str) -> Workspace {
    let home = workspace.where_is(|state| state.grant(token).is_some());
    if workspace.is_alone() || home.read(|state| state.grant(token).is_some()) {
        return home;
    }
    workspace.where_is(|state| state.revoked.contains(token))
}

/// For how many seconds a call has to wait; a channel is the same one by its name and by its id.
fn limited(limits: &RateLimits, state: &State, call: &Call<'_>, now: u64) -> Option<u64> {
    let channel = call.args.text("channel").map(|given| match super::post::named(state, &given) {
        Some(room) => room.id.to_string(),
        None => given.into_owned(),
    });
    limits.count((&state.team.id, &call.grant.app), call.method, channel.as_deref(), now)
}

/// Whether the arguments name a team that the token is not of.
fn is_of_another_team(workspace: &Workspace, args: &Args) -> bool {
    let Some(wanted) = args.text("team_id") else { return false };
    workspace.read_teams(|teams| {
        let own = teams.at(teams.seat(workspace.looked_at()));
        own.team.id.as_str() != wanted && teams.iter().any(|state| state.team.id.as_str() == wanted)
    })
}

impl Call<'_> {
    /// Checks the kind of token, its scopes, and that no required argument is missing.
    fn allowed(&self) -> Result<(), ApiError> {
        match (&self.grant.holder, self.method.name()) {
            (_, "auth.test") | (Holder::App, "apps.connections.open") => {}
            (Holder::App, _) | (_, "apps.connections.open") => {
                return Err(ApiError::new("not_allowed_token_type"));
            }
            (Holder::Bot(_) | Holder::User(_), _) => self.scopes_suffice()?,
        }
        let missing = |arg: &countersign_slack::method::Arg| arg.required && !self.args.has(arg.name);
        let messages: Vec<String> = self
            .method
            .args()
            .filter(missing)
            .map(|arg| format!("[ERROR] missing required field: {}", arg.name))
            .collect();
        if messages.is_empty() { Ok(()) } else { Err(ApiError::new("invalid_arguments").messages(&messages)) }
    }

    fn scopes_suffice(&self) -> Result<(), ApiError> {
        let scopes = self.accepted_scopes();
        let other_kind_only = match self.grant.holder {
            Holder::Bot(_) => self.method.user_scopes().next().is_some(),
            _ => self.method.bot_scopes().next().is_some(),
        };
        if scopes.is_empty() {
            let is_fine = !other_kind_only;
            return if is_fine { Ok(()) } else { Err(ApiError::new("not_allowed_token_type")) };
        }
        self.any_of(&scopes)
    }

    /// Fails unless one of these scopes was granted.
    pub(super) fn any_of(&self, scopes: &[&str]) -> Result<(), ApiError> {
        if scopes.is_empty() || scopes.iter().any(|scope| self.has(scope)) {
            return Ok(());
        }
        let provided = self.grant.scope_list.to_str().unwrap_or_default();
        Err(ApiError::missing_scope(&scopes.join(","), provided))
    }

    /// Whether a scope was granted.
    pub(super) fn has(&self, scope: &str) -> bool {
        self.grant.scopes.contains(scope)
    }

    /// The user the token acts as.
    pub(super) fn user(&self) -> Result<&crate::model::UserId, ApiError> {
        self.grant.user().ok_or(ApiError::new("not_allowed_token_type"))
    }

    pub(super) fn is_bot(&self) -> bool {
        matches!(self.grant.holder, Holder::Bot(_))
    }

    fn accepted_scopes(&self) -> Vec<&'static str> {
        match self.grant.holder {
            Holder::Bot(_) => self.method.bot_scopes().collect(),
            Holder::User(_) => self.method.user_scopes().collect(),
            Holder::App => Vec::new(),
        }
    }
}

async fn read(parts: &request::Parts, body: HttpBody) -> Result<Args, ApiError> {
    let body = whole(body).await?;
    let content_type = content_type(&parts.headers);
    let query = parts.uri.query();
    if format(content_type) == Format::Multipart && !body.is_empty() {
        return Ok(Args::from_fields(query, multipart(parts, body).await?));
    }
    Args::decode(Raw { query, content_type, body: &body })
}

/// The text fields of a multipart body; files do not belong into a call.
async fn multipart(parts: &request::Parts, body: Bytes) -> Result<Vec<(String, String)>, ApiError> {
    let invalid = || ApiError::new("invalid_form_data");
    let request = Request::from_parts(parts.clone(), HttpBody::from(body));
    let mut parts = Multipart::from_request(request, &()).await.map_err(|_| invalid())?;
    let mut fields = Vec::new();
    while let Some(field) = parts.next_field().await.map_err(|_| invalid())? {
        let Some(name) = field.name().map(str::to_owned) else { continue };
        fields.push((name, field.text().await.map_err(|_| invalid())?));
    }
    Ok(fields)
}

/// The token of the `Authorization` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

fn is_json(headers: &HeaderMap) -> bool {
    format(content_type(headers)) == Format::Json
}

/// JSON without a character set is taken, with a warning.
fn lacks_charset(headers: &HeaderMap) -> bool {
    let content_type = content_type(headers);
    // A body without a length comes in chunks.
    let is_chunked = headers.contains_key(header::TRANSFER_ENCODING);
    let has_body = is_chunked || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
    has_body
        && format(content_type) == Format::Json
        && content_type.is_some_and(|text| !text.to_ascii_lowercase().contains("charset"))
}

fn answer(body: &Body, method: Option<&Method>, grant: Option<&Grant>) -> Response {
    let mut response = json(body.to_bytes());
    let headers = response.headers_mut();
    if let Some(grant) = grant {
        headers.insert(SCOPES, grant.scope_list.clone());
        let scopes: Vec<&str> = match (method, &grant.holder) {
            (Some(method), Holder::User(_)) => method.user_scopes().collect(),
            (Some(method), Holder::Bot(_)) => method.bot_scopes().collect(),
            _ => Vec::new(),
        };
        if let (false, Ok(value)) = (scopes.is_empty(), HeaderValue::from_str(&scopes.join(","))) {
            headers.insert(ACCEPTED_SCOPES, value);
        }
    }
    response
}

fn json(bytes: Vec<u8>) -> Response {
    let mut response = Response::new(HttpBody::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    if let Ok(id) = HeaderValue::from_str(&request_id()) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

/// A number that no other call of this process has, as 32 hexadecimal digits.
fn request_id() -> String {
    static CALLS: AtomicU64 = AtomicU64::new(1);
    format!("{:032x}", CALLS.fetch_add(1, Ordering::Relaxed))
}

fn failed(workspace: &Workspace, name: &str, failure: &Failure) -> Response {
    let fields = |status: u16, what: &'static str| {
        [("method", name.to_owned()), ("fault", what.to_owned()), ("status", status.to_string())]
    };
    let (status, what, code) = match failure {
        Failure::RateLimited { .. } => (429, "rate_limit", "ratelimited".to_owned()),
        Failure::Http(status) => (*status, "fail", "service_unavailable".to_owned()),
        Failure::Error(error) => (200, "fail", error.clone()),
    };
    let fields = fields(status, what);
    let fields: Vec<(&str, Field<'_>)> = fields.iter().map(|(name, value)| (*name, Field::Text(value))).collect();
    workspace.recorder().write("fault", &fields);
    let body = ApiError::new(code).into_body();
    note(workspace, name, &Args::none(), None, &body, 0);
    let mut response = json(body.to_bytes());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Failure::RateLimited { retry_after } = failure {
        response.headers_mut().insert(header::RETRY_AFTER, (*retry_after).into());
    }
    response.into_response()
}

fn note(workspace: &Workspace, name: &str, args: &Args, grant: Option<&Grant>, body: &Body, ms: u64) {
    let fields = [
        ("method", Field::Text(name)),
        ("args", Field::Json(args.all())),
        ("app_id", grant.map(|grant| grant.app.as_str()).into()),
        ("response", Field::Body(body)),
        ("ms", Field::Number(ms)),
    ];
    workspace.recorder().write("api", &fields);
}

/// The channel with this id, if the token's user sees it and its scopes allow the method there.
pub(super) fn visible<'s>(state: &'s State, call: &Call<'_>, id: &str) -> Result<&'s crate::model::Channel, ApiError> {
    let user = call.user()?;
    let room = state.channel(id).filter(|room| state.can_read(user, room));
    let room = room.ok_or(ApiError::new("channel_not_found"))?;
    if call.method.scopes_depend_on_channel() {
        let scopes: Vec<&str> = if call.is_bot() {
            call.method.bot_scopes_for(room.kind).collect()
        } else {
            call.method.user_scopes_for(room.kind).collect()
        };
        call.any_of(&scopes)?;
    }
    Ok(room)
}
