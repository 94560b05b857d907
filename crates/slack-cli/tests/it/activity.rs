//! What an app has logged at Slack.

use countersign_slack_cli::{
    Code,
    activity::{self, Activity, Feed, Level, Query},
    app::{self, App, AppKind, Overwrite},
};
use serde_json::json;

use crate::world::{World, manifest};

/// A world with an app that has a function.
async fn world() -> (World, App) {
    let world = World::start().await;
    let mut manifest = manifest();
    manifest["functions"] = json!({"greet": {
        "title": "Greet", "description": "Greets", "input_parameters": {}, "output_parameters": {},
    }});
    manifest["settings"]["org_deploy_enabled"] = json!(true);
    world.write("manifest.json", &manifest.to_string());
    let (project, account) = (world.open().await, world.account().await);
    let installed = app::install(&world.session, &project, &account, AppKind::Local, Overwrite::Ask).await.unwrap();
    (world, installed.app)
}

/// Somebody uses the app's function.
async fn greet(world: &World, app: &App) {
    world.control("function", &json!({"app_id": app.id, "callback_id": "greet"})).await;
}

fn events(activities: &[Activity]) -> Vec<&str> {
    activities.iter().map(|activity| activity.event_type.as_str()).collect()
}

#[tokio::test]
async fn what_was_logged_is_listed_the_oldest_first() {
    let (world, app) = world().await;
    let api = world.account().await.api;
    assert!(activity::list(&api, &app.id, &Query::default()).await.unwrap().is_empty());
    for _ in 0..3 {
        greet(&world, &app).await;
    }
    let all = activity::list(&api, &app.id, &Query::default()).await.unwrap();
    assert!(all.len() >= 3 && all.is_sorted_by_key(|activity| activity.created), "{all:?}");
    assert!(all[0].line().contains("[info]") && all[0].line().contains("greet"), "{}", all[0].line());
    let last = Query { limit: Some(1), ..Query::default() };
    assert_eq!(activity::list(&api, &app.id, &last).await.unwrap(), all[all.len() - 1..]);
    let grave = Query { level: Some(Level::Fatal), ..Query::default() };
    assert!(activity::list(&api, &app.id, &grave).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_feed_tells_everything_once() {
    let (world, app) = world().await;
    let api = world.account().await.api;
    let mut feed = Feed::new(app.id.clone(), Query { level: Some(Level::Info), ..Query::default() });
    greet(&world, &app).await;
    let first = feed.next(&api).await.unwrap();
    assert!(!events(&first).is_empty());
    assert!(feed.next(&api).await.unwrap().is_empty());
    greet(&world, &app).await;
    let second = feed.next(&api).await.unwrap();
    assert_eq!(events(&second), events(&first));
    assert_ne!(second, first);
    let all = activity::list(&api, &app.id, &Query::default()).await.unwrap();
    assert_eq!(all, [first, second].concat());
}

#[tokio::test]
async fn an_app_that_is_not_there_has_its_code() {
    let (world, _) = world().await;
    let api = world.account().await.api;
    let failure = activity::list(&api, &"A00000000X".into(), &Query::default()).await.unwrap_err();
    assert_eq!(failure.code(), &Code::Api("app_not_found".to_owned()));
}
