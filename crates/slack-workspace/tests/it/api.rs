//! Tokens, scopes, bodies and headers: what every method has in common.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::client::{App, channel, start};

#[tokio::test]
async fn auth_test_says_whom_the_token_stands_for() {
    let running = start().await;
    let app = App::new(&running);
    let bot = app.ok("auth.test", json!({})).await;
    assert_eq!(bot["user_id"], running.ready().bot_user_id.as_str());
    assert_eq!(bot["team_id"], running.ready().team_id.as_str());
    assert!(bot["bot_id"].as_str().unwrap().starts_with('B'));
    for token in [&running.ready().user_token, &running.ready().cli_token] {
        let alice = app.with_token(token).ok("auth.test", json!({})).await;
        assert_eq!(alice["user"], "alice");
        assert!(alice.get("bot_id").is_none());
    }
}

#[tokio::test]
async fn tokens_are_refused_as_slack_refuses_them() {
    let running = start().await;
    let app = App::new(&running);
    let bare = app.http.post(app.url("auth.test")).send().await.unwrap();
    assert_eq!(bare.status(), 200);
    assert_eq!(bare.json::<Value>().await.unwrap()["error"], "not_authed");
    let wrong = app.with_token(&SecretString::from("xoxb-wrong"));
    assert_eq!(wrong.error("auth.test", json!({})).await, "invalid_auth");
    assert_eq!(app.error("apps.connections.open", json!({})).await, "not_allowed_token_type");
    let app_level = app.with_token(&app.connect_token);
    assert_eq!(app_level.error("users.list", json!({})).await, "not_allowed_token_type");
    let answer = app.call("no.such", json!({})).await;
    assert_eq!(answer, json!({"ok": false, "error": "unknown_method", "req_method": "no.such"}));
}

#[tokio::test]
async fn a_missing_scope_is_named_with_what_there_is() {
    let running = start().await;
    let app = App::new(&running);
    let control = crate::control::Control::new(&running);
    let made = control.post("apps", json!({"scopes": ["chat:write"], "events": []})).await;
    let token = SecretString::from(made["app"]["bot_token"].as_str().unwrap());
    let answer = app.with_token(&token).call("users.list", json!({})).await;
    assert_eq!(answer["error"], "missing_scope");
    assert_eq!(answer["needed"], "users:read");
    assert_eq!(answer["provided"], "chat:write");
    let general = channel(&running, "general");
    let app = app.with_token(&token);
    assert_eq!(app.error("conversations.info", json!({"channel": general})).await, "missing_scope");
    assert_eq!(app.error("chat.postMessage", json!({"channel": general, "text": "x"})).await, "not_in_channel");
}

#[tokio::test]
async fn headers_say_scopes_and_a_request_id() {
    let running = start().await;
    let app = App::new(&running);
    let request = app.http.get(app.url("users.list")).bearer_auth(app.token.expose_secret());
    let answer = request.send().await.unwrap();
    let header = |name: &str| answer.headers().get(name).unwrap().to_str().unwrap().to_owned();
    assert!(header("x-oauth-scopes").contains("chat:write"));
    assert_eq!(header("x-accepted-oauth-scopes"), "users:read");
    assert_eq!(header("x-slack-req-id").len(), 32);
    assert_eq!(header("content-type"), "application/json; charset=utf-8");
}

#[tokio::test]
async fn every_way_to_send_arguments_works() {
    let running = start().await;
    let app = App::new(&running);
    let general = channel(&running, "general").to_string();
    let token = app.token.expose_secret().to_owned();
    let post = |url: String| app.http.post(url);
    let json_body = json!({"channel": general, "text": "json"});
    let multipart = format!(
        "--b\r\ncontent-disposition: form-data; name=\"channel\"\r\n\r\n{general}\r\n\
         --b\r\ncontent-disposition: form-data; name=\"text\"\r\n\r\nmultipart\r\n\
         --b\r\ncontent-disposition: form-data; name=\"token\"\r\n\r\n{token}\r\n--b--\r\n"
    );
    let url = app.url("chat.postMessage");
    let requests = [
        post(url.clone()).bearer_auth(&token).json(&json_body),
        post(url.clone()).form(&[("channel", general.as_str()), ("text", "form"), ("token", &token)]),
        post(url.clone()).header("content-type", "multipart/form-data; boundary=b").body(multipart),
        app.http.get(format!("{url}?channel={general}&text=query&token={token}")),
    ];
    for request in requests {
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["ok"], true, "{answer}");
    }
    let texts: Vec<String> = running
        .messages(&channel(&running, "general"))
        .iter()
        .map(|m| m["text"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(texts, ["json", "form", "multipart", "query"]);
}

#[tokio::test]
async fn bodies_that_are_none_are_refused_with_200() {
    let running = start().await;
    let app = App::new(&running);
    let send = async |content_type: &str, body: Vec<u8>| {
        let request = app.http.post(app.url("chat.postMessage")).bearer_auth(app.token.expose_secret());
        let answer = request.header("content-type", content_type).body(body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json::<Value>().await.unwrap()["error"].as_str().unwrap().to_owned()
    };
    assert_eq!(send("application/json", b"{".to_vec()).await, "invalid_json");
    assert_eq!(send("application/json", b"[1]".to_vec()).await, "json_not_object");
    assert_eq!(send("application/json", vec![b'['; 100_000]).await, "invalid_json");
    assert_eq!(send("text/plain", b"x".to_vec()).await, "invalid_post_type");
    assert_eq!(send("multipart/form-data", b"x".to_vec()).await, "invalid_form_data");
    assert_eq!(send("application/json", vec![b' '; 5 * 1024 * 1024]).await, "request_too_large");
    assert_eq!(send("application/x-www-form-urlencoded", vec![0xff; 64]).await, "invalid_arguments");
    let empty = app.http.post(app.url("auth.test")).bearer_auth(app.token.expose_secret());
    let empty = empty.header("content-type", "application/json;charset=utf-8").send().await.unwrap();
    assert_eq!(empty.json::<Value>().await.unwrap()["ok"], true);
}

#[tokio::test]
async fn json_for_a_method_that_takes_forms_only_is_not_read() {
    let running = start().await;
    let app = App::new(&running);
    let alice = crate::client::user(&running, "alice");
    let request = app.http.post(app.url("users.info")).bearer_auth(app.token.expose_secret());
    let answer: Value = request.json(&json!({"user": alice})).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["error"], "invalid_arguments");
    assert_eq!(answer["response_metadata"]["messages"], json!(["[ERROR] missing required field: user"]));
    let url = format!("{}?user={alice}", app.url("users.info"));
    let asked = app.http.get(url).bearer_auth(app.token.expose_secret()).header("content-type", "application/json");
    assert_eq!(asked.send().await.unwrap().json::<Value>().await.unwrap()["user"]["name"], "alice");
}

#[tokio::test]
async fn every_warning_is_told() {
    let running = start().await;
    let app = App::new(&running);
    let general = crate::client::channel(&running, "general");
    let request = app.http.post(app.url("conversations.join")).bearer_auth(app.token.expose_secret());
    let request = request.header("content-type", "application/json").body(json!({"channel": general}).to_string());
    let text = request.send().await.unwrap().text().await.unwrap();
    assert_eq!(text.matches("\"warning\"").count(), 1, "{text}");
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(answer["warning"], "already_in_channel,missing_charset");
    assert_eq!(answer["response_metadata"]["warnings"], json!(["already_in_channel", "missing_charset"]));
}

#[tokio::test]
async fn api_test_says_back_what_it_was_told() {
    let running = start().await;
    let app = App::new(&running);
    let answer = app.http.get(format!("{}?foo=bar", app.url("api.test"))).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({"ok": true, "args": {"foo": "bar"}}));
    assert_eq!(app.error("api.test", json!({"error": "my_error"})).await, "my_error");
}

#[tokio::test]
async fn people_bots_and_the_team_can_be_looked_up() {
    let running = start().await;
    let app = App::new(&running);
    let alice = crate::client::user(&running, "alice");
    let info = app.ok("users.info", json!({"user": alice})).await;
    assert_eq!(info["user"]["is_owner"], true);
    let email = info["user"]["profile"]["email"].as_str().unwrap();
    let found = app.ok("users.lookupByEmail", json!({"email": email})).await;
    assert_eq!(found["user"]["id"], alice.as_str());
    assert_eq!(app.error("users.lookupByEmail", json!({"email": "no@body"})).await, "users_not_found");
    assert_eq!(app.error("users.info", json!({"user": "U0"})).await, "user_not_found");
    let bot = app.ok("auth.test", json!({})).await["bot_id"].clone();
    let info = app.ok("bots.info", json!({"bot": bot})).await;
    assert_eq!(info["bot"]["app_id"], running.ready().app_id.as_str());
    assert_eq!(app.error("bots.info", json!({"bot": "B0"})).await, "bot_not_found");
    assert_eq!(app.ok("team.info", json!({})).await["team"]["id"], running.ready().team_id.as_str());
}

#[tokio::test]
async fn lists_come_in_pages() {
    let running = start().await;
    let app = App::new(&running);
    let mut names = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.ok("users.list", json!({"limit": 1, "cursor": cursor})).await;
        names.extend(page["members"].as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap().to_owned()));
        cursor = page["response_metadata"]["next_cursor"].as_str().unwrap().to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    names.sort();
    assert_eq!(names, ["alice", "bob", "carol", "countersign"]);
    assert_eq!(app.error("users.list", json!({"cursor": "%%%"})).await, "invalid_cursor");
    assert_eq!(app.error("users.list", json!({"limit": -1})).await, "invalid_limit");
}
