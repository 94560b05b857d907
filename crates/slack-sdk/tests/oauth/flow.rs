//! To Slack and back.

use std::time::Duration;

use reqwest::StatusCode;
use secrecy::ExposeSecret;
use serde_json::json;
use url::Url;

use crate::browser::Visit;
use crate::world::World;

fn with_state(back: &Url, state: &str) -> Url {
    let others: Vec<(String, String)> = back.query_pairs().into_owned().filter(|(name, _)| name != "state").collect();
    let mut changed = back.clone();
    changed.query_pairs_mut().clear().extend_pairs(others).append_pair("state", state);
    changed
}

#[tokio::test]
async fn two_apps_are_installed_side_by_side() {
    let world = World::start().await;
    let (one, other) = (world.site("One", json!({})).await, world.site("Other", json!({})).await);
    world.install(&one).await;
    world.install(&other).await;
    let find = async |site: &crate::world::Site| {
        let (installation, _) = site.oauth.installations().with_bot(&world.place()).await.unwrap();
        installation
    };
    let (first, second) = (find(&one).await, find(&other).await);
    assert_ne!(first.app_id, second.app_id);
    for installation in [&first, &second] {
        let bot = installation.bot.as_ref().unwrap();
        assert_eq!(world.bot_of(installation).await.unwrap(), bot.user_id.as_str());
        assert!(bot.id.is_some());
        assert_eq!(bot.grant.scopes, ["chat:write", "commands"]);
        assert_eq!(
            installation.users.keys().next(),
            Some(&world.workspace.user("bob").unwrap()).map(|bob| bob.as_str().into()).as_ref()
        );
    }
}

#[tokio::test]
async fn a_forged_state_installs_nothing() {
    let world = World::start().await;
    let site = world.site("App", json!({})).await;
    let visit = Visit::begin(&world, &site).await;
    let back = visit.decide("allow").await;
    let shown = visit.follow(&with_state(&back, "forged")).await;
    assert_eq!(shown.status, StatusCode::BAD_REQUEST);
    assert!(shown.body.contains("not valid") && !shown.body.contains("forged"), "{}", shown.body);
    let mut bare = back.clone();
    bare.set_query(None);
    assert_eq!(visit.follow(&bare).await.status, StatusCode::BAD_REQUEST);
    assert!(site.oauth.installations().find(&world.place()).await.unwrap().is_none());
}

#[tokio::test]
async fn another_browser_cannot_finish_what_one_began() {
    let world = World::start().await;
    let site = world.site("App", json!({})).await;
    let (mine, theirs) = (Visit::begin(&world, &site).await, Visit::begin(&world, &site).await);
    let back = mine.decide("allow").await;
    // Somebody lures a person to this address: their browser has no such cookie, or one of another installation.
    let shown = theirs.follow(&back).await;
    assert_eq!(shown.status, StatusCode::BAD_REQUEST);
    assert!(shown.body.contains("another browser"), "{}", shown.body);
    // The state was good for that one attempt.
    assert_eq!(mine.follow(&back).await.status, StatusCode::BAD_REQUEST);
    assert!(site.oauth.installations().find(&world.place()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_state_works_once() {
    let world = World::start().await;
    let site = world.site("App", json!({})).await;
    let visit = Visit::begin(&world, &site).await;
    let back = visit.decide("allow").await;
    assert_eq!(visit.follow(&back).await.status, StatusCode::OK);
    let again = visit.follow(&back).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert!(again.body.contains("used before"), "{}", again.body);
}

#[tokio::test]
async fn a_state_lasts_ten_minutes() {
    let world = World::start().await;
    let site = world.site("App", json!({})).await;
    let visit = Visit::begin(&world, &site).await;
    let back = visit.decide("allow").await;
    world.workspace.advance_clock(Duration::from_mins(10)).unwrap();
    let shown = visit.follow(&back).await;
    assert_eq!(shown.status, StatusCode::BAD_REQUEST);
    assert!(shown.body.contains("ten minutes"), "{}", shown.body);
}

#[tokio::test]
async fn a_person_who_declines_is_told_so_and_nothing_is_kept() {
    let world = World::start().await;
    let site = world.site("App", json!({})).await;
    let visit = Visit::begin(&world, &site).await;
    let back = visit.decide("deny").await;
    let shown = visit.follow(&back).await;
    assert_eq!(shown.status, StatusCode::BAD_REQUEST);
    assert!(shown.body.contains("cancelled"), "{}", shown.body);
    assert!(site.oauth.installations().find(&world.place()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_code_that_slack_does_not_know_is_slacks_word() {
    let world = World::start().await;
    let site = world.site("App", json!({})).await;
    let visit = Visit::begin(&world, &site).await;
    let mut back = visit.decide("allow").await;
    let state = back.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    back.query_pairs_mut().clear().append_pair("code", "1.2.forged").append_pair("state", &state);
    let shown = visit.follow(&back).await;
    assert_eq!(shown.status, StatusCode::BAD_GATEWAY);
    assert!(shown.body.contains("did not confirm") && !shown.body.contains("1.2.forged"), "{}", shown.body);
}

#[tokio::test]
async fn a_challenge_is_answered_with_its_verifier() {
    let world = World::start().await;
    let store = std::sync::Arc::new(countersign_slack_sdk::installation::MemoryStore::new());
    let site = world.site_with("App", json!({}), store, true).await;
    let visit = Visit::begin(&world, &site).await;
    assert!(visit.authorize.query_pairs().any(|(name, value)| name == "code_challenge_method" && value == "S256"));
    let back = visit.decide("allow").await;
    assert_eq!(visit.follow(&back).await.status, StatusCode::OK);
}

#[tokio::test]
async fn nothing_that_is_secret_is_printed() {
    let world = World::start().await;
    let site = world.site("App", json!({})).await;
    let begun = site.oauth.begin().unwrap();
    let state = begun.url.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    world.install(&site).await;
    let (installation, token) = site.oauth.installations().with_bot(&world.place()).await.unwrap();
    let text = format!("{begun:?} {:?} {installation:?} {token:?}", site.oauth);
    let secret = installation.bot.as_ref().unwrap().grant.token.expose_secret().to_owned();
    assert!(!text.contains(&state) && !text.contains(&secret) && !text.contains("xox"), "{text}");
}
