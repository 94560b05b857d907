//! Requests from asking to their end.

use std::time::Duration;

use countersign_approval::{
    CancelledBy, DeniedBy, Destination, Grant, PersonId, RequestId, RequestKey, RequestState, RequestToken,
    Requirement, Verdict, Voters,
    port::{Ended, Inserted, Listed},
};

use crate::fixture::{
    Database, Fresh, NOW, TTL, after, inserted, kinds_of, person, policy, request, request_with, tool_call, vote,
    with_people,
};

pub(crate) async fn an_inserted_request_is_read_back_as_it_was(database: &impl Database) {
    let store = database.open().await;
    let asked = request();
    let answered = inserted(&*store, asked.clone()).await;
    assert_eq!(answered, asked);
    assert_eq!(store.request(asked.id).await.unwrap(), Some(asked.clone()));
    assert_eq!(store.request_by_token(asked.token).await.unwrap(), Some(asked.clone()));
    assert_eq!(store.request_by_key(asked.key).await.unwrap(), Some(asked.clone()));
    assert_eq!(kinds_of(&*store, &asked).await, ["request.asked"]);
}

pub(crate) async fn the_same_key_is_the_same_request(database: &impl Database) {
    let store = database.open().await;
    let first = inserted(&*store, request()).await;
    let mut again = request();
    again.key = first.key;
    match store.insert_request(again.clone()).await.unwrap() {
        Inserted::Existing(existing) => assert_eq!(existing, first),
        Inserted::New(request) => panic!("{} is new", request.id),
    }
    assert_eq!(store.request(again.id).await.unwrap(), None);
    assert_eq!(store.recent(10).await.unwrap().len(), 1);
    assert_eq!(kinds_of(&*store, &first).await, ["request.asked"]);
}

pub(crate) async fn pending_ones_come_oldest_first_and_recent_ones_newest_first(database: &impl Database) {
    let store = database.open().await;
    let mut requests = Vec::new();
    for age in [3_u64, 1, 2] {
        let mut request = request();
        request.asked_at = after(age);
        requests.push(inserted(&*store, request).await);
    }
    requests.sort_by_key(|request| request.asked_at);
    let ids = |listed: Vec<Listed>| listed.into_iter().map(|request| request.id).collect::<Vec<_>>();
    assert_eq!(ids(store.pending(2).await.unwrap()), [requests[0].id, requests[1].id]);
    let cancelled = store.cancel(requests[0].id, CancelledBy::ClientGone, after(4)).await.unwrap();
    assert!(matches!(cancelled, Ended::Now(_)));
    assert_eq!(ids(store.pending(10).await.unwrap()), [requests[1].id, requests[2].id]);
    let recent = store.recent(10).await.unwrap();
    let stored = store.request(requests[0].id).await.unwrap().unwrap();
    let listed = Listed { id: stored.id, state: stored.state, asked_at: after(1), expires_at: stored.expires_at };
    assert_eq!(recent.last(), Some(&listed));
    assert_eq!(ids(recent), [requests[2].id, requests[1].id, requests[0].id]);
}

pub(crate) async fn a_denial_without_a_vote_ends_it_once(database: &impl Database) {
    let store = database.open().await;
    let asked = inserted(&*store, request()).await;
    let by = DeniedBy::OsUser("dev".into());
    let reason = Some("not now".to_owned());
    let Ended::Now(denied) = store.deny(asked.id, by.clone(), reason.clone(), after(2)).await.unwrap() else {
        panic!("not denied")
    };
    assert_eq!(denied.state, RequestState::Denied { at: after(2), by: by.clone(), reason });
    assert_eq!(denied.version, 2);
    let Ended::Before(before) = store.deny(asked.id, by, None, after(3)).await.unwrap() else { panic!("denied twice") };
    assert_eq!(before, denied);
    assert_eq!(kinds_of(&*store, &asked).await, ["request.asked", "request.denied"]);
}

pub(crate) async fn a_cancellation_ends_it_once(database: &impl Database) {
    let store = database.open().await;
    let asked = inserted(&*store, request()).await;
    let Ended::Now(gone) = store.cancel(asked.id, CancelledBy::ClientGone, after(2)).await.unwrap() else {
        panic!("not cancelled")
    };
    assert_eq!(gone.state, RequestState::Cancelled { at: after(2), by: CancelledBy::ClientGone });
    let again = store.cancel(asked.id, CancelledBy::AnsweredAtTerminal, after(3)).await.unwrap();
    assert!(matches!(again, Ended::Before(before) if before == gone));
    assert_eq!(kinds_of(&*store, &asked).await, ["request.asked", "request.cancelled"]);
}

pub(crate) async fn what_is_not_there_is_missing(database: &impl Database) {
    let store = database.open().await;
    let id = RequestId::generate(NOW, &Fresh);
    assert_eq!(store.request(id).await.unwrap(), None);
    assert_eq!(store.request_by_token(RequestToken::generate(&Fresh)).await.unwrap(), None);
    assert_eq!(store.request_by_key(RequestKey::generate(&Fresh)).await.unwrap(), None);
    assert_eq!(store.dossier(id).await.unwrap(), None);
    assert_eq!(store.request_state(id).await.unwrap(), None);
    let ended = store.cancel(id, CancelledBy::ClientGone, NOW).await.unwrap();
    assert!(matches!(ended, Ended::Missing));
    let ended = store.deny(id, DeniedBy::Policy("p".into()), None, NOW).await.unwrap();
    assert!(matches!(ended, Ended::Missing));
    assert_eq!(store.unchained().await.unwrap(), 0);
}

pub(crate) async fn every_way_of_cancelling_is_kept(database: &impl Database) {
    let store = database.open().await;
    let ways = [
        CancelledBy::ClientGone,
        CancelledBy::AnsweredAtTerminal,
        CancelledBy::OsUser("dev".into()),
        CancelledBy::Requester(PersonId::new("alice")),
        CancelledBy::Undeliverable("channel_not_found".into()),
    ];
    for by in ways {
        let asked = inserted(&*store, request()).await;
        assert!(matches!(store.cancel(asked.id, by.clone(), after(1)).await.unwrap(), Ended::Now(_)));
        let stored = store.request(asked.id).await.unwrap().unwrap();
        assert_eq!(stored.state, RequestState::Cancelled { at: after(1), by });
    }
}

pub(crate) async fn only_what_is_due_expires(database: &impl Database) {
    let store = database.open().await;
    let due = inserted(&*store, request()).await;
    let mut later = request();
    later.expires_at = due.expires_at.plus(Duration::from_micros(1));
    let later = inserted(&*store, later).await;
    assert_eq!(store.next_expiry().await.unwrap(), Some(due.expires_at));

    let expired = store.expire_due(due.expires_at, 10).await.unwrap();
    assert_eq!(expired, [due.id]);
    let stored = store.request(due.id).await.unwrap().unwrap();
    assert_eq!(stored.state, RequestState::Expired { at: due.expires_at });
    assert_eq!(stored.version, 2);
    assert_eq!(store.request_state(due.id).await.unwrap(), Some(stored.state));
    assert_eq!(store.next_expiry().await.unwrap(), Some(later.expires_at));
    assert!(store.expire_due(due.expires_at, 10).await.unwrap().is_empty());
    assert_eq!(kinds_of(&*store, &due).await, ["request.asked", "request.expired"]);

    assert_eq!(store.expire_due(after(10_000), 10).await.unwrap().len(), 1);
    assert_eq!(store.next_expiry().await.unwrap(), None);
}

pub(crate) async fn one_whose_time_is_over_otherwise_expires_too(database: &impl Database) {
    let store = database.open().await;
    let asked = inserted(&*store, request()).await;
    // By the clock there is time left: it was set back.
    let before = NOW.minus(Duration::from_hours(1));
    let Ended::Now(expired) = store.expire(asked.id, before).await.unwrap() else { panic!("not expired") };
    assert_eq!(expired.state, RequestState::Expired { at: before });
    assert!(matches!(store.expire(asked.id, after(1)).await.unwrap(), Ended::Before(_)));
    assert!(matches!(store.expire(RequestId::generate(NOW, &Fresh), NOW).await.unwrap(), Ended::Missing));
    assert_eq!(kinds_of(&*store, &asked).await, ["request.asked", "request.expired"]);
}

pub(crate) async fn expiry_stops_at_its_limit(database: &impl Database) {
    let store = database.open().await;
    let mut ids = Vec::new();
    for seconds in 0..5 {
        let mut request = request();
        request.expires_at = after(10 - seconds);
        ids.push(inserted(&*store, request).await.id);
    }
    let first = store.expire_due(NOW.plus(TTL), 3).await.unwrap();
    assert_eq!(first, [ids[4], ids[3], ids[2]]);
    assert_eq!(store.expire_due(NOW.plus(TTL), 3).await.unwrap().len(), 2);
}

pub(crate) async fn a_dossier_holds_votes_people_and_grant(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let mut policy = policy(2);
    let carol = Voters::Person(PersonId::new("carol"));
    policy.requirements.push(Requirement { voters: carol, min: 1 });
    policy.requirements.push(Requirement { voters: Voters::Person(PersonId::new("nobody")), min: 1 });
    policy.channels = vec![Destination::new("C1"), Destination::new("C2")];
    policy.combine = countersign_approval::Combine::AnyOf;
    let asked = inserted(&*store, request_with(policy, tool_call("{}"))).await;

    let fresh = store.dossier(asked.id).await.unwrap().unwrap();
    assert_eq!(fresh.request, asked);
    assert_eq!((fresh.votes.len(), fresh.grant), (0, None));
    assert_eq!(fresh.people, [person("carol", &["readers"])]);

    let _ = vote(&*store, &asked, "bob", Verdict::Approve).await;
    let _ = vote(&*store, &asked, "alice", Verdict::Approve).await;
    let full = store.dossier(asked.id).await.unwrap().unwrap();
    assert_eq!(full.request.state.name(), "approved");
    assert_eq!(full.votes.len(), 2);
    let names: Vec<_> = full.people.iter().map(|person| person.name.as_str()).collect();
    assert_eq!(names, ["alice", "bob", "carol"]);
    assert_eq!(full.grant, Some(Grant::issue(after(1))));
}
