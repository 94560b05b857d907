use std::io::Write as _;

use countersign_gateway::{SessionEnd, SessionId};
use rstest::rstest;

use super::{Entry, Journal, NotBegun};
use crate::error::JournalError;

fn id(number: u64) -> SessionId {
    format!("{number:032x}").parse().unwrap()
}

#[tokio::test]
async fn a_session_begins_once_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    journal.begin(id(1)).await.unwrap();
    assert_eq!(journal.begin(id(1)).await, Err(NotBegun::Seen(Entry::Begun)));
    journal.begin(id(2)).await.unwrap();
    journal.end(id(2), &SessionEnd::Exited { code: 3 }).await;
    let again = reopen(dir.path(), journal).await;
    assert_eq!(again.begin(id(1)).await, Err(NotBegun::Seen(Entry::Begun)));
    assert_eq!(again.recall(id(2)), Ok(Some(Entry::Ended(SessionEnd::Exited { code: 3 }))));
    assert_eq!(again.recall(id(3)), Ok(None));
    assert_eq!(again.open_sessions(), [id(1)]);
}

async fn reopen(dir: &std::path::Path, journal: Journal) -> Journal {
    // A handle that is left somewhere does not keep the directory.
    let _left = journal.clone();
    journal.close().await;
    Journal::open(dir).unwrap()
}

#[tokio::test]
async fn nothing_is_written_to_a_closed_journal() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    journal.close().await;
    assert!(matches!(journal.begin(id(1)).await, Err(NotBegun::Unwritten(_))));
    journal.close().await;
    let again = Journal::open(dir.path()).unwrap();
    assert_eq!(again.recall(id(1)), Ok(None));
}

#[tokio::test]
async fn two_agents_cannot_share_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let _journal = Journal::open(dir.path()).unwrap();
    assert!(matches!(Journal::open(dir.path()), Err(JournalError::InUse(_))));
}

#[rstest]
#[case::half_an_id("begun 0000")]
#[case::a_whole_line_without_its_end("begun 00000000000000000000000000000002")]
#[case::bytes_of_a_bad_disk("\u{0}\u{0}\u{0}\u{fffd}")]
#[tokio::test]
async fn a_torn_last_line_is_cut_off(#[case] torn: &str) {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open(dir.path()).unwrap();
    journal.begin(id(1)).await.unwrap();
    let path = dir.path().join("journal");
    std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(torn.as_bytes()).unwrap();
    let again = reopen(dir.path(), journal).await;
    assert_eq!(again.open_sessions(), [id(1)]);
    again.begin(id(2)).await.unwrap();
    let third = reopen(dir.path(), again).await;
    assert_eq!(third.open_sessions(), [id(1), id(2)]);
}

#[tokio::test]
async fn some_other_file_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("journal"), "dear diary\n").unwrap();
    assert!(matches!(Journal::open(dir.path()), Err(JournalError::Foreign(_))));
    assert_eq!(std::fs::read_to_string(dir.path().join("journal")).unwrap(), "dear diary\n");
}

#[tokio::test]
async fn what_was_dropped_may_not_begin_again() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::open_keeping(dir.path(), 4).unwrap();
    for number in 1..40 {
        journal.begin(id(number)).await.unwrap();
        journal.end(id(number), &SessionEnd::Exited { code: 0 }).await;
    }
    let again = reopen(dir.path(), journal).await;
    assert_eq!(again.begin(id(1)).await, Err(NotBegun::Forgotten));
    assert_eq!(again.recall(id(1)), Err(NotBegun::Forgotten));
    assert!(matches!(again.begin(id(39)).await, Err(NotBegun::Seen(_))));
    again.begin(id(40)).await.unwrap();
}
