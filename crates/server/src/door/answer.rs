//! What a request's end means for the client that asked, and what became of the answer.

use countersign_approval::{
    ApprovedBy, CancelledBy, DeniedBy, Grant, PersonId, RequestId, RequestState, StoreError, port::Claimed,
};
use countersign_hook::wire::{Final, Outcome};

use crate::personal::Personal;

/// The answer for a request that has ended. An approval is claimed first: it is given once, to one connection.
pub(super) async fn ended(personal: &Personal, id: RequestId, state: &RequestState) -> Result<Final, StoreError> {
    let answer = |outcome| about(personal, id, outcome);
    Ok(match state {
        RequestState::Approved { by, .. } => approved(personal, id, by).await?,
        RequestState::Denied { by, reason, .. } => {
            let denied = denied(personal, answer(Outcome::Denied), by).await;
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

fn about(personal: &Personal, id: RequestId, outcome: Outcome) -> Final {
    Final::new(outcome, &personal.settings().version).request(id.to_string())
}

async fn approved(personal: &Personal, id: RequestId, by: &ApprovedBy) -> Result<Final, StoreError> {
    let claimant = personal.next_claimant();
    let (claimed, names) = tokio::join!(personal.approvals().claim(id, &claimant), voters(personal, by));
    let may_answer = match claimed? {
        Claimed::Now => true,
        // Claimed by a daemon that died before it could say so: the same key is the same client, with the same bytes.
        Claimed::Not(Grant::Claimed { by, .. }) => !personal.is_claimant(&by),
        Claimed::Not(_) | Claimed::Missing => false,
    };
    if !may_answer {
        let why = "its approval was given to another connection, or has lapsed";
        return Ok(about(personal, id, Outcome::NoDecision).because(why));
    }
    // Claimed is claimed: without the voters' names the answer is the same.
    let answer = about(personal, id, Outcome::Approved);
    Ok(if names.is_empty() { answer } else { answer.by(names) })
}

async fn voters(personal: &Personal, by: &ApprovedBy) -> String {
    let ApprovedBy::Votes(people) = by else { return String::new() };
    let mut names = Vec::with_capacity(people.len());
    for id in people {
        names.extend(name(personal, id).await);
    }
    names.join(", ")
}

async fn denied(personal: &Personal, answer: Final, by: &DeniedBy) -> Final {
    match by {
        DeniedBy::Policy(policy) => Final { policy: Some(policy.clone()), ..answer },
        DeniedBy::OsUser(user) => answer.by(format!("{user} at the terminal, not")),
        DeniedBy::Person(id) => match name(personal, id).await {
            Some(name) => answer.by(name),
            None => answer,
        },
    }
}

/// What a person is called; the answer does not wait for a store that cannot say.
async fn name(personal: &Personal, id: &PersonId) -> Option<String> {
    personal.approvals().store().person(id).await.ok().flatten().map(|person| person.name)
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
