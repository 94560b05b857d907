//! Linking a Slack account.

use countersign_server::render::ids;
use countersign_slack_workspace::model::Ts;
use serde_json::{Value, json};

use crate::fixture::{World, id};

async fn post(world: &World, token: &str, path: &str, body: Value) -> (u16, Value) {
    let url = format!("{}{path}", world.url);
    let answer = world.http.post(url).bearer_auth(token).json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// The code in the latest direct message to carol.
async fn code(world: &World) -> String {
    let message = world.told("carol", "enter this code there").await;
    let text = message["blocks"][0]["text"]["text"].as_str().unwrap();
    let (_, rest) = text.split_once("there: ").unwrap();
    rest.chars().take(9).collect()
}

#[tokio::test]
async fn the_code_links_the_account_that_got_it() {
    let world = World::start().await;
    let token = world.token("ada").await;
    let user = world.identity("carol").user;
    let (status, answer) = post(&world, &token, "/api/v1/link", json!({ "slack_user": user })).await;
    assert_eq!(status, 200, "{answer}");
    let code = code(&world).await;
    let (status, answer) = post(&world, &token, "/api/v1/link/code", json!({ "code": code })).await;
    assert_eq!((status, answer["user"].as_str()), (200, Some(user.as_str())), "{answer}");
    let account = world.store.account(&id("ada")).await.unwrap().unwrap();
    assert_eq!(account.identities, [world.identity("carol")]);
    world.told("carol", "is now linked to ada@example.org").await;
}

#[tokio::test]
async fn somebody_elses_code_is_worth_nothing() {
    let world = World::start().await;
    let (ada, root) = (world.token("ada").await, world.token("root").await);
    let user = world.identity("carol").user;
    post(&world, &ada, "/api/v1/link", json!({ "slack_user": user })).await;
    let code = code(&world).await;
    let (status, answer) = post(&world, &root, "/api/v1/link/code", json!({ "code": code })).await;
    assert_eq!(status, 404, "{answer}");
}

#[tokio::test]
async fn five_wrong_tries_are_all_there_are() {
    let world = World::start().await;
    let token = world.token("ada").await;
    let user = world.identity("carol").user;
    post(&world, &token, "/api/v1/link", json!({ "slack_user": user })).await;
    let code = code(&world).await;
    for _ in 0..5 {
        let (status, _) = post(&world, &token, "/api/v1/link/code", json!({ "code": "0" })).await;
        assert_ne!(status, 200);
    }
    let (status, answer) = post(&world, &token, "/api/v1/link/code", json!({ "code": code })).await;
    assert_eq!(status, 404, "{answer}");
}

#[tokio::test]
async fn not_me_ends_it() {
    let world = World::start().await;
    let token = world.token("ada").await;
    let carol = world.workspace.user("carol").unwrap();
    post(&world, &token, "/api/v1/link", json!({ "slack_user": carol.as_str() })).await;
    let code = code(&world).await;
    let message = world.told("carol", "enter this code there").await;
    let ts = Ts::parse(message["ts"].as_str().unwrap()).unwrap();
    let room = world.workspace.im(&carol).unwrap();
    world.workspace.click(&carol, &room, ts, ids::NOT_ME).await.unwrap();
    world.told("carol", "worth nothing any more").await;
    let (status, answer) = post(&world, &token, "/api/v1/link/code", json!({ "code": code })).await;
    assert_eq!(status, 404, "{answer}");
}

#[tokio::test]
async fn a_stranger_gets_no_code_and_nobody_gets_many() {
    let world = World::start().await;
    let user = world.identity("carol").user;
    let (status, _) = post(&world, "no-token", "/api/v1/link", json!({ "slack_user": user })).await;
    assert_eq!(status, 401);
    let token = world.token("ada").await;
    let (status, _) = post(&world, &token, "/api/v1/link", json!({ "slack_user": "carol" })).await;
    assert_eq!(status, 400);
    for _ in 0..5 {
        let (status, answer) = post(&world, &token, "/api/v1/link", json!({ "slack_user": user })).await;
        assert_eq!(status, 200, "{answer}");
    }
    let (status, _) = post(&world, &token, "/api/v1/link", json!({ "slack_user": user })).await;
    assert_eq!(status, 429);
}
