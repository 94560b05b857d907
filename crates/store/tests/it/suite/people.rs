//! People and proven identities.

use countersign_approval::{PersonId, StoreError};

use crate::fixture::{Database, NOW, after, identity, person, trail};

pub(crate) async fn an_identity_names_one_person(database: &impl Database) {
    let store = database.open().await;
    let alice = person("alice", &["a", "b"]);
    store.put_person(alice.clone(), NOW).await.unwrap();
    store.put_identity(identity("alice"), alice.id.clone(), NOW).await.unwrap();
    assert_eq!(store.person_by_identity(&identity("alice")).await.unwrap(), Some(alice));
    assert_eq!(store.person_by_identity(&identity("bob")).await.unwrap(), None);
    let mut elsewhere = identity("alice");
    elsewhere.org = "T0002".into();
    assert_eq!(store.person_by_identity(&elsewhere).await.unwrap(), None);
}

pub(crate) async fn an_identity_moves_to_its_new_person(database: &impl Database) {
    let store = database.open().await;
    for name in ["alice", "bob"] {
        store.put_person(person(name, &[]), NOW).await.unwrap();
        store.put_identity(identity("shared"), PersonId::new(name), NOW).await.unwrap();
    }
    assert_eq!(store.person_by_identity(&identity("shared")).await.unwrap(), Some(person("bob", &[])));
}

pub(crate) async fn a_person_is_replaced_and_recorded_once(database: &impl Database) {
    let store = database.open().await;
    let mut alice = person("alice", &["a"]);
    store.put_person(alice.clone(), NOW).await.unwrap();
    store.put_person(alice.clone(), after(1)).await.unwrap();
    store.put_identity(identity("alice"), alice.id.clone(), after(1)).await.unwrap();
    store.put_identity(identity("alice"), alice.id.clone(), after(2)).await.unwrap();
    alice.email = None;
    store.put_person(alice.clone(), after(3)).await.unwrap();
    alice.active = false;
    store.put_person(alice.clone(), after(4)).await.unwrap();
    assert_eq!(store.person_by_identity(&identity("alice")).await.unwrap(), Some(alice));
    let rows: Vec<_> = trail(&*store).await.into_iter().map(|row| (row.row.kind, row.row.at)).collect();
    let expected =
        [("person.put", NOW), ("identity.put", after(1)), ("person.put", after(3)), ("person.put", after(4))];
    assert_eq!(rows, expected.map(|(kind, at)| (kind.to_owned(), at)));
}

pub(crate) async fn an_identity_needs_a_person(database: &impl Database) {
    let store = database.open().await;
    let refused = store.put_identity(identity("x"), PersonId::new("nobody"), NOW).await;
    assert!(matches!(refused, Err(StoreError::Database { .. })));
    assert_eq!(store.unchained().await.unwrap(), 0);
}
