//! Signing in, users and tokens.

use std::time::Duration;

use countersign_server::gateway::bootstrap_token;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::fixture::{ROOT, World};

async fn bootstrap(world: &World, token: &str, email: &str) -> crate::fixture::Answer {
    world.send(Method::POST, "", "/api/v1/bootstrap", Some(json!({ "token": token, "email": email }))).await
}

#[tokio::test]
async fn whoever_has_the_one_time_token_becomes_administrator_once() {
    let world = World::bare().await;
    let first = bootstrap_token(&world.gateway).await.unwrap().unwrap();
    let second = bootstrap_token(&world.gateway).await.unwrap().unwrap();
    assert_ne!(first.expose_secret(), second.expose_secret(), "each start gives its own");
    bootstrap(&world, "csb_wrong", ROOT).await.refused(401, "unauthorized");
    bootstrap(&world, second.expose_secret(), "no address").await.refused(422, "invalid");
    let signed_in = bootstrap(&world, second.expose_secret(), "Root@Example.com").await.ok();
    assert_eq!(signed_in["whoami"]["user"]["email"], ROOT);
    assert_eq!(signed_in["whoami"]["admin"], true);
    let token = signed_in["token"].as_str().unwrap();
    assert_eq!(world.get_as(token, "/whoami").await.ok()["user"]["groups"], json!(["admin"]));
    for used in [first, second] {
        bootstrap(&world, used.expose_secret(), "eve@example.com").await.refused(401, "unauthorized");
    }
    assert!(bootstrap_token(&world.gateway).await.unwrap().is_none(), "there is an administrator");
    world.stop().await;
}

#[tokio::test]
async fn a_one_time_token_ends_after_a_day() {
    let world = World::bare().await;
    let token = bootstrap_token(&world.gateway).await.unwrap().unwrap();
    world.clock.advance(Duration::from_hours(25));
    bootstrap(&world, token.expose_secret(), ROOT).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn who_is_not_known_is_told_nothing_else() {
    let world = World::start().await;
    for token in ["", "wrong", "cs_0000"] {
        for path in ["/whoami", "/users", "/connections", "/requests", "/sessions", "/requests/00", "/plugins/slack"] {
            world.get_as(token, path).await.refused(401, "unauthorized");
        }
    }
}

#[tokio::test]
async fn only_administrators_administer() {
    let world = World::start().await;
    let dev = world.person("dev", &["dev"]).await;
    let calls = [
        (Method::GET, "/users"),
        (Method::GET, "/users/root@example.com"),
        (Method::PUT, "/users/dev@example.com"),
        (Method::DELETE, "/users/root@example.com"),
        (Method::GET, "/users/root@example.com/tokens"),
        (Method::POST, "/users/root@example.com/tokens"),
        (Method::GET, "/agents"),
        (Method::PUT, "/agents/x"),
        (Method::DELETE, "/agents/x"),
        (Method::PUT, "/connections/x"),
        (Method::DELETE, "/connections/x"),
        (Method::GET, "/policies"),
        (Method::PUT, "/policies/x"),
        (Method::DELETE, "/policies/x"),
        (Method::GET, "/plugins"),
        (Method::PUT, "/plugins/review"),
        (Method::DELETE, "/plugins/review"),
        (Method::GET, "/settings"),
        (Method::POST, "/apply"),
    ];
    for (method, path) in calls {
        // A body that is right for nothing: whoever may not is told that, and not what would be right.
        let body = (method == Method::PUT || method == Method::POST).then(|| json!({ "name": "x" }));
        let path = format!("/api/v1{path}");
        let answer = world.send(method.clone(), &dev, &path, body).await;
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.body);
    }
    assert_eq!(world.get_as(&dev, "/users/me").await.ok()["email"], "dev@example.com");
    assert_eq!(world.get_as(&dev, "/users/dev@example.com").await.ok()["groups"], json!(["dev"]));
    world.get_as(&dev, "/connections").await.ok();
}

#[tokio::test]
async fn a_user_is_created_changed_and_deleted() {
    let world = World::start().await;
    let body = json!({ "groups": ["sre", "admin"], "name": "Alice" });
    let made = world.put("/users/Alice@Example.com", body.clone()).await.ok();
    assert_eq!(world.put("/users/alice@example.com", body).await.ok()["outcome"], "unchanged");
    assert_eq!((&made["outcome"], &made["value"]["email"]), (&json!("created"), &json!("alice@example.com")));
    assert_eq!(made["value"]["groups"], json!(["admin", "sre"]));
    let other = json!({ "groups": ["dba"] });
    let message = world.put("/users/alice@example.com", other).await.refused(409, "exists");
    assert!(message.contains("--overwrite"), "{message}");
    let changed = world.put("/users/alice@example.com", json!({ "overwrite": true, "groups": ["sre"] })).await.ok();
    assert_eq!((&changed["outcome"], &changed["value"]["name"]), (&json!("replaced"), &json!("Alice")));
    let same = world.put("/users/alice@example.com", json!({ "overwrite": true })).await.ok();
    assert_eq!((&same["outcome"], &same["value"]["groups"]), (&json!("unchanged"), &json!(["sre"])));

    let token = world.post("/users/alice@example.com/tokens", json!({ "name": "t" })).await.ok();
    let token = token["token"].as_str().unwrap().to_owned();
    world.get_as(&token, "/whoami").await.ok();
    world.delete("/users/alice@example.com").await.ok();
    world.get_as(&token, "/whoami").await.refused(401, "unauthorized");
    world.delete("/users/nobody@example.com").await.refused(404, "not_found");
    world.delete("/users/alice@example.com").await.refused(404, "not_found");
    let back = world.put("/users/alice@example.com", json!({})).await.ok();
    assert_eq!(back["outcome"], "created", "somebody who left can come back without --overwrite");
    assert_eq!((&back["value"]["active"], &back["value"]["groups"]), (&json!(true), &json!([])), "but begins anew");
    world.get_as(&token, "/whoami").await.refused(401, "unauthorized");
}

#[tokio::test]
async fn somebody_made_inactive_loses_everything_that_let_them_in() {
    let world = World::start().await;
    let dev = world.person("dev", &["sre"]).await;
    let slack = json!({ "overwrite": true, "slack_id": "U012AB", "slack_team": "T012AB" });
    world.put("/users/dev@example.com", slack).await.ok();
    let gone = world.put("/users/dev@example.com", json!({ "overwrite": true, "active": false })).await.ok();
    assert_eq!((&gone["value"]["active"], &gone["value"]["slack"]), (&json!(false), &json!([])));
    world.get_as(&dev, "/whoami").await.refused(401, "unauthorized");
    world.post("/users/dev@example.com/tokens", json!({ "name": "x" })).await.refused(404, "not_found");
    let back = json!({ "overwrite": true, "active": true, "groups": ["dev"] });
    assert_eq!(world.put("/users/dev@example.com", back).await.ok()["value"]["groups"], json!(["dev"]));
    world.get_as(&dev, "/whoami").await.refused(401, "unauthorized");
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let world = World::start().await;
    let message = world
        .put(&format!("/users/{ROOT}"), json!({ "overwrite": true, "groups": [] }))
        .await
        .refused(409, "last_admin");
    assert!(message.contains(ROOT), "{message}");
    world
        .put(&format!("/users/{ROOT}"), json!({ "overwrite": true, "active": false }))
        .await
        .refused(409, "last_admin");
    world.delete(&format!("/users/{ROOT}")).await.refused(409, "last_admin");
    world.person("second", &["admin"]).await;
    world.delete(&format!("/users/{ROOT}")).await.ok();
}

#[tokio::test]
async fn a_slack_account_is_one_persons() {
    let world = World::start().await;
    let body = |team: Option<&str>| json!({ "slack_id": "U012AB", "slack_team": team });
    let unknown = world.put("/users/a@example.com", body(None)).await;
    assert_eq!(unknown.field(), "slack_id");
    let message = unknown.refused(422, "invalid");
    assert!(message.contains("--slack-team"), "{message}");
    let made = world.put("/users/a@example.com", body(Some("T012AB"))).await.ok();
    assert_eq!(made["value"]["slack"], json!([{ "org": "T012AB", "user": "U012AB" }]));
    let taken = world.put("/users/b@example.com", body(Some("T012AB"))).await;
    assert!(taken.refused(409, "slack_account_taken").contains("a@example.com"));
    let wrong = world.put("/users/b@example.com", json!({ "slack_id": "@alice" })).await;
    assert_eq!(wrong.field(), "slack_id");
}

#[tokio::test]
async fn a_token_is_shown_once_and_ends_when_it_should() {
    let world = World::start().await;
    let dev = world.person("dev", &["dev"]).await;
    let made = world.post_as(&dev, "/users/me/tokens", json!({ "name": "ci", "expires_in": "1h" })).await.ok();
    let token = made["token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("cs_") && token.len() == 67, "{token}");
    world.post_as(&dev, "/users/me/tokens", json!({ "name": "ci" })).await.refused(409, "exists");
    let listed = world.get_as(&dev, "/users/me/tokens").await.ok();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    assert!(!listed.to_string().contains(&token), "a list shows no token");
    assert_eq!(world.get_as(&token, "/whoami").await.ok()["token"], "ci");

    world.clock.advance(Duration::from_mins(61));
    world.get_as(&token, "/whoami").await.refused(401, "unauthorized");
    world.get_as(&dev, "/whoami").await.ok();
    let path = "/api/v1/users/me/tokens/test";
    world.send(Method::DELETE, &dev, path, None).await.ok();
    world.get_as(&dev, "/whoami").await.refused(401, "unauthorized");
    world.post("/users/nobody@example.com/tokens", json!({ "name": "x" })).await.refused(404, "not_found");
    let wrong = world.post("/users/me/tokens", json!({ "name": "x", "expires_in": "soon" })).await;
    assert_eq!(wrong.field(), "expires_in");
}

#[tokio::test]
async fn the_use_of_a_token_is_noted() {
    let world = World::start().await;
    let dev = world.person("dev", &["dev"]).await;
    let used = |list: Value| list["items"][0]["used_at"].as_i64();
    assert_eq!(used(world.get("/users/dev@example.com/tokens").await.ok()), None);
    world.get_as(&dev, "/whoami").await.ok();
    let first = used(world.get("/users/dev@example.com/tokens").await.ok()).unwrap();
    world.clock.advance(Duration::from_mins(5));
    world.get_as(&dev, "/whoami").await.ok();
    assert!(used(world.get("/users/dev@example.com/tokens").await.ok()).unwrap() > first);
}

#[tokio::test]
async fn what_is_wrong_with_a_person_is_named() {
    let world = World::start().await;
    for (path, body, field) in [
        ("/users/not-an-address", json!({}), "email"),
        ("/users/a@example.com", json!({ "groups": ["a;b"] }), "groups"),
        ("/users/a@example.com", json!({ "name": "a\u{202e}b" }), "name"),
        ("/users/a@example.com", json!({ "slack_team": "T012AB" }), "slack_team"),
        ("/users/a@example.com", json!({ "groups": "sre" }), "groups"),
        ("/users/a@example.com", json!({ "active": 1 }), "active"),
    ] {
        let answer = world.put(path, body).await;
        assert_eq!(answer.field(), field);
        answer.refused(422, "invalid");
    }
    let unknown = world.put("/users/a@example.com", json!({ "group": ["sre"] })).await.refused(422, "invalid");
    assert!(unknown.contains("unknown field `group`"), "{unknown}");
}
