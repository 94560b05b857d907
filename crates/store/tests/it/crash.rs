//! What was acknowledged is there after a kill -9 in the middle of a write storm, and nothing is there by half.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
    sync::Arc,
};

use countersign_approval::{Hints, RequestId, Store, Verdict, port::Voted};
use countersign_store::{Database as Opened, Location};
use tokio::task::JoinSet;

use crate::{
    fixture::{Database as _, NOW, inserted, leased, request, trail, vote, with_people},
    postgres::PostgresDatabase,
    sqlite::SqliteFile,
};

/// The argument that makes this test binary the one that is killed. The test harness takes it for a filter.
const STORM: &str = "storm-in=";

/// Acknowledged decisions after which the child is killed.
const ENOUGH: usize = 150;

/// Tasks that ask and decide at once, so that commits are grouped.
const TASKS: usize = 8;

/// Not a test of its own: what the killed process does. Without the argument it does nothing.
#[test]
fn storm() {
    let Some(location) = std::env::args().find_map(|arg| arg.strip_prefix(STORM).map(str::to_owned)) else { return };
    let location: Location = location.parse().unwrap();
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(async {
        let store: Arc<dyn Store> = Arc::new(Opened::open(location, Hints::default()).await.unwrap());
        with_people(&*store).await;
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            tasks.spawn(ask_and_decide(Arc::clone(&store)));
        }
        let chainer = Arc::clone(&store);
        tasks.spawn(async move {
            loop {
                let _ = chainer.chain_audit(50).await.unwrap();
            }
        });
        tasks.join_all().await;
    });
}

/// Tells of each decision after it was answered, until the process is killed.
async fn ask_and_decide(store: Arc<dyn Store>) {
    loop {
        let asked = inserted(&*store, request()).await;
        assert!(matches!(vote(&*store, &asked, "alice", Verdict::Approve).await, Voted::Decided(_)));
        writeln!(std::io::stdout().lock(), "\ndecided {}", asked.id).unwrap();
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let file = SqliteFile::new();
    let acknowledged = storm_until_killed(&file.path().display().to_string());
    what_was_acknowledged_is_there(&*file.open().await, &acknowledged).await;
}

/// The server outlives the node: what it had begun for it is rolled back, and another node goes on.
#[tokio::test]
async fn what_was_acknowledged_by_a_node_survives_its_kill_9() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let acknowledged = storm_until_killed(database.url());
    // A commit that the server had received is done, whoever has gone.
    database.is_left().await;
    what_was_acknowledged_is_there(&*database.open().await, &acknowledged).await;
}

/// Answers the decisions that the killed process had told of.
fn storm_until_killed(location: &str) -> Vec<RequestId> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "crash::storm"])
        .arg(format!("{STORM}{location}"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged: Vec<RequestId> = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        // The last line may be cut off by the kill.
        let id: Option<RequestId> = line.unwrap().strip_prefix("decided ").and_then(|id| id.parse().ok());
        acknowledged.extend(id);
        if acknowledged.len() == ENOUGH {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(acknowledged.len() >= ENOUGH, "the child ended before it was killed");
    acknowledged
}

async fn what_was_acknowledged_is_there(store: &dyn Store, acknowledged: &[RequestId]) {
    for id in acknowledged {
        let dossier = store.dossier(*id).await.unwrap().unwrap();
        assert_eq!(dossier.request.state.name(), "approved");
        assert!(dossier.grant.is_some() && dossier.votes.len() == 1);
    }
    nothing_is_there_by_half(store).await;
}

async fn nothing_is_there_by_half(store: &dyn Store) {
    let mut told: HashMap<RequestId, Vec<String>> = HashMap::new();
    for row in trail(store).await {
        if let Some(id) = row.row.request {
            told.entry(id).or_default().push(row.row.kind);
        }
    }
    let requests = store.recent(u32::MAX).await.unwrap();
    for request in &requests {
        let dossier = store.dossier(request.id).await.unwrap().unwrap();
        let expected: &[&str] = if request.state.is_final() {
            &["request.asked", "vote.cast", "request.approved", "grant.issued"]
        } else {
            &["request.asked"]
        };
        assert_eq!(dossier.grant.is_some(), request.state.is_final());
        assert_eq!(dossier.votes.len(), usize::from(request.state.is_final()));
        assert_eq!(told[&request.id], expected);
    }
    let open = requests.iter().filter(|request| !request.state.is_final()).count();
    assert_eq!(leased(store, NOW).await.len(), open);
    assert!(open <= TASKS);
}
