//! Whole databases: brought up to date, looked at, and copied from one kind to the other.

use countersign_approval::{
    Hints, Request, Store, Verdict,
    audit::{ChainedRow, SignedHead},
    port::{Dossier, InboxItem},
};
use countersign_store::{Database as Opened, Location, Migrated, UpkeepError, copy, migrate, status};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use crate::{
    fixture::{
        Database as _, LEASE, NOW, after, approved, ballot, identity, inserted, leased, policy, request, request_with,
        tool_call, trail, vote, with_people,
    },
    postgres::PostgresDatabase,
    sqlite::SqliteFile,
};

/// Something of everything: requests in several states, texts that PostgreSQL cannot keep as they are, a signed head.
async fn fill(store: &dyn Store) -> Vec<Request> {
    with_people(store).await;
    let open = inserted(store, request_with(policy(2), tool_call(&"x".repeat(1 << 20)))).await;
    let _ = vote(store, &open, "alice", Verdict::Approve).await;
    let denied = inserted(store, request_with(policy(1), tool_call("a\0b\u{1a}"))).await;
    let mut denial = ballot(&denied, "bob", Verdict::Deny);
    denial.reason = Some("no\0\u{1a}0".into());
    let _ = store.vote(denial).await.unwrap();
    let mut requests = vec![open.id, denied.id, approved(store).await.id];
    for _ in 0..200 {
        requests.push(inserted(store, request()).await.id);
    }
    let click = InboxItem { id: "e\0".into(), kind: "interactive".into(), payload: "{}".into(), at: NOW };
    let _ = store.inbox_insert(click).await.unwrap();
    let _ = store.lease_outbox(NOW, LEASE, 1000).await.unwrap();
    let rows = trail(store).await;
    let last = rows.last().unwrap();
    let head = SignedHead { seq: last.seq, link: last.link, at: NOW, key: "ab".into(), signature: "cd".into() };
    store.put_head(head).await.unwrap();
    let mut filled = Vec::new();
    for id in requests {
        filled.push(store.request(id).await.unwrap().unwrap());
    }
    filled
}

/// All that a port tells of it.
async fn everything(store: &dyn Store, requests: &[Request]) -> (Vec<Dossier>, Vec<ChainedRow>, Vec<InboxItem>) {
    let mut dossiers = Vec::new();
    for request in requests {
        dossiers.push(store.dossier(request.id).await.unwrap().unwrap());
    }
    (dossiers, trail(store).await, store.inbox_unhandled(10).await.unwrap())
}

fn rows(tables: &[(&'static str, u64)], table: &str) -> u64 {
    tables.iter().find(|(name, _)| *name == table).unwrap().1
}

#[tokio::test]
async fn a_database_goes_to_postgres_and_back_whole() {
    let Some(postgres) = PostgresDatabase::create().await else { return };
    let (first, second) = (SqliteFile::new(), SqliteFile::new());
    let store = first.open().await;
    let requests = fill(&*store).await;
    let before = everything(&*store, &requests).await;
    store.close().await;

    let there = copy(&first.location(), &postgres.location()).await.unwrap();
    assert_eq!(rows(&there.tables, "request"), 203);
    assert_eq!(rows(&there.tables, "audit_head"), 1);
    assert_eq!(there.trail.map(|(seq, _)| seq), Some(before.1.len() as u64));
    assert_eq!(there.unchained, 0);
    let store = postgres.open().await;
    assert_eq!(everything(&*store, &requests).await, before);
    assert!(leased(&*store, after(1)).await.is_empty(), "leases came along");
    // New rows are numbered behind the old ones.
    let new = inserted(&*store, request()).await;
    assert_eq!(trail(&*store).await.last().unwrap().row.request, Some(new.id));
    assert!(store.person_by_identity(&identity("alice")).await.unwrap().is_some());

    // While the source is open and worked on: one state of it is copied.
    let back = copy(&postgres.location(), &second.location()).await.unwrap();
    assert_eq!(rows(&back.tables, "request"), 204);
    store.close().await;
    let store = second.open().await;
    let (dossiers, trail_there, inbox) = everything(&*store, &requests).await;
    assert_eq!((dossiers, inbox), (before.0, before.2));
    assert_eq!(trail_there.len(), before.1.len() + 1);
    let newer = inserted(&*store, request()).await;
    assert_eq!(trail(&*store).await.last().unwrap().row.request, Some(newer.id));
}

#[tokio::test]
async fn what_is_not_empty_is_not_copied_to() {
    let Some(postgres) = PostgresDatabase::create().await else { return };
    let file = SqliteFile::new();
    let store = file.open().await;
    inserted(&*store, request()).await;
    for location in [postgres.location(), file.location()] {
        let _ = migrate(&location).await.unwrap();
    }
    let store = postgres.open().await;
    with_people(&*store).await;
    let error = copy(&file.location(), &postgres.location()).await.unwrap_err();
    let expected = format!("the database {} is not empty: its table person has 4 rows", postgres.location());
    assert_eq!(error.to_string(), expected);
    assert!(store.recent(1).await.unwrap().is_empty(), "nothing was copied");
    let error = copy(&file.location(), &file.location()).await.unwrap_err();
    assert!(matches!(error, UpkeepError::NotEmpty { .. }), "{error}");
}

#[tokio::test]
async fn a_broken_trail_is_not_kept() {
    let Some(postgres) = PostgresDatabase::create().await else { return };
    let file = SqliteFile::new();
    let store = file.open().await;
    fill(&*store).await;
    store.close().await;
    let mut conn = SqliteConnectOptions::new().filename(file.path()).connect().await.unwrap();
    sqlx::raw_sql("UPDATE audit SET actor = 'somebody else' WHERE seq = 3").execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    let error = copy(&file.location(), &postgres.location()).await.unwrap_err();
    assert_eq!(error.to_string(), "the audit trail does not hold");
    let left = status(&postgres.location()).await.unwrap();
    assert!(left.tables.iter().all(|(_, rows)| *rows == 0), "{left:?}");
}

#[tokio::test]
async fn a_trail_whose_end_was_cut_off_is_not_kept() {
    let Some(postgres) = PostgresDatabase::create().await else { return };
    let file = SqliteFile::new();
    let store = file.open().await;
    fill(&*store).await;
    store.close().await;
    let mut conn = SqliteConnectOptions::new().filename(file.path()).connect().await.unwrap();
    let cut = "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)";
    sqlx::raw_sql(cut).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    assert!(matches!(copy(&file.location(), &postgres.location()).await, Err(UpkeepError::Trail(_))));
}

#[tokio::test]
async fn a_database_is_brought_up_to_date_once_and_looked_at() {
    let file = SqliteFile::new();
    let mut locations = vec![(file.location(), "SQLite 3")];
    if let Some(postgres) = PostgresDatabase::create().await {
        locations.push((postgres.location(), "PostgreSQL "));
    }
    for (location, server) in locations {
        let first = migrate(&location).await.unwrap();
        assert_eq!(first.from, 0);
        assert_eq!(migrate(&location).await.unwrap(), Migrated { from: first.to, ..first });
        let store = Opened::open(&location, Hints::default()).await.unwrap();
        inserted(&store, request()).await;
        let status = status(&location).await.unwrap();
        assert_eq!((status.schema, status.known), (first.to, first.to));
        assert!(status.server.starts_with(server), "{status:?}");
        assert_eq!((rows(&status.tables, "request"), rows(&status.tables, "vote")), (1, 0));
        store.close().await;
    }
}

#[tokio::test]
async fn what_is_not_there_is_named_and_not_made() {
    let directory = tempfile::tempdir().unwrap();
    let location = Location::Sqlite(directory.path().join("nothing.db"));
    let error = status(&location).await.unwrap_err();
    assert_eq!(error.to_string(), format!("could not open the database file {location}"));
    let error = copy(&location, &Location::Sqlite(directory.path().join("other.db"))).await.unwrap_err();
    assert_eq!(error.to_string(), format!("could not open the database file {location}"));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn an_old_schema_is_not_copied() {
    let (old, new) = (SqliteFile::new(), SqliteFile::new());
    let mut conn = SqliteConnectOptions::new().filename(old.path()).create_if_missing(true).connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe("PRAGMA user_version = 0")).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
    std::fs::write(old.path(), "").unwrap();
    let error = copy(&old.location(), &new.location()).await.unwrap_err();
    assert!(matches!(error, UpkeepError::Outdated { found: 0, .. }), "{error}");
    assert!(!new.path().exists());
}
