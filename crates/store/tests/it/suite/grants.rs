//! Grants: claimed once, ended once.

use std::time::Duration;

use countersign_approval::{Grant, port::Claimed};

use crate::fixture::{Database, NOW, after, approved, inserted, kinds_of, leased, request, with_people};

pub(crate) async fn a_grant_is_claimed_once(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let approved = approved(&*store).await;
    assert_eq!(store.claim_grant(approved.id, "agent-1", after(2)).await.unwrap(), Claimed::Now);
    let claimed = Grant::Claimed { by: "agent-1".into(), at: after(2) };
    let again = store.claim_grant(approved.id, "agent-2", after(3)).await.unwrap();
    assert_eq!(again, Claimed::Not(claimed.clone()));
    assert_eq!(store.dossier(approved.id).await.unwrap().unwrap().grant, Some(claimed));
    assert_eq!(kinds_of(&*store, &approved).await.last().unwrap(), "grant.claimed");
}

pub(crate) async fn a_claim_at_the_last_moment_is_in_time(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let approved = approved(&*store).await;
    assert_eq!(store.claim_grant(approved.id, "agent", after(61)).await.unwrap(), Claimed::Now);
}

pub(crate) async fn a_late_claim_lapses_and_is_recorded(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let approved = approved(&*store).await;
    let lapsed = Claimed::Not(Grant::Lapsed { at: after(62) });
    assert_eq!(store.claim_grant(approved.id, "agent", after(62)).await.unwrap(), lapsed);
    assert_eq!(store.claim_grant(approved.id, "agent", after(63)).await.unwrap(), lapsed);
    let kinds = kinds_of(&*store, &approved).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "grant.lapsed").count(), 1);
    assert_eq!(store.request(approved.id).await.unwrap().unwrap().version, approved.version + 1);
}

pub(crate) async fn a_clock_set_back_gives_no_grant_more_time(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let (one, other) = (approved(&*store).await, approved(&*store).await);
    assert_eq!(store.claim_grant(one.id, "agent", NOW.minus(Duration::from_secs(5))).await.unwrap(), Claimed::Now);
    let before = NOW.minus(Duration::from_hours(3));
    let lapsed = Claimed::Not(Grant::Lapsed { at: before });
    assert_eq!(store.claim_grant(other.id, "agent", before).await.unwrap(), lapsed);
    assert_eq!(kinds_of(&*store, &other).await.last().unwrap(), "grant.lapsed");
}

pub(crate) async fn without_an_approval_there_is_no_grant(database: &impl Database) {
    let store = database.open().await;
    let pending = inserted(&*store, request()).await;
    assert_eq!(store.claim_grant(pending.id, "agent", after(1)).await.unwrap(), Claimed::Missing);
    assert_eq!(store.claim_grant(request().id, "agent", after(1)).await.unwrap(), Claimed::Missing);
}

pub(crate) async fn a_claimed_grant_ends_once(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let approved = approved(&*store).await;
    let finished = Grant::Finished { at: after(3), status: "delivered".into() };
    assert!(!store.end_grant(approved.id, finished.clone()).await.unwrap());
    assert_eq!(store.claim_grant(approved.id, "agent", after(2)).await.unwrap(), Claimed::Now);
    assert!(store.end_grant(approved.id, finished.clone()).await.unwrap());
    let lost = Grant::Unknown { at: after(4), why: "gone".into() };
    assert!(!store.end_grant(approved.id, lost).await.unwrap());
    let dossier = store.dossier(approved.id).await.unwrap().unwrap();
    assert_eq!(dossier.grant, Some(finished));
    assert_eq!(dossier.request.version, approved.version + 1);
    let again = store.claim_grant(approved.id, "agent", after(5)).await.unwrap();
    assert!(matches!(again, Claimed::Not(Grant::Finished { .. })));
    // It was never posted, so nothing of its end need be shown.
    assert!(leased(&*store, after(6)).await.is_empty());
}

pub(crate) async fn what_became_unknown_stays_unknown(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let approved = approved(&*store).await;
    assert_eq!(store.claim_grant(approved.id, "agent", after(2)).await.unwrap(), Claimed::Now);
    let lost = Grant::Unknown { at: after(4), why: "the agent is gone".into() };
    assert!(store.end_grant(approved.id, lost.clone()).await.unwrap());
    let again = store.claim_grant(approved.id, "agent", after(5)).await.unwrap();
    assert_eq!(again, Claimed::Not(lost));
    assert_eq!(kinds_of(&*store, &approved).await.last().unwrap(), "grant.unknown");
}

pub(crate) async fn a_grant_ends_only_as_finished_or_unknown(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let approved = approved(&*store).await;
    assert_eq!(store.claim_grant(approved.id, "agent", after(2)).await.unwrap(), Claimed::Now);
    let others = [
        Grant::issue(after(3)),
        Grant::Claimed { by: "other".into(), at: after(3) },
        Grant::Lapsed { at: after(3) },
        Grant::Revoked { at: after(3) },
    ];
    for other in others {
        assert!(!store.end_grant(approved.id, other).await.unwrap());
    }
    let grant = store.dossier(approved.id).await.unwrap().unwrap().grant;
    assert_eq!(grant, Some(Grant::Claimed { by: "agent".into(), at: after(2) }));
}

pub(crate) async fn grants_that_have_not_ended_are_listed(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    assert!(store.open_grants(10).await.unwrap().is_empty());
    let approved = approved(&*store).await;
    let issued = store.open_grants(10).await.unwrap();
    assert!(matches!(issued.as_slice(), [(id, Grant::Issued { .. })] if *id == approved.id), "{issued:?}");
    assert_eq!(store.claim_grant(approved.id, "agent", after(2)).await.unwrap(), Claimed::Now);
    let claimed = store.open_grants(10).await.unwrap();
    assert!(matches!(claimed.as_slice(), [(_, Grant::Claimed { .. })]), "{claimed:?}");
    let finished = Grant::Finished { at: after(3), status: "delivered".into() };
    assert!(store.end_grant(approved.id, finished).await.unwrap());
    assert!(store.open_grants(10).await.unwrap().is_empty());
}
