//! Two at once: one wins, the other is told, nothing is lost or done twice.

use std::{collections::HashSet, sync::Arc};

use countersign_approval::{
    CancelledBy, Request, RequestState, Store, Verdict,
    port::{Ballot, Claimed, Ended, Inserted, Voted},
};
use tokio::{sync::Barrier, task::JoinSet};

use crate::fixture::{
    Database, LEASE, NOW, after, approved, ballot, inserted, kinds_of, policy, request, request_with, tool_call, trail,
    vote, with_people,
};

/// Rounds of each race: enough that either wins now and then.
const ROUNDS: usize = 30;

/// Runs both at once and answers with what came of them.
async fn together<A, B>(
    a: impl Future<Output = A> + Send + 'static,
    b: impl Future<Output = B> + Send + 'static,
) -> (A, B)
where
    A: Send + 'static,
    B: Send + 'static,
{
    let start = Arc::new(Barrier::new(2));
    let (mut first, mut second) = (JoinSet::new(), JoinSet::new());
    let ready = Arc::clone(&start);
    first.spawn(async move {
        ready.wait().await;
        a.await
    });
    second.spawn(async move {
        start.wait().await;
        b.await
    });
    (first.join_next().await.unwrap().unwrap(), second.join_next().await.unwrap().unwrap())
}

async fn cast(store: Arc<dyn Store>, ballot: Ballot) -> Voted {
    store.vote(ballot).await.unwrap()
}

/// How often the trail says that the request was decided.
async fn decisions(store: &dyn Store, request: &Request) -> usize {
    let ends = ["request.approved", "request.denied", "request.expired", "request.cancelled"];
    kinds_of(store, request).await.iter().filter(|kind| ends.contains(&kind.as_str())).count()
}

pub(crate) async fn approve_against_deny_has_one_winner(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    for _ in 0..ROUNDS {
        let asked = inserted(&*store, request()).await;
        let yes = cast(Arc::clone(&store), ballot(&asked, "alice", Verdict::Approve));
        let no = cast(Arc::clone(&store), ballot(&asked, "bob", Verdict::Deny));
        let (yes, no) = together(yes, no).await;
        let (winner, loser) = match (&yes, &no) {
            (Voted::Decided(winner), Voted::TooLate(loser)) | (Voted::TooLate(loser), Voted::Decided(winner)) => {
                (winner, loser)
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(winner, loser);
        assert_eq!(store.request(asked.id).await.unwrap().as_ref(), Some(winner));
        assert_eq!(decisions(&*store, &asked).await, 1);
        assert_eq!(store.dossier(asked.id).await.unwrap().unwrap().votes.len(), 1);
    }
}

pub(crate) async fn the_same_person_twice_counts_once(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    for _ in 0..ROUNDS {
        let asked = inserted(&*store, request_with(policy(2), tool_call("{}"))).await;
        let one = cast(Arc::clone(&store), ballot(&asked, "alice", Verdict::Approve));
        let two = cast(Arc::clone(&store), ballot(&asked, "alice", Verdict::Approve));
        let (one, two) = together(one, two).await;
        assert!(matches!(one, Voted::Counted(..)) && matches!(two, Voted::Counted(..)));
        let stored = store.request(asked.id).await.unwrap().unwrap();
        assert_eq!((stored.state, stored.version), (RequestState::Pending, 2));
        assert_eq!(kinds_of(&*store, &asked).await, ["request.asked", "vote.cast"]);
    }
}

pub(crate) async fn two_people_at_once_decide_once(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    for _ in 0..ROUNDS {
        let asked = inserted(&*store, request_with(policy(2), tool_call("{}"))).await;
        let one = cast(Arc::clone(&store), ballot(&asked, "alice", Verdict::Approve));
        let two = cast(Arc::clone(&store), ballot(&asked, "bob", Verdict::Approve));
        let (one, two) = together(one, two).await;
        let decided = [&one, &two].iter().filter(|voted| matches!(voted, Voted::Decided(_))).count();
        let counted = [&one, &two].iter().filter(|voted| matches!(voted, Voted::Counted(..))).count();
        assert_eq!((decided, counted), (1, 1));
        assert_eq!(decisions(&*store, &asked).await, 1);
    }
}

pub(crate) async fn vote_against_expiry_has_one_winner(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    for _ in 0..ROUNDS {
        let asked = inserted(&*store, request()).await;
        let yes = cast(Arc::clone(&store), ballot(&asked, "alice", Verdict::Approve));
        let (other, due) = (Arc::clone(&store), asked.expires_at);
        let expiry = async move { other.expire_due(due, 100).await.unwrap() };
        let (voted, expired) = together(yes, expiry).await;
        match voted {
            Voted::Decided(request) => assert!(expired.is_empty() && request.state.name() == "approved"),
            Voted::TooLate(request) => assert_eq!(expired, [request.id]),
            other => panic!("{other:?}"),
        }
        assert_eq!(decisions(&*store, &asked).await, 1);
    }
}

pub(crate) async fn vote_against_cancel_has_one_winner(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    for _ in 0..ROUNDS {
        let asked = inserted(&*store, request()).await;
        let yes = cast(Arc::clone(&store), ballot(&asked, "alice", Verdict::Approve));
        let (other, id) = (Arc::clone(&store), asked.id);
        let cancel = async move { other.cancel(id, CancelledBy::ClientGone, after(1)).await.unwrap() };
        match together(yes, cancel).await {
            (Voted::Decided(approved), Ended::Before(before)) => assert_eq!(approved, before),
            (Voted::TooLate(late), Ended::Now(cancelled)) => assert_eq!(late, cancelled),
            other => panic!("{other:?}"),
        }
        let grant = store.dossier(asked.id).await.unwrap().unwrap().grant;
        let state = store.request(asked.id).await.unwrap().unwrap().state;
        assert_eq!(grant.is_some(), state.name() == "approved");
        assert_eq!(decisions(&*store, &asked).await, 1);
    }
}

pub(crate) async fn two_claims_have_one_winner(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    for _ in 0..ROUNDS {
        let id = approved(&*store).await.id;
        let claim =
            |store: Arc<dyn Store>, by: &'static str| async move { store.claim_grant(id, by, after(2)).await.unwrap() };
        let (one, two) = together(claim(Arc::clone(&store), "one"), claim(Arc::clone(&store), "two")).await;
        assert!(matches!((one, two), (Claimed::Now, Claimed::Not(_)) | (Claimed::Not(_), Claimed::Now)));
    }
}

pub(crate) async fn one_key_at_once_is_one_request(database: &impl Database) {
    let store = database.open().await;
    for _ in 0..ROUNDS {
        let (one, mut two) = (request(), request());
        two.key = one.key;
        let insert =
            |store: Arc<dyn Store>, request: Request| async move { store.insert_request(request).await.unwrap() };
        match together(insert(Arc::clone(&store), one), insert(Arc::clone(&store), two)).await {
            (Inserted::New(new), Inserted::Existing(existing)) | (Inserted::Existing(existing), Inserted::New(new)) => {
                assert_eq!(new, existing);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(store.recent(1000).await.unwrap().len(), ROUNDS);
}

pub(crate) async fn a_thousand_at_once_all_count(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let mut tasks = JoinSet::new();
    for n in 0..1000_usize {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let asked = inserted(&*store, request()).await;
            let verdict = if n % 2 == 0 { Verdict::Approve } else { Verdict::Deny };
            matches!(vote(&*store, &asked, "alice", verdict).await, Voted::Decided(_))
        });
    }
    assert!(tasks.join_all().await.into_iter().all(|decided| decided));
    let requests = store.recent(2000).await.unwrap();
    let approved = requests.iter().filter(|request| request.state.name() == "approved").count();
    assert_eq!((requests.len(), approved), (1000, 500));
    assert!(store.pending(1).await.unwrap().is_empty());
    // Asked, cast and decided; granted where approved; and eight rows about the four people.
    assert_eq!(trail(&*store).await.len(), 3 * 1000 + 500 + 8);
}

pub(crate) async fn a_dropped_caller_loses_nothing_half(database: &impl Database) {
    let store = database.open().await;
    with_people(&*store).await;
    let asked = inserted(&*store, request()).await;
    let mut dropped = vec![asked.clone()];
    for _ in 0..200 {
        let request = request();
        let mut insert = once(store.insert_request(request.clone()));
        insert.poll_once();
        // A task may do only so much before it must let others run.
        tokio::task::yield_now().await;
        dropped.push(request);
    }
    let mut decide = once(store.vote(ballot(&asked, "alice", Verdict::Approve)));
    decide.poll_once();
    drop(decide);
    // What was handed over is done before the store is closed.
    store.close().await;
    let store = database.open().await;
    assert_eq!(store.request(asked.id).await.unwrap().unwrap().state.name(), "approved");
    assert!(store.dossier(asked.id).await.unwrap().unwrap().grant.is_some());
    for request in &dropped[1..] {
        assert_eq!(store.request(request.id).await.unwrap().as_ref(), Some(request));
        assert_eq!(kinds_of(&*store, request).await, ["request.asked"]);
    }
}

/// A future that is polled once and then dropped.
struct Polled<'f, T>(std::pin::Pin<Box<dyn Future<Output = T> + Send + 'f>>);

fn once<'f, T>(future: impl Future<Output = T> + Send + 'f) -> Polled<'f, T> {
    Polled(Box::pin(future))
}

impl<T> Polled<'_, T> {
    fn poll_once(&mut self) {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let _ = self.0.as_mut().poll(&mut context);
    }
}

pub(crate) async fn two_leases_share_no_row(database: &impl Database) {
    let store = database.open().await;
    for _ in 0..ROUNDS {
        inserted(&*store, request()).await;
    }
    let lease = |store: Arc<dyn Store>| async move {
        store.lease_outbox(NOW, LEASE, u32::try_from(ROUNDS).unwrap() - 5).await.unwrap()
    };
    let (one, two) = together(lease(Arc::clone(&store)), lease(Arc::clone(&store))).await;
    let ids: HashSet<_> = one.iter().chain(&two).map(|item| item.request).collect();
    assert_eq!((ids.len(), one.len() + two.len()), (ROUNDS, ROUNDS));
}

pub(crate) async fn two_chainers_make_one_chain(database: &impl Database) {
    let store = database.open().await;
    for _ in 0..ROUNDS {
        inserted(&*store, request()).await;
        inserted(&*store, request()).await;
        let chain = |store: Arc<dyn Store>| async move { store.chain_audit(10).await.unwrap().linked };
        let (one, two) = together(chain(Arc::clone(&store)), chain(Arc::clone(&store))).await;
        assert_eq!(one + two, 2);
    }
    assert_eq!(trail(&*store).await.len(), 2 * ROUNDS);
}
