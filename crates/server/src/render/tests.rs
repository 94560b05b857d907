//! What approvers see, as snapshots.

use std::{collections::BTreeSet, time::Duration};

use countersign_approval::{
    ApprovedBy, AskPolicy, Blob, CancelledBy, Combine, DeniedBy, Destination, Digest, Grant, Person, PersonId, Request,
    RequestState, Requester, Requirement, SelfApproval, Subject, Timestamp, ToolCall, Voters, port::Dossier,
};
use rstest::rstest;
use serde_json::{Value, json};

use super::{FileOffer, Review, deny_modal, digest_matches, message, review, review_file, review_modal};

const ASKED: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

fn request(input: &str) -> Request {
    let subject = Subject::ToolCall(ToolCall {
        host: "claude".into(),
        machine: "box".into(),
        session: "session-1".into(),
        tool: "Bash".into(),
        event: "PermissionRequest".into(),
        input: Blob::from(input),
        cwd: "/srv/app".into(),
    });
    Request {
        id: "0190a1b2c3d4e5f60718293a4b5c6d7e".parse().unwrap(),
        key: "11111111111111111111111111111111".parse().unwrap(),
        token: "22222222222222222222222222222222".parse().unwrap(),
        digest: Digest::of(&subject),
        subject,
        requester: Requester::OsUser { user: "ada".into(), machine: "box".into() },
        policy: AskPolicy {
            requirements: vec![Requirement { voters: Voters::Person(PersonId::new("slack:U1")), min: 1 }],
            combine: Combine::AnyOf,
            min_people: 1,
            self_approval: SelfApproval::Allowed,
            ttl: Duration::from_mins(5),
            max_duration: None,
            channels: vec![Destination::new("U1")],
            reason_required: false,
            claim_within: None,
            break_glass: BTreeSet::new(),
        },
        reason: None,
        asked_at: ASKED,
        expires_at: ASKED.plus(Duration::from_mins(5)),
        state: RequestState::Pending,
        version: 1,
    }
}

fn dossier(state: RequestState, grant: Option<Grant>) -> Dossier {
    let request = Request { state, ..request(r#"{"command":"git push --force","description":"Publish"}"#) };
    let alice =
        Person { id: PersonId::new("slack:U1"), name: "alice".into(), email: None, groups: [].into(), active: true };
    Dossier { request, votes: vec![], people: vec![alice], grant }
}

fn drawn(dossier: &Dossier) -> Value {
    let drawn = message(dossier).unwrap();
    let blocks = serde_json::to_value(&drawn.blocks).unwrap();
    countersign_slack::blocks::validate_blocks(&blocks, countersign_slack::blocks::Surface::Message).unwrap();
    json!({ "text": drawn.text.as_str(), "blocks": blocks })
}

fn alice() -> PersonId {
    PersonId::new("slack:U1")
}

#[rstest]
#[case::pending("pending", RequestState::Pending, None)]
#[case::approved("approved", RequestState::Approved { at: ASKED, by: ApprovedBy::Votes(vec![alice()]) }, None)]
#[case::approved_but_gone(
    "approved_but_gone",
    RequestState::Approved { at: ASKED, by: ApprovedBy::Votes(vec![alice()]) },
    Some(Grant::Unknown { at: ASKED, why: "the agent had gone before the answer reached it".into() })
)]
#[case::denied(
    "denied",
    RequestState::Denied { at: ASKED, by: DeniedBy::Person(alice()), reason: Some("not <!channel> *today*".into()) },
    None
)]
#[case::denied_at_the_terminal(
    "denied_at_the_terminal",
    RequestState::Denied { at: ASKED, by: DeniedBy::OsUser("ada".into()), reason: None },
    None
)]
#[case::expired("expired", RequestState::Expired { at: ASKED }, None)]
#[case::cancelled("cancelled", RequestState::Cancelled { at: ASKED, by: CancelledBy::ClientGone }, None)]
fn every_state_has_its_message(#[case] name: &str, #[case] state: RequestState, #[case] grant: Option<Grant>) {
    insta::assert_json_snapshot!(format!("message_{name}"), drawn(&dossier(state, grant)));
}

#[test]
fn a_pending_message_has_the_buttons_and_an_ended_one_has_none() {
    let pending = drawn(&dossier(RequestState::Pending, None)).to_string();
    assert!(pending.contains("countersign:approve") && pending.contains("countersign:deny"));
    let ended = drawn(&dossier(RequestState::Expired { at: ASKED }, None)).to_string();
    assert!(!ended.contains("countersign:") && ended.contains("git push --force"));
}

#[rstest]
#[case::long(&"x".repeat(3000))]
#[case::many_lines(&"\n".repeat(100))]
#[case::long_and_hidden(&"\u{202e}".repeat(1000))]
fn what_does_not_fit_cannot_be_approved_from_the_message(#[case] command: &str) {
    let long = Dossier {
        request: request(&json!({ "command": command }).to_string()),
        ..dossier(RequestState::Pending, None)
    };
    let text = drawn(&long).to_string();
    assert!(message(&long).unwrap().left_out > 0);
    assert!(text.contains("countersign:review") && !text.contains("countersign:approve"), "{text}");
    assert!(text.contains("characters left out"), "{text}");
}

#[test]
fn a_hundred_fields_do_not_hide_the_last() {
    let fields: serde_json::Map<String, Value> = (0..100).map(|n| (format!("field{n}"), json!("x"))).collect();
    let many = Dossier { request: request(&Value::Object(fields).to_string()), ..dossier(RequestState::Pending, None) };
    assert!(drawn(&many).to_string().contains("countersign:review"));
    let Review::Modal(blocks) = review(&many.request).unwrap() else { panic!("it fits into a dialog as blocks") };
    assert!(serde_json::to_string(&blocks).unwrap().contains("field99"));
}

#[test]
fn the_modals_are_what_slack_takes() {
    let small = request(r#"{"command":"ls"}"#);
    insta::assert_json_snapshot!("modal_review", review_modal(&small, None).unwrap());
    insta::assert_json_snapshot!("modal_deny", deny_modal(&small).unwrap());
    let huge = request(&json!({ "command": "x".repeat(1_000_000) }).to_string());
    for offer in [FileOffer::Uploading, FileOffer::At("https://x.test/f".into()), FileOffer::Unavailable("no".into())] {
        let view = serde_json::to_value(review_modal(&huge, Some(&offer)).unwrap()).unwrap();
        countersign_slack::blocks::validate_view(&view).unwrap();
        let can_submit = view.get("submit").is_some();
        assert_eq!(can_submit, matches!(offer, FileOffer::At(_)), "only what can be seen can be approved");
    }
}

#[test]
fn the_largest_modal_is_within_slacks_limits() {
    // Just below the number of chunks, of characters that take many bytes in JSON.
    let request = request(&json!({ "command": "\u{1b}".repeat(20_000) }).to_string());
    if let Review::Modal(_) = review(&request).unwrap() {
        let view = serde_json::to_value(review_modal(&request, None).unwrap()).unwrap();
        countersign_slack::blocks::validate_view(&view).unwrap();
    }
}

#[test]
fn only_the_end_of_the_file_has_enough_digits() {
    let request = request(r#"{"command":"ls"}"#);
    let digest = request.digest.to_string();
    assert!(review_file(&request).trim_end().ends_with(&digest));
    assert!(digest_matches(&request, digest.get(..16).unwrap()));
    assert!(digest_matches(&request, &format!(" {} ", digest.to_uppercase())));
    assert!(!digest_matches(&request, &request.digest.short()), "what the message shows is not enough");
    assert!(!digest_matches(&request, ""));
    assert!(!digest_matches(&request, &"0".repeat(16)));
}
