//! What Slack gives once is kept, whoever goes away; what it does not give changes nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::routing::post;
use axum::{Json, Router};
use countersign_slack::client::{Client, ClientCredentials};
use countersign_slack_sdk::Clock;
use countersign_slack_sdk::installation::{
    Bot, Expiry, Grant, Installation, InstallationStore, Installations, MemoryStore, Place, StoreError, Tenant,
    TokenFault,
};
use countersign_slack_sdk::oauth::{Answer, OAuth};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

const SOON: Duration = Duration::from_mins(1);
/// What time it is.
const NOW_S: u64 = 1_700_000_000;

/// A Slack that answers `oauth.v2.access` with what it is told to, once it is let.
struct Slack {
    client: Client,
    door: Door,
    _stop: DropGuard,
}

#[derive(Clone)]
struct Door {
    asked: watch::Sender<usize>,
    may_answer: Arc<Semaphore>,
    answer: Arc<Mutex<Value>>,
}

impl Slack {
    async fn answering(answer: Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/api/", listener.local_addr().unwrap());
        let door = Door {
            asked: watch::Sender::new(0),
            may_answer: Arc::new(Semaphore::new(0)),
            answer: Arc::new(Mutex::new(answer)),
        };
        let router = Router::new().route("/api/{method}", post(answered)).with_state(door.clone());
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        TaskTracker::new().spawn(axum::serve(listener, router).with_graceful_shutdown(stopped).into_future());
        Self { client: Client::new(base.parse().unwrap()).unwrap(), door, _stop: stop.drop_guard() }
    }

    fn let_answer(&self) {
        self.door.may_answer.add_permits(1);
    }

    /// Runs something until Slack was asked, and then goes away.
    async fn until_asked(&self, work: impl Future) {
        let mut asked = self.door.asked.subscribe();
        tokio::select! {
            _ = work => panic!("it has not waited for Slack"),
            asked = tokio::time::timeout(SOON, asked.wait_for(|asked| *asked > 0)) => drop(asked.unwrap().unwrap()),
        }
    }
}

async fn answered(State(door): State<Door>, Path(method): Path<String>) -> Json<Value> {
    if method != "oauth.v2.access" {
        return Json(json!({"ok": false, "error": "unknown_method"}));
    }
    door.asked.send_modify(|asked| *asked += 1);
    door.may_answer.acquire().await.unwrap().forget();
    let answer = door.answer.lock().unwrap().clone();
    Json(answer)
}

/// A store that says when something was kept.
#[derive(Default)]
struct Watched {
    store: MemoryStore,
    saved: watch::Sender<usize>,
}

impl Watched {
    async fn until_saved(&self, times: usize) {
        let mut saved = self.saved.subscribe();
        tokio::time::timeout(SOON, saved.wait_for(|saved| *saved >= times)).await.unwrap().unwrap();
    }
}

#[async_trait::async_trait]
impl InstallationStore for Watched {
    async fn find(&self, tenant: &Tenant) -> Result<Option<Installation>, StoreError> {
        self.store.find(tenant).await
    }

    async fn save(&self, installation: &Installation) -> Result<(), StoreError> {
        self.store.save(installation).await?;
        self.saved.send_modify(|saved| *saved += 1);
        Ok(())
    }

    async fn delete(&self, tenant: &Tenant) -> Result<(), StoreError> {
        self.store.delete(tenant).await
    }
}

#[derive(Debug)]
struct Still;

impl Clock for Still {
    fn now_ms(&self) -> u64 {
        NOW_S * 1000
    }
}

fn team() -> Tenant {
    Tenant::Team("T1".into())
}

fn installations(slack: &Slack, store: Arc<Watched>) -> Installations {
    let credentials = ClientCredentials { client_id: "1.2".to_owned(), client_secret: Some("s".into()) };
    Installations::with_clock(slack.client.clone(), credentials, store, Arc::new(Still))
}

/// An installation whose token ends in so many seconds.
fn ending_in(seconds: u64) -> Installation {
    let expiry = Some(Expiry { at: NOW_S + seconds, refresh_token: "xoxe-1-old".into() });
    let grant = Grant { token: "xoxb-old".into(), scopes: Vec::new(), expiry };
    Installation {
        tenant: team(),
        name: None,
        enterprise_id: None,
        app_id: None,
        bot: Some(Bot { user_id: "UB".into(), id: None, grant }),
        users: BTreeMap::new(),
        webhook: None,
        installed_at: 1,
    }
}

async fn kept(store: &Watched) -> (String, String) {
    let grant = store.find(&team()).await.unwrap().unwrap().bot.unwrap().grant;
    (grant.token.expose_secret().to_owned(), grant.expiry.unwrap().refresh_token.expose_secret().to_owned())
}

fn granted() -> Value {
    json!({
        "ok": true, "access_token": "xoxb-new", "token_type": "bot", "bot_user_id": "UB", "scope": "chat:write",
        "team": {"id": "T1"}, "expires_in": 43200, "refresh_token": "xoxe-1-new",
    })
}

#[tokio::test]
async fn a_renewal_is_kept_though_whoever_wanted_it_goes_away() {
    let slack = Slack::answering(granted()).await;
    let store = Arc::new(Watched::default());
    let installations = installations(&slack, Arc::clone(&store));
    store.save(&ending_in(60)).await.unwrap();
    let place = Place::team("T1".into());
    slack.until_asked(installations.with_bot(&place)).await;
    slack.let_answer();
    store.until_saved(2).await;
    assert_eq!(kept(&store).await, ("xoxb-new".to_owned(), "xoxe-1-new".to_owned()));
}

#[tokio::test]
async fn an_installation_is_kept_though_the_browser_goes_away() {
    let slack = Slack::answering(granted()).await;
    let store = Arc::new(Watched::default());
    let oauth = OAuth::builder(installations(&slack, Arc::clone(&store))).unwrap().build();
    let begun = oauth.begin().unwrap();
    let state = begun.url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let cookie = begun.cookie.as_str().split(';').next().unwrap();
    let answer = Answer { state: Some(state), code: Some("code".into()), error: None };
    slack.until_asked(oauth.finish(answer, &[cookie])).await;
    slack.let_answer();
    store.until_saved(1).await;
    assert_eq!(kept(&store).await, ("xoxb-new".to_owned(), "xoxe-1-new".to_owned()));
}

#[tokio::test]
async fn a_renewal_without_a_token_is_none_and_the_token_before_is_kept() {
    for answer in [
        json!({"ok": true}),
        json!({"ok": true, "access_token": "", "refresh_token": "xoxe-1-new", "expires_in": 43200}),
        json!({"ok": true, "refresh_token": "xoxe-1-new", "expires_in": 43200, "authed_user": {"id": "U1"}}),
    ] {
        let slack = Slack::answering(answer.clone()).await;
        let store = Arc::new(Watched::default());
        let installations = installations(&slack, Arc::clone(&store));
        let place = Place::team("T1".into());
        // As long as it is good the token before is used; when it has ended, there is none.
        for (seconds, is_used) in [(60, true), (0, false)] {
            store.save(&ending_in(seconds)).await.unwrap();
            slack.let_answer();
            let saved = *store.saved.borrow();
            match installations.with_bot(&place).await {
                Ok((_, token)) => assert!(is_used && token.secret().expose_secret() == "xoxb-old", "{answer}"),
                Err(fault) => assert!(!is_used && matches!(fault, TokenFault::Unrenewed(_)), "{answer}: {fault}"),
            }
            assert_eq!(*store.saved.borrow(), saved, "nothing was kept of {answer}");
            assert_eq!(kept(&store).await, ("xoxb-old".to_owned(), "xoxe-1-old".to_owned()));
        }
    }
}
