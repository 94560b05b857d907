//! What is true of SQLite's files: who may read them, whose they are, and what happens when they were tampered with.

use std::os::unix::fs::PermissionsExt as _;

use countersign_approval::{
    Grant, Hints, Store, StoreError, Verdict,
    audit::{ChainError, Verifier},
    port::{Claimed, Delivered, Ended, InboxItem, Inserted, Posted, Voted},
};
use countersign_store::{Commits, OpenError, SqliteStore};
use rstest::rstest;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions,
};

use crate::{
    fixture::{Database as _, NOW, after, approved, ballot, inserted, leased, request, trail, vote, with_people},
    sqlite::SqliteFile,
};

/// Changes the file as somebody would who has a shell and SQLite.
async fn tamper(file: &SqliteFile, statement: impl Into<String>) {
    let mut conn = SqliteConnectOptions::new()
        .filename(file.path())
        .foreign_keys(false)
        .create_if_missing(true)
        .connect()
        .await
        .unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement.into())).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

#[tokio::test]
async fn the_file_and_its_companions_are_the_owners_alone() {
    let file = SqliteFile::new();
    let store = file.open().await;
    inserted(&*store, request()).await;
    let mut seen = 0;
    for entry in std::fs::read_dir(file.path().parent().unwrap()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
        seen += 1;
    }
    assert_eq!(seen, 3, "the database, its log and its index");
}

#[tokio::test]
async fn closing_leaves_one_file() {
    let file = SqliteFile::new();
    let store = file.open().await;
    inserted(&*store, request()).await;
    assert_eq!(store.recent(1).await.unwrap().len(), 1);
    store.close().await;
    assert_eq!(std::fs::read_dir(file.path().parent().unwrap()).unwrap().count(), 1);
}

#[tokio::test]
async fn the_connection_is_durable_and_strict() {
    let file = SqliteFile::new();
    file.open().await.close().await;
    let mut conn = SqliteConnectOptions::new().filename(file.path()).connect().await.unwrap();
    let row = sqlx::query("SELECT * FROM pragma_journal_mode").fetch_one(&mut conn).await.unwrap();
    assert_eq!(row.get::<String, _>(0), "wal");
    let loose: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict = 0 AND name NOT LIKE 'sqlite_%'",
    )
    .fetch_all(&mut conn)
    .await
    .unwrap();
    assert_eq!(loose, Vec::<String>::new());
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let file = SqliteFile::new();
    file.open().await.close().await;
    tamper(&file, "PRAGMA user_version = 999").await;
    let before = std::fs::read(file.path()).unwrap();
    let error = SqliteStore::open(&file.path(), Hints::default()).await.unwrap_err();
    let expected = format!(
        "the database {} is from a newer version of countersign: its schema is 999, this version knows ",
        file.path().display()
    );
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert_eq!(std::fs::read(file.path()).unwrap(), before);
}

#[tokio::test]
async fn another_programs_database_is_refused_and_left_alone() {
    let file = SqliteFile::new();
    tamper(&file, "PRAGMA application_id = 77; CREATE TABLE theirs (x)").await;
    let before = std::fs::read(file.path()).unwrap();
    let error = SqliteStore::open(&file.path(), Hints::default()).await.unwrap_err();
    assert!(matches!(error, OpenError::Foreign { .. }), "{error}");
    assert_eq!(std::fs::read(file.path()).unwrap(), before);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let file = SqliteFile::new();
    std::fs::write(file.path(), "not a database, but long enough to be looked at".repeat(100)).unwrap();
    let error = SqliteStore::open(&file.path(), Hints::default()).await.unwrap_err();
    assert!(matches!(error, OpenError::Database { .. }), "{error}");
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_named() {
    let file = SqliteFile::new();
    let path = file.path().join("nowhere").join("x.db");
    let error = SqliteStore::open(&path, Hints::default()).await.unwrap_err();
    assert_eq!(error.to_string(), format!("could not open the database file {}", path.display()));
}

#[tokio::test]
async fn many_open_a_fresh_file_at_once() {
    let file = SqliteFile::new();
    let opened = tokio::join!(file.open(), file.open(), file.open(), file.open());
    inserted(&*opened.0, request()).await;
    inserted(&*opened.3, request()).await;
    assert_eq!(opened.1.recent(10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_store_that_is_dropped_finishes_what_waits() {
    let file = SqliteFile::new();
    let store = file.open().await;
    let request = request();
    let mut insert = store.insert_request(request.clone());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(insert.as_mut().poll(&mut context).is_pending());
    drop(insert);
    drop(store);
    let store = file.open().await;
    // The other writer ends by itself; a change of ours comes after what it had begun.
    let existing = loop {
        if let Some(existing) = store.request(request.id).await.unwrap() {
            break existing;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(existing, request);
}

#[rstest]
#[case::actor("UPDATE audit SET actor = 'somebody else' WHERE seq = 2", ChainError::Changed { seq: 2 })]
#[case::detail("UPDATE audit SET detail = '{}' WHERE seq = 3", ChainError::Changed { seq: 3 })]
#[case::removed("DELETE FROM audit WHERE seq = 2", ChainError::Gap { expected: 2, found: 3 })]
#[case::swapped(
    "UPDATE audit SET seq = -1 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; \
     UPDATE audit SET seq = 3 WHERE seq = -1",
    ChainError::Unlinked { seq: 2 }
)]
#[tokio::test]
async fn a_tampered_trail_is_found(#[case] statement: &str, #[case] expected: ChainError) {
    let file = SqliteFile::new();
    let store = file.open().await;
    with_people(&*store).await;
    approved(&*store).await;
    trail(&*store).await;
    tamper(&file, statement).await;
    let rows = store.chain_page(0, 100).await.unwrap();
    let mut verifier = Verifier::default();
    assert_eq!(rows.iter().try_for_each(|row| verifier.push(row)), Err(expected));
}

#[rstest]
#[case::subject("UPDATE request SET subject = replace(subject, 'ls', 'rm')", "digest")]
#[case::digest("UPDATE request SET digest = 'x'", "digest")]
#[case::no_json("UPDATE request SET subject = '{'", "subject")]
#[case::requester("UPDATE request SET requester = '{}'", "requester")]
#[case::policy("UPDATE request SET policy = 'null'", "policy")]
#[case::state("UPDATE request SET state = 'approved'", "state")]
#[case::state_data("UPDATE request SET state_data = '{\"state\":\"blessed\"}'", "state_data")]
#[case::key("UPDATE request SET key = 'K'", "key")]
#[case::token("UPDATE request SET token = upper(token)", "token")]
#[case::not_utf8("UPDATE request SET policy = CAST(x'ff' AS TEXT)", "policy")]
#[tokio::test]
async fn a_row_that_cannot_be_is_named(#[case] statement: &str, #[case] column: &str) {
    let file = SqliteFile::new();
    let store = file.open().await;
    let asked = inserted(&*store, request()).await;
    tamper(&file, statement).await;
    let errors =
        [store.request(asked.id).await.map(drop).unwrap_err(), store.dossier(asked.id).await.map(drop).unwrap_err()];
    for error in errors {
        let expected = format!("inconsistent data in request.{column} of {}", asked.id);
        assert_eq!(error.to_string(), expected);
    }
    // A list does not read what its requests are about; one whose own row is broken would hide the others in it.
    let seen = usize::from(!column.starts_with("state"));
    assert_eq!(store.recent(1).await.unwrap().len(), seen);
    assert_eq!(store.pending(1).await.unwrap().len(), seen);
    // A change of it is refused whole.
    let id = asked.id;
    if column != "token" && column != "state" {
        let refused = store.vote(ballot(&asked, "alice", Verdict::Approve)).await;
        assert!(matches!(refused, Err(StoreError::Inconsistent { .. })), "{refused:?}");
        let refused = store.cancel(id, countersign_approval::CancelledBy::ClientGone, NOW).await;
        assert!(matches!(refused, Err(StoreError::Inconsistent { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn a_broken_request_neither_blocks_expiry_nor_stays_open() {
    let file = SqliteFile::new();
    let store = file.open().await;
    let (broken, sound) = (inserted(&*store, request()).await, inserted(&*store, request()).await);
    tamper(&file, format!("UPDATE request SET subject = '{{}}' WHERE id = '{}'", broken.id)).await;
    let expired = store.expire_due(broken.expires_at, 10).await.unwrap();
    assert_eq!(expired.len(), 2);
    assert!(expired.contains(&sound.id) && expired.contains(&broken.id));
    assert_eq!(store.next_expiry().await.unwrap(), None);
    assert!(leased(&*store, after(1000)).await.is_empty());
}

#[tokio::test]
async fn other_broken_rows_are_named_too() {
    let file = SqliteFile::new();
    let store = file.open().await;
    with_people(&*store).await;
    let approved = approved(&*store).await;
    tamper(&file, "UPDATE request_grant SET state = 'issued', data = '{\"state\":\"revoked\",\"at\":1}'").await;
    let error = store.dossier(approved.id).await.unwrap_err();
    assert_eq!(error.to_string(), format!("inconsistent data in request_grant.state of {}", approved.id));
    tamper(&file, "UPDATE person SET member_of = '7' WHERE id = 'alice'").await;
    let asked = inserted(&*store, request()).await;
    let error = store.vote(ballot(&asked, "alice", Verdict::Approve)).await.unwrap_err();
    assert_eq!(error.to_string(), "inconsistent data in person.member_of of alice");
    tamper(&file, "UPDATE audit SET request = 'x' WHERE id = 1").await;
    let error = store.chain_audit(10).await.unwrap_err();
    assert_eq!(error.to_string(), "inconsistent data in audit.request of 1");
}

#[tokio::test]
async fn a_commit_that_fails_fails_every_change_of_its_group() {
    let file = SqliteFile::new();
    let store = file.open().await;
    with_people(&*store).await;
    let asked = inserted(&*store, request()).await;
    // A constraint that is checked at the commit only: nothing can be kept while it is broken.
    tamper(
        &file,
        "CREATE TABLE broken (x TEXT REFERENCES person (id) DEFERRABLE INITIALLY DEFERRED); \
         CREATE TRIGGER breaks AFTER INSERT ON request BEGIN INSERT INTO broken VALUES ('nobody'); END",
    )
    .await;
    let (insert, voted) =
        tokio::join!(store.insert_request(request()), store.vote(ballot(&asked, "alice", Verdict::Approve)),);
    assert!(matches!(insert, Err(StoreError::Database { .. })), "{insert:?}");
    let state = store.request(asked.id).await.unwrap().unwrap().state;
    // Whether they shared a group is a matter of time; what was answered is what is stored.
    assert_eq!(voted.is_ok(), state.is_final());
    tamper(&file, "DROP TRIGGER breaks").await;
    if voted.is_err() {
        assert!(matches!(vote(&*store, &asked, "alice", Verdict::Approve).await, Voted::Decided(_)));
    }
    let open = inserted(&*store, request()).await;
    let ended = store.cancel(open.id, countersign_approval::CancelledBy::ClientGone, NOW).await.unwrap();
    assert!(matches!(ended, Ended::Now(_)));
    trail(&*store).await;
}

/// Holds the file's write lock, as another process would.
async fn hold(file: &SqliteFile) -> SqliteConnection {
    let mut other = SqliteConnectOptions::new().filename(file.path()).connect().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    other
}

/// Commits in the write-ahead log: frames whose header gives the size of the database (sqlite.org/fileformat2.html).
fn commits(file: &SqliteFile) -> usize {
    let log = std::fs::read(file.path().with_extension("db-wal")).unwrap();
    let page = u32::from_be_bytes(log[8..12].try_into().unwrap()) as usize;
    log[32..].chunks(24 + page).filter(|frame| frame[4..8] != [0; 4]).count()
}

#[tokio::test]
async fn a_change_waits_for_another_process() {
    let file = SqliteFile::new();
    let store = file.open().await;
    let other = hold(&file).await;
    let (asked, ()) = tokio::join!(inserted(&*store, request()), async { other.close().await.unwrap() });
    assert_eq!(store.request(asked.id).await.unwrap(), Some(asked));
}

#[tokio::test]
async fn changes_that_wait_are_committed_together() {
    let file = SqliteFile::new();
    let store = file.open().await;
    inserted(&*store, request()).await;
    let before = commits(&file);
    let other = hold(&file).await;
    let requests: Vec<_> = (0..60).map(|_| request()).collect();
    let mut inserts: Vec<_> = requests.iter().map(|request| store.insert_request(request.clone())).collect();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    for insert in &mut inserts {
        assert!(insert.as_mut().poll(&mut context).is_pending());
    }
    other.close().await.unwrap();
    for insert in inserts {
        assert!(matches!(insert.await.unwrap(), Inserted::New(_)));
    }
    // The writer may have taken the first ones before the others were handed over, never more than that.
    let made = commits(&file) - before;
    assert!((1..=2).contains(&made), "{made} commits for 60 changes");
    assert_eq!(store.recent(1000).await.unwrap().len(), 61);
}

#[tokio::test]
async fn debug_shows_no_token() {
    let file = SqliteFile::new();
    let store = SqliteStore::open(&file.path(), Hints::default()).await.unwrap();
    let asked = inserted(&store, request()).await;
    assert!(!format!("{store:?}").contains(&asked.token.to_string()));
    store.close().await;
}

/// One request on its whole way, step after step as a daemon takes them: each flush is one that somebody waits for.
#[tokio::test]
async fn a_request_flushes_only_what_must_outlive_a_power_cut() {
    let file = SqliteFile::new();
    let store = SqliteStore::open(&file.path(), Hints::default()).await.unwrap();
    with_people(&store).await;
    let before = store.commits();

    let asked = inserted(&store, request()).await; // flushed: the client is told that it is kept
    let [item] = leased(&store, NOW).await.try_into().unwrap();
    let posted = Posted { channel: "C0001".into(), ts: "1.1".into() };
    let shown = |version| Delivered::Shown { version, posted: posted.clone() };
    // Flushed: a message whose place is forgotten is posted twice.
    assert_eq!(store.outbox_done(asked.id, &item.destination, shown(1), after(30)).await.unwrap(), None);
    let click = InboxItem { id: "e".into(), kind: "interactive".into(), payload: "{}".into(), at: after(1) };
    let _ = store.inbox_insert(click).await.unwrap(); // flushed: Slack is told that it came
    let _ = vote(&store, &asked, "alice", Verdict::Approve).await; // flushed: the person is told
    assert_eq!(store.claim_grant(asked.id, "agent", after(2)).await.unwrap(), Claimed::Now); // flushed: the agent is told
    store.inbox_handled("e", after(2)).await.unwrap();
    let finished = Grant::Finished { at: after(3), status: "delivered".into() };
    assert!(store.end_grant(asked.id, finished).await.unwrap()); // flushed: nobody knows it but us
    let [item] = leased(&store, after(3)).await.try_into().unwrap();
    assert_eq!(store.outbox_done(asked.id, &item.destination, shown(3), after(33)).await.unwrap(), None);
    trail(&store).await;

    let after = store.commits();
    let spent = Commits { durable: after.durable - before.durable, light: after.light - before.light };
    assert_eq!(spent, Commits { durable: 6, light: 5 });
    store.close().await;
}

#[tokio::test]
async fn a_light_change_outlives_its_process_and_joins_the_next_flush() {
    let file = SqliteFile::new();
    let store = SqliteStore::open(&file.path(), Hints::default()).await.unwrap();
    let asked = inserted(&store, request()).await;
    let before = store.commits();
    assert_eq!(leased(&store, NOW).await.len(), 1);
    // Another process sees it at once, as the next one would after this one was killed.
    let mut other = SqliteConnectOptions::new().filename(file.path()).read_only(true).connect().await.unwrap();
    let due: i64 = sqlx::query("SELECT due_at FROM outbox").fetch_one(&mut other).await.unwrap().get(0);
    assert_eq!(due, NOW.plus(crate::fixture::LEASE).as_micros());
    let _ = store.cancel(asked.id, countersign_approval::CancelledBy::ClientGone, after(1)).await.unwrap();
    assert_eq!(leased(&store, after(1000)).await.len(), 0);
    let spent = store.commits();
    assert_eq!((spent.durable - before.durable, spent.light - before.light), (1, 1));
    store.close().await;
}
