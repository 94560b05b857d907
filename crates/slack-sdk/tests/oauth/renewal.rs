//! Tokens that expire, and tokens that people take back.

use std::sync::Arc;
use std::time::Duration;

use countersign_slack::ids::UserId;
use countersign_slack::socket_mode::EnvelopeKind;
use countersign_slack_sdk::installation::{FileStore, Installations, MemoryStore, TokenFault};
use countersign_slack_sdk::{App, Authorizer, Source};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::world::{Site, World};

/// Slack's tokens last twelve hours.
const LIFE: Duration = Duration::from_hours(12);

async fn rotating(world: &World) -> Site {
    world.site("Rotating", json!({"token_rotation_enabled": true})).await
}

async fn token(site: &Site, world: &World) -> String {
    let (_, token) = site.oauth.installations().with_bot(&world.place()).await.unwrap();
    token.secret().expose_secret().to_owned()
}

fn source(world: &World, user: Option<UserId>) -> Source {
    let team = world.workspace.ready().team_id.as_str().into();
    Source { team_id: Some(team), enterprise_id: None, is_enterprise_install: false, user_id: user }
}

fn bob(world: &World) -> UserId {
    world.workspace.user("bob").unwrap().as_str().into()
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let world = World::start().await;
    let site = rotating(&world).await;
    world.install(&site).await;
    let first = token(&site, &world).await;
    world.workspace.advance_clock(LIFE.checked_sub(Duration::from_hours(3)).unwrap()).unwrap();
    assert_eq!(token(&site, &world).await, first, "three hours are enough");
    world.workspace.advance_clock(Duration::from_hours(2)).unwrap();
    let second = token(&site, &world).await;
    assert_ne!(second, first);
    world.workspace.advance_clock(Duration::from_hours(2)).unwrap();
    let installation = site.oauth.installations().find(&world.place()).await.unwrap().unwrap();
    assert!(world.bot_of(&installation).await.is_ok(), "the first one would have ended");
}

#[tokio::test]
async fn a_token_that_has_ended_is_renewed_as_well() {
    let world = World::start().await;
    let site = rotating(&world).await;
    world.install(&site).await;
    world.workspace.advance_clock(LIFE * 3).unwrap();
    token(&site, &world).await;
    let installation = site.oauth.installations().find(&world.place()).await.unwrap().unwrap();
    assert!(world.bot_of(&installation).await.is_ok());
    let (_, person) = site.oauth.installations().with_user(&world.place(), &bob(&world)).await.unwrap();
    assert_eq!(world.client.auth_test(&person).await.unwrap().body.user, "bob");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_want_a_token_one_renews_it() {
    let world = World::start().await;
    let site = rotating(&world).await;
    world.install(&site).await;
    world.workspace.advance_clock(LIFE).unwrap();
    // A refresh token works once: a second attempt would be an error, and end the first one's token.
    let wanted = (0..16).map(|_| token(&site, &world));
    let tokens = futures_util::future::join_all(wanted).await;
    assert!(tokens.iter().all(|token| *token == tokens[0]), "all got the same");
}

#[tokio::test]
async fn an_ended_token_that_cannot_be_renewed_is_no_token() {
    let world = World::start().await;
    let site = rotating(&world).await;
    world.install(&site).await;
    let installations = site.oauth.installations();
    let mut broken = installations.find(&world.place()).await.unwrap().unwrap();
    broken.bot.as_mut().unwrap().grant.expiry.as_mut().unwrap().refresh_token = "xoxe-1-forged".into();
    installations.keep(broken).await.unwrap();
    world.workspace.advance_clock(LIFE.checked_sub(Duration::from_hours(1)).unwrap()).unwrap();
    token(&site, &world).await;
    world.workspace.advance_clock(LIFE).unwrap();
    let fault = installations.with_bot(&world.place()).await.unwrap_err();
    assert!(matches!(fault, TokenFault::Renew { .. }), "{fault:?}");
}

#[tokio::test]
async fn an_app_acts_with_the_token_of_each_installation() {
    let world = World::start().await;
    let site = world.site("App", json!({})).await;
    let installations: &Installations = site.oauth.installations();
    assert!(installations.authorize(&source(&world, None)).await.is_err());
    world.install(&site).await;
    let found = installations.authorize(&source(&world, Some(bob(&world)))).await.unwrap();
    assert_eq!(world.client.auth_test(&found.token).await.unwrap().body.user_id, *found.bot_user_id.as_ref().unwrap());
    assert!(found.user_token.is_some() && found.bot_id.is_some());
    let alice: UserId = world.workspace.user("alice").unwrap().as_str().into();
    assert!(installations.authorize(&source(&world, Some(alice))).await.unwrap().user_token.is_none());
}

#[tokio::test]
async fn an_app_that_was_taken_out_is_forgotten() {
    let world = World::start().await;
    let site = world.site("App", json!({})).await;
    for (event, is_left) in [
        (json!({"type": "tokens_revoked", "tokens": {"oauth": ["U0OTHER00"], "bot": []}}), true),
        (json!({"type": "tokens_revoked", "tokens": {"oauth": [bob(&world)], "bot": []}}), true),
        (json!({"type": "app_uninstalled"}), false),
    ] {
        world.install(&site).await;
        let app: App = App::new().authorizer(world.client.clone(), site.oauth.installations().clone());
        let app = app.start();
        let team = world.workspace.ready().team_id.as_str();
        let payload = json!({"type": "event_callback", "event_id": "Ev00000001", "team_id": team, "event": event});
        app.dispatch("1", EnvelopeKind::EventsApi, &payload, None).await.unwrap();
        app.close().await;
        let left = site.oauth.installations().find(&world.place()).await.unwrap();
        assert_eq!(left.is_some(), is_left, "{event}");
        let is_bobs = event.pointer("/tokens/oauth/0").and_then(|user| user.as_str()) == Some(bob(&world).as_str());
        assert_eq!(left.is_some_and(|left| left.users.is_empty()), is_bobs, "{event}");
    }
}

#[tokio::test]
async fn renewed_tokens_outlive_the_process() {
    let world = World::start().await;
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(FileStore::new(directory.path()).unwrap());
    let settings = json!({"token_rotation_enabled": true});
    let site = world.site_with("App", settings, store, false).await;
    world.install(&site).await;
    world.workspace.advance_clock(LIFE).unwrap();
    let renewed = token(&site, &world).await;
    let reopened = FileStore::new(directory.path()).unwrap();
    let other = Installations::new(
        world.client.clone(),
        countersign_slack::client::ClientCredentials { client_id: String::new(), client_secret: None },
        Arc::new(reopened),
    );
    let kept = other.find(&world.place()).await.unwrap().unwrap();
    assert_eq!(kept.bot.unwrap().grant.token.expose_secret(), renewed);
    drop(MemoryStore::new());
}
