//! What a request's end means for the client that asked, and what became of the answer.

use countersign_approval::{
    ApprovedBy, CancelledBy, DeniedBy, Grant, PersonId, Request, RequestId, RequestState, StoreError,
    port::{Claimed, Dossier},
};
use countersign_hook::wire::{Final, Outcome};

use crate::personal::Personal;

/// The answer for a request that has ended. An approval is claimed first: it is given once, to one connection.
pub(super) async fn ended(personal: &Personal, request: &Request) -> Result<Final, StoreError> {
    let version = &personal.settings().version;
    let answer = |outcome| Final::new(outcome, version).request(request.id.to_string());
    Ok(match &request.state {
        RequestState::Approved { by, .. } => approved(personal, request, by).await?,
        RequestState::Denied { by, reason, .. } => {
            let dossier = personal.approvals().store().dossier(request.id).await?;
            let denied = denied(answer(Outcome::Denied), by, dossier.as_ref());
            match reason {
                Some(reason) => denied.because(reason.clone()),
                None => denied,
            }
        }
        RequestState::Expired { .. } | RequestState::Pending => match personal.trouble() {
            Some(trouble) => answer(Outcome::NoDecision).because(trouble),
            None => answer(Outcome::Expired),
        },
        RequestState::Cancelled { by: CancelledBy::Undeliverable(why), .. } => {
            answer(Outcome::NoDecision).because(format!("the approvers could not be asked: {why}"))
        }
        RequestState::Cancelled { by: CancelledBy::AnsweredAtTerminal, .. } => {
            answer(Outcome::Cancelled).because("answered at the terminal")
        }
        RequestState::Cancelled { .. } => answer(Outcome::Cancelled),
    })
}

async fn approved(personal: &Personal, request: &Request, by: &ApprovedBy) -> Result<Final, StoreError> {
    let version = &personal.settings().version;
    let answer = |outcome| Final::new(outcome, version).request(request.id.to_string());
    let claimant = personal.next_claimant();
    let dossier = personal.approvals().store().dossier(request.id);
    let (claimed, dossier) = tokio::join!(personal.approvals().claim(request.id, &claimant), dossier);
    let may_answer = match claimed? {
        Claimed::Now => true,
        // Claimed by a daemon that died before it could say so: the same key is the same client, with the same bytes.
        Claimed::Not(Grant::Claimed { by, .. }) => !personal.is_claimant(&by),
        Claimed::Not(_) | Claimed::Missing => false,
    };
    if !may_answer {
        return Ok(answer(Outcome::NoDecision).because("its approval was given to another connection, or has lapsed"));
    }
    // Claimed is claimed: without the voters' names the answer is the same.
    let names = voters(by, dossier.ok().flatten().as_ref());
    Ok(if names.is_empty() { answer(Outcome::Approved) } else { answer(Outcome::Approved).by(names) })
}

fn voters(by: &ApprovedBy, dossier: Option<&Dossier>) -> String {
    let ApprovedBy::Votes(people) = by else { return String::new() };
    let names: Vec<&str> = people.iter().filter_map(|id| name(dossier, id)).collect();
    names.join(", ")
}

fn denied(answer: Final, by: &DeniedBy, dossier: Option<&Dossier>) -> Final {
    match by {
        DeniedBy::Policy(policy) => Final { policy: Some(policy.clone()), ..answer },
        DeniedBy::OsUser(user) => answer.by(format!("{user} at the terminal, not")),
        DeniedBy::Person(id) => match name(dossier, id) {
            Some(name) => answer.by(name),
            None => answer,
        },
    }
}

fn name<'d>(dossier: Option<&'d Dossier>, id: &PersonId) -> Option<&'d str> {
    dossier?.people.iter().find(|person| person.id == *id).map(|person| person.name.as_str())
}

/// Records whether an approval reached its client, so that the message can say so.
pub(super) async fn report_delivery(personal: &Personal, answer: &Final, delivered: bool) {
    if answer.outcome != Outcome::Approved {
        return;
    }
    let Some(Ok(id)) = answer.request.as_deref().map(str::parse::<RequestId>) else { return };
    let at = personal.approvals().now();
    let end = if delivered {
        Grant::Finished { at, status: "delivered".to_owned() }
    } else {
        Grant::Unknown { at, why: "the agent had gone before the answer reached it".to_owned() }
    };
    if let Err(error) = personal.approvals().store().end_grant(id, end).await {
        tracing::error!(error = &error as &dyn std::error::Error, "could not record the delivery of request {id}");
    }
}
