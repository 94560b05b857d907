//! Acknowledging with what a handler answered: in time, in its place, or later in another way.

use countersign_slack::blocks::View;
use countersign_slack::client::ViewRef;
use serde_json::{Value, json};

use crate::failure::FAILED;
use crate::request::Parsed;
use crate::response::{Answer, reply_notice, view_notice};
use crate::{HandlerError, Request, RequestKind, Respond, Response, ViewResponse};

/// Acknowledges with what a handler answered, unless it did so itself.
pub(crate) fn answer(request: &Request, response: &Response) {
    let (id, acknowledgement) = (request.id(), request.acknowledgement());
    if !response.fits(request.kind()) {
        tracing::error!(slack.envelope = %id, "the handler of envelope {id} gave an answer that Slack does not take to a {}", request.kind());
        return acknowledgement.send_logged(id, notice(request, FAILED));
    }
    if acknowledgement.is_open() {
        acknowledgement.send_logged(id, response.payload());
    } else if !response.is_empty() {
        tracing::warn!(slack.envelope = %id, "envelope {id} was acknowledged before its handler answered; the answer is lost");
    }
}

/// What is said when there is no answer in time, or none at all.
pub(crate) fn notice(request: &Request, text: &str) -> Option<Value> {
    match request.kind() {
        RequestKind::ViewSubmission => match request.parsed() {
            Ok(Parsed::Interaction(interaction)) => view_notice(interaction.raw().get("view"), text),
            _ => view_notice(None, text),
        },
        RequestKind::Options => Some(json!({"options": []})),
        RequestKind::Command => Some(reply_notice(text)),
        _ => None,
    }
}

/// Brings an answer that missed its acknowledgement to the person in another way, where there is one.
pub(crate) async fn send_late(request: &Request, response: Response) {
    let id = request.id();
    let sent = match response.answer {
        Answer::View(ViewResponse::Update(view)) => update_view(request, &view).await,
        Answer::Reply(reply) => Respond::of(request).reply(&reply).await.map_err(HandlerError::from),
        _ => return,
    };
    if let Err(error) = sent {
        tracing::warn!(slack.envelope = %id, %error, "the late answer to envelope {id} could not be sent");
    }
}

async fn update_view(request: &Request, view: &View) -> Result<(), HandlerError> {
    let Parsed::Interaction(interaction) = request.parsed()? else { return Ok(()) };
    let id = interaction.raw().pointer("/view/id").and_then(Value::as_str).unwrap_or_default();
    request.client().await?.update_view(&ViewRef::Id(id.into()), None, view).await?;
    Ok(())
}
