//! What an attacker, or a fuzzer, would send.

use std::time::Duration;

use countersign_approval::{
    Destination, PersonId, SlackIdentity, StoreError, Subject, Timestamp, Verdict,
    port::{Delivered, InboxInsert, InboxItem, Posted, Voted},
};

use crate::fixture::{
    Database, NOW, ballot, identity, inserted, person, policy, request, request_with, tool_call, trail, vote,
    with_people,
};

const INJECTIONS: &[&str] =
    &["'; DROP TABLE request; --", "\" OR 1=1 --", "%_*?", "$1", "');UPDATE request SET state='approved';--"];

pub(crate) async fn sql_in_texts_stays_text(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    for text in INJECTIONS {
        let mut asked = request_with(policy(1), tool_call(text));
        asked.policy.channels = vec![Destination::new(*text)];
        let asked = inserted(&*store, asked).await;
        assert_eq!(store.request(asked.id).await.unwrap(), Some(asked.clone()));
        let identity = SlackIdentity { org: (*text).into(), user: (*text).into() };
        assert_eq!(store.person_by_identity(&identity).await.unwrap(), None);
        store.put_person(person(text, &[text]), NOW).await.unwrap();
        store.put_identity(identity.clone(), PersonId::new(*text), NOW).await.unwrap();
        assert_eq!(store.person_by_identity(&identity).await.unwrap(), Some(person(text, &[text])));
        assert!(store.register_copy(asked.id, Posted { channel: (*text).into(), ts: (*text).into() }).await.unwrap());
        let mut denial = ballot(&asked, "alice", Verdict::Deny);
        denial.reason = Some((*text).into());
        assert!(matches!(store.vote(denial).await.unwrap(), Voted::Decided(_)));
    }
    assert_eq!(store.recent(100).await.unwrap().len(), INJECTIONS.len());
    trail(&*store).await;
}

pub(crate) async fn nul_and_other_characters_survive(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let text = "a\0b\u{202e}c\u{200b}\u{feff}d\r\n\u{10ffff}";
    let mut asked = request_with(policy(1), tool_call(text));
    if let Subject::ToolCall(call) = &mut asked.subject {
        call.input = vec![0xff, 0x00, 0xfe].into();
        call.cwd = text.into();
    }
    asked.digest = countersign_approval::Digest::of(&asked.subject);
    let asked = inserted(&*store, asked).await;
    assert_eq!(store.request(asked.id).await.unwrap(), Some(asked.clone()));
    let mut denial = ballot(&asked, "alice", Verdict::Deny);
    denial.reason = Some(text.into());
    assert!(matches!(store.vote(denial).await.unwrap(), Voted::Decided(_)));
    let vote = store.dossier(asked.id).await.unwrap().unwrap().votes.remove(0);
    assert_eq!(vote.reason.as_deref(), Some(text));
    let item = InboxItem { id: text.into(), kind: text.into(), payload: text.into(), at: NOW };
    assert_eq!(store.inbox_insert(item.clone()).await.unwrap(), InboxInsert::New);
    assert_eq!(store.inbox_unhandled(1).await.unwrap(), [item]);
    trail(&*store).await;
}

pub(crate) async fn a_megabyte_survives(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let asked = inserted(&*store, request_with(policy(1), tool_call(&"\"\\é".repeat(1 << 18)))).await;
    let voted = vote(&*store, &asked, "alice", Verdict::Approve).await;
    let Voted::Decided(decided) = voted else { panic!("not decided") };
    assert_eq!(decided.subject, asked.subject);
    assert_eq!(store.request(asked.id).await.unwrap(), Some(decided));
}

pub(crate) async fn a_token_cannot_be_taken_twice(database: &impl Database) {
    let store = database.open().await;
    let first = inserted(&*store, request()).await;
    let (mut same_token, mut same_id) = (request(), request());
    same_token.token = first.token;
    same_id.id = first.id;
    for forged in [same_token, same_id] {
        assert!(matches!(store.insert_request(forged).await, Err(StoreError::Database { .. })));
    }
    assert_eq!(store.recent(10).await.unwrap().iter().map(|listed| listed.id).collect::<Vec<_>>(), [first.id]);
    assert_eq!(trail(&*store).await.len(), 1);
}

pub(crate) async fn extreme_times_and_limits_are_taken(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let (start, end) = (Timestamp::from_micros(i64::MIN), Timestamp::from_micros(i64::MAX));
    let mut asked = request();
    (asked.asked_at, asked.expires_at) = (start, end);
    let asked = inserted(&*store, asked).await;
    assert_eq!(store.recent(u32::MAX).await.unwrap().first().map(|listed| listed.id), Some(asked.id));
    assert_eq!(store.prune_requests(end, u32::MAX).await.unwrap(), 0);
    assert!(store.recent(0).await.unwrap().is_empty());
    assert_eq!(store.lease_outbox(NOW, Duration::MAX, u32::MAX).await.unwrap().len(), 1);
    let retry = Delivered::Retry { not_before: end, error: String::new() };
    let place = Destination::new("C0001");
    assert_eq!(store.outbox_done(asked.id, &place, retry, end).await.unwrap(), None);
    assert_eq!(store.next_outbox(end).await.unwrap(), Some(end));
    let mut click = ballot(&asked, "alice", Verdict::Approve);
    click.at = end;
    assert!(matches!(store.vote(click).await.unwrap(), Voted::TooLate(_)));
    let late = store.expire_due(end, u32::MAX).await.unwrap();
    assert_eq!(late.len(), 1);
    assert!(store.chain_page(u64::MAX, u32::MAX).await.unwrap().is_empty());
    assert_eq!(store.person_by_identity(&identity("alice")).await.unwrap().map(|p| p.name), Some("alice".into()));
}
