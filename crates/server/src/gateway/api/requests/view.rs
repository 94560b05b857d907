//! Requests as the caller sees them.

use countersign_approval::{
    Blob, Combine, Command, Grant, Person, PersonId, Request, RequestState, Requester, Subject, Verdict, Voters,
    policy::Requirement, port::Dossier, to_hex,
};
use countersign_gateway::{
    SessionEnd, SessionState,
    port::SessionFilter,
    shown_command,
    wire::api::{
        ApprovalsMissing, HumanDuration, InputView, MayDo, RequestLine, RequestView, RequirementView, SessionView,
        VoteView,
    },
};
use sha2::{Digest as _, Sha256};

use crate::{
    gateway::{
        api::{ApiError, Caller, sessions},
        rules::Eligible,
        state::Gateway,
    },
    render::Standings,
};

/// Characters of a command line in a list.
const SHOWN_CHARS: usize = 200;

/// Bytes of input that come with a request; all of it has an address of its own.
const SHOWN_INPUT_BYTES: usize = 64 * 1024;

/// Sessions that come with a request, the newest.
const SHOWN_SESSIONS: u32 = 100;

/// Whether the caller may see a request: administrators, whoever asked, and those whom the policy names.
pub(super) fn may_see(caller: &Caller, request: &Request) -> bool {
    caller.is_admin() || is_own(caller, request) || is_approver(caller, request)
}

/// Whether the caller may take its approval back.
pub(super) fn may_revoke(caller: &Caller, request: &Request) -> bool {
    caller.is_admin() || is_approver(caller, request)
}

fn is_own(caller: &Caller, request: &Request) -> bool {
    request.requester.person() == Some(caller.person())
}

fn is_approver(caller: &Caller, request: &Request) -> bool {
    let person = &caller.account.person;
    request.policy.eligibility(&request.requester, person, Verdict::Deny).is_ok()
}

fn may(caller: &Caller, dossier: &Dossier) -> MayDo {
    let request = &dossier.request;
    let is_open = request.state == RequestState::Pending && caller.at < request.expires_at;
    let own_vote = dossier.votes.iter().find(|vote| vote.person == *caller.person()).map(|vote| vote.verdict);
    let person = &caller.account.person;
    let votes = |verdict| request.policy.eligibility(&request.requester, person, verdict).is_ok();
    let is_live = matches!(&dossier.grant, Some(Grant::Issued { .. } | Grant::Active { .. }));
    MayDo {
        approve: is_open && own_vote.is_none() && votes(Verdict::Approve),
        deny: is_open && votes(Verdict::Deny),
        cancel: request.state == RequestState::Pending && is_own(caller, request),
        revoke: is_live && may_revoke(caller, request),
    }
}

/// A request in a list.
pub(super) fn line(caller: &Caller, dossier: &Dossier) -> RequestLine {
    let request = &dossier.request;
    let (target, what) = shown(&request.subject);
    let missing = if request.state.is_final() { Vec::new() } else { Standings::of(dossier).missing() };
    RequestLine {
        id: request.id,
        kind: request.subject.kind().to_owned(),
        target,
        what: cut(&what),
        requester: match &request.requester {
            Requester::Person(person) => person.to_string(),
            Requester::OsUser { user, machine } => crate::render::visible(&format!("{user}@{machine}")),
        },
        reason: request.reason.clone(),
        state: request.state.name().to_owned(),
        grant: dossier.grant.as_ref().map(|grant| grant.name().to_owned()),
        asked_at: request.asked_at,
        expires_at: request.expires_at,
        missing,
        may: may(caller, dossier),
    }
}

fn shown(subject: &Subject) -> (String, String) {
    match subject {
        Subject::Command(command) => (command.connection.clone(), with_input(command)),
        Subject::Access(access) => {
            (access.connection.clone(), format!("access for {}", HumanDuration(access.duration)))
        }
        Subject::Local(local) => (local.machine.clone(), shown_command(&local.argv)),
        Subject::ToolCall(call) => (call.machine.clone(), call.tool.clone()),
        Subject::Remediation(remediation) => (remediation.target.clone(), remediation.action.clone()),
        _ => (String::new(), String::new()),
    }
}

/// The command line, and the beginning of its input: of a shell that is all there is to tell requests apart.
fn with_input(command: &Command) -> String {
    let line = shown_command(&command.argv);
    let beginning: Vec<u8> = command.input.as_bytes().iter().copied().take(SHOWN_CHARS).collect();
    let beginning = String::from_utf8_lossy(&beginning);
    match beginning.lines().find(|line| !line.trim().is_empty()) {
        Some(first) => format!("{line} < {}", crate::render::visible(first.trim())),
        None => line,
    }
}

fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(SHOWN_CHARS).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

/// A request with everything that is known of it.
pub(super) async fn whole(gateway: &Gateway, caller: &Caller, dossier: Dossier) -> Result<RequestView, ApiError> {
    let line = line(caller, &dossier);
    let approvals = approvals(&dossier);
    let sessions = sessions_of(gateway, &dossier.request).await?;
    let eligible = if dossier.request.state.is_final() {
        Vec::new()
    } else {
        let request = &dossier.request;
        Eligible::find(gateway, &request.policy, &request.requester).await?.people
    };
    let votes = votes(&dossier);
    let Dossier { request, grant, .. } = dossier;
    let (subject, input) = without_input(request.subject);
    Ok(RequestView {
        line,
        digest: request.digest.to_string(),
        short_digest: request.digest.short(),
        subject,
        input,
        decision: request.state,
        grant_detail: grant,
        policy: request.policy,
        votes,
        approvals,
        eligible: eligible.into_iter().map(|person| person.id.to_string()).collect(),
        exit_code: sessions.iter().find_map(|session| session.exit_code),
        sessions,
        url: format!("{}/requests/{}", gateway.settings().public_url, request.id),
    })
}

async fn sessions_of(gateway: &Gateway, request: &Request) -> Result<Vec<SessionView>, ApiError> {
    let filter = SessionFilter { request: Some(request.id), limit: SHOWN_SESSIONS, ..SessionFilter::default() };
    let found = gateway.store().sessions(filter).await?;
    Ok(found.into_iter().map(sessions::view).collect())
}

fn votes(dossier: &Dossier) -> Vec<VoteView> {
    let named = |id: &PersonId| {
        dossier.people.iter().find(|person: &&Person| person.id == *id).map(|person| person.name.clone())
    };
    dossier
        .votes
        .iter()
        .map(|vote| VoteView {
            person: vote.person.to_string(),
            name: named(&vote.person).unwrap_or_else(|| vote.person.to_string()),
            verdict: vote.verdict.as_str().to_owned(),
            reason: vote.reason.clone(),
            at: vote.at,
        })
        .collect()
}

/// How far the approvals are, by the votes that count now.
fn approvals(dossier: &Dossier) -> ApprovalsMissing {
    let policy = &dossier.request.policy;
    let agreed = agreed(dossier);
    let requirement = |requirement: &Requirement| {
        let of = agreed.iter().filter(|person| requirement.voters.include(person));
        let approved_by: Vec<String> = of.map(|person| person.id.to_string()).collect();
        let there = u32::try_from(approved_by.len()).unwrap_or(u32::MAX);
        RequirementView {
            voters: match &requirement.voters {
                Voters::Group(group) => group.to_string(),
                Voters::Person(person) => person.to_string(),
            },
            min: requirement.min,
            missing: requirement.min.max(1).saturating_sub(there),
            approved_by,
        }
    };
    ApprovalsMissing {
        requirements: policy.requirements.iter().map(requirement).collect(),
        any_of: policy.combine == Combine::AnyOf,
        min_people: policy.min_people,
        people: u32::try_from(agreed.len()).unwrap_or(u32::MAX),
    }
}

/// The people whose yes counts now.
fn agreed(dossier: &Dossier) -> Vec<&Person> {
    let request = &dossier.request;
    let said_yes = |person: &&Person| {
        dossier.votes.iter().any(|vote| vote.person == person.id && vote.verdict == Verdict::Approve)
    };
    let counts = |person: &&Person| request.policy.eligibility(&request.requester, person, Verdict::Approve).is_ok();
    dossier.people.iter().filter(said_yes).filter(counts).collect()
}

/// The subject without its input, which may be megabytes, and what is shown of that.
fn without_input(subject: Subject) -> (Subject, Option<InputView>) {
    let Subject::Command(mut command) = subject else { return (subject, None) };
    let input = std::mem::take(&mut command.input);
    (Subject::Command(command), Some(shown_input(&input)))
}

fn shown_input(input: &Blob) -> InputView {
    let bytes = input.as_bytes();
    let text = std::str::from_utf8(bytes).ok();
    let shown = text.map(|text| {
        let end = (0..=SHOWN_INPUT_BYTES.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
        text.split_at(end.unwrap_or(0)).0.to_owned()
    });
    InputView {
        bytes: bytes.len() as u64,
        sha256: to_hex(&Sha256::digest(bytes)),
        whole: shown.as_ref().is_some_and(|shown| shown.len() == bytes.len()),
        text: shown,
    }
}

/// The exit code of a session that ended by itself.
pub(in crate::gateway::api) const fn exit_code(state: &SessionState) -> Option<u8> {
    match state {
        SessionState::Ended { how: SessionEnd::Exited { code }, .. } => Some(*code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_input_is_cut_between_characters_and_says_so() {
        let long = "é".repeat(SHOWN_INPUT_BYTES);
        let view = shown_input(&Blob::from(format!("x{long}").as_str()));
        assert!(!view.whole);
        assert_eq!(view.bytes, long.len() as u64 + 1);
        let text = view.text.unwrap();
        assert!(text.len() <= SHOWN_INPUT_BYTES && text.len() > SHOWN_INPUT_BYTES - 4);
    }

    #[test]
    fn input_that_is_no_text_is_counted_and_hashed_only() {
        let view = shown_input(&Blob::from(vec![0xff, 0xfe]));
        assert_eq!((view.bytes, view.text, view.whole), (2, None, false));
        let empty = shown_input(&Blob::default());
        assert_eq!((empty.bytes, empty.text.as_deref(), empty.whole), (0, Some(""), true));
        assert!(empty.sha256.starts_with("e3b0c442"));
    }

    #[test]
    fn a_long_command_line_is_cut_with_a_mark() {
        assert_eq!(cut(&"x".repeat(SHOWN_CHARS)).chars().count(), SHOWN_CHARS);
        assert!(cut(&"é".repeat(SHOWN_CHARS + 1)).ends_with('…'));
    }
}
