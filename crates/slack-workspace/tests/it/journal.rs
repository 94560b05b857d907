//! The journal: everything, and not one token.

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::client::{App, channel, start, user};
use crate::control::Control;

#[tokio::test]
async fn no_token_is_ever_in_it() {
    let running = start().await;
    let app = App::new(&running);
    let control = Control::new(&running);
    let ready = running.ready().clone();
    let general = channel(&running, "general");
    let made = control.post("apps", json!({"scopes": ["chat:write"]})).await["app"].clone();
    let mut secrets = vec![ready.client_secret.clone(), ready.signing_secret.clone(), ready.control_token.clone()];
    secrets.extend([&ready.bot_token, &ready.app_token, &ready.user_token, &ready.cli_token].map(Clone::clone));
    for key in ["bot_token", "app_token", "user_token", "signing_secret", "client_secret"] {
        secrets.push(made[key].as_str().unwrap().into());
    }
    let mut socket = app.connect().await;
    for secret in &secrets {
        let secret = secret.expose_secret();
        let text = format!("see {secret}, ok");
        let args = json!({"channel": general, "text": text, "metadata": {"event_type": secret, "event_payload": {secret: secret}}});
        app.ok("chat.postMessage", args).await;
        app.call("users.info", json!({"user": secret, "token": secret, secret: "x"})).await;
        app.call(&format!("no.{secret}"), json!({})).await;
        app.http.get(format!("{}?token={secret}&foo={secret}", app.url("api.test"))).send().await.unwrap();
        let body = json!({"token": secret, "channel": general, "text": "x"});
        app.http.post(app.url("chat.postMessage")).bearer_auth(secret).json(&body).send().await.unwrap();
        running.post_message(&user(&running, "bob"), &general, &text).unwrap();
        let forged = format!("{}actions/T0/1/{secret}", ready.ui_url);
        app.http.post(forged).json(&json!({"text": text, "token": secret})).send().await.unwrap();
        let envelope = socket.next().await;
        socket.ack(&envelope, json!({"text": secret})).await;
        running.fault(&json!({"fail": {"method": secret, "times": 0}})).unwrap();
    }
    app.ok("auth.test", json!({})).await;
    let debug = format!("{running:?}");
    assert!(secrets.iter().all(|secret| !debug.contains(secret.expose_secret())), "Debug prints a token");
    let whole = control.request(reqwest::Method::GET, "journal").send().await.unwrap().text().await.unwrap();
    for secret in &secrets {
        let secret = secret.expose_secret();
        assert!(!whole.contains(secret), "a token is in the journal");
        let tail = &secret[secret.len() - 12..];
        assert!(!whole.contains(tail), "a part of a token is in the journal");
    }
    let parsed: Value = serde_json::from_str(&whole).unwrap();
    assert!(parsed["entries"].as_array().unwrap().len() > 50);
    assert_eq!(parsed["truncated"], false);
}

#[tokio::test]
async fn calls_envelopes_acks_and_people_are_written_down() {
    let running = start().await;
    let app = App::new(&running);
    let control = Control::new(&running);
    let mut socket = app.connect().await;
    let general = channel(&running, "general");
    running.post_message(&user(&running, "bob"), &general, "hello").unwrap();
    let envelope = socket.next().await;
    socket.ack(&envelope, Value::Null).await;
    let acked = running.wait_for_journal(|entry| entry.kind == "ack", crate::client::SOON).await.unwrap();
    assert_eq!(acked.value["envelope_id"], envelope["envelope_id"]);
    assert!(acked.value["ms"].is_u64() && acked.value["at_ms"].is_u64());
    let entries = running.journal();
    let find = |kind: &str| entries.iter().find(|entry| entry.kind == kind).unwrap().value.clone();
    let call = find("api");
    assert_eq!(call["method"], "apps.connections.open");
    assert_eq!(call["app_id"], running.ready().app_id.as_str());
    assert_eq!(call["response"]["ok"], true);
    assert_eq!(find("envelope")["payload"]["event"]["text"], "hello");
    assert_eq!(find("envelope")["retry_attempt"], 0);
    assert_eq!(find("person")["details"]["text"], "hello");
    assert_eq!(find("connection")["event"], "connected");
    let page = control.get(&format!("journal?since={}", acked.seq - 1)).await;
    assert_eq!(page["entries"][0], acked.value);
    let seqs: Vec<u64> = entries.iter().map(|entry| entry.seq).collect();
    assert!(seqs.windows(2).all(|pair| pair[0] + 1 == pair[1]), "numbers have no gaps");
}

#[tokio::test]
async fn what_acts_without_a_token_is_not_in_it_either() {
    let running = start().await;
    let app = App::new(&running);
    let control = Control::new(&running);
    let (general, bob) = (channel(&running, "general"), user(&running, "bob"));
    let mut secrets = Vec::new();
    let mut keep = |value: &Value| secrets.push(value.as_str().unwrap().to_owned());
    let cli = app.with_token(&running.ready().cli_token);
    let variable = "postgres://user:hunter2@db.example/x";
    let variables = json!({"app_id": running.ready().app_id, "variables": [{"name": "DATABASE", "value": variable}]});
    cli.call("apps.hosted.variables.add", variables).await;
    keep(&json!("hunter2"));
    let bare = app.with_token(&"".into());
    let ticket = bare.ok("apps.hosted.generateAuthTicket", json!({})).await["ticket"].clone();
    keep(&ticket);
    let confirm = json!({"user": bob, "channel": general, "command": "/slackauthticket", "text": ticket});
    let answer = control.post("command", confirm).await["response"]["text"].clone();
    let challenge = json!(answer.as_str().unwrap().rsplit(' ').next().unwrap());
    let signed_in = bare.ok("apps.hosted.exchangeAuthTicket", json!({"ticket": ticket, "challenge": challenge})).await;
    keep(&challenge);
    keep(&signed_in["refresh_token"]);
    let announced = app.ok("files.getUploadURLExternal", json!({"filename": "a", "length": 1})).await;
    keep(&json!(announced["upload_url"].as_str().unwrap().rsplit('/').next().unwrap()));
    let mut socket = app.connect().await;
    let ts = app.post_button(&general).await;
    let (_, envelope) = tokio::join!(running.click(&bob, &general, ts, "approve"), async {
        let envelope = socket.envelope("interactive").await;
        socket.ack(&envelope, Value::Null).await;
        envelope
    });
    let url = envelope["payload"]["response_url"].as_str().unwrap();
    app.http.post(url).json(&json!({"text": "thanks"})).send().await.unwrap();
    keep(&json!(url.rsplit('/').next().unwrap()));
    keep(&json!(running.ready().client_secret.expose_secret()));
    let whole = control.request(reqwest::Method::GET, "journal").send().await.unwrap().text().await.unwrap();
    for secret in &secrets {
        let place = whole.find(secret.as_str()).map(|at| &whole[at.saturating_sub(200)..at + secret.len()]);
        assert_eq!(place, None, "{secret} is in the journal");
    }
    assert!(whole.contains("response_url") && whole.contains("thanks"));
}

#[tokio::test]
async fn a_deleted_apps_secrets_are_looked_for_no_more() {
    let running = start().await;
    let control = Control::new(&running);
    let made = control.post("apps", json!({"name": "Short-lived"})).await["app"].clone();
    let (secret, general) = (made["signing_secret"].as_str().unwrap(), channel(&running, "general"));
    let say = async || {
        running.post_message(&user(&running, "bob"), &general, secret).unwrap();
        control.request(reqwest::Method::GET, "journal").send().await.unwrap().text().await.unwrap()
    };
    assert!(!say().await.contains(secret));
    let cli = App::new(&running).with_token(&running.ready().cli_token);
    cli.ok("apps.delete", json!({"app_id": made["app_id"]})).await;
    assert!(say().await.contains(secret), "every text is searched for every secret: those of apps that are gone go");
    assert!(!say().await.contains(running.ready().control_token.expose_secret()));
}
