//! Requests: who waits for what, votes of those who are signed in, withdrawals and revocations.

mod view;

use axum::{
    Json,
    extract::State,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, X_CONTENT_TYPE_OPTIONS},
};
use countersign_approval::{CancelledBy, Decision, Request, RequestId, Subject, Verdict, Voter, port::Dossier};
use countersign_gateway::{
    port::Revoked,
    wire::api::{List, RequestLine, RequestView, Words},
};
use serde::Deserialize;

use super::{
    ApiError, Caller,
    body::{Body, In, With},
};
use crate::gateway::state::Gateway;

pub(super) use view::exit_code;

/// Requests in one list, when nothing is said, and at most.
const USUAL: usize = 50;
const MOST: usize = 200;

/// Requests that are looked at for one list: each is read with everything it is about.
const LOOKED_AT: u32 = 1000;

/// What is said when an approval is taken back without a word.
const UNREASONED: &str = "taken back";

/// Which requests to list.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    #[serde(default)]
    state: Which,
    limit: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Which {
    /// Those that wait, oldest first.
    #[default]
    Pending,
    /// All, newest first.
    All,
}

pub(super) async fn list(
    State(gateway): State<Gateway>,
    caller: Caller,
    With(wanted): With<Wanted>,
) -> Result<Json<List<RequestLine>>, ApiError> {
    let limit = wanted.limit.unwrap_or(USUAL).min(MOST);
    let store = gateway.approvals().store();
    let listed = match wanted.state {
        Which::Pending => store.pending(LOOKED_AT).await?,
        Which::All => store.recent(LOOKED_AT).await?,
    };
    let mut items = Vec::new();
    for listed in listed {
        if items.len() >= limit {
            break;
        }
        // One at a time: what a request is about may be megabytes, and is dropped at once.
        let Some(dossier) = store.dossier(listed.id).await? else { continue };
        if view::may_see(&caller, &dossier.request) {
            items.push(view::line(&caller, &dossier));
        }
    }
    Ok(Json(List { items }))
}

pub(super) async fn show(
    State(gateway): State<Gateway>,
    caller: Caller,
    In(id): In<String>,
) -> Result<Json<RequestView>, ApiError> {
    let dossier = visible(&gateway, &caller, &id).await?;
    Ok(Json(view::whole(&gateway, &caller, dossier).await?))
}

/// The input of a command, byte for byte. Never as something that a browser would run.
pub(super) async fn input(
    State(gateway): State<Gateway>,
    caller: Caller,
    In(id): In<String>,
) -> Result<([(HeaderName, &'static str); 3], Vec<u8>), ApiError> {
    let dossier = visible(&gateway, &caller, &id).await?;
    let Subject::Command(command) = dossier.request.subject else {
        return Err(ApiError::not_found("this request has no input"));
    };
    let headers = [
        (CONTENT_TYPE, "application/octet-stream"),
        (CONTENT_DISPOSITION, "attachment; filename=\"input\""),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, command.input.as_bytes().to_vec()))
}

pub(super) async fn approve(
    State(gateway): State<Gateway>,
    caller: Caller,
    In(id): In<String>,
    Body(words): Body<Words>,
) -> Result<Json<RequestView>, ApiError> {
    vote(&gateway, &caller, &id, Verdict::Approve, words).await
}

pub(super) async fn deny(
    State(gateway): State<Gateway>,
    caller: Caller,
    In(id): In<String>,
    Body(words): Body<Words>,
) -> Result<Json<RequestView>, ApiError> {
    vote(&gateway, &caller, &id, Verdict::Deny, words).await
}

async fn vote(
    gateway: &Gateway,
    caller: &Caller,
    id: &str,
    verdict: Verdict,
    words: Words,
) -> Result<Json<RequestView>, ApiError> {
    let request = visible(gateway, caller, id).await?.request;
    if words.digest.as_deref().is_some_and(|digest| !is_digest_of(&request, digest)) {
        let message =
            format!("this is not the digest of request {}: nothing was decided; look at it again", request.id);
        return Err(ApiError::conflict("digest_mismatch", message).about("digest"));
    }
    let voter = Voter::Person(caller.person().clone());
    let decision = Decision { token: request.token, voter, verdict, reason: words.reason };
    gateway.approvals().decide(decision).await?;
    again(gateway, caller, request.id).await
}

/// Whether somebody saw this request's digest: whole, or at least its short form.
fn is_digest_of(request: &Request, typed: &str) -> bool {
    let typed = typed.trim().to_ascii_lowercase();
    typed.len() >= request.digest.short().len() && request.digest.to_string().starts_with(&typed)
}

/// Withdraws the caller's own request.
pub(super) async fn cancel(
    State(gateway): State<Gateway>,
    caller: Caller,
    In(id): In<String>,
    Body(_): Body<Words>,
) -> Result<Json<RequestView>, ApiError> {
    let request = visible(&gateway, &caller, &id).await?.request;
    if request.requester.person() != Some(caller.person()) {
        return Err(ApiError::forbidden("only whoever asked can withdraw a request; deny it instead"));
    }
    gateway.approvals().cancel(request.id, CancelledBy::Requester(caller.person().clone())).await?;
    again(&gateway, &caller, request.id).await
}

/// Takes an approval back. Live sessions of it end.
pub(super) async fn revoke(
    State(gateway): State<Gateway>,
    caller: Caller,
    In(id): In<String>,
    Body(words): Body<Words>,
) -> Result<Json<RequestView>, ApiError> {
    let request = visible(&gateway, &caller, &id).await?.request;
    if !view::may_revoke(&caller, &request) {
        return Err(ApiError::forbidden("only administrators and those who may approve it can take an approval back"));
    }
    let why = words.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty()).unwrap_or(UNREASONED);
    let why: String = why.chars().take(countersign_approval::MAX_REASON_CHARS).collect();
    match gateway.store().revoke(request.id, &why, caller.change()).await? {
        Revoked::Now(_) => again(&gateway, &caller, request.id).await,
        Revoked::Not(_, why) => {
            Err(ApiError::conflict("not_revocable", format!("there is nothing to take back: {why}")))
        }
        Revoked::Missing => Err(ApiError::no_such("request", &id)),
    }
}

async fn again(gateway: &Gateway, caller: &Caller, id: RequestId) -> Result<Json<RequestView>, ApiError> {
    let dossier = visible(gateway, caller, &id.to_string()).await?;
    Ok(Json(view::whole(gateway, caller, dossier).await?))
}

/// The request, if the caller may see it. To others it is not there.
async fn visible(gateway: &Gateway, caller: &Caller, id: &str) -> Result<Dossier, ApiError> {
    let missing = || ApiError::no_such("request", id);
    let id: RequestId = id.parse().map_err(|_| missing())?;
    let dossier = gateway.approvals().store().dossier(id).await?;
    dossier.filter(|dossier| view::may_see(caller, &dossier.request)).ok_or_else(missing)
}

/// Whether the caller may see a request by its id; for what hangs on it.
pub(super) async fn is_visible(gateway: &Gateway, caller: &Caller, id: RequestId) -> Result<bool, ApiError> {
    let request: Option<Request> = gateway.approvals().store().request(id).await?;
    Ok(request.is_some_and(|request| view::may_see(caller, &request)))
}
