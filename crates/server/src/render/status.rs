//! The end of a request in words.

use countersign_approval::{
    ApprovedBy, CancelledBy, DeniedBy, Grant, Person, PersonId, RequestState, Subject, Timestamp, port::Dossier,
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
    pub(super) note: Option<Note>,
    /// When it ended.
    pub(super) at: Timestamp,
}

/// What became of an approval, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    /// The words.
    pub(super) text: String,
    /// The moment that follows them.
    pub(super) at: Option<Timestamp>,
}

/// The end of a request; `None` while it is pending.
pub(super) fn status(dossier: &Dossier) -> Option<Status> {
    let status = |word, more, at| Status { word, more, reason: None, note: None, at };
    match &dossier.request.state {
        RequestState::Pending => None,
        RequestState::Approved { at, by } => Some(Status {
            note: dossier.grant.as_ref().and_then(|grant| grant_note(&dossier.request.subject, grant)),
            ..status("✅ Approved", approved_by(dossier, by), *at)
        }),
        RequestState::Denied { at, by, reason } => {
            let more = denied_by(dossier, by);
            Some(Status { reason: reason.as_deref().map(visible), ..status("⛔ Denied", more, *at) })
        }
        RequestState::Expired { at } => Some(status("⌛ Expired", ": nobody decided in time".to_owned(), *at)),
        RequestState::Cancelled { at, by } => Some(status("➖ Cancelled", cancelled_by(dossier, by), *at)),
    }
}

/// How a request ended, and what became of it, each on a line.
pub(crate) fn outcome_lines(dossier: &Dossier) -> Vec<String> {
    let Some(status) = status(dossier) else { return Vec::new() };
    let mut lines = vec![status.more.trim_start_matches(':').trim().to_owned()];
    lines.extend(status.reason.map(|reason| format!("“{reason}”")));
    lines.extend(status.note.map(|note| match note.at {
        Some(at) => {
            let at = jiff::Timestamp::from_second(at.as_secs()).map(|at| at.to_string()).unwrap_or_default();
            format!("{}{at}", note.text)
        }
        None => note.text,
    }));
    lines
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

fn cancelled_by(dossier: &Dossier, by: &CancelledBy) -> String {
    match by {
        CancelledBy::ClientGone if is_a_persons(&dossier.request.subject) => {
            ": the requester stopped waiting".to_owned()
        }
        CancelledBy::ClientGone => ": the agent stopped waiting for an answer".to_owned(),
        CancelledBy::AnsweredAtTerminal => ": answered at the terminal".to_owned(),
        CancelledBy::OsUser(user) => format!(" at the terminal by {}", visible(user)),
        CancelledBy::Requester(_) => " by its requester".to_owned(),
        CancelledBy::Undeliverable(why) => format!(": it could not be shown to its approvers ({})", visible(why)),
    }
}

/// Whether a person asks, who comes for the approval when they like; a coding agent waits for it.
pub(super) fn is_a_persons(subject: &Subject) -> bool {
    matches!(subject, Subject::Command(_) | Subject::Access(_) | Subject::Local(_))
}

pub(super) fn grant_note(subject: &Subject, grant: &Grant) -> Option<Note> {
    let note = |text: String| Some(Note { text, at: None });
    match grant {
        Grant::Unknown { why, .. } => note(format!("⚠️ It is not known whether it was done: {}", visible(why))),
        Grant::Lapsed { .. } if is_a_persons(subject) => note("⚠️ Nothing was done: it was not run in time".to_owned()),
        Grant::Lapsed { .. } => note("⚠️ Nothing was done: the agent came back too late for its answer".to_owned()),
        Grant::Revoked { .. } => note("⚠️ Taken back before it was done".to_owned()),
        Grant::Ended { why, .. } => note(format!("Access is over: {}", visible(why))),
        Grant::Active { until, .. } => Some(Note { text: "Access until ".to_owned(), at: Some(*until) }),
        Grant::Issued { claim_by, .. } if is_a_persons(subject) => {
            Some(Note { text: "Not run yet; it can be until ".to_owned(), at: Some(*claim_by) })
        }
        Grant::Claimed { .. } if is_a_persons(subject) => note("It is being run".to_owned()),
        Grant::Finished { status, .. } if is_a_persons(subject) => note(format!("It was run: {}", visible(status))),
        Grant::Issued { .. } | Grant::Claimed { .. } | Grant::Finished { .. } => None,
    }
}

/// What to call a person.
pub(crate) fn name(people: &[Person], id: &PersonId) -> String {
    let known = people.iter().find(|person| person.id == *id);
    visible(known.map_or(id.as_str(), |person| person.name.as_str()))
}
