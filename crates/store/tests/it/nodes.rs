//! Several nodes on one PostgreSQL database: two stores, as two processes have them.

use std::{collections::HashSet, sync::Arc, time::Duration};

use countersign_approval::{
    DeniedBy, Hints, RequestState, Store, StoreError, Timestamp, Verdict,
    port::{Claimed, Delivered, InboxItem, Inserted, Posted, Voted},
};
use countersign_store::Database as Opened;
use tokio::{sync::Barrier, task::JoinSet};

use crate::{
    fixture::{
        Database as _, LEASE, NOW, after, approved, ballot, inserted, kinds_of, leased, policy, request, request_with,
        tool_call, trail, vote, with_people,
    },
    postgres::PostgresDatabase,
};

/// Rounds of each race: enough that either wins now and then.
const ROUNDS: usize = 40;

/// Longest wait for something that comes in milliseconds.
const PATIENCE: Duration = Duration::from_mins(1);

async fn two_nodes() -> Option<[Arc<dyn Store>; 2]> {
    let database = PostgresDatabase::create().await?;
    Some([database.open().await, database.open().await])
}

/// Runs one on each node, at the same instant.
async fn at_once<T, F, W>(nodes: &[Arc<dyn Store>; 2], works: [W; 2]) -> [T; 2]
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
    W: FnOnce(Arc<dyn Store>) -> F + Send + 'static,
{
    let start = Arc::new(Barrier::new(2));
    let mut tasks = JoinSet::new();
    for (place, (node, work)) in nodes.iter().zip(works).enumerate() {
        let (start, node) = (Arc::clone(&start), Arc::clone(node));
        tasks.spawn(async move {
            start.wait().await;
            (place, work(node).await)
        });
    }
    let mut done = tasks.join_all().await;
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, done)| done).collect::<Vec<_>>().try_into().ok().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_votes_in_one_instant_both_count() {
    let Some(nodes) = two_nodes().await else { return };
    with_people(&*nodes[0]).await;
    for _ in 0..ROUNDS {
        let asked = inserted(&*nodes[0], request_with(policy(2), tool_call("{}"))).await;
        let cast = |name: &'static str| {
            let ballot = ballot(&asked, name, Verdict::Approve);
            move |node: Arc<dyn Store>| async move { node.vote(ballot).await.unwrap() }
        };
        let voted = at_once(&nodes, [cast("alice"), cast("bob")]).await;
        assert!(
            matches!(&voted, [Voted::Counted(..), Voted::Decided(_)] | [Voted::Decided(_), Voted::Counted(..)]),
            "{voted:?}"
        );
        let dossier = nodes[0].dossier(asked.id).await.unwrap().unwrap();
        assert_eq!(dossier.votes.len(), 2, "no vote is lost");
        assert!(dossier.grant.is_some() && dossier.request.state.name() == "approved");
        let kinds = kinds_of(&*nodes[1], &asked).await;
        assert_eq!(kinds, ["request.asked", "vote.cast", "vote.cast", "request.approved", "grant.issued"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn yes_and_no_in_one_instant_have_one_winner() {
    let Some(nodes) = two_nodes().await else { return };
    with_people(&*nodes[0]).await;
    for _ in 0..ROUNDS {
        let asked = inserted(&*nodes[0], request()).await;
        let cast = |name: &'static str, verdict| {
            let ballot = ballot(&asked, name, verdict);
            move |node: Arc<dyn Store>| async move { node.vote(ballot).await.unwrap() }
        };
        let voted = at_once(&nodes, [cast("alice", Verdict::Approve), cast("bob", Verdict::Deny)]).await;
        let ([Voted::Decided(winner), Voted::TooLate(loser)] | [Voted::TooLate(loser), Voted::Decided(winner)]) = voted
        else {
            panic!("{voted:?}")
        };
        assert_eq!(winner, loser);
        assert_eq!(nodes[1].request(asked.id).await.unwrap(), Some(winner));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_is_claimed_by_one_node() {
    let Some(nodes) = two_nodes().await else { return };
    with_people(&*nodes[0]).await;
    for _ in 0..ROUNDS {
        let id = approved(&*nodes[0]).await.id;
        let claim = |by: &'static str| {
            move |node: Arc<dyn Store>| async move { node.claim_grant(id, by, after(2)).await.unwrap() }
        };
        let claimed = at_once(&nodes, [claim("one"), claim("two")]).await;
        assert!(matches!(claimed, [Claimed::Now, Claimed::Not(_)] | [Claimed::Not(_), Claimed::Now]), "{claimed:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_lapses_once() {
    let Some(nodes) = two_nodes().await else { return };
    with_people(&*nodes[0]).await;
    for _ in 0..ROUNDS {
        let asked = approved(&*nodes[0]).await;
        let claim = |by: &'static str| {
            move |node: Arc<dyn Store>| async move { node.claim_grant(asked.id, by, after(10_000)).await.unwrap() }
        };
        let id = asked.id;
        let claimed = at_once(&nodes, [claim("one"), claim("two")]).await;
        assert!(matches!(&claimed, [Claimed::Not(one), Claimed::Not(two)] if one == two), "{claimed:?}");
        let trail = trail(&*nodes[0]).await;
        let lapsed = trail.iter().filter(|row| row.row.request == Some(id) && row.row.kind == "grant.lapsed").count();
        assert_eq!(lapsed, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_on_two_nodes_is_one_request() {
    let Some(nodes) = two_nodes().await else { return };
    for _ in 0..ROUNDS {
        let (one, mut two) = (request(), request());
        two.key = one.key;
        let insert = |request| move |node: Arc<dyn Store>| async move { node.insert_request(request).await.unwrap() };
        let came = at_once(&nodes, [insert(one), insert(two)]).await;
        let ([Inserted::New(new), Inserted::Existing(old)] | [Inserted::Existing(old), Inserted::New(new)]) = came
        else {
            panic!("{came:?}")
        };
        assert_eq!(new, old);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_chainers_make_one_chain() {
    let Some(nodes) = two_nodes().await else { return };
    let mut tasks = JoinSet::new();
    for node in nodes.iter().chain(&nodes).cloned() {
        tasks.spawn(async move {
            for _ in 0..ROUNDS {
                inserted(&*node, request()).await;
                let _ = node.chain_audit(7).await.unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let rows = trail(&*nodes[0]).await;
    assert_eq!(rows.len(), 4 * ROUNDS);
    assert_eq!(nodes[1].unchained().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_leased_by_one_node_and_survives_the_start_of_another() {
    let Some(nodes) = two_nodes().await else { return };
    for _ in 0..ROUNDS {
        inserted(&*nodes[0], request()).await;
    }
    let lease = || |node: Arc<dyn Store>| async move { node.lease_outbox(NOW, LEASE, 25).await.unwrap() };
    let [one, two] = at_once(&nodes, [lease(), lease()]).await;
    let ids: HashSet<_> = one.iter().chain(&two).map(|item| item.request).collect();
    assert_eq!((ids.len(), one.len() + two.len()), (ROUNDS, ROUNDS));
    nodes[1].release_leases(after(1)).await.unwrap();
    assert!(leased(&*nodes[1], after(1)).await.is_empty(), "the other node lives");
    assert_eq!(leased(&*nodes[1], NOW.plus(LEASE)).await.len(), ROUNDS, "until its time is over");
}

/// A copy that is registered while the request is decided must be asked to show the decision.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_registered_during_a_decision_is_closed_too() {
    let Some(nodes) = two_nodes().await else { return };
    with_people(&*nodes[0]).await;
    for round in 0..ROUNDS {
        let asked = inserted(&*nodes[0], request()).await;
        let id = asked.id;
        let vote: Box<dyn FnOnce(Arc<dyn Store>) -> futures_util::future::BoxFuture<'static, ()> + Send> = {
            let ballot = ballot(&asked, "alice", Verdict::Approve);
            Box::new(move |node| {
                Box::pin(async move { assert!(matches!(node.vote(ballot).await, Ok(Voted::Decided(_)))) })
            })
        };
        let copy: Box<dyn FnOnce(Arc<dyn Store>) -> futures_util::future::BoxFuture<'static, ()> + Send> =
            Box::new(move |node| {
                Box::pin(async move {
                    let posted = Posted { channel: "C9".into(), ts: format!("9.{round}") };
                    assert!(node.register_copy(id, posted).await.unwrap());
                })
            });
        at_once(&nodes, [vote, copy]).await;
        let version = nodes[0].request(id).await.unwrap().unwrap().version;
        let items = leased(&*nodes[0], after(10)).await;
        let copy = items.iter().find(|item| item.request == id && item.posted.is_some()).unwrap();
        assert_eq!(copy.wanted, version);
        for item in items {
            let posted = item.posted.unwrap_or(Posted { channel: "C0".into(), ts: format!("0.{round}") });
            let shown = Delivered::Shown { version, posted };
            assert_eq!(nodes[0].outbox_done(item.request, &item.destination, shown, after(40)).await.unwrap(), None);
        }
    }
}

/// The answer to a first post, and a click on that very message, in one instant: one row shows it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_and_a_click_on_it_are_one_message() {
    let Some(nodes) = two_nodes().await else { return };
    for round in 0..ROUNDS {
        let asked = inserted(&*nodes[0], request()).await;
        let [item] = leased(&*nodes[0], NOW).await.try_into().unwrap();
        let posted = Posted { channel: "C0001".into(), ts: format!("1.{round}") };
        let (id, click) = (asked.id, posted.clone());
        let shown: Box<dyn FnOnce(Arc<dyn Store>) -> futures_util::future::BoxFuture<'static, ()> + Send> =
            Box::new(move |node| {
                Box::pin(async move {
                    let shown = Delivered::Shown { version: 1, posted };
                    node.outbox_done(id, &item.destination, shown, after(30)).await.unwrap();
                })
            });
        let clicked: Box<dyn FnOnce(Arc<dyn Store>) -> futures_util::future::BoxFuture<'static, ()> + Send> =
            Box::new(move |node| {
                Box::pin(async move {
                    node.register_copy(id, click).await.unwrap();
                })
            });
        at_once(&nodes, [shown, clicked]).await;
        let ended = nodes[1].deny(id, DeniedBy::OsUser("dev".into()), None, after(2)).await.unwrap();
        assert!(matches!(ended, countersign_approval::port::Ended::Now(_)));
        let items = leased(&*nodes[1], after(100)).await;
        assert_eq!(items.len(), 1, "{items:?}");
        let shown = Delivered::Shown { version: 2, posted: items[0].posted.clone().unwrap() };
        assert_eq!(nodes[1].outbox_done(id, &items[0].destination, shown, after(200)).await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_nodes_expire_and_forget_at_once() {
    let Some(nodes) = two_nodes().await else { return };
    let mut due = Timestamp::from_micros(0);
    for _ in 0..ROUNDS {
        due = inserted(&*nodes[0], request()).await.expires_at;
    }
    let expire = || move |node: Arc<dyn Store>| async move { node.expire_due(due, 100).await.unwrap() };
    let [one, two] = at_once(&nodes, [expire(), expire()]).await;
    assert_eq!(one.iter().chain(&two).collect::<HashSet<_>>().len(), ROUNDS);
    assert_eq!(one.len() + two.len(), ROUNDS);
    let forget = || {
        |node: Arc<dyn Store>| async move {
            let mut forgotten = 0;
            while !node.recent(1).await.unwrap().is_empty() {
                forgotten += node.prune_requests(after(1), 3).await.unwrap();
            }
            forgotten
        }
    };
    let [one, two] = at_once(&nodes, [forget(), forget()]).await;
    assert_eq!(usize::try_from(one + two).unwrap(), ROUNDS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_click_on_one_node_wakes_a_waiter_on_the_other() {
    let Some(nodes) = two_nodes().await else { return };
    with_people(&*nodes[0]).await;
    for _ in 0..10 {
        let asked = inserted(&*nodes[0], request()).await;
        let armed = nodes[1].hints().arm(asked.id);
        tokio::time::timeout(PATIENCE, async {
            let changed = armed.next();
            assert!(matches!(vote(&*nodes[0], &asked, "alice", Verdict::Approve).await, Voted::Decided(_)));
            changed.await;
            // The first may have been for what came before: truth is read again.
            while nodes[1].request_state(asked.id).await.unwrap() == Some(RequestState::Pending) {
                armed.next().await;
            }
        })
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_were_cut_are_made_again_and_waiters_woken() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let store = database.open().await;
    with_people(&*store).await;
    let asked = inserted(&*store, request()).await;
    let armed = store.hints().arm(asked.id);
    let woken = armed.next();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
         AND pid <> pg_backend_pid()";
    let server = countersign_postgres_cluster::shared().unwrap();
    server.execute(cut.replace("current_database()", &format!("'{}'", database.name()))).await.unwrap();
    // The listener has come back, and whatever it may have missed is read again.
    tokio::time::timeout(PATIENCE, woken).await.unwrap();
    // A call on a connection that was cut fails, and says so; it is never taken for an answer. Then there are others.
    let voted = tokio::time::timeout(PATIENCE, async {
        loop {
            match store.vote(ballot(&asked, "alice", Verdict::Approve)).await {
                Err(error) => assert!(matches!(error, StoreError::Database { .. }), "{error}"),
                Ok(voted) => return voted,
            }
        }
    });
    assert!(matches!(voted.await.unwrap(), Voted::Decided(_)));
    assert_eq!(store.dossier(asked.id).await.unwrap().unwrap().votes.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_envelope_is_left_to_its_node_while_that_lives() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let (one, two) = (database.open().await, database.open().await);
    let envelope = |id: &str| InboxItem { id: id.into(), kind: "interactive".into(), payload: "{}".into(), at: NOW };
    for (node, id) in [(&one, "a"), (&one, "b"), (&two, "c")] {
        let _ = node.inbox_insert(envelope(id)).await.unwrap();
    }
    assert_eq!(two.inbox_unhandled(10).await.unwrap(), [envelope("c")]);
    assert_eq!(one.inbox_unhandled(10).await.unwrap(), [envelope("a"), envelope("b")]);
    one.inbox_handled("a", after(1)).await.unwrap();
    one.close().await;
    let left = tokio::time::timeout(PATIENCE, async {
        // The server ends the session of whoever has gone in its own time.
        loop {
            let left = two.inbox_unhandled(10).await.unwrap();
            if left.len() == 2 {
                return left;
            }
        }
    });
    assert_eq!(left.await.unwrap(), [envelope("b"), envelope("c")]);
    let three = database.open().await;
    assert!(three.inbox_unhandled(10).await.unwrap().is_empty(), "they were taken over by a node that lives");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_nodes_open_a_fresh_database_at_once() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let opened = tokio::join!(database.open(), database.open(), database.open(), database.open());
    inserted(&*opened.0, request()).await;
    inserted(&*opened.3, request()).await;
    assert_eq!(opened.1.recent(10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let Some(database) = PostgresDatabase::create().await else { return };
    database.open().await.close().await;
    database.execute("INSERT INTO countersign_schema (version) SELECT max(version) + 1 FROM countersign_schema").await;
    let error = Opened::open(database.location(), Hints::default()).await.unwrap_err();
    let expected =
        format!("the database {} is from a newer version of countersign: its schema is ", database.location());
    assert!(error.to_string().starts_with(&expected), "{error}");
    assert!(!error.to_string().contains("countersign-test"), "no password: {error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_that_names_it() {
    let location: countersign_store::Location = "postgres://me:hunter2@127.0.0.1:1/none".parse().unwrap();
    let error = Opened::open(location, Hints::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "could not open the database postgres://127.0.0.1:1/none");
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[tokio::test]
async fn debug_shows_no_password() {
    let Some(database) = PostgresDatabase::create().await else { return };
    let store = database.open().await;
    assert!(!format!("{store:?}").contains("countersign-test"), "{store:?}");
    store.close().await;
}
