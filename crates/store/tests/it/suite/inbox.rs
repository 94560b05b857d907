//! The inbox: kept before it is acknowledged, handled once.

use countersign_approval::port::{InboxInsert, InboxItem};

use crate::fixture::{Database, after};

fn envelope(id: &str, seconds: u64) -> InboxItem {
    InboxItem {
        id: id.into(),
        kind: "interactive".into(),
        payload: r#"{"type":"block_actions"}"#.into(),
        at: after(seconds),
    }
}

pub(crate) async fn an_envelope_is_kept_once(database: &impl Database) {
    let store = database.open().await;
    assert_eq!(store.inbox_insert(envelope("a", 1)).await.unwrap(), InboxInsert::New);
    let other = InboxItem { payload: "{}".into(), ..envelope("a", 2) };
    assert_eq!(store.inbox_insert(other).await.unwrap(), InboxInsert::Duplicate);
    assert_eq!(store.inbox_unhandled(10).await.unwrap(), [envelope("a", 1)]);
}

pub(crate) async fn what_is_handled_does_not_come_again(database: &impl Database) {
    let store = database.open().await;
    for (id, seconds) in [("c", 3), ("a", 1), ("b", 2)] {
        let _ = store.inbox_insert(envelope(id, seconds)).await.unwrap();
    }
    store.inbox_handled("b", after(4)).await.unwrap();
    store.inbox_handled("nothing", after(4)).await.unwrap();
    assert_eq!(store.inbox_unhandled(10).await.unwrap(), [envelope("a", 1), envelope("c", 3)]);
    assert_eq!(store.inbox_unhandled(1).await.unwrap(), [envelope("a", 1)]);
    assert_eq!(store.inbox_insert(envelope("b", 5)).await.unwrap(), InboxInsert::Duplicate);
}

pub(crate) async fn handled_envelopes_are_forgotten_in_time(database: &impl Database) {
    let store = database.open().await;
    for id in ["a", "b", "c"] {
        let _ = store.inbox_insert(envelope(id, 1)).await.unwrap();
    }
    store.inbox_handled("a", after(2)).await.unwrap();
    store.inbox_handled("a", after(9)).await.unwrap();
    store.inbox_handled("b", after(5)).await.unwrap();
    assert_eq!(store.inbox_prune(after(2), 100).await.unwrap(), 0);
    assert_eq!(store.inbox_prune(after(3), 100).await.unwrap(), 1);
    assert_eq!(store.inbox_prune(after(99), 100).await.unwrap(), 1);
    assert_eq!(store.inbox_unhandled(10).await.unwrap(), [envelope("c", 1)]);
}
