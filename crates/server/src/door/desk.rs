//! What the user's own command line may ask of the daemon: look, deny, cancel, stop. Never approve: what is gated runs as
//! the same user.

use countersign_approval::{
    CancelError, CancelledBy, DeniedBy, Request, RequestId, StoreError, Subject, port::Dossier,
};
use countersign_hook::wire::{Final, Op, Outcome};
use serde_json::{Value, json};

use super::refused;
use crate::{personal::Personal, render::Content, withdraw};

/// Characters of a request's first line in a list; `show` has the whole.
const FIRST_LINE_CHARS: usize = 200;

/// Requests in a list.
const LIST_LIMIT: u32 = 200;

/// Why an errand was not done.
#[derive(Debug, thiserror::Error)]
enum DeskError {
    #[error("a request id is needed: its 32 digits, or as many of its last ones as tell it apart")]
    NoId,
    #[error("no request has an id that ends with {0}")]
    Unmatched(String),
    #[error("{0} requests have an id that ends with {1}: give more digits")]
    Ambiguous(usize, String),
    #[error(transparent)]
    Cancel(#[from] CancelError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("this daemon does not know the operation: is it older than the command?")]
    Unknown,
}

/// Does one errand.
pub(super) async fn answer(personal: &Personal, op: Op, args: &Value) -> Final {
    let done = match op {
        Op::Status => status(personal).await,
        Op::Stop => stop(personal).await,
        Op::List => list(personal, args).await,
        Op::Show => show(personal, args).await,
        Op::Deny => deny(personal, args).await,
        Op::Cancel => cancel(personal, args).await,
        Op::Ask | Op::Observe | Op::Test | Op::Unknown => Err(DeskError::Unknown),
    };
    match done {
        Ok(data) => Final::new(Outcome::Ok, &personal.settings().version).data(data),
        Err(error) => refused(personal, crate::chain(&error)),
    }
}

async fn status(personal: &Personal) -> Result<Value, DeskError> {
    let store = personal.approvals().store();
    let pending = store.pending(LIST_LIMIT).await?.len();
    let parked: Vec<Value> = store
        .parked(20)
        .await?
        .into_iter()
        .map(|parked| json!({ "request": parked.request, "destination": parked.destination, "error": parked.error }))
        .collect();
    let installation = personal.installation_now();
    Ok(json!({
        "pid": std::process::id(),
        "version": personal.settings().version,
        "pending": pending,
        "drawing": store.next_outbox(personal.approvals().now()).await?.is_some(),
        "orphan_grace_s": personal.settings().orphan_grace.as_secs(),
        "keep_days": personal.settings().keep_requests.map(|keep| keep.as_secs() / 86_400),
        "connections": *personal.connections().borrow(),
        "waiting": personal.waiting().count(),
        "undelivered": parked,
        "slack": {
            "team": installation.as_ref().map(|known| &known.team_name),
            "team_id": installation.as_ref().map(|known| &known.team),
            "trouble": personal.trouble(),
            "connections": personal.slack().connections(),
            "connections_elsewhere": personal.slack().connections_elsewhere(),
        },
    }))
}

/// Withdraws what is pending, so that waiting clients end and do not start another daemon; then leaves.
async fn stop(personal: &Personal) -> Result<Value, DeskError> {
    let user = personal.settings().user.clone();
    let cancelled = withdraw::all(personal.core(), &CancelledBy::OsUser(user)).await?;
    personal.leave();
    Ok(json!({ "pid": std::process::id(), "cancelled": cancelled }))
}

async fn list(personal: &Personal, args: &Value) -> Result<Value, DeskError> {
    let store = personal.approvals().store();
    let all = args.get("all").and_then(Value::as_bool).unwrap_or(false);
    let listed = if all { store.recent(LIST_LIMIT).await? } else { store.pending(LIST_LIMIT).await? };
    let mut requests = Vec::with_capacity(listed.len());
    for listed in listed {
        // One after the other: each may be megabytes, its summary is a line.
        match store.request(listed.id).await {
            Ok(request) => requests.extend(request.as_ref().map(summary)),
            // It must not hide the others; whoever asks for it by its id is told what is wrong.
            Err(error @ StoreError::Inconsistent { .. }) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a request in a list cannot be read");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(json!({ "requests": requests }))
}

async fn show(personal: &Personal, args: &Value) -> Result<Value, DeskError> {
    let id = find(personal, args).await?;
    let dossier = personal.approvals().store().dossier(id).await?.ok_or(CancelError::Missing(id))?;
    Ok(json!({ "request": whole(&dossier) }))
}

async fn deny(personal: &Personal, args: &Value) -> Result<Value, DeskError> {
    let id = find(personal, args).await?;
    let reason = args.get("reason").and_then(Value::as_str).map(str::to_owned);
    let by = DeniedBy::OsUser(personal.settings().user.clone());
    let request = personal.approvals().deny(id, by, reason).await?;
    Ok(json!({ "request": summary(&request) }))
}

async fn cancel(personal: &Personal, args: &Value) -> Result<Value, DeskError> {
    let id = find(personal, args).await?;
    let by = CancelledBy::OsUser(personal.settings().user.clone());
    let request = personal.approvals().cancel(id, by).await?;
    Ok(json!({ "request": summary(&request) }))
}

/// The request that `args.id` names: whole, or by its last digits among the recent ones.
async fn find(personal: &Personal, args: &Value) -> Result<RequestId, DeskError> {
    let text = args.get("id").and_then(Value::as_str).unwrap_or_default().trim().to_ascii_lowercase();
    if text.is_empty() {
        return Err(DeskError::NoId);
    }
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let store = personal.approvals().store();
    let mut ids: Vec<RequestId> = store.pending(LIST_LIMIT).await?.iter().map(|request| request.id).collect();
    ids.extend(store.recent(LIST_LIMIT).await?.iter().map(|request| request.id));
    ids.sort_unstable();
    ids.dedup();
    ids.retain(|id| id.to_string().ends_with(&text));
    match ids.as_slice() {
        [id] => Ok(*id),
        [] => Err(DeskError::Unmatched(text)),
        several => Err(DeskError::Ambiguous(several.len(), text)),
    }
}

fn summary(request: &Request) -> Value {
    let content = Content::of(request);
    let first_line = |text: &str| text.lines().next().unwrap_or_default().chars().take(FIRST_LINE_CHARS).collect();
    let first: Option<String> = content.fields.first().map(|field| first_line(&field.text));
    let tool = match &request.subject {
        Subject::ToolCall(call) => Some(call.tool.clone()),
        _ => None,
    };
    json!({
        "id": request.id,
        "short_id": request.id.short(),
        "state": request.state,
        "title": content.title,
        "kind": request.subject.kind(),
        "tool": tool,
        "first_line": first,
        "digest": request.digest,
        "asked_at": request.asked_at,
        "expires_at": request.expires_at,
    })
}

fn whole(dossier: &Dossier) -> Value {
    let mut summary = summary(&dossier.request);
    let content = Content::of(&dossier.request);
    let fields = |fields: &[crate::render::Field]| -> Vec<Value> {
        fields.iter().map(|field| json!({ "label": field.label, "text": field.text })).collect()
    };
    if let Some(map) = summary.as_object_mut() {
        map.insert("fields".to_owned(), json!(fields(&content.fields)));
        map.insert("place".to_owned(), json!(fields(&content.place)));
        map.insert("requester".to_owned(), json!(dossier.request.requester));
        map.insert("votes".to_owned(), json!(dossier.votes));
        map.insert("grant".to_owned(), json!(dossier.grant));
        map.insert("policy".to_owned(), json!(dossier.request.policy));
    }
    summary
}
