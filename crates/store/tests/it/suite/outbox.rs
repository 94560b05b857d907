//! The outbox: each message shows what it should, once, whatever happens to the calls.

use std::time::Duration;

use countersign_approval::{
    CancelledBy, Destination, Grant, PersonId, Request, Store, Verdict,
    port::{Delivered, Ended, OutboxItem, Parked, Posted},
};

use crate::fixture::{
    Database, LEASE, NOW, Nodes, after, inserted, leased, policy, request, request_with, tool_call, trail_of, vote,
    with_people,
};

fn posted(ts: &str) -> Posted {
    Posted { channel: "C0001".into(), ts: ts.into() }
}

fn shown(version: u64, ts: &str) -> Delivered {
    Delivered::Shown { version, posted: posted(ts) }
}

/// A request whose message is posted at `ts` and shows version 1.
async fn with_message(store: &dyn Store, request: Request, ts: &str) -> Request {
    let request = inserted(store, request).await;
    let [item] = leased(store, NOW).await.try_into().unwrap();
    assert_eq!(done(store, &item, shown(1, ts)).await, None);
    request
}

async fn done(store: &dyn Store, item: &OutboxItem, delivered: Delivered) -> Option<OutboxItem> {
    store.outbox_done(item.request, &item.destination, delivered, after(100)).await.unwrap()
}

async fn cancel(store: &dyn Store, request: &Request) {
    let ended = store.cancel(request.id, CancelledBy::ClientGone, after(1)).await.unwrap();
    assert!(matches!(ended, Ended::Now(_)));
}

pub(crate) async fn a_new_request_is_posted_to_each_channel_once(database: &impl Database) {
    let store = database.open().await;
    let mut policy = policy(1);
    policy.channels = vec![Destination::new("C2"), Destination::new("D1"), Destination::new("C2")];
    let request = inserted(&*store, request_with(policy, tool_call("{}"))).await;
    let items = leased(&*store, NOW).await;
    let expected = |destination: &str| OutboxItem {
        request: request.id,
        destination: Destination::new(destination),
        wanted: 1,
        shown: 0,
        posted: None,
        attempts: 0,
    };
    assert_eq!(items, [expected("C2"), expected("D1")]);
    for item in &items {
        assert_eq!(done(&*store, item, shown(1, item.destination.as_str())).await, None);
    }
    assert!(leased(&*store, after(1000)).await.is_empty());
    assert_eq!(store.next_outbox(NOW).await.unwrap(), None);
}

pub(crate) async fn what_is_leased_is_not_leased_again_until_the_lease_ends(database: &impl Database) {
    let store = database.open().await;
    inserted(&*store, request()).await;
    let first = leased(&*store, NOW).await;
    assert_eq!(first.len(), 1);
    assert!(leased(&*store, after(29)).await.is_empty());
    assert_eq!(store.next_outbox(NOW).await.unwrap(), Some(NOW.plus(LEASE)));
    assert_eq!(leased(&*store, NOW.plus(LEASE)).await, first);
}

pub(crate) async fn a_clock_set_back_holds_no_message_up(database: &impl Database) {
    let store = database.open().await;
    let request = with_message(&*store, request(), "1.1").await;
    cancel(&*store, &request).await;
    let [item] = leased(&*store, after(2)).await.try_into().unwrap();
    // By seconds: the lease stands.
    assert!(leased(&*store, NOW).await.is_empty());
    let before = NOW.minus(Duration::from_hours(3));
    assert_eq!(store.next_outbox(before).await.unwrap(), Some(before), "due at once, not in three hours");
    assert_eq!(leased(&*store, before).await, [item]);
    assert_eq!(store.next_outbox(before).await.unwrap(), Some(before.plus(LEASE)));
    assert!(leased(&*store, before).await.is_empty(), "leased anew by the new time");
}

pub(crate) async fn a_newer_version_is_handed_back_at_once(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let request = with_message(&*store, request_with(policy(2), tool_call("{}")), "1.1").await;
    let _ = vote(&*store, &request, "alice", Verdict::Approve).await;
    let [item] = leased(&*store, after(2)).await.try_into().unwrap();
    assert_eq!((item.wanted, item.shown, item.posted.as_ref()), (2, 1, Some(&posted("1.1"))));
    let _ = vote(&*store, &request, "bob", Verdict::Approve).await;
    assert!(leased(&*store, after(3)).await.is_empty());
    let again = done(&*store, &item, shown(2, "1.1")).await.unwrap();
    assert_eq!((again.wanted, again.shown), (3, 2));
    // It is leased anew, until the time that was given.
    assert!(leased(&*store, after(99)).await.is_empty());
    assert_eq!(done(&*store, &again, shown(3, "1.1")).await, None);
    assert!(leased(&*store, after(1000)).await.is_empty());
}

pub(crate) async fn a_decision_brings_posted_messages_up_to_date(database: &impl Database) {
    let store = database.open().await;
    let request = with_message(&*store, request(), "1.1").await;
    cancel(&*store, &request).await;
    let [item] = leased(&*store, after(2)).await.try_into().unwrap();
    assert_eq!((item.wanted, item.shown, item.posted), (2, 1, Some(posted("1.1"))));
}

pub(crate) async fn a_failure_waits_for_its_time(database: &impl Database) {
    let store = database.open().await;
    let request = with_message(&*store, request(), "1.1").await;
    cancel(&*store, &request).await;
    for attempts in 0..3 {
        let now = after(2 + u64::from(attempts) * 10);
        let [item] = leased(&*store, now).await.try_into().unwrap();
        assert_eq!(item.attempts, attempts);
        let not_before = after(12 + u64::from(attempts) * 10);
        let retry = Delivered::Retry { not_before, error: "ratelimited".into() };
        assert_eq!(done(&*store, &item, retry).await, None);
        assert_eq!(store.next_outbox(NOW).await.unwrap(), Some(not_before));
        assert!(leased(&*store, after(11 + u64::from(attempts) * 10)).await.is_empty());
    }
    let [item] = leased(&*store, after(50)).await.try_into().unwrap();
    assert_eq!(done(&*store, &item, shown(2, "1.1")).await, None);
    assert!(leased(&*store, after(1000)).await.is_empty());
}

pub(crate) async fn what_is_parked_stays_parked_and_is_reported(database: &impl Database) {
    let store = database.open().await;
    let request = inserted(&*store, request()).await;
    let [item] = leased(&*store, NOW).await.try_into().unwrap();
    let park = Delivered::Park { at: after(1), error: "channel_not_found".into() };
    assert_eq!(done(&*store, &item, park.clone()).await, None);
    assert_eq!(done(&*store, &item, park).await, None);
    cancel(&*store, &request).await;
    assert!(leased(&*store, after(1000)).await.is_empty());
    assert_eq!(store.next_outbox(NOW).await.unwrap(), None);
    let parked = Parked { request: request.id, destination: item.destination, error: "channel_not_found".into() };
    assert_eq!(store.parked(10).await.unwrap(), [parked]);
    let rows = trail_of(&*store, &request).await;
    let reported: Vec<_> = rows.iter().filter(|row| row.kind == "message.parked").collect();
    assert_eq!(reported.len(), 1);
    assert_eq!(reported[0].at, after(1));
}

pub(crate) async fn what_was_never_posted_is_not_posted_after_the_end(database: &impl Database) {
    let store = database.open().await;
    let request = inserted(&*store, request()).await;
    cancel(&*store, &request).await;
    assert!(leased(&*store, after(1000)).await.is_empty());
    assert_eq!(store.next_outbox(NOW).await.unwrap(), None);
}

pub(crate) async fn a_first_post_under_way_is_brought_up_to_date(database: &impl Database) {
    let store = database.open().await;
    let request = inserted(&*store, request()).await;
    let [item] = leased(&*store, NOW).await.try_into().unwrap();
    cancel(&*store, &request).await;
    let again = done(&*store, &item, shown(1, "1.1")).await.unwrap();
    assert_eq!((again.wanted, again.shown, again.posted), (2, 1, Some(posted("1.1"))));
}

pub(crate) async fn a_message_that_is_asked_for_is_posted_once_though_the_request_goes_on(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let request = with_message(&*store, request(), "1.1").await;
    let _voted = vote(&*store, &request, "alice", Verdict::Approve).await;
    let place = Destination::new("requester:U1");
    assert!(store.add_message(request.id, place.clone(), after(1)).await.unwrap());
    assert!(!store.add_message(request.id, place.clone(), after(1)).await.unwrap());
    // The grant goes on before anything was posted.
    let _claimed = store.claim_grant(request.id, "agent", after(1)).await.unwrap();
    let end = Grant::Finished { at: after(1), status: "exit code 0".into() };
    assert!(store.end_grant(request.id, end).await.unwrap());
    let items = leased(&*store, after(2)).await;
    let told = items.iter().find(|item| item.destination == place).unwrap();
    assert_eq!((told.shown, told.posted.as_ref()), (0, None));
    assert!(told.wanted >= 3, "{told:?}");
}

pub(crate) async fn an_emergency_is_posted_though_nobody_was_asked(database: &impl Database) {
    let store = database.open().await;
    let request = inserted(&*store, request()).await;
    let broken = store.break_glass(request.id, PersonId::new("root"), None, after(1)).await.unwrap();
    assert!(matches!(broken, Ended::Now(_)), "{broken:?}");
    let [item] = leased(&*store, after(2)).await.try_into().unwrap();
    assert_eq!((item.shown, item.posted), (0, None));
}

pub(crate) async fn a_copy_is_closed_too(database: &impl Database) {
    let store = database.open().await;
    let request = with_message(&*store, request(), "1.1").await;
    assert!(store.register_copy(request.id, posted("2.2")).await.unwrap());
    let [copy] = leased(&*store, after(1)).await.try_into().unwrap();
    assert_eq!((copy.wanted, copy.shown, copy.posted.as_ref()), (1, 0, Some(&posted("2.2"))));
    assert_eq!(done(&*store, &copy, shown(1, "2.2")).await, None);
    cancel(&*store, &request).await;
    let items = leased(&*store, after(2)).await;
    let mut shown: Vec<_> = items.iter().map(|item| item.posted.clone().unwrap().ts).collect();
    shown.sort();
    assert_eq!(shown, ["1.1", "2.2"]);
}

pub(crate) async fn a_known_message_is_no_copy(database: &impl Database) {
    let store = database.open().await;
    let known = with_message(&*store, request(), "1.1").await;
    assert!(!store.register_copy(known.id, posted("1.1")).await.unwrap());
    assert!(store.register_copy(known.id, posted("2.2")).await.unwrap());
    assert!(!store.register_copy(known.id, posted("2.2")).await.unwrap());
    assert!(!store.register_copy(request().id, posted("3.3")).await.unwrap());
    assert_eq!(leased(&*store, after(1)).await.len(), 1);
}

pub(crate) async fn a_copy_that_turns_out_to_be_the_post_is_forgotten(database: &impl Database) {
    let store = database.open().await;
    let request = inserted(&*store, request()).await;
    let [item] = leased(&*store, NOW).await.try_into().unwrap();
    assert!(store.register_copy(request.id, posted("1.1")).await.unwrap());
    assert_eq!(done(&*store, &item, shown(1, "1.1")).await, None);
    cancel(&*store, &request).await;
    let items = leased(&*store, after(2)).await;
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].destination, item.destination);
}

pub(crate) async fn a_lease_stops_at_its_limit(database: &impl Database) {
    let store = database.open().await;
    for _ in 0..5 {
        inserted(&*store, request()).await;
    }
    let first = store.lease_outbox(NOW, LEASE, 3).await.unwrap();
    let second = store.lease_outbox(NOW, LEASE, 3).await.unwrap();
    assert_eq!((first.len(), second.len()), (3, 2));
    assert!(first.iter().all(|item| !second.contains(item)));
}

pub(crate) async fn an_older_answer_is_repaired(database: &impl Database) {
    let store = database.open().await;
    let request = inserted(&*store, request()).await;
    let [slow] = leased(&*store, NOW).await.try_into().unwrap();
    // The lease runs out, another worker takes over and shows version 2; then the first call's answer arrives.
    let [other] = leased(&*store, after(31)).await.try_into().unwrap();
    assert_eq!(done(&*store, &other, shown(1, "2.2")).await, None);
    cancel(&*store, &request).await;
    let [other] = leased(&*store, after(32)).await.try_into().unwrap();
    assert_eq!(done(&*store, &other, shown(2, "2.2")).await, None);
    let again = done(&*store, &slow, shown(1, "1.1")).await.unwrap();
    assert_eq!((again.wanted, again.shown, again.posted), (2, 1, Some(posted("1.1"))));
}

pub(crate) async fn an_answer_about_nothing_is_ignored(database: &impl Database) {
    let store = database.open().await;
    let nothing = request().id;
    let answers = [
        shown(1, "1.1"),
        Delivered::Retry { not_before: after(1), error: "x".into() },
        Delivered::Park { at: NOW, error: "x".into() },
    ];
    for answer in answers {
        let came = store.outbox_done(nothing, &Destination::new("C0001"), answer, after(1)).await.unwrap();
        assert_eq!(came, None);
    }
    assert_eq!(store.unchained().await.unwrap(), 0);
}

pub(crate) async fn leases_of_the_dead_are_released<D: Database>(database: &D) {
    let store = database.open().await;
    inserted(&*store, request()).await;
    let held = leased(&*store, NOW).await;
    assert!(leased(&*store, after(1)).await.is_empty());
    store.release_leases(after(1)).await.unwrap();
    match D::NODES {
        Nodes::One => assert_eq!(leased(&*store, after(1)).await, held),
        // Whoever holds it may be alive: only time ends it.
        Nodes::Many => {
            assert!(leased(&*store, after(1)).await.is_empty());
            assert_eq!(leased(&*store, NOW.plus(LEASE)).await, held);
        }
    }
}

pub(crate) async fn a_request_whose_every_message_is_lost_is_undeliverable(database: &impl Database) {
    let store = database.open().await;
    let mut policy = policy(1);
    policy.channels = vec![Destination::new("C1"), Destination::new("C2")];
    let request = inserted(&*store, request_with(policy, tool_call("{}"))).await;
    let lost = || Delivered::Park { error: "channel_not_found".into(), at: after(1) };
    let [one, other] = leased(&*store, NOW).await.try_into().unwrap();
    assert!(!store.is_undeliverable(request.id).await.unwrap());
    done(&*store, &one, lost()).await;
    assert!(!store.is_undeliverable(request.id).await.unwrap());
    done(&*store, &other, lost()).await;
    assert!(store.is_undeliverable(request.id).await.unwrap());
    // Whoever starts anew, perhaps with other tokens, tries again.
    store.release_leases(after(2)).await.unwrap();
    assert!(!store.is_undeliverable(request.id).await.unwrap());
    assert_eq!(leased(&*store, after(2)).await.len(), 2);
    // Of a request that is not there nothing is lost.
    assert!(!store.is_undeliverable(crate::fixture::request().id).await.unwrap());
}
