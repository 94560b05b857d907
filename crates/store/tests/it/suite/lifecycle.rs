//! Opening, closing, and what is between asking for a change and its commit.

use std::{sync::Arc, time::Duration};

use countersign_approval::{PersonId, StoreError};
use tokio::task::JoinSet;

use crate::fixture::{Database, NOW, after, approved, identity, inserted, request, trail, with_people};

pub(crate) async fn everything_lasts(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let pending = inserted(&*store, request()).await;
    let approved = approved(&*store).await;
    let rows = trail(&*store).await;
    store.close().await;

    let store = database.open().await;
    assert_eq!(store.request(pending.id).await.unwrap(), Some(pending));
    assert_eq!(store.request(approved.id).await.unwrap(), Some(approved.clone()));
    assert!(store.dossier(approved.id).await.unwrap().unwrap().grant.is_some());
    assert_eq!(trail(&*store).await, rows);
    assert!(store.person_by_identity(&identity("alice")).await.unwrap().is_some());
}

pub(crate) async fn a_closed_store_says_so(database: &impl Database) {
    let store = database.open().await;
    store.close().await;
    store.close().await;
    assert!(matches!(store.insert_request(request()).await, Err(StoreError::Closed)));
    assert!(matches!(store.pending(1).await, Err(StoreError::Closed)));
    assert!(matches!(store.dossier(request().id).await, Err(StoreError::Closed)));
}

pub(crate) async fn closing_finishes_what_waits(database: &impl Database) {
    let store = database.open().await;
    let mut asking = JoinSet::new();
    for _ in 0..500 {
        let store = Arc::clone(&store);
        asking.spawn(async move {
            let request = request();
            store.insert_request(request.clone()).await.map(|_| request)
        });
    }
    let first = asking.join_next().await.unwrap().unwrap().unwrap();
    store.close().await;
    let mut kept = vec![first];
    while let Some(asked) = asking.join_next().await {
        match asked.unwrap() {
            Ok(request) => kept.push(request),
            Err(error) => assert!(matches!(error, StoreError::Closed), "{error}"),
        }
    }
    let store = database.open().await;
    assert_eq!(store.recent(1000).await.unwrap().len(), kept.len());
    for request in kept {
        assert_eq!(store.request(request.id).await.unwrap(), Some(request));
    }
}

pub(crate) async fn a_waiter_is_woken_after_the_commit(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let asked = inserted(&*store, request()).await;
    let armed = store.hints().arm(asked.id);
    let woken = armed.next();
    let _ = store.deny(asked.id, countersign_approval::DeniedBy::OsUser("dev".into()), None, NOW).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), woken).await.unwrap();
    assert!(store.request(asked.id).await.unwrap().unwrap().state.is_final());
    tokio::time::timeout(Duration::from_secs(20), store.hints().work()).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), store.hints().audit()).await.unwrap();
}

pub(crate) async fn a_refused_change_leaves_the_others_of_its_group(database: &impl Database) {
    let store = database.open().await;
    let mut changes = JoinSet::new();
    for n in 0..200_u64 {
        let store = Arc::clone(&store);
        changes.spawn(async move {
            if n % 2 == 0 {
                store.insert_request(request()).await.map(|_| ()).unwrap();
            } else {
                let refused = store.put_identity(identity("x"), PersonId::new("nobody"), after(n)).await;
                assert!(matches!(refused, Err(StoreError::Database { .. })));
            }
        });
    }
    while let Some(change) = changes.join_next().await {
        change.unwrap();
    }
    assert_eq!(store.recent(1000).await.unwrap().len(), 100);
    assert_eq!(trail(&*store).await.len(), 100);
}
