//! The trail: in order, without gaps, proven.

use countersign_approval::{
    Grant, Request, Store, Verdict,
    audit::{AuditRow, ChainError, Link, SignedHead, Verifier},
    port::Claimed,
};

use crate::fixture::{
    Database, NOW, after, approved, inserted, policy, request_with, tool_call, trail, trail_of, vote, with_people,
};

fn row(n: u64) -> AuditRow {
    AuditRow {
        at: after(n),
        kind: "test.row".into(),
        request: None,
        actor: "test".into(),
        detail: format!("{{\"n\":{n}}}"),
    }
}

pub(crate) async fn rows_are_linked_in_order_and_proven(database: &impl Database) {
    let store = database.open().await;
    for n in 0..5 {
        store.audit(row(n)).await.unwrap();
    }
    assert_eq!(store.unchained().await.unwrap(), 5);
    assert!(store.chain_page(0, 10).await.unwrap().is_empty());
    let rows = trail(&*store).await;
    assert_eq!(store.unchained().await.unwrap(), 0);
    let seqs: Vec<_> = rows.iter().map(|row| row.seq).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5]);
    assert_eq!(rows.into_iter().map(|row| row.row).collect::<Vec<_>>(), (0..5).map(row).collect::<Vec<_>>());
    assert_eq!(store.chain_page(3, 1).await.unwrap()[0].seq, 4);
}

pub(crate) async fn linking_stops_at_its_limit_and_goes_on(database: &impl Database) {
    let store = database.open().await;
    assert_eq!(store.chain_audit(10).await.unwrap().head, None);
    for n in 0..150 {
        store.audit(row(n)).await.unwrap();
    }
    let first = store.chain_audit(70).await.unwrap();
    assert_eq!((first.linked, first.head.map(|head| head.0)), (70, Some(70)));
    assert_eq!(store.unchained().await.unwrap(), 80);
    let second = store.chain_audit(1000).await.unwrap();
    assert_eq!((second.linked, second.head.map(|head| head.0)), (80, Some(150)));
    let third = store.chain_audit(1000).await.unwrap();
    assert_eq!((third.linked, third.head), (0, second.head));
    assert_eq!(trail(&*store).await.len(), 150);
}

pub(crate) async fn details_tell_the_digest_and_never_the_input(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let asked = inserted(&*store, request_with(policy(1), tool_call("the-secret-input"))).await;
    let mut denial = crate::fixture::ballot(&asked, "alice", Verdict::Deny);
    denial.reason = Some("the-secret-reason".into());
    let _ = store.vote(denial).await.unwrap();
    let _ = vote(&*store, &asked, "bob", Verdict::Approve).await;
    let finished = approved(&*store).await;
    assert_eq!(store.claim_grant(finished.id, "agent", after(2)).await.unwrap(), Claimed::Now);
    let end = Grant::Finished { at: after(3), status: "0".into() };
    assert!(store.end_grant(finished.id, end).await.unwrap());
    let lapsed = approved(&*store).await;
    assert!(matches!(store.claim_grant(lapsed.id, "agent", after(99)).await.unwrap(), Claimed::Not(_)));
    let expired = inserted(&*store, request_with(policy(1), tool_call("the-secret-input"))).await;
    assert_eq!(store.expire_due(expired.expires_at, 9).await.unwrap().len(), 1);
    let mut count = 0;
    for asked in [&asked, &finished, &lapsed, &expired] {
        count += each_row_tells(&*store, asked).await;
    }
    assert_eq!(count, 4 + 6 + 5 + 2);
}

/// How many rows there are about a request, each in order.
async fn each_row_tells(store: &dyn Store, asked: &Request) -> usize {
    let rows = trail_of(store, asked).await;
    for row in &rows {
        let detail: serde_json::Value = serde_json::from_str(&row.detail).unwrap();
        assert_eq!(detail["digest"], asked.digest.to_string());
        assert!(!row.detail.contains("the-secret"), "{}", row.detail);
        assert_eq!(detail.to_string(), row.detail, "the text is canonical");
    }
    rows.len()
}

pub(crate) async fn heads_come_newest_first(database: &impl Database) {
    let store = database.open().await;
    store.audit(row(1)).await.unwrap();
    store.audit(row(2)).await.unwrap();
    let rows = trail(&*store).await;
    let head = |seq: u64, link: Link| SignedHead { seq, link, at: NOW, key: "ab".into(), signature: "cd".into() };
    let heads = [head(1, rows[0].link), head(2, rows[1].link)];
    for head in heads.clone() {
        store.put_head(head).await.unwrap();
    }
    assert_eq!(store.heads(10).await.unwrap(), [heads[1].clone(), heads[0].clone()]);
    assert_eq!(store.heads(1).await.unwrap().len(), 1);
    // A head that the chain does not reach shows that its end was cut off.
    let mut verifier = Verifier::expecting(vec![(3, rows[1].link)]);
    for row in &rows {
        verifier.push(row).unwrap();
    }
    assert_eq!(verifier.finish(), Err(ChainError::CutOff { seq: 3, last: 2 }));
}
