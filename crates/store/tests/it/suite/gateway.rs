//! The gateway's port: what allows a session, and what takes it away.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use countersign_approval::{
    Access, Blob, Command, Grant, Person, PersonId, Request, RequestState, Requester, Store, Subject, Timestamp,
    Verdict, port::Voted,
};
use countersign_gateway::{
    AccessToken, Agent, ConnectionDraft, GatewayStore, Secret, SecretSource, Session, SessionEnd, SessionId,
    SessionState, Target, TokenHash, TokenOwner, Verb,
    port::{Change, Deleted, LinkCode, Linked, NotOpened, Put, Revoked, SessionFilter},
};
use countersign_store::Database as Opened;

use crate::fixture::{
    Database, Fresh, NOW, after, identity, inserted, kinds_of, person, policy, request_with, trail, vote, with_people,
};

fn by(seconds: u64) -> Change {
    Change { actor: PersonId::new("bob"), at: after(seconds) }
}

fn draft(name: &str, argv: &[&str]) -> ConnectionDraft {
    ConnectionDraft {
        name: name.parse().unwrap(),
        agent: "default".parse().unwrap(),
        target: Target::CommandLine { argv: argv.iter().map(|&arg| arg.to_owned()).collect() },
        env: vec![Secret { name: "PGHOST".into(), source: SecretSource::Env { name: "PGHOST".into() } }],
    }
}

async fn connection(store: &Opened) -> u64 {
    match store.put_connection(draft("bash", &["bash"]), true, by(0)).await.unwrap() {
        Put::Created(made) | Put::Unchanged(made) => made.revision,
        other => panic!("{other:?}"),
    }
}

fn command(revision: u64) -> Subject {
    Subject::Command(Command {
        connection: "bash".into(),
        revision,
        agent: "default".into(),
        argv: vec!["bash".into()],
        input: Blob::from("ls"),
        env: vec![],
        requester: PersonId::new("carol"),
    })
}

fn access(revision: u64) -> Subject {
    Subject::Access(Access {
        connection: "bash".into(),
        revision,
        requester: PersonId::new("carol"),
        duration: Duration::from_mins(30),
    })
}

/// A request of Carol's that Alice has approved, one second after it was asked.
async fn approved(store: &Opened, subject: Subject) -> Request {
    let request = Request { requester: Requester::Person(PersonId::new("carol")), ..request_with(policy(1), subject) };
    let request = inserted(store, request).await;
    match vote(store, &request, "alice", Verdict::Approve).await {
        Voted::Decided(request) => request,
        other => panic!("{other:?}"),
    }
}

fn session(request: Option<&Request>, revision: u64, verb: Verb) -> Session {
    Session {
        id: SessionId::generate(NOW, &Fresh),
        request: request.map(|request| request.id),
        connection: "bash".parse().unwrap(),
        revision,
        agent: "default".parse().unwrap(),
        person: PersonId::new("carol"),
        verb,
        command: vec!["bash".into()],
        node: "http://127.0.0.1:1".into(),
        state: SessionState::Starting,
        opened_at: after(2),
        recording: None,
    }
}

async fn ready(database: &impl Database) -> (Arc<Opened>, u64) {
    let store = database.open_whole().await;
    with_people(&*store).await;
    let revision = connection(&store).await;
    (store, revision)
}

pub(crate) async fn a_connection_gets_a_new_revision_with_every_change(database: &impl Database) {
    let (store, first) = ready(database).await;
    let unchanged = store.put_connection(draft("bash", &["bash"]), true, by(1)).await.unwrap();
    assert!(matches!(unchanged, Put::Unchanged(same) if same.revision == first));
    let refused = store.put_connection(draft("bash", &["sh"]), false, by(2)).await.unwrap();
    assert!(matches!(refused, Put::Exists(_)));
    let Put::Replaced(changed) = store.put_connection(draft("bash", &["sh"]), true, by(3)).await.unwrap() else {
        panic!("not replaced");
    };
    assert_eq!(changed.revision, first + 1);
    assert_eq!(store.connection(&changed.name).await.unwrap().as_ref(), Some(&changed));
    assert_eq!(store.connections().await.unwrap(), [changed]);
}

pub(crate) async fn a_connection_made_anew_has_no_old_revision(database: &impl Database) {
    let (store, first) = ready(database).await;
    let name = "bash".parse().unwrap();
    assert_eq!(store.delete_connection(&name, by(1)).await.unwrap(), Deleted::Now);
    assert_eq!(store.delete_connection(&name, by(2)).await.unwrap(), Deleted::Missing);
    assert_eq!(store.connection(&name).await.unwrap(), None);
    let Put::Created(again) = store.put_connection(draft("bash", &["bash"]), false, by(3)).await.unwrap() else {
        panic!("not created");
    };
    assert!(again.revision > first, "{} after {first}", again.revision);
}

pub(crate) async fn what_is_used_is_not_deleted(database: &impl Database) {
    let (store, revision) = ready(database).await;
    let agent = Agent {
        name: "default".parse().unwrap(),
        token: TokenHash::of("a"),
        created_at: NOW,
        seen_at: None,
        version: None,
    };
    assert!(matches!(store.put_agent(agent.clone(), false, by(0)).await.unwrap(), Put::Created(_)));
    assert!(matches!(store.put_agent(agent.clone(), false, by(0)).await.unwrap(), Put::Exists(_)));
    let in_use = store.delete_agent(&agent.name, by(1)).await.unwrap();
    assert_eq!(in_use, Deleted::InUse(vec!["connection bash".into()]));
    assert!(store.agent_by_token(agent.token).await.unwrap().is_some());
    let open = session(None, revision, Verb::Exec);
    assert_eq!(store.open_session(open.clone(), after(2)).await.unwrap(), None);
    let name = "bash".parse().unwrap();
    let in_use = store.delete_connection(&name, by(3)).await.unwrap();
    assert_eq!(in_use, Deleted::InUse(vec![format!("session {}", open.id)]));
    assert!(store.connection(&name).await.unwrap().is_some());
}

pub(crate) async fn an_approved_command_is_opened_once(database: &impl Database) {
    let (store, revision) = ready(database).await;
    let request = approved(&store, command(revision)).await;
    let first = session(Some(&request), revision, Verb::Exec);
    assert_eq!(store.open_session(first.clone(), after(2)).await.unwrap(), None);
    let second = store.open_session(session(Some(&request), revision, Verb::Exec), after(2)).await.unwrap();
    assert_eq!(second, Some(NotOpened::AlreadyRun));
    assert!(store.session_running(first.id).await.unwrap());
    assert!(store.end_session(first.id, SessionEnd::Exited { code: 3 }, after(4)).await.unwrap());
    assert!(!store.end_session(first.id, SessionEnd::Exited { code: 0 }, after(5)).await.unwrap());
    let grant = store.dossier(request.id).await.unwrap().unwrap().grant;
    assert_eq!(grant, Some(Grant::Finished { at: after(4), status: "exited 3".into() }));
    let kinds = kinds_of(&*store, &request).await;
    let tail: Vec<&str> = kinds.iter().rev().take(4).rev().map(String::as_str).collect();
    assert_eq!(tail, ["grant.claimed", "session.opened", "session.ended", "grant.finished"]);
    let filter = SessionFilter { request: Some(request.id), limit: 10, ..SessionFilter::default() };
    let listed = store.sessions(filter.clone()).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert!(store.sessions(SessionFilter { open: true, ..filter }).await.unwrap().is_empty());
}

pub(crate) async fn two_nodes_open_an_approved_command_once(database: &impl Database) {
    let (store, revision) = ready(database).await;
    let other = if database.has_many_nodes() { database.open_whole().await } else { Arc::clone(&store) };
    for _ in 0..10 {
        let request = approved(&store, command(revision)).await;
        let (one, two) = tokio::join!(
            store.open_session(session(Some(&request), revision, Verb::Exec), after(2)),
            other.open_session(session(Some(&request), revision, Verb::Exec), after(2)),
        );
        let mut answers = [one.unwrap(), two.unwrap()];
        answers.sort_by_key(Option::is_some);
        assert_eq!(answers, [None, Some(NotOpened::AlreadyRun)]);
    }
}

pub(crate) async fn a_changed_connection_makes_an_approval_useless(database: &impl Database) {
    let (store, revision) = ready(database).await;
    let request = approved(&store, command(revision)).await;
    let _ = store.put_connection(draft("bash", &["sh"]), true, by(2)).await.unwrap();
    let old = store.open_session(session(Some(&request), revision, Verb::Exec), after(3)).await.unwrap();
    assert_eq!(old, Some(NotOpened::Changed));
    let new = store.open_session(session(Some(&request), revision + 1, Verb::Exec), after(3)).await.unwrap();
    assert_eq!(new, Some(NotOpened::Changed));
    assert!(matches!(store.dossier(request.id).await.unwrap().unwrap().grant, Some(Grant::Issued { .. })));
}

pub(crate) async fn nobody_opens_what_is_not_theirs_or_not_approved(database: &impl Database) {
    let (store, revision) = ready(database).await;
    let request = approved(&store, command(revision)).await;
    let stolen = Session { person: PersonId::new("bob"), ..session(Some(&request), revision, Verb::Exec) };
    assert_eq!(store.open_session(stolen, after(2)).await.unwrap(), Some(NotOpened::NotApproved));
    let carol = Requester::Person(PersonId::new("carol"));
    let pending = Request { requester: carol, ..request_with(policy(1), command(revision)) };
    let pending = inserted(&*store, pending).await;
    let early = store.open_session(session(Some(&pending), revision, Verb::Exec), after(2)).await.unwrap();
    assert_eq!(early, Some(NotOpened::NotApproved));
    let late = store.open_session(session(Some(&request), revision, Verb::Exec), after(3600)).await.unwrap();
    assert_eq!(late, Some(NotOpened::TooLate));
    let carol = PersonId::new("carol");
    assert_eq!(store.delete_person(&carol, by(3)).await.unwrap(), Deleted::Now);
    let gone = store.open_session(session(None, revision, Verb::Exec), after(4)).await.unwrap();
    assert_eq!(gone, Some(NotOpened::Inactive));
}

pub(crate) async fn access_lasts_as_long_as_was_approved(database: &impl Database) {
    let (store, revision) = ready(database).await;
    let request = approved(&store, access(revision)).await;
    let (carol, bash) = (PersonId::new("carol"), "bash".parse().unwrap());
    let (found, until) = store.active_access(&carol, &bash, after(2)).await.unwrap().unwrap();
    assert_eq!((found.id, until), (request.id, after(1 + 1800)));
    assert_eq!(store.next_access_end().await.unwrap(), Some(until));
    for seconds in [2, 1800] {
        let one = session(Some(&request), revision, Verb::Connect);
        assert_eq!(store.open_session(one, after(seconds)).await.unwrap(), None);
    }
    let late = store.open_session(session(Some(&request), revision, Verb::Connect), after(1801)).await.unwrap();
    assert_eq!(late, Some(NotOpened::TooLate));
    assert_eq!(store.active_access(&carol, &bash, after(1801)).await.unwrap(), None);
    assert_eq!(store.active_access(&PersonId::new("bob"), &bash, after(2)).await.unwrap(), None);
    assert!(store.end_due_access(after(1800), 10).await.unwrap().is_empty());
    assert_eq!(store.end_due_access(after(1801), 10).await.unwrap(), [request.id]);
    assert!(store.end_due_access(after(1802), 10).await.unwrap().is_empty());
    assert_eq!(store.next_access_end().await.unwrap(), None);
    let grant = store.dossier(request.id).await.unwrap().unwrap().grant;
    assert_eq!(grant, Some(Grant::Ended { at: after(1801), why: "its time is over".into() }));
}

pub(crate) async fn what_is_taken_back_opens_nothing(database: &impl Database) {
    let (store, revision) = ready(database).await;
    let unused = approved(&store, command(revision)).await;
    assert!(matches!(store.revoke(unused.id, "not on a Friday", by(2)).await.unwrap(), Revoked::Now(_)));
    assert!(matches!(store.revoke(unused.id, "again", by(3)).await.unwrap(), Revoked::Not(..)));
    assert_eq!(store.revocation(unused.id).await.unwrap().as_deref(), Some("not on a Friday"));
    let refused = store.open_session(session(Some(&unused), revision, Verb::Exec), after(3)).await.unwrap();
    assert_eq!(refused, Some(NotOpened::Revoked));
    let window = approved(&store, access(revision)).await;
    assert!(matches!(store.revoke(window.id, "enough", by(4)).await.unwrap(), Revoked::Now(_)));
    let refused = store.open_session(session(Some(&window), revision, Verb::Connect), after(5)).await.unwrap();
    assert_eq!(refused, Some(NotOpened::Revoked));
    let running = approved(&store, command(revision)).await;
    assert_eq!(store.open_session(session(Some(&running), revision, Verb::Exec), after(2)).await.unwrap(), None);
    assert!(matches!(store.revoke(running.id, "stop", by(6)).await.unwrap(), Revoked::Now(_)));
    assert_eq!(store.revocation(running.id).await.unwrap().as_deref(), Some("stop"));
    let pending = inserted(&*store, request_with(policy(1), command(revision))).await;
    assert!(matches!(store.revoke(pending.id, "no", by(7)).await.unwrap(), Revoked::Not(..)));
}

pub(crate) async fn breaking_the_glass_approves_with_its_own_mark(database: &impl Database) {
    let (store, revision) = ready(database).await;
    let request =
        Request { requester: Requester::Person(PersonId::new("carol")), ..request_with(policy(2), command(revision)) };
    let request = inserted(&*store, request).await;
    let _ = store.break_glass(request.id, PersonId::new("carol"), Some("fire".into()), after(1)).await.unwrap();
    let now = store.request(request.id).await.unwrap().unwrap();
    assert!(matches!(now.state, RequestState::Approved { .. }), "{:?}", now.state);
    assert!(kinds_of(&*store, &request).await.contains(&"request.break_glass".to_owned()));
    assert_eq!(store.open_session(session(Some(&request), revision, Verb::Exec), after(2)).await.unwrap(), None);
}

pub(crate) async fn a_deleted_person_loses_everything_but_their_votes(database: &impl Database) {
    let (store, revision) = ready(database).await;
    let window = approved(&store, access(revision)).await;
    let carol = PersonId::new("carol");
    let token = token("carol", "laptop", None);
    assert!(matches!(store.put_token(token.clone(), by(1)).await.unwrap(), Put::Created(_)));
    assert_eq!(store.delete_person(&carol, by(2)).await.unwrap(), Deleted::Now);
    assert_eq!(store.delete_person(&carol, by(3)).await.unwrap(), Deleted::Missing);
    assert_eq!(store.token(token.hash, after(3)).await.unwrap(), None);
    assert_eq!(store.person_by_identity(&identity("carol")).await.unwrap(), None);
    assert!(matches!(store.dossier(window.id).await.unwrap().unwrap().grant, Some(Grant::Ended { .. })));
    let account = store.account(&carol).await.unwrap().unwrap();
    assert!(!account.person.active && account.identities.is_empty());
    let back = store.put_account(person("carol", &["readers"]), None, false, by(4)).await.unwrap();
    assert!(matches!(back, Put::Replaced(account) if account.person.active));
}

fn token(owner: &str, name: &str, expires_at: Option<Timestamp>) -> AccessToken {
    AccessToken {
        name: name.into(),
        hash: TokenHash::of(&format!("{owner}/{name}")),
        owner: TokenOwner::Person(PersonId::new(owner)),
        created_at: NOW,
        expires_at,
        used_at: None,
    }
}

pub(crate) async fn tokens_have_names_and_an_end(database: &impl Database) {
    let (store, _) = ready(database).await;
    let short = token("bob", "ci", Some(after(60)));
    assert!(matches!(store.put_token(short.clone(), by(0)).await.unwrap(), Put::Created(_)));
    let twice = AccessToken { hash: TokenHash::of("other"), ..short.clone() };
    assert!(matches!(store.put_token(twice, by(0)).await.unwrap(), Put::Exists(_)));
    assert_eq!(store.token(short.hash, after(59)).await.unwrap(), Some(short.clone()));
    assert_eq!(store.token(short.hash, after(60)).await.unwrap(), None);
    store.token_used(short.hash, after(5)).await.unwrap();
    let bob = PersonId::new("bob");
    assert_eq!(store.tokens(Some(&bob)).await.unwrap(), [AccessToken { used_at: Some(after(5)), ..short }]);
    assert!(store.tokens(Some(&PersonId::new("alice"))).await.unwrap().is_empty());
    assert_eq!(store.delete_token(&bob, "ci", by(9)).await.unwrap(), Deleted::Now);
    assert_eq!(store.delete_token(&bob, "ci", by(9)).await.unwrap(), Deleted::Missing);
}

pub(crate) async fn the_first_administrator_is_made_once(database: &impl Database) {
    let store = database.open_whole().await;
    let sealed = AccessToken {
        name: "first".into(),
        hash: TokenHash::of("once"),
        owner: TokenOwner::Bootstrap,
        created_at: NOW,
        expires_at: None,
        used_at: None,
    };
    assert!(matches!(store.put_token(sealed.clone(), by(0)).await.unwrap(), Put::Created(_)));
    assert!(store.tokens(None).await.unwrap().is_empty());
    let other = if database.has_many_nodes() { database.open_whole().await } else { Arc::clone(&store) };
    let (one, two) = tokio::join!(
        store.take_bootstrap(sealed.hash, person("ada", &["admin"]), token("ada", "a", None), after(1)),
        other.take_bootstrap(sealed.hash, person("eve", &["admin"]), token("eve", "e", None), after(1)),
    );
    assert_ne!(one.unwrap(), two.unwrap(), "exactly one");
    assert_eq!(store.accounts().await.unwrap().len(), 1);
    assert_eq!(store.tokens(None).await.unwrap().len(), 1);
}

pub(crate) async fn an_account_of_somebody_else_is_not_taken_away(database: &impl Database) {
    let (store, _) = ready(database).await;
    let eve = store.put_account(person("eve", &[]), Some(identity("alice")), true, by(1)).await.unwrap();
    assert!(matches!(eve, Put::Exists(owner) if owner.person.id == PersonId::new("alice")));
    assert_eq!(store.account(&PersonId::new("eve")).await.unwrap(), None);
    let eve = store.put_account(person("eve", &["a"]), Some(identity("eve")), false, by(2)).await.unwrap();
    let Put::Created(account) = eve else { panic!("{eve:?}") };
    assert_eq!(account.identities, [identity("eve")]);
    let same = store.put_account(person("eve", &["a"]), Some(identity("eve")), false, by(3)).await.unwrap();
    assert!(matches!(same, Put::Unchanged(_)));
    let exists = store.put_account(person("eve", &["b"]), None, false, by(4)).await.unwrap();
    assert!(matches!(exists, Put::Exists(_)));
    let groups: BTreeSet<_> = person("x", &["a", "approvers"]).groups;
    let names = |people: Vec<Person>| people.into_iter().map(|person| person.name).collect::<Vec<_>>();
    assert_eq!(names(store.people_in(&groups).await.unwrap()), ["alice", "bob", "eve"]);
}

pub(crate) async fn a_code_has_five_tries_and_an_end(database: &impl Database) {
    let (store, _) = ready(database).await;
    let carol = PersonId::new("carol");
    let code = LinkCode {
        hash: TokenHash::of("123456"),
        person: carol.clone(),
        identity: identity("new"),
        expires_at: after(600),
    };
    store.put_link_code(code.clone()).await.unwrap();
    for left in [4, 3, 2, 1, 0] {
        let wrong = store.try_link_code(&carol, TokenHash::of("0"), after(1)).await.unwrap();
        assert_eq!(wrong, Linked::Wrong { left });
    }
    assert_eq!(store.try_link_code(&carol, code.hash, after(1)).await.unwrap(), Linked::NoCode);
    store.put_link_code(code.clone()).await.unwrap();
    assert_eq!(store.try_link_code(&carol, code.hash, after(600)).await.unwrap(), Linked::NoCode);
    assert_eq!(store.try_link_code(&PersonId::new("bob"), code.hash, after(1)).await.unwrap(), Linked::NoCode);
    assert_eq!(store.try_link_code(&carol, code.hash, after(599)).await.unwrap(), Linked::Now(identity("new")));
    assert_eq!(store.try_link_code(&carol, code.hash, after(599)).await.unwrap(), Linked::NoCode);
    assert!(store.person_by_identity(&identity("new")).await.unwrap().is_some_and(|person| person.id == carol));
}

pub(crate) async fn settings_are_kept_and_never_recorded(database: &impl Database) {
    let (store, _) = ready(database).await;
    for (name, value) in [("plugin/slack", "s3cret"), ("plugin/review", "{}"), ("other", "x")] {
        store.put_setting(name, Some(value.to_owned()), by(1)).await.unwrap();
    }
    assert_eq!(store.setting("plugin/slack").await.unwrap().as_deref(), Some("s3cret"));
    let plugins = store.settings("plugin/").await.unwrap();
    assert_eq!(plugins.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["plugin/review", "plugin/slack"]);
    store.put_setting("plugin/slack", None, by(2)).await.unwrap();
    assert_eq!(store.setting("plugin/slack").await.unwrap(), None);
    assert!(trail(&*store).await.iter().all(|row| !row.row.detail.contains("s3cret")));
}

pub(crate) async fn nodes_tell_their_agents(database: &impl Database) {
    let store = database.open_whole().await;
    let agents = ["a".parse().unwrap(), "b".parse().unwrap()];
    store.node_alive("http://one", &agents, after(10)).await.unwrap();
    store.node_alive("http://two", &[], after(1)).await.unwrap();
    assert_eq!(store.nodes(after(5)).await.unwrap(), [("http://one".to_owned(), agents.to_vec())]);
    store.node_alive("http://two", &[], after(11)).await.unwrap();
    assert_eq!(store.nodes(after(5)).await.unwrap().len(), 2);
}
