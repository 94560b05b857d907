//! Forgetting what ended long ago.

use countersign_approval::{
    CancelledBy, Grant, PersonId, Store, Verdict,
    port::{Claimed, Delivered, Posted},
};

use crate::fixture::{
    Database, after, approved, ballot, identity, inserted, leased, request, trail, trail_of, vote, with_people,
};

/// Approved, delivered, shown: nothing is left to be done.
async fn at_rest(store: &dyn Store) -> countersign_approval::Request {
    let request = approved(store).await;
    assert_eq!(store.claim_grant(request.id, "agent", after(2)).await.unwrap(), Claimed::Now);
    let finished = Grant::Finished { at: after(3), status: "delivered".into() };
    assert!(store.end_grant(request.id, finished).await.unwrap());
    assert!(leased(store, after(4)).await.is_empty(), "it was never posted");
    request
}

async fn cancelled(store: &dyn Store) -> countersign_approval::Request {
    let request = inserted(store, request()).await;
    let _ = store.cancel(request.id, CancelledBy::ClientGone, after(1)).await.unwrap();
    request
}

pub(crate) async fn what_ended_long_ago_is_forgotten_and_the_trail_stays_whole(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let old = at_rest(&*store).await;
    let before = trail(&*store).await;
    assert_eq!(store.prune_requests(old.asked_at, 10).await.unwrap(), 0, "not before its time");
    assert_eq!(store.prune_requests(after(1), 10).await.unwrap(), 1);
    assert_eq!(store.prune_requests(after(1), 10).await.unwrap(), 0);
    assert_eq!(store.request(old.id).await.unwrap(), None);
    assert_eq!(store.dossier(old.id).await.unwrap(), None);
    assert!(store.open_grants(10).await.unwrap().is_empty());
    assert_eq!(trail(&*store).await, before, "every link of the trail still holds");
    assert!(!trail_of(&*store, &old).await.is_empty());
    // A late click finds nothing, and people stay who they are.
    let late = vote(&*store, &old, "alice", Verdict::Deny).await;
    assert!(matches!(late, countersign_approval::port::Voted::UnknownToken), "{late:?}");
    assert_eq!(store.person_by_identity(&identity("alice")).await.unwrap().unwrap().id, PersonId::new("alice"));
    // New rows are linked behind the old ones.
    let next = inserted(&*store, request()).await;
    assert_eq!(trail(&*store).await.len(), before.len() + 1);
    assert!(store.request(next.id).await.unwrap().is_some());
}

pub(crate) async fn what_is_not_at_rest_stays(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let pending = inserted(&*store, request()).await;
    let issued = approved(&*store).await;
    let claimed = approved(&*store).await;
    assert_eq!(store.claim_grant(claimed.id, "agent", after(2)).await.unwrap(), Claimed::Now);
    let unshown = inserted(&*store, request()).await;
    let items = leased(&*store, after(1)).await;
    for item in &items {
        let posted = Posted { channel: "C0001".into(), ts: item.request.to_string() };
        let shown = Delivered::Shown { version: 1, posted };
        let _ = store.outbox_done(item.request, &item.destination, shown, after(30)).await.unwrap();
    }
    let _ = store.vote(ballot(&unshown, "alice", Verdict::Deny)).await.unwrap();
    assert_eq!(store.prune_requests(after(10_000), 10).await.unwrap(), 0);
    for request in [&pending, &issued, &claimed, &unshown] {
        assert!(store.request(request.id).await.unwrap().is_some());
    }
    // Given up, it is at rest: nobody will try again.
    let item = leased(&*store, after(40)).await.into_iter().find(|item| item.request == unshown.id).unwrap();
    let park = Delivered::Park { at: after(41), error: "channel_not_found".into() };
    let _ = store.outbox_done(item.request, &item.destination, park, after(41)).await.unwrap();
    assert_eq!(store.prune_requests(after(10_000), 10).await.unwrap(), 1);
    assert!(store.parked(10).await.unwrap().is_empty());
}

pub(crate) async fn forgetting_stops_at_its_limit_oldest_first(database: &impl Database) {
    let store = database.open().await;
    let mut requests = Vec::new();
    for _ in 0..5 {
        requests.push(cancelled(&*store).await);
    }
    assert_eq!(store.prune_requests(after(100), 2).await.unwrap(), 2);
    assert_eq!(store.recent(10).await.unwrap().len(), 3);
    assert_eq!(store.prune_requests(after(100), 10).await.unwrap(), 3);
    assert!(store.recent(10).await.unwrap().is_empty());
    trail(&*store).await;
}
