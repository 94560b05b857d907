//! The end of a request in words.

use countersign_approval::{
    ApprovedBy, CancelledBy, DeniedBy, Grant, Person, PersonId, RequestState, Timestamp, port::Dossier,
};

use super::visible;

/// How a request ended, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Status {
    /// A sign and a word, e.g. `✅ Approved`.
    pub(super) word: &'static str,
    /// What follows the word, e.g. ` by alice`.
    pub(super) more: String,
    /// A person's reason, shown as a quotation.
    pub(super) reason: Option<String>,
    /// What became of the answer, where that is worth saying.
    pub(super) note: Option<String>,
    /// When it ended.
    pub(super) at: Timestamp,
}

/// The end of a request; `None` while it is pending.
pub(super) fn status(dossier: &Dossier) -> Option<Status> {
    let status = |word, more, at| Status { word, more, reason: None, note: None, at };
    match &dossier.request.state {
        RequestState::Pending => None,
        RequestState::Approved { at, by } => Some(Status {
            note: grant_note(dossier.grant.as_ref()),
            ..status("✅ Approved", approved_by(dossier, by), *at)
        }),
        RequestState::Denied { at, by, reason } => {
            let more = denied_by(dossier, by);
            Some(Status { reason: reason.as_deref().map(visible), ..status("⛔ Denied", more, *at) })
        }
        RequestState::Expired { at } => Some(status("⌛ Expired", ": nobody decided in time".to_owned(), *at)),
        RequestState::Cancelled { at, by } => Some(status("➖ Cancelled", cancelled_by(by), *at)),
    }
}

fn approved_by(dossier: &Dossier, by: &ApprovedBy) -> String {
    match by {
        ApprovedBy::Votes(people) => {
            let names: Vec<String> = people.iter().map(|id| name(&dossier.people, id)).collect();
            format!(" by {}", names.join(", "))
        }
        ApprovedBy::Policy(policy) => format!(" by the policy {}", visible(policy)),
        ApprovedBy::BreakGlass(person) => format!(" in an emergency by {}", name(&dossier.people, person)),
    }
}

fn denied_by(dossier: &Dossier, by: &DeniedBy) -> String {
    match by {
        DeniedBy::Person(person) => format!(" by {}", name(&dossier.people, person)),
        DeniedBy::Policy(policy) => format!(" by the policy {}", visible(policy)),
        DeniedBy::OsUser(user) => format!(" at the terminal by {}", visible(user)),
    }
}

fn cancelled_by(by: &CancelledBy) -> String {
    match by {
        CancelledBy::ClientGone => ": the agent stopped waiting for an answer".to_owned(),
        CancelledBy::AnsweredAtTerminal => ": answered at the terminal".to_owned(),
        CancelledBy::OsUser(user) => format!(" at the terminal by {}", visible(user)),
        CancelledBy::Requester(_) => " by its requester".to_owned(),
        CancelledBy::Undeliverable(why) => format!(": it could not be shown to its approvers ({})", visible(why)),
    }
}

fn grant_note(grant: Option<&Grant>) -> Option<String> {
    match grant? {
        Grant::Unknown { why, .. } => Some(format!("⚠️ It is not known whether it was done: {}", visible(why))),
        Grant::Lapsed { .. } => Some("⚠️ Nothing was done: the agent came back too late for its answer".to_owned()),
        Grant::Revoked { .. } => Some("⚠️ Taken back before it was done".to_owned()),
        Grant::Issued { .. } | Grant::Claimed { .. } | Grant::Finished { .. } => None,
    }
}

/// What to call a person.
pub(super) fn name(people: &[Person], id: &PersonId) -> String {
    let known = people.iter().find(|person| person.id == *id);
    visible(known.map_or(id.as_str(), |person| person.name.as_str()))
}
