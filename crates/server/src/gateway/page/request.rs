//! The pages themselves: what waits, one request, the votes cast there.

use axum::{
    Form,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header::LOCATION},
    response::{IntoResponse, Response},
};
use countersign_approval::{DecideError, Decision, Person, RequestId, StoreError, Verdict, Voter, port::Dossier};
use countersign_gateway::{Session, port::SessionFilter};
use serde::Deserialize;

use super::{
    super::state::Gateway,
    guard,
    signin::{Visitor, visitor},
    view::{self, Decidable, Shown},
};
use crate::{chain, render};

/// Requests that are looked at for the list.
const LOOK_AT: u32 = 200;

/// Sessions that a page lists.
const SESSIONS: u32 = 50;

/// The group whose people see everything.
const ADMINISTRATORS: &str = "admin";

/// A vote as a form carries it.
#[derive(Debug, Deserialize)]
pub(super) struct Vote {
    /// The form's token.
    form: String,
    /// Why.
    #[serde(default)]
    reason: String,
    /// Of what is too long for the page: the digest at the file's end.
    #[serde(default)]
    digest: String,
}

/// What waits.
pub(super) async fn inbox(State(gateway): State<Gateway>, headers: HeaderMap) -> Response {
    let visitor = match come_in(&gateway, &headers).await {
        Ok(visitor) => visitor,
        Err(refused) => return refused,
    };
    match waiting(&gateway, &visitor.account.person).await {
        Ok(requests) => guard::page(StatusCode::OK, view::inbox(&visitor.account.person, &requests, gateway.now())),
        Err(error) => guard::fault(&error),
    }
}

async fn waiting(gateway: &Gateway, person: &Person) -> Result<Vec<Dossier>, StoreError> {
    let store = gateway.approvals().store();
    let mut found = Vec::new();
    for listed in store.pending(LOOK_AT).await? {
        found.extend(store.dossier(listed.id).await?.filter(|dossier| may_see(dossier, person)));
    }
    Ok(found)
}

/// One request.
pub(super) async fn show(State(gateway): State<Gateway>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    let (visitor, dossier) = match about(&gateway, &headers, &id).await {
        Ok(found) => found,
        Err(refused) => return refused,
    };
    shown(&gateway, &visitor, &dossier, None).await
}

/// Everything of a request as text: what is too long for the page, and for whoever wants to keep it.
pub(super) async fn content(State(gateway): State<Gateway>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    match about(&gateway, &headers, &id).await {
        Ok((_, dossier)) => guard::text(render::review_file(&dossier.request)),
        Err(refused) => refused,
    }
}

/// *Approve* was pressed.
pub(super) async fn approve(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(vote): Form<Vote>,
) -> Response {
    decide(&gateway, &headers, &id, vote, Verdict::Approve).await
}

/// *Deny* was pressed.
pub(super) async fn deny(
    State(gateway): State<Gateway>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Form(vote): Form<Vote>,
) -> Response {
    decide(&gateway, &headers, &id, vote, Verdict::Deny).await
}

async fn decide(gateway: &Gateway, headers: &HeaderMap, id: &str, vote: Vote, verdict: Verdict) -> Response {
    if let Err(refused) = guard::check_origin(gateway, headers) {
        return *refused;
    }
    let (visitor, dossier) = match about(gateway, headers, id).await {
        Ok(found) => found,
        Err(refused) => return refused,
    };
    if vote.form != visitor.form_token {
        return guard::refusal(StatusCode::FORBIDDEN, "Refused", "This form is too old. Open the page again.");
    }
    if verdict == Verdict::Approve && view::is_cut(&dossier) && !render::digest_matches(&dossier.request, &vote.digest)
    {
        let words =
            "Not taken: this is not the digest at the end of the text file. At least its first 16 digits are needed.";
        return shown(gateway, &visitor, &dossier, Some(words)).await;
    }
    let decision = Decision {
        token: dossier.request.token,
        voter: Voter::Person(visitor.account.person.id.clone()),
        verdict,
        reason: Some(vote.reason).filter(|reason| !reason.trim().is_empty()),
    };
    match gateway.approvals().decide(decision).await {
        // A new address, so that loading the page again casts no second vote.
        Ok(request) => (StatusCode::SEE_OTHER, [(LOCATION, format!("/requests/{}", request.id))]).into_response(),
        Err(DecideError::Store(error)) => guard::fault(&error),
        Err(error) => {
            let now = gateway.approvals().store().dossier(dossier.request.id).await.ok().flatten();
            shown(gateway, &visitor, &now.unwrap_or(dossier), Some(&refusal(&error))).await
        }
    }
}

fn refusal(error: &DecideError) -> String {
    match error {
        DecideError::AlreadyEnded(request) => format!("Too late: this request is {} already.", request.state.name()),
        DecideError::Late(_) => "Too late: the time for this request is over.".to_owned(),
        DecideError::ReasonRequired => "A denial of this needs a reason.".to_owned(),
        DecideError::Ineligible { reason, .. } => format!("Your vote is not taken: {reason}."),
        other => format!("Your vote is not taken: {}.", chain(other)),
    }
}

async fn shown(gateway: &Gateway, visitor: &Visitor, dossier: &Dossier, words: Option<&str>) -> Response {
    let sessions = match sessions_of(gateway, dossier.request.id).await {
        Ok(sessions) => sessions,
        Err(error) => return guard::fault(&error),
    };
    let status = if words.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let shown = Shown {
        visitor: &visitor.account.person,
        form_token: &visitor.form_token,
        dossier,
        sessions: &sessions,
        words,
        decidable: decidable(dossier, &visitor.account.person),
        now: gateway.now(),
    };
    guard::page(status, view::request(&shown))
}

async fn sessions_of(gateway: &Gateway, id: RequestId) -> Result<Vec<Session>, StoreError> {
    let filter = SessionFilter { request: Some(id), limit: SESSIONS, ..SessionFilter::default() };
    gateway.store().sessions(filter).await
}

/// What somebody may do with a request.
fn decidable(dossier: &Dossier, person: &Person) -> Decidable {
    let request = &dossier.request;
    let may = |verdict| request.policy.eligibility(&request.requester, person, verdict);
    if request.state.is_final() {
        return Decidable::No(None);
    }
    match (may(Verdict::Approve), may(Verdict::Deny)) {
        (Ok(()), _) => Decidable::Yes,
        (Err(why), Ok(())) => Decidable::DenyOnly(why.to_string()),
        (Err(why), Err(_)) => Decidable::No(Some(why.to_string())),
    }
}

async fn come_in(gateway: &Gateway, headers: &HeaderMap) -> Result<Visitor, Response> {
    guard::check_host(gateway, headers).map_err(|refused| *refused)?;
    visitor(gateway, headers).await
}

/// The request, for somebody who may see it. Nobody else is told that there is one.
async fn about(gateway: &Gateway, headers: &HeaderMap, id: &str) -> Result<(Visitor, Dossier), Response> {
    let visitor = come_in(gateway, headers).await?;
    let missing = || {
        guard::refusal(
            StatusCode::NOT_FOUND,
            "No such request",
            "There is none with this id, or it is none that you asked for or may decide.",
        )
    };
    let id: RequestId = id.parse().map_err(|_| missing())?;
    let store = gateway.approvals().store();
    let mut dossier = store.dossier(id).await.map_err(|error| guard::fault(&error))?.ok_or_else(missing)?;
    if !may_see(&dossier, &visitor.account.person) {
        return Err(missing());
    }
    if let Some(requester) = dossier.request.requester.person()
        && dossier.people.iter().all(|known| known.id != *requester)
    {
        let person = store.person(requester).await.map_err(|error| guard::fault(&error))?;
        dossier.people.extend(person);
    }
    Ok((visitor, dossier))
}

fn may_see(dossier: &Dossier, person: &Person) -> bool {
    let request = &dossier.request;
    let is_administrator = person.groups.iter().any(|group| group.as_str() == ADMINISTRATORS);
    is_administrator
        || request.requester.person() == Some(&person.id)
        || request.policy.eligibility(&request.requester, person, Verdict::Deny).is_ok()
        || dossier.votes.iter().any(|vote| vote.person == person.id)
}
