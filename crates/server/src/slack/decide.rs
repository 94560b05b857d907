//! Votes.

use countersign_approval::{
    CancelledBy, DecideError, Decision, DeniedBy, Request, RequestState, Verdict, policy::Ineligible,
};
use countersign_slack::payload::{BlockActions, Interaction, ViewSubmission};
use countersign_slack_sdk::{HandlerError, State, ViewResponse};

use super::{
    click::{Asker, Click, FOREIGN},
    words,
};
use crate::{
    chain,
    core::Core,
    render::{self, ids},
};

/// *Approve* was pressed.
pub(super) async fn approve(State(core): State<Core>, asker: Asker, click: BlockActions) -> Result<(), HandlerError> {
    press(&core, &asker, &click, Verdict::Approve).await
}

/// *Deny* was pressed.
pub(super) async fn deny(State(core): State<Core>, asker: Asker, click: BlockActions) -> Result<(), HandlerError> {
    press(&core, &asker, &click, Verdict::Deny).await
}

async fn press(core: &Core, asker: &Asker, click: &BlockActions, verdict: Verdict) -> Result<(), HandlerError> {
    let Ok(click) = Click::read(core, click) else { return asker.tell(FOREIGN).await };
    let Some(request) = click.request(core).await? else { return asker.tell(FOREIGN).await };
    // A message only carries Approve when it shows everything; an older copy, or a forged click, does not get round that.
    if verdict == Verdict::Approve && needs_review(&request) {
        return asker.tell("This request is longer than its message: press Review… and approve it there.").await;
    }
    match vote(core, click, verdict, None).await {
        Ok(()) => Ok(()),
        Err(refusal) => asker.tell(&refusal).await,
    }
}

/// Whether the message of a request does not show all of it.
fn needs_review(request: &Request) -> bool {
    !request.state.is_final() && render::left_out(request) > 0
}

/// *Approve* was pressed in the modal that shows everything.
pub(super) async fn approve_reviewed(
    State(core): State<Core>,
    view: ViewSubmission,
) -> Result<ViewResponse, HandlerError> {
    let Ok(click) = Click::read_submission(&core, &view) else { return Ok(foreign_modal()) };
    let Some(request) = click.request(&core).await? else { return Ok(foreign_modal()) };
    if matches!(render::review(&request)?, render::Review::File) {
        let typed = view.text(ids::DIGEST, ids::DIGEST).unwrap_or_default();
        if !render::digest_matches(&request, typed) {
            let error = "This is not the digest at the end of the file: at least its first 16 digits are needed.";
            return Ok(ViewResponse::error(ids::DIGEST, error));
        }
    }
    answered(vote(&core, click, Verdict::Approve, None).await, &request)
}

/// *Deny* was pressed in the modal that asks why.
pub(super) async fn deny_with_reason(
    State(core): State<Core>,
    view: ViewSubmission,
) -> Result<ViewResponse, HandlerError> {
    let Ok(click) = Click::read_submission(&core, &view) else { return Ok(foreign_modal()) };
    let Some(request) = click.request(&core).await? else { return Ok(foreign_modal()) };
    let reason = view.text(ids::REASON, ids::REASON).map(str::to_owned);
    if request.policy.reason_required && reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
        return Ok(ViewResponse::error(ids::REASON, "A reason is required to deny this."));
    }
    answered(vote(&core, click, Verdict::Deny, reason).await, &request)
}

fn answered(voted: Result<(), String>, request: &Request) -> Result<ViewResponse, HandlerError> {
    match voted {
        Ok(()) => Ok(ViewResponse::Clear),
        Err(refusal) => Ok(ViewResponse::update(render::notice_modal(request, &refusal)?)),
    }
}

fn foreign_modal() -> ViewResponse {
    render::plain_modal(FOREIGN).map_or(ViewResponse::Clear, ViewResponse::update)
}

/// Casts the vote; an error is what to tell the person.
async fn vote(core: &Core, click: Click, verdict: Verdict, reason: Option<String>) -> Result<(), String> {
    let name = click.voter.name.clone();
    if let Some(said_before) = words::said_before(core, &click, verdict).await {
        return Err(said_before);
    }
    let identity = click.voter.identity.clone();
    let decision = Decision { token: click.token, voter: identity.into(), verdict, reason };
    match core.approvals().decide(decision).await {
        Ok(request) => {
            tracing::info!(request.id = %request.id, slack.user = click.voter.user, "request {} is {} after a vote of {name}", request.id, request.state.name());
            if request.state.is_final() { Ok(()) } else { Err(words::counted(core, &request).await) }
        }
        Err(DecideError::Ineligible { reason, request }) if core.gateway().is_some() => {
            Err(words::ineligible(core, &click.voter, &reason, &request).await)
        }
        Err(error) => Err(refusal(&error)),
    }
}

/// Why a vote was not taken, for whoever cast it.
fn refusal(error: &DecideError) -> String {
    match error {
        DecideError::UnknownToken => FOREIGN.to_owned(),
        DecideError::AlreadyEnded(request) => format!("Too late: this request {}.", how_it_ended(&request.state)),
        DecideError::Late(_) => "Too late: the time for this request is over.".to_owned(),
        DecideError::Ineligible { reason: Ineligible::Unknown | Ineligible::NotAnApprover, .. } => NOT_NAMED.to_owned(),
        DecideError::Ineligible { reason, .. } => format!("You cannot decide this: {reason}."),
        DecideError::ReasonRequired => "A denial of this needs a reason: press “Deny with reason…”.".to_owned(),
        DecideError::Store(error) => {
            tracing::error!(error = error as &dyn std::error::Error, "a vote could not be stored");
            // It may yet be taken from the inbox: the message is what counts.
            format!(
                "Your vote is not recorded yet ({}). The message shows when it counts; if not, press again.",
                chain(error)
            )
        }
    }
}

/// Said to whoever is not among a personal daemon's approvers.
pub(super) const NOT_NAMED: &str =
    "You cannot decide this: the request names other approvers. It is still open for them.";

fn how_it_ended(state: &RequestState) -> &'static str {
    match state {
        RequestState::Pending => "is still open",
        RequestState::Approved { .. } => "has been approved already",
        RequestState::Denied { by: DeniedBy::OsUser(_), .. } => "has been denied at the terminal",
        RequestState::Denied { .. } => "has been denied already",
        RequestState::Expired { .. } => "has expired",
        RequestState::Cancelled { by: CancelledBy::AnsweredAtTerminal, .. } => "has been answered at the terminal",
        RequestState::Cancelled { .. } => "is no longer wanted",
    }
}

/// Something was clicked that is none of our buttons.
pub(super) async fn foreign(asker: Asker, interaction: Interaction) -> Result<(), HandlerError> {
    tracing::warn!(slack.kind = interaction.kind(), "an interaction that nothing here is for");
    match interaction {
        Interaction::BlockActions(_) => asker.tell(FOREIGN).await,
        _ => Ok(()),
    }
}
