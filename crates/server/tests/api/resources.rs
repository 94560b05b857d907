//! Agents, connections and policies; health.

use reqwest::Method;
use serde_json::{Value, json};

use crate::fixture::World;

fn bash(overwrite: bool, env: &Value) -> Value {
    json!({ "overwrite": overwrite, "agent": "default", "target": { "command": ["bash", "-c"] }, "env": env })
}

#[tokio::test]
async fn an_agents_token_is_shown_once() {
    let world = World::start().await;
    let made = world.put("/agents/default", json!({})).await.ok();
    let token = made["value"]["token"].as_str().unwrap().to_owned();
    assert!(token.starts_with("csa_"), "{token}");
    assert_eq!(made["value"]["agent"]["connected"], false);
    world.put("/agents/default", json!({})).await.refused(409, "exists");
    let again = world.put("/agents/default", json!({ "overwrite": true })).await.ok();
    assert_ne!(again["value"]["token"].as_str().unwrap(), token);
    assert!(!world.get("/agents").await.ok().to_string().contains("csa_"));
    world.get_as(&token, "/whoami").await.refused(401, "unauthorized");
}

#[tokio::test]
async fn an_agent_in_use_says_by_what() {
    let world = World::start().await;
    world.put("/agents/default", json!({})).await.ok();
    world.connection("bash").await;
    let answer = world.delete("/agents/default").await;
    let used_by = answer.body["error"]["used_by"].to_string();
    assert!(used_by.contains("bash"), "{used_by}");
    answer.refused(409, "in_use");
    world.delete("/connections/bash").await.ok();
    world.delete("/agents/default").await.ok();
    world.delete("/agents/default").await.refused(404, "not_found");
}

#[tokio::test]
async fn a_secret_goes_in_and_never_out() {
    let world = World::start().await;
    let env =
        json!({ "PASSWORD": { "value": "hunter2" }, "REGION": { "env": "REGION" }, "KEY": { "file": "/run/key" } });
    let made = world.put("/connections/bash", bash(false, &env)).await.ok();
    let shown = json!([
        { "name": "KEY", "source": "file:/run/key" },
        { "name": "PASSWORD", "source": "sealed" },
        { "name": "REGION", "source": "env:REGION" },
    ]);
    assert_eq!(made["value"]["env"], shown);
    assert!(made["warnings"][0].as_str().unwrap().contains("admin create agent default"));
    let dev = world.person("dev", &["dev"]).await;
    for answer in [world.get("/connections").await, world.get_as(&dev, "/connections/bash").await] {
        assert!(!answer.ok().to_string().contains("hunter2"));
    }
    assert_eq!(world.get_as(&dev, "/connections/bash").await.ok()["env"], json!([]));
    let kept = world.store.connection(&"bash".parse().unwrap()).await.unwrap().unwrap();
    assert!(!serde_json::to_string(&kept).unwrap().contains("hunter2"), "it is sealed in the store");
}

#[tokio::test]
async fn a_revision_grows_with_a_change_and_only_then() {
    let world = World::start().await;
    let env = json!({ "PASSWORD": { "value": "hunter2" } });
    let revision = |answer: &Value| answer["value"]["revision"].as_u64().unwrap();
    let first = world.put("/connections/bash", bash(false, &env)).await.ok();
    world.put("/connections/bash", bash(false, &json!({}))).await.refused(409, "exists");
    let same = world.put("/connections/bash", bash(true, &env)).await.ok();
    assert_eq!((same["outcome"].as_str(), revision(&same)), (Some("unchanged"), revision(&first)));
    let kept = json!({ "overwrite": true, "agent": "default", "target": { "command": ["bash", "-c"] } });
    assert_eq!(world.put("/connections/bash", kept).await.ok()["outcome"], "unchanged", "variables stay");
    let other = world.put("/connections/bash", bash(true, &json!({ "PASSWORD": { "value": "hunter3" } }))).await.ok();
    assert_eq!((other["outcome"].as_str(), revision(&other)), (Some("replaced"), revision(&first) + 1));
}

#[tokio::test]
async fn what_is_wrong_with_a_connection_is_named_without_its_secrets() {
    let world = World::start().await;
    let to = |target: Value| json!({ "agent": "default", "target": target });
    for (path, body, field) in [
        ("/connections/a%20b", bash(false, &json!({})), "name"),
        ("/connections/c", json!({ "agent": "-", "target": { "command": ["x"] } }), "agent"),
        ("/connections/c", to(json!({ "command": [] })), "target.command"),
        ("/connections/c", to(json!({ "command": ["a\0"] })), "target.command"),
        ("/connections/c", to(json!({ "tcp": "nowhere" })), "target.tcp"),
        ("/connections/c", bash(false, &json!({ "A": { "value": "hunter2\0" } })), "env.A"),
        ("/connections/c", bash(false, &json!({ "A": { "file": "hunter2" } })), "env.A"),
        ("/connections/c", bash(false, &json!({ "1": { "value": "hunter2" } })), "env"),
        ("/connections/c", bash(false, &json!({ "A": { "value": 1 } })), "env.A.value"),
    ] {
        let answer = world.put(path, body).await;
        assert!(!answer.body.to_string().contains("hunter2"), "{}", answer.body);
        assert_eq!(answer.field(), field, "{}", answer.body);
        answer.refused(422, "invalid");
    }
    world.get("/connections/c").await.refused(404, "not_found");
    let tcp = world.put("/connections/pg", to(json!({ "tcp": "[::1]:5432" }))).await.ok();
    assert_eq!(tcp["value"]["target"], json!({ "type": "tcp", "host": "::1", "port": 5432 }));
}

#[tokio::test]
async fn policies_are_written_listed_in_order_and_deleted() {
    let world = World::start().await;
    world.connection("prod-db").await;
    let ask = json!({ "priority": 5, "connection": "prod-*", "ask": { "approvers": ["sre:2", "boss@example.com"], "ttl": "30m" } });
    let made = world.put("/policies/prod", ask.clone()).await.ok();
    assert_eq!(made["value"]["policy"]["ask"]["approvers"], json!(["sre:2", "boss@example.com"]));
    assert_eq!(made["value"]["policy"]["ask"]["max_duration"], "2d");
    assert_eq!(made["warnings"], json!([]));
    assert_eq!(world.put("/policies/prod", ask).await.ok()["outcome"], "unchanged");
    world.put("/policies/prod", json!({ "allow": true })).await.refused(409, "exists");
    let night = json!({ "priority": -1, "connection": "staging", "deny": "not now" });
    let made = world.put("/policies/night", night).await.ok();
    assert!(made["warnings"][0].as_str().unwrap().contains("no connection is named staging"), "{made}");
    let listed = world.get("/policies").await.ok();
    let names: Vec<_> = listed["items"].as_array().unwrap().iter().map(|view| view["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["night", "prod"]);
    let wrong = world.put("/policies/x", json!({ "ask": { "approvers": ["sre:0"] } })).await;
    assert_eq!(wrong.field(), "ask.approvers");
    let unknown = world.put("/policies/x", json!({ "ask": { "aprovers": [] } })).await.refused(422, "invalid");
    assert!(unknown.contains("aprovers"), "{unknown}");
    world.delete("/policies/prod").await.ok();
    world.delete("/policies/prod").await.refused(404, "not_found");
}

#[tokio::test]
async fn a_nodes_health_needs_no_token() {
    let world = World::start().await;
    for path in ["/healthz", "/readyz"] {
        let answer = world.send(Method::GET, "", path, None).await.ok();
        assert_eq!(answer["ok"], true, "{answer}");
    }
    let version = world.send(Method::GET, "", "/api/v1/version", None).await.ok();
    assert_eq!(version, json!({ "version": "1.2.3", "protocol": 1 }));
    assert_eq!(world.get("/settings").await.ok()["allow_unreviewed"], false);
}
