//! Votes: who may, when, and what they amount to.

use countersign_approval::{
    ApprovedBy, DeniedBy, GroupName, PersonId, Request, RequestState, RequestToken, Requester, Requirement, Store,
    Verdict, Voters,
    policy::{Evaluation, Ineligible},
    port::Voted,
};

use crate::fixture::{
    Database, Fresh, after, approved, ballot, identity, inserted, kinds_of, leased, person, policy, request,
    request_with, tool_call, trail_of, vote, with_people,
};

fn decided(voted: Voted) -> Request {
    match voted {
        Voted::Decided(request) => request,
        other => panic!("{other:?}"),
    }
}

fn counted(voted: Voted) -> (Request, Evaluation) {
    match voted {
        Voted::Counted(request, evaluation) => (request, evaluation),
        other => panic!("{other:?}"),
    }
}

/// That nothing of the request has changed, but for `refused` rows in the trail.
async fn unchanged(store: &dyn Store, request: &Request, refused: usize) {
    assert_eq!(store.request(request.id).await.unwrap().as_ref(), Some(request));
    let dossier = store.dossier(request.id).await.unwrap().unwrap();
    assert!(dossier.votes.is_empty() && dossier.grant.is_none());
    let mut expected = vec!["request.asked"];
    expected.resize(1 + refused, "vote.refused");
    assert_eq!(kinds_of(store, request).await, expected);
    assert_eq!(leased(store, after(1)).await[0].wanted, 1);
}

pub(crate) async fn one_approval_decides_when_one_is_enough(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let asked = inserted(&*store, request()).await;
    let request = decided(vote(&*store, &asked, "alice", Verdict::Approve).await);
    let by = ApprovedBy::Votes(vec![PersonId::new("alice")]);
    assert_eq!(request.state, RequestState::Approved { at: after(1), by });
    assert_eq!(request.version, 2);
    assert_eq!(store.request(asked.id).await.unwrap(), Some(request.clone()));
    let kinds = kinds_of(&*store, &request).await;
    assert_eq!(kinds, ["request.asked", "vote.cast", "request.approved", "grant.issued"]);
}

pub(crate) async fn two_people_are_two_people(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let asked = inserted(&*store, request_with(policy(2), tool_call("{}"))).await;
    let (open, evaluation) = counted(vote(&*store, &asked, "bob", Verdict::Approve).await);
    assert_eq!(open.version, 2);
    assert_eq!(evaluation, Evaluation::Open { missing: asked.policy.requirements.clone() });
    let mut second = ballot(&asked, "alice", Verdict::Approve);
    second.at = after(2);
    let request = decided(store.vote(second).await.unwrap());
    let by = ApprovedBy::Votes(vec![PersonId::new("bob"), PersonId::new("alice")]);
    assert_eq!(request.state, RequestState::Approved { at: after(2), by });
    assert_eq!(request.version, 3);
}

pub(crate) async fn the_same_approval_again_changes_nothing(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let asked = inserted(&*store, request_with(policy(2), tool_call("{}"))).await;
    let (first, _) = counted(vote(&*store, &asked, "alice", Verdict::Approve).await);
    let trail = kinds_of(&*store, &asked).await;
    let mut again = ballot(&asked, "alice", Verdict::Approve);
    again.at = after(5);
    let (second, evaluation) = counted(store.vote(again).await.unwrap());
    assert_eq!(second, first);
    assert!(matches!(evaluation, Evaluation::Open { .. }));
    assert_eq!(kinds_of(&*store, &asked).await, trail);
    assert_eq!(store.dossier(asked.id).await.unwrap().unwrap().votes[0].at, after(1));
    assert_eq!(leased(&*store, after(6)).await[0].wanted, 2);
}

pub(crate) async fn an_approval_may_become_a_denial(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let asked = inserted(&*store, request_with(policy(2), tool_call("{}"))).await;
    let _ = counted(vote(&*store, &asked, "alice", Verdict::Approve).await);
    let mut denial = ballot(&asked, "alice", Verdict::Deny);
    denial.reason = Some("wrong host".into());
    let request = decided(store.vote(denial).await.unwrap());
    let by = DeniedBy::Person(PersonId::new("alice"));
    let reason = Some("wrong host".into());
    assert_eq!(request.state, RequestState::Denied { at: after(1), by, reason });
    let dossier = store.dossier(asked.id).await.unwrap().unwrap();
    assert_eq!(dossier.votes.len(), 1);
    assert_eq!(dossier.votes[0].verdict, Verdict::Deny);
    assert_eq!(dossier.grant, None);
}

pub(crate) async fn a_denial_decides_with_its_reason(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let asked = inserted(&*store, request()).await;
    let mut denial = ballot(&asked, "bob", Verdict::Deny);
    denial.reason = Some("no".into());
    let request = decided(store.vote(denial).await.unwrap());
    assert!(matches!(&request.state, RequestState::Denied { reason: Some(reason), .. } if reason == "no"));
    assert_eq!(store.request(asked.id).await.unwrap(), Some(request));
    assert_eq!(kinds_of(&*store, &asked).await, ["request.asked", "vote.cast", "request.denied"]);
}

pub(crate) async fn who_may_not_vote_changes_nothing_but_the_trail(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let asked = inserted(&*store, request()).await;
    let cases = [
        ("stranger", Ineligible::Unknown, "slack:T0001/U-stranger"),
        ("carol", Ineligible::NotAnApprover, "person:carol"),
        ("dave", Ineligible::Inactive, "person:dave"),
    ];
    for (name, why, _) in &cases {
        match vote(&*store, &asked, name, Verdict::Approve).await {
            Voted::Ineligible(request, reason) => assert_eq!((request, &reason), (asked.clone(), why)),
            other => panic!("{other:?}"),
        }
    }
    unchanged(&*store, &asked, cases.len()).await;
    let rows = trail_of(&*store, &asked).await;
    let actors: Vec<_> = rows.iter().skip(1).map(|row| row.actor.as_str()).collect();
    assert_eq!(actors, cases.map(|(_, _, actor)| actor));
}

pub(crate) async fn the_requester_may_deny_but_not_approve(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let mut own = request();
    own.requester = Requester::Person(PersonId::new("alice"));
    let own = inserted(&*store, own).await;
    let refused = vote(&*store, &own, "alice", Verdict::Approve).await;
    assert!(matches!(refused, Voted::Ineligible(_, Ineligible::OwnRequest)));
    unchanged(&*store, &own, 1).await;
    assert_eq!(decided(vote(&*store, &own, "alice", Verdict::Deny).await).state.name(), "denied");
}

pub(crate) async fn a_vote_at_the_moment_of_expiry_is_too_late(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let asked = inserted(&*store, request()).await;
    let mut late = ballot(&asked, "alice", Verdict::Approve);
    late.at = asked.expires_at;
    match store.vote(late).await.unwrap() {
        Voted::TooLate(request) => assert_eq!(request, asked),
        other => panic!("{other:?}"),
    }
    unchanged(&*store, &asked, 1).await;
}

pub(crate) async fn a_vote_after_the_end_is_too_late(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let approved = approved(&*store).await;
    match vote(&*store, &approved, "bob", Verdict::Deny).await {
        Voted::TooLate(request) => assert_eq!(request, approved),
        other => panic!("{other:?}"),
    }
    assert_eq!(store.request(approved.id).await.unwrap(), Some(approved));
}

pub(crate) async fn an_unknown_token_is_said_to_be_unknown(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let mut stranger = request();
    stranger.token = RequestToken::generate(&Fresh);
    let before = store.unchained().await.unwrap();
    let voted = vote(&*store, &stranger, "alice", Verdict::Approve).await;
    assert!(matches!(voted, Voted::UnknownToken));
    assert_eq!(store.unchained().await.unwrap(), before);
}

pub(crate) async fn a_voter_who_left_the_group_no_longer_counts(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let asked = inserted(&*store, request_with(policy(2), tool_call("{}"))).await;
    let _ = counted(vote(&*store, &asked, "alice", Verdict::Approve).await);
    store.put_person(person("alice", &["readers"]), after(1)).await.unwrap();
    let (open, evaluation) = counted(vote(&*store, &asked, "bob", Verdict::Approve).await);
    assert_eq!(open.state, RequestState::Pending);
    assert_eq!(evaluation, Evaluation::Open { missing: asked.policy.requirements.clone() });
}

pub(crate) async fn an_approval_repeated_with_new_groups_may_decide(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let mut policy = policy(1);
    let admins = Voters::Group(GroupName::new("admins"));
    policy.requirements.push(Requirement { voters: admins, min: 1 });
    let asked = inserted(&*store, request_with(policy, tool_call("{}"))).await;
    let _ = counted(vote(&*store, &asked, "alice", Verdict::Approve).await);
    store.put_person(person("alice", &["approvers", "admins"]), after(1)).await.unwrap();
    let request = decided(vote(&*store, &asked, "alice", Verdict::Approve).await);
    assert_eq!((request.state.name(), request.version), ("approved", 3));
}

pub(crate) async fn two_identities_of_a_person_are_one_voter(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    store.put_identity(identity("alias"), PersonId::new("alice"), after(0)).await.unwrap();
    let asked = inserted(&*store, request_with(policy(2), tool_call("{}"))).await;
    let _ = counted(vote(&*store, &asked, "alice", Verdict::Approve).await);
    let (request, _) = counted(vote(&*store, &asked, "alias", Verdict::Approve).await);
    assert_eq!((request.state.name(), request.version), ("pending", 2));
}
