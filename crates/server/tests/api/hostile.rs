//! What nobody should send.

use reqwest::{Method, header};
use serde_json::json;

use crate::fixture::{World, answer};

#[tokio::test]
async fn too_much_is_refused_and_the_node_lives() {
    let world = World::start().await;
    let long = json!({ "groups": ["g".repeat(2 * 1024 * 1024)] });
    world.put("/users/a@example.com", long).await.refused(413, "too_large");
    let huge = world.request(Method::GET, &world.root, "/api/v1/whoami").header("x-long", "x".repeat(20_000));
    answer(huge).await.refused(431, "headers_too_large");
    let many = (0..80).fold(world.request(Method::GET, &world.root, "/api/v1/whoami"), |request, number| {
        request.header(format!("x-{number}"), "x")
    });
    answer(many).await.refused(431, "headers_too_large");
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let request = world.request(Method::PUT, &world.root, "/api/v1/users/a@example.com");
    let request = request.header(header::CONTENT_TYPE, "application/json").body(deep);
    assert!(matches!(answer(request).await.status, 400 | 422));
    world.get("/whoami").await.ok();
}

#[tokio::test]
async fn what_is_no_json_is_said_to_be_none() {
    let world = World::start().await;
    let send = |kind: &'static str, body: &'static str| {
        let request = world.request(Method::PUT, &world.root, "/api/v1/users/a@example.com");
        answer(request.header(header::CONTENT_TYPE, kind).body(body))
    };
    send("application/json", "{").await.refused(400, "invalid");
    send("application/json", "").await.refused(400, "invalid");
    send("application/json", "{\"name\":\"a\",\"name\":\"b\"}").await.refused(422, "invalid");
    send("application/json", "null").await.refused(422, "invalid");
    send("application/json", "\u{feff}{}").await.refused(400, "invalid");
    send("text/plain", "{}").await.refused(415, "invalid");
    send("application/x-www-form-urlencoded", "name=a").await.refused(415, "invalid");
    world.get("/users/a@example.com").await.refused(404, "not_found");
}

#[tokio::test]
async fn addresses_that_are_none_are_answered_in_json() {
    let world = World::start().await;
    let name = "%E2%80%AE%00%0A".repeat(20);
    for path in [
        "/api".to_owned() + "/v1",
        "/api/v2/users".to_owned(),
        "/api/v1/nothing".to_owned(),
        "/api/v1/users/a@example.com/nothing".to_owned(),
        "/api/v1/requests/x/y/z".to_owned(),
        format!("/api/v1/connections/{name}"),
        format!("/api/v1/policies/{name}"),
        format!("/api/v1/sessions/{name}"),
        format!("/api/v1/requests/{name}"),
        format!("/api/v1/agents/{name}"),
    ] {
        let answer = world.send(Method::GET, &world.root, &path, None).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.body);
        let message = answer.refused(404, "not_found");
        assert!(!message.contains(['\u{202e}', '\0', '\n']) && message.len() < 400, "{message:?}");
    }
    let wrong = world.send(Method::PATCH, &world.root, "/api/v1/users", None).await;
    wrong.refused(405, "wrong_method");
    world.send(Method::GET, &world.root, "/api/v1/users/%ff%fe", None).await.refused(400, "invalid");
}

#[tokio::test]
async fn hostile_names_are_named_and_kept_out() {
    let world = World::start().await;
    for name in ["%2e%2e", "a%2fb", "a%00", "-x", "%F0%9F%92%A9", "a%0d%0ax", &"n".repeat(100)] {
        for kind in ["connections", "agents", "policies", "plugins", "users"] {
            let body = match kind {
                "connections" => json!({ "agent": "a", "target": { "command": ["x"] } }),
                "policies" => json!({ "allow": true }),
                _ => json!({}),
            };
            let answer = world.put(&format!("/{kind}/{name}"), body).await;
            assert!(matches!(answer.status, 404 | 422), "{kind} {name}: {} {}", answer.status, answer.body);
        }
    }
    for list in ["/connections", "/agents", "/policies", "/plugins"] {
        assert_eq!(world.get(list).await.ok()["items"], json!([]));
    }
}

#[tokio::test]
async fn two_tokens_in_one_call_are_none() {
    let world = World::start().await;
    let request = world.request(Method::GET, &world.root, "/api/v1/whoami");
    answer(request.header(header::AUTHORIZATION, "Bearer other")).await.refused(401, "unauthorized");
    let basic = world.http.get(format!("{}/api/v1/whoami", world.url)).basic_auth("a", Some("b"));
    answer(basic).await.refused(401, "unauthorized");
    let in_query = world.send(Method::GET, "", &format!("/api/v1/whoami?token={}", world.root), None).await;
    in_query.refused(401, "unauthorized");
}

#[tokio::test]
async fn no_answer_is_kept_on_the_way() {
    let world = World::start().await;
    for (token, path) in [(world.root.as_str(), "/api/v1/whoami"), ("", "/api/v1/whoami"), ("", "/api/v1/nothing")] {
        let response = world.request(Method::GET, token, path).send().await.unwrap();
        assert_eq!(response.headers()["cache-control"], "no-store", "{path}");
    }
}
