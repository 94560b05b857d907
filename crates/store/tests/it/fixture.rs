//! People, policies and requests to test with; time is a number that the tests choose.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use countersign_approval::{
    AskPolicy, Combine, Destination, Digest, Entropy, GroupName, Person, PersonId, Request, RequestId, RequestKey,
    RequestState, RequestToken, Requester, Requirement, SelfApproval, SlackIdentity, Store, Subject, Timestamp,
    ToolCall, Verdict, Voters,
    audit::{AuditRow, ChainedRow, Verifier},
    port::{Ballot, Inserted, OutboxItem, Voted},
};

/// A database of its own for one test.
pub(crate) trait Database: Sized + Send + Sync + 'static {
    /// How many processes may work on one at once.
    const NODES: Nodes;

    /// An empty one; or `None` where there is no server, which has then been said.
    async fn create() -> Option<Self>;

    /// A store on it; again after a close, to see what lasted.
    async fn open(&self) -> Arc<dyn Store>;

    /// The same, as every port at once.
    async fn open_whole(&self) -> Arc<countersign_store::Database>;

    /// Whether several processes may work on it at once.
    fn has_many_nodes(&self) -> bool {
        Self::NODES == Nodes::Many
    }
}

/// How many processes may work on a database at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nodes {
    One,
    Many,
}

/// Sixteen bytes that never come twice.
#[derive(Debug)]
pub(crate) struct Fresh;

impl Entropy for Fresh {
    fn bytes16(&self) -> [u8; 16] {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        (u128::from(std::process::id()) << 64 | u128::from(number)).to_be_bytes()
    }
}

pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
pub(crate) const TTL: Duration = Duration::from_mins(10);
pub(crate) const LEASE: Duration = Duration::from_secs(30);

/// `seconds` after [`NOW`].
pub(crate) fn after(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

pub(crate) fn identity(name: &str) -> SlackIdentity {
    SlackIdentity { org: "T0001".into(), user: format!("U-{name}") }
}

pub(crate) fn person(name: &str, groups: &[&str]) -> Person {
    Person {
        id: PersonId::new(name),
        name: name.to_owned(),
        email: Some(format!("{name}@example.org")),
        groups: groups.iter().map(|group| GroupName::new(*group)).collect::<BTreeSet<_>>(),
        active: true,
    }
}

/// Alice and Bob may approve, Carol may not, Dave has left.
pub(crate) async fn with_people(store: &dyn Store) {
    let dave = Person { active: false, ..person("dave", &["approvers"]) };
    let people =
        [person("alice", &["approvers"]), person("bob", &["approvers", "admins"]), person("carol", &["readers"]), dave];
    for person in people {
        let (id, name) = (person.id.clone(), person.name.clone());
        store.put_person(person, NOW).await.unwrap();
        store.put_identity(identity(&name), id, NOW).await.unwrap();
    }
}

/// This many people of the group `approvers`.
pub(crate) fn policy(min: u32) -> AskPolicy {
    AskPolicy {
        requirements: vec![Requirement { voters: Voters::Group(GroupName::new("approvers")), min }],
        combine: Combine::AllOf,
        min_people: min,
        self_approval: SelfApproval::Refused,
        ttl: TTL,
        max_duration: None,
        channels: vec![Destination::new("C0001")],
        reason_required: false,
        claim_within: None,
        break_glass: BTreeSet::new(),
    }
}

pub(crate) fn tool_call(input: &str) -> Subject {
    Subject::ToolCall(ToolCall {
        host: "claude".into(),
        machine: "build-1".into(),
        session: "s-1".into(),
        tool: "Bash".into(),
        event: "PermissionRequest".into(),
        input: input.into(),
        cwd: "/srv".into(),
    })
}

pub(crate) fn request_with(policy: AskPolicy, subject: Subject) -> Request {
    Request {
        id: RequestId::generate(NOW, &Fresh),
        key: RequestKey::generate(&Fresh),
        token: RequestToken::generate(&Fresh),
        digest: Digest::of(&subject),
        subject,
        requester: Requester::OsUser { user: "dev".into(), machine: "build-1".into() },
        policy,
        reason: None,
        asked_at: NOW,
        expires_at: NOW.plus(TTL),
        state: RequestState::Pending,
        version: 1,
    }
}

/// A pending request that one of the approvers may decide.
pub(crate) fn request() -> Request {
    request_with(policy(1), tool_call(r#"{"command":"ls"}"#))
}

pub(crate) async fn inserted(store: &dyn Store, request: Request) -> Request {
    match store.insert_request(request).await.unwrap() {
        Inserted::New(request) => request,
        Inserted::Existing(request) => panic!("{} was there", request.id),
    }
}

pub(crate) fn ballot(request: &Request, name: &str, verdict: Verdict) -> Ballot {
    Ballot { token: request.token, voter: identity(name).into(), verdict, reason: None, at: after(1) }
}

pub(crate) async fn vote(store: &dyn Store, request: &Request, name: &str, verdict: Verdict) -> Voted {
    store.vote(ballot(request, name, verdict)).await.unwrap()
}

/// An approved request, by Alice.
pub(crate) async fn approved(store: &dyn Store) -> Request {
    let request = inserted(store, request()).await;
    match vote(store, &request, "alice", Verdict::Approve).await {
        Voted::Decided(request) => request,
        other => panic!("{other:?}"),
    }
}

/// What is due of one request.
pub(crate) async fn leased(store: &dyn Store, now: Timestamp) -> Vec<OutboxItem> {
    store.lease_outbox(now, LEASE, 100).await.unwrap()
}

/// Links every row there is, and proves the chain.
pub(crate) async fn trail(store: &dyn Store) -> Vec<ChainedRow> {
    while store.chain_audit(1000).await.unwrap().linked > 0 {}
    let mut verifier = Verifier::default();
    let (mut rows, mut last) = (Vec::new(), 0);
    loop {
        let page = store.chain_page(last, 1000).await.unwrap();
        let Some(end) = page.last() else { break };
        last = end.seq;
        for row in &page {
            verifier.push(row).unwrap();
        }
        rows.extend(page);
    }
    verifier.finish().unwrap();
    rows
}

/// The audit rows about one request.
pub(crate) async fn trail_of(store: &dyn Store, request: &Request) -> Vec<AuditRow> {
    let rows = trail(store).await.into_iter().map(|row| row.row);
    rows.filter(|row| row.request == Some(request.id)).collect()
}

/// Their kinds.
pub(crate) async fn kinds_of(store: &dyn Store, request: &Request) -> Vec<String> {
    trail_of(store, request).await.into_iter().map(|row| row.kind).collect()
}
