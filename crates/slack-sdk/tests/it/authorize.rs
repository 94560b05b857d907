//! Which token is used, and what is heard of oneself.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign_slack::client::Client as Api;
use countersign_slack::ids::UserId;
use countersign_slack::socket_mode::EnvelopeKind;
use countersign_slack_sdk::{App, Authorization, AuthorizeError, Authorizer, Bot, Client, Failure, Rejection, Source};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// The workspace, whose tokens, and whether the bot's.
type Revoked = (String, Vec<UserId>, bool);

/// Tokens of two workspaces; what was revoked is written down.
#[derive(Clone, Default)]
struct TwoTeams {
    revoked: Arc<Mutex<Vec<Revoked>>>,
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

    async fn revoked(&self, source: &Source, users: &[UserId], is_bot_gone: bool) -> Result<(), AuthorizeError> {
        let team = source.team_id.as_ref().unwrap().to_string();
        self.revoked.lock().unwrap().push((team, users.to_vec(), is_bot_gone));
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
    let app: App = App::new().authorizer(api(), teams.clone());
    let app = app.start();
    let revoked = json!({"type": "tokens_revoked", "tokens": {"oauth": ["U1"], "bot": []}});
    app.dispatch("1", EnvelopeKind::EventsApi, &event("T1", &revoked), None).await.unwrap();
    app.close().await;
    let app: App = App::new().authorizer(api(), teams.clone());
    let app = app.start();
    app.dispatch("2", EnvelopeKind::EventsApi, &event("T2", &json!({"type": "app_uninstalled"})), None).await.unwrap();
    app.close().await;
    let heard = teams.revoked.lock().unwrap().clone();
    assert_eq!(heard, [("T1".to_owned(), vec!["U1".into()], false), ("T2".to_owned(), Vec::new(), true)]);
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
