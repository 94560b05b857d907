//! Which token is used, and what is heard of oneself.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign_slack::client::{Client as Api, ClientCredentials};
use countersign_slack::socket_mode::EnvelopeKind;
use countersign_slack_sdk::installation::{
    Bot as InstalledBot, Grant, Installation, Installations, MemoryStore, Place, Tenant,
};
use countersign_slack_sdk::{
    App, Authorization, AuthorizeError, Authorizer, Bot, Client, Failure, Rejection, Retry, Revoked, Source,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// Tokens of two workspaces; what was revoked is written down.
#[derive(Clone, Default)]
struct TwoTeams {
    revoked: Arc<Mutex<Vec<(String, Revoked)>>>,
}

#[async_trait]
impl Authorizer for TwoTeams {
    async fn authorize(&self, source: &Source) -> Result<Arc<Authorization>, AuthorizeError> {
        let team = source.team_id.as_ref().map_or("", |team| team.as_str());
        if !["T1", "T2"].contains(&team) {
            return Err(AuthorizeError::NotInstalled(Box::new(source.clone())));
        }
        Ok(Arc::new(Authorization::of(format!("xoxb-{team}").parse().unwrap())))
    }

    async fn revoked(&self, source: &Source, ended: &Revoked, _: Option<u64>) -> Result<(), AuthorizeError> {
        let team = source.team_id.as_ref().unwrap().to_string();
        self.revoked.lock().unwrap().push((team, ended.clone()));
        Ok(())
    }
}

fn api() -> Api {
    Api::new("http://127.0.0.1:9/api/".parse().unwrap()).unwrap()
}

fn event(team: &str, event: &Value) -> Value {
    json!({"type": "event_callback", "event_id": format!("Ev{team}"), "team_id": team, "api_app_id": "A1", "event": event})
}

#[tokio::test]
async fn each_workspace_has_its_own_token() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let failed = tell.clone();
    let app: App = App::new()
        .event("x", move |client: Client, bot: Bot| {
            let tell = tell.clone();
            async move {
                assert_eq!(bot.token.secret().expose_secret(), client.token().secret().expose_secret());
                tell.send(client.token().secret().expose_secret().to_owned()).unwrap();
            }
        })
        .on_error(move |failure: Failure| {
            let failed = failed.clone();
            let rejection = failure.error.downcast_ref::<Rejection>();
            let is_typed = matches!(rejection, Some(Rejection::Unauthorized(AuthorizeError::NotInstalled(_))));
            async move { failed.send(format!("typed: {is_typed}")).unwrap() }
        })
        .authorizer(api(), TwoTeams::default());
    let app = app.start();
    for (team, token) in [("T1", "xoxb-T1"), ("T2", "xoxb-T2"), ("T3", "typed: true")] {
        app.dispatch(team, EnvelopeKind::EventsApi, &event(team, &json!({"type": "x"})), None).await.unwrap();
        assert_eq!(told.recv().await.unwrap(), token);
    }
}

#[tokio::test]
async fn a_functions_own_token_comes_first() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let app: App = App::new()
        .function("f", move |client: Client| {
            let tell = tell.clone();
            async move { tell.send(client.token().secret().expose_secret().to_owned()).unwrap() }
        })
        .authorizer(api(), TwoTeams::default());
    let function = json!({"type": "function_executed", "function": {"callback_id": "f"}, "bot_access_token": "xwfp-1"});
    app.start().dispatch("1", EnvelopeKind::EventsApi, &event("T1", &function), None).await.unwrap();
    assert_eq!(told.recv().await.unwrap(), "xwfp-1");
}

#[tokio::test]
async fn the_authorizer_is_told_of_revoked_tokens_whoever_listens() {
    let teams = TwoTeams::default();
    let hear = async |team: &str, what: Value| {
        let app: App = App::new().authorizer(api(), teams.clone());
        let app = app.start();
        app.dispatch(team, EnvelopeKind::EventsApi, &event(team, &what), None).await.unwrap();
        app.close().await;
    };
    hear("T1", json!({"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}})).await;
    hear("T2", json!({"type": "app_uninstalled"})).await;
    // The bot's token alone: what people allowed themselves stays. What cannot be read ends nothing.
    hear("T3", json!({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["U9"]}})).await;
    hear("T4", json!({"type": "tokens_revoked", "tokens": 7})).await;
    let tokens =
        |users: &[&str], has_bot| Revoked::Tokens { users: users.iter().map(|id| (*id).into()).collect(), has_bot };
    let heard = teams.revoked.lock().unwrap().clone();
    let expected = [("T1", tokens(&["U1"], false)), ("T2", Revoked::App), ("T3", tokens(&[], true))];
    assert_eq!(heard, expected.map(|(team, ended)| (team.to_owned(), ended)));
}

#[tokio::test]
async fn an_organisations_installation_ends_as_a_whole() {
    let store = Arc::new(MemoryStore::new());
    let credentials = ClientCredentials { client_id: "1.2".to_owned(), client_secret: Some("s".into()) };
    let installations = Installations::new(api(), credentials, store);
    let organisation = Tenant::Organisation("E1".into());
    installations.keep(installed(organisation.clone())).await.unwrap();
    installations.keep(installed(Tenant::Team("T1".into()))).await.unwrap();
    let mut gone = event("T1", &json!({"type": "app_uninstalled"}));
    gone["authorizations"] =
        json!([{"enterprise_id": "E1", "team_id": null, "is_enterprise_install": true, "user_id": "U9"}]);
    let app: App = App::new().authorizer(api(), installations.clone());
    let app = app.start();
    app.dispatch("1", EnvelopeKind::EventsApi, &gone, None).await.unwrap();
    app.close().await;
    let whole = Place { team: None, enterprise: Some("E1".into()), is_enterprise_install: true };
    assert!(installations.find(&whole).await.unwrap().is_none());
    assert!(
        installations.find(&Place::team("T1".into())).await.unwrap().is_some(),
        "one of its workspaces has its own"
    );
}

#[tokio::test]
async fn news_from_before_an_installation_end_nothing_of_it() {
    let credentials = ClientCredentials { client_id: "1.2".to_owned(), client_secret: Some("s".into()) };
    for (at, is_left) in [(Some(99), true), (Some(100), false), (None, false)] {
        for what in [
            json!({"type": "app_uninstalled"}),
            json!({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["U9"]}}),
        ] {
            let installations = Installations::new(api(), credentials.clone(), Arc::new(MemoryStore::new()));
            let again = Installation { installed_at: 100, ..installed(Tenant::Team("T1".into())) };
            installations.keep(again).await.unwrap();
            let app: App = App::new().authorizer(api(), installations.clone());
            let app = app.start();
            let mut news = event("T1", &what);
            news["event_time"] = json!(at);
            let retry = Some(Retry { number: 3, reason: Some("http_timeout".to_owned()) });
            app.dispatch("1", EnvelopeKind::EventsApi, &news, retry).await.unwrap();
            app.close().await;
            let left = installations.find(&Place::team("T1".into())).await.unwrap();
            assert_eq!(left.is_some_and(|left| left.bot.is_some()), is_left, "{news}");
        }
    }
}

#[tokio::test]
async fn a_view_is_answered_with_the_token_of_the_app_that_opened_it() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let app: App = App::new()
        .view_closed("v", move |client: Client| {
            let tell = tell.clone();
            async move { tell.send(client.token().secret().expose_secret().to_owned()).unwrap() }
        })
        .authorizer(api(), TwoTeams::default());
    let app = app.start();
    for (installed, token) in [(json!("T2"), "xoxb-T2"), (json!(null), "xoxb-T1")] {
        let view = json!({"id": "V1", "callback_id": "v", "app_installed_team_id": installed});
        let closed = json!({"type": "view_closed", "team": {"id": "T1"}, "user": {"id": "U1"}, "view": view});
        app.dispatch(token, EnvelopeKind::Interactive, &closed, None).await.unwrap();
        assert_eq!(told.recv().await.unwrap(), token);
    }
}

fn installed(tenant: Tenant) -> Installation {
    let grant = Grant { token: "xoxb-1".into(), scopes: Vec::new(), expiry: None };
    let bot = Some(InstalledBot { user_id: "U9".into(), id: None, grant });
    let (users, at) = (std::collections::BTreeMap::new(), 1);
    Installation { tenant, name: None, enterprise_id: None, app_id: None, bot, users, webhook: None, installed_at: at }
}

#[tokio::test]
async fn what_the_app_did_itself_is_left_out_unless_it_wants_to_hear_it() {
    let own = json!({"type": "message", "bot_id": "B1", "app_id": "A1", "text": "mine"});
    for (hears, expected) in [(false, 0), (true, 1)] {
        let (tell, mut told) = mpsc::unbounded_channel();
        let app: App = App::new().message("", move || {
            let tell = tell.clone();
            async move { tell.send(()).unwrap() }
        });
        let app = if hears { app.hear_self() } else { app }.start();
        app.dispatch("1", EnvelopeKind::EventsApi, &event("T1", &own), None).await.unwrap();
        app.close().await;
        assert_eq!(told.try_recv().map_or(0, |()| 1), expected);
    }
}
