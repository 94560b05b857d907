//! What people are told of their clicks where several groups decide.

use std::fmt::Write as _;

use countersign_approval::{Request, Verdict, policy::Ineligible};

use super::click::{Click, Voter};
use crate::{
    core::Core,
    dossier,
    render::{self, Standings},
};

/// How somebody's Slack account becomes theirs here.
pub(crate) fn how_to_link(public_url: &str, user: &str) -> String {
    format!(
        "To link your Slack account: in a terminal sign in with `countersign login {public_url}`, then run \
         `countersign link {user}`. I will send you a code here; enter it there. An administrator can also set it: \
         `countersign admin create user EMAIL --slackid {user} --overwrite`."
    )
}

/// Why a vote was not taken.
pub(super) async fn ineligible(core: &Core, voter: &Voter, why: &Ineligible, request: &Request) -> String {
    let url = core.gateway().map(|gateway| gateway.settings().public_url.clone()).unwrap_or_default();
    match why {
        Ineligible::Unknown => format!(
            "Your click does not count: your Slack account is not linked to anybody here. {}",
            how_to_link(&url, &voter.user)
        ),
        Ineligible::Inactive => {
            "Your click does not count: your account here is no longer active. An administrator can tell more."
                .to_owned()
        }
        Ineligible::OwnRequest => {
            "You asked for this yourself, so somebody else has to approve it. You can deny it.".to_owned()
        }
        Ineligible::NotAnApprover => not_in_a_group(core, request).await,
    }
}

async fn not_in_a_group(core: &Core, request: &Request) -> String {
    let mut text = "You cannot decide this: you are in none of the groups that can".to_owned();
    if let Ok(Some(dossier)) = dossier::read(core, request.id).await {
        // Writing to a String cannot fail.
        let _ = write!(text, " ({})", render::approvers(&dossier));
    }
    text.push_str(". It is still open for them.");
    text
}

/// What to say to whoever votes a second time without changing anything; `None` when the vote is new, or cannot be looked up.
pub(super) async fn said_before(core: &Core, click: &Click, verdict: Verdict) -> Option<String> {
    core.gateway()?;
    let store = core.approvals().store();
    let person = store.person_by_identity(&click.voter.identity).await.ok()??;
    let request = store.request_by_token(click.token).await.ok()??;
    if request.state.is_final() {
        return None;
    }
    let dossier = dossier::read(core, request.id).await.ok()??;
    let vote = dossier.votes.iter().find(|vote| vote.person == person.id)?;
    // An approval may become a denial.
    if vote.verdict != verdict {
        return None;
    }
    let done = match verdict {
        Verdict::Approve => "approved",
        Verdict::Deny => "denied",
    };
    Some(format!("You have {done} this already. {}", missing(&Standings::of(&dossier))))
}

/// What to say to whoever's vote counts without deciding.
pub(super) async fn counted(core: &Core, request: &Request) -> String {
    const PLAIN: &str = "Your vote counts. More people have to agree.";
    if core.gateway().is_none() {
        return PLAIN.to_owned();
    }
    match dossier::read(core, request.id).await {
        Ok(Some(dossier)) => format!("Your approval counts. {}", missing(&Standings::of(&dossier))),
        _ => PLAIN.to_owned(),
    }
}

fn missing(standings: &Standings) -> String {
    match standings.missing().as_slice() {
        [] => "Nothing else is missing.".to_owned(),
        missing => format!("Still needed: {}.", missing.join(", ")),
    }
}
