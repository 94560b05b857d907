//! Apps that go and come back: what ends with an installation, and what is there again.

use countersign_slack_workspace::Running;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::client::{App, channel, start, user};
use crate::control::Control;

/// An app whose tokens expire, installed by its developer; with its client id and secret.
async fn rotating(running: &Running) -> (App<'_>, Value) {
    let manifest = json!({
        "display_information": {"name": "Rotates"},
        "oauth_config": {"scopes": {"bot": ["chat:write", "channels:join"], "user": ["chat:write"]}},
        "settings": {"socket_mode_enabled": true, "token_rotation_enabled": true},
    });
    let made = Control::new(running).post("apps", json!({"manifest": manifest})).await["app"].clone();
    (App::new(running).with_token(&token(&made["bot_token"])), made)
}

fn token(value: &Value) -> SecretString {
    value.as_str().unwrap().to_owned().into()
}

fn cli(running: &Running) -> App<'_> {
    App::new(running).with_token(&running.ready().cli_token)
}

/// The token of the call for one that expires: its answer has the refresh token.
async fn exchanged(app: &App<'_>, made: &Value) -> Value {
    let proof = json!({"client_id": made["client_id"], "client_secret": made["client_secret"]});
    app.ok("oauth.v2.exchange", proof).await
}

fn renewal(made: &Value, refresh: &Value) -> Value {
    json!({
        "client_id": made["client_id"], "client_secret": made["client_secret"], "grant_type": "refresh_token",
        "refresh_token": refresh,
    })
}

#[tokio::test]
async fn an_uninstalled_apps_refresh_tokens_give_nothing() {
    let running = start().await;
    let (bot, made) = rotating(&running).await;
    let given = exchanged(&bot, &made).await;
    assert_eq!(bot.error("auth.test", json!({})).await, "token_revoked", "it was exchanged");
    let person = bot.with_token(&token(&made["user_token"]));
    let of_person = exchanged(&person, &made).await;
    let bare = bot.with_token(&"".into());
    let renewed = bare.ok("oauth.v2.access", renewal(&made, &given["refresh_token"])).await;
    cli(&running).ok("apps.developerUninstall", json!({"app_id": made["app_id"]})).await;
    for refresh in [&renewed["refresh_token"], &of_person["refresh_token"]] {
        assert_eq!(bare.error("oauth.v2.access", renewal(&made, refresh)).await, "invalid_refresh_token");
    }
    cli(&running).ok("apps.developerInstall", install(&made["app_id"])).await;
    let old = renewal(&made, &renewed["refresh_token"]);
    assert_eq!(bare.error("oauth.v2.access", old).await, "invalid_refresh_token", "also when it is back");
}

#[tokio::test]
async fn a_revoked_token_takes_its_refresh_token_along() {
    let running = start().await;
    let (bot, made) = rotating(&running).await;
    let person = bot.with_token(&token(&made["user_token"]));
    let given = exchanged(&person, &made).await;
    let other = exchanged(&bot, &made).await;
    let expiring = bot.with_token(&token(&given["access_token"]));
    expiring.ok("auth.revoke", json!({})).await;
    let bare = bot.with_token(&"".into());
    assert_eq!(bare.error("oauth.v2.access", renewal(&made, &given["refresh_token"])).await, "invalid_refresh_token");
    bare.ok("oauth.v2.access", renewal(&made, &other["refresh_token"])).await;
}

fn install(app: &Value) -> Value {
    json!({"app_id": app, "bot_scopes": ["chat:write", "im:history", "im:write"]})
}

#[tokio::test]
async fn an_app_that_comes_back_has_its_direct_messages_again() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let bob = user(&running, "bob");
    let direct = app.ok("chat.postMessage", json!({"channel": bob, "text": "hello"})).await["channel"].clone();
    let manifest = cycle(&running, &mut socket).await;
    assert!(manifest["settings"].is_object());
    assert_eq!(app.ok("chat.postMessage", json!({"channel": bob, "text": "again"})).await["channel"], direct);
    let history = app.ok("conversations.history", json!({"channel": direct})).await;
    assert_eq!(history["messages"].as_array().unwrap().len(), 2);
    let mut socket = app.connect().await;
    running.post_message(&bob, &running.im(&bob).unwrap(), "welcome back").unwrap();
    assert_eq!(last_text(&mut socket, "welcome back").await, "im");
}

/// Uninstalls the usual app, waits for its connection's end, and installs it with everything it had.
async fn cycle(running: &Running, socket: &mut crate::client::Socket) -> Value {
    let (cli, id) = (cli(running), running.ready().app_id.clone());
    let manifest = cli.ok("apps.manifest.export", json!({"app_id": id})).await["manifest"].clone();
    cli.ok("apps.developerUninstall", json!({"app_id": id})).await;
    while let Some(message) = socket.read().await {
        assert_ne!(message["reason"], "warning");
    }
    let scopes = &manifest["oauth_config"]["scopes"];
    let again = json!({"app_id": id, "bot_scopes": scopes["bot"], "user_scopes": scopes["user"]});
    cli.ok("apps.developerInstall", again).await;
    manifest
}

/// Reads on to the message with this text; returns the kind of its channel.
async fn last_text(socket: &mut crate::client::Socket, text: &str) -> String {
    loop {
        let event = socket.event("message").await;
        if event["text"] == text {
            return event["channel_type"].as_str().unwrap().to_owned();
        }
    }
}

#[tokio::test]
async fn an_app_that_is_back_hears_nothing_of_its_end_and_everything_since() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    let bob = user(&running, "bob");
    app.ok("conversations.open", json!({"users": bob})).await;
    cycle(&running, &mut socket).await;
    running.post_message(&bob, &running.im(&bob).unwrap(), "are you there?").unwrap();
    let mut socket = app.connect().await;
    loop {
        let envelope = socket.envelope("events_api").await;
        let event = &envelope["payload"]["event"];
        assert!(!["tokens_revoked", "app_uninstalled"].contains(&event["type"].as_str().unwrap()), "{envelope}");
        socket.ack(&envelope, Value::Null).await;
        if event["text"] == "are you there?" {
            break;
        }
    }
}

#[tokio::test]
async fn a_bots_user_is_deleted_while_its_app_is_not_installed() {
    let running = start().await;
    let watcher = App::hearing(&running, &["user_change"]).await;
    let mut heard = watcher.connect().await;
    let (cli, id, bot) = (cli(&running), running.ready().app_id.clone(), running.ready().bot_user_id.clone());
    let shown = async || watcher.ok("users.info", json!({"user": bot})).await["user"]["deleted"].clone();
    assert_eq!(shown().await, false);
    cli.ok("apps.developerUninstall", json!({"app_id": id})).await;
    assert_eq!(shown().await, true);
    let event = heard.event("user_change").await;
    assert_eq!((&event["user"]["id"], &event["user"]["deleted"]), (&json!(bot), &json!(true)));
    cli.ok("apps.developerInstall", install(&json!(id))).await;
    assert_eq!(shown().await, false);
}

#[tokio::test]
async fn the_command_line_outlives_every_app_and_posts_as_its_person() {
    let running = start().await;
    let (cli, alice) = (cli(&running), user(&running, "alice"));
    let posted = cli.ok("chat.postMessage", json!({"channel": channel(&running, "general"), "text": "mine"})).await;
    assert_eq!(posted["message"]["user"], alice.as_str());
    assert!(posted["message"].get("bot_id").is_none(), "{posted}");
    cli.ok("apps.delete", json!({"app_id": running.ready().app_id})).await;
    let known = cli.ok("auth.test", json!({})).await;
    assert_eq!((&known["user"], &known["team_id"]), (&json!("alice"), &json!(running.ready().team_id)));
    let manifest = json!({"display_information": {"name": "First"}});
    cli.ok("apps.manifest.create", json!({"manifest": manifest})).await;
    let bare = cli.with_token(&"".into());
    let ticket = bare.ok("apps.hosted.generateAuthTicket", json!({})).await["ticket"].clone();
    let confirm = json!({
        "user": alice, "channel": channel(&running, "general"), "command": "/slackauthticket", "text": ticket,
    });
    let answer = Control::new(&running).post("command", confirm).await;
    let challenge = answer["response"]["text"].as_str().unwrap().rsplit(' ').next().unwrap().to_owned();
    let signed_in = bare.ok("apps.hosted.exchangeAuthTicket", json!({"ticket": ticket, "challenge": challenge})).await;
    let other = cli.with_token(&token(&signed_in["token"]));
    other.ok("auth.revoke", json!({})).await;
    let renew = json!({"refresh_token": signed_in["refresh_token"]});
    assert_eq!(bare.error("tooling.tokens.rotate", renew).await, "invalid_refresh_token");
    cli.ok("auth.test", json!({})).await;
}

#[tokio::test]
async fn the_last_token_of_an_app_takes_the_app_with_it() {
    let running = start().await;
    let events = ["tokens_revoked", "app_uninstalled"];
    let made = json!({"name": "Botless", "scopes": ["chat:write"], "user_scopes": ["chat:write"], "events": events});
    let made = Control::new(&running).post("apps", made).await["app"].clone();
    let app = App::new(&running);
    let (bot, person) = (app.with_token(&token(&made["bot_token"])), app.with_token(&token(&made["user_token"])));
    let connected = App { connect_token: token(&made["app_token"]), ..bot.with_token(&bot.token) };
    let mut socket = connected.connect().await;
    bot.ok("auth.revoke", json!({})).await;
    assert_eq!(socket.event("tokens_revoked").await["tokens"]["bot"], json!([made["bot_user_id"]]));
    person.ok("auth.test", json!({})).await;
    person.ok("auth.revoke", json!({})).await;
    socket.event("app_uninstalled").await;
    while let Some(message) = socket.read().await {
        assert_eq!(message["reason"], "link_disabled", "{message}");
    }
    let refused = connected.with_token(&connected.connect_token).error("apps.connections.open", json!({})).await;
    assert_eq!(refused, "token_revoked");
}

#[tokio::test]
async fn an_app_hears_only_what_its_scopes_allow() {
    let running = start().await;
    let wanted = json!({
        "name": "Narrow", "scopes": ["chat:write", "channels:join", "reactions:read"],
        "events": ["message.channels", "reaction_added", "team_join", "app_home_opened"],
    });
    let app = App::made(&running, wanted).await;
    let mut socket = app.connect().await;
    let (general, bob) = (channel(&running, "general"), user(&running, "bob"));
    app.ok("conversations.join", json!({"channel": general})).await;
    let posted = running.post_message(&bob, &general, "not for you").unwrap();
    Control::new(&running).post("users", json!({"name": "dave"})).await;
    let reaction = json!({"user": bob, "channel": general, "ts": posted["ts"], "name": "eyes"});
    Control::new(&running).post("reaction", reaction).await;
    let first = socket.envelope("events_api").await;
    assert_eq!(first["payload"]["event"]["type"], "reaction_added", "{first}");
}

#[tokio::test]
async fn nothing_of_the_last_installation_is_sent_to_the_next_one() {
    let running = start().await;
    let app = App::new(&running);
    let mut socket = app.connect().await;
    running.post_message(&user(&running, "bob"), &channel(&running, "general"), "before").unwrap();
    assert_eq!(socket.next().await["payload"]["event"]["text"], "before");
    let (cli, id) = (cli(&running), running.ready().app_id.clone());
    // At once: the old connection is still being closed.
    cli.ok("apps.developerUninstall", json!({"app_id": id})).await;
    let scopes = json!(["im:history", "im:write", "chat:write"]);
    cli.ok("apps.developerInstall", json!({"app_id": id, "bot_scopes": scopes})).await;
    while socket.read().await.is_some() {}
    drop(socket);
    let bob = user(&running, "bob");
    app.ok("conversations.open", json!({"users": bob})).await;
    running.post_message(&bob, &running.im(&bob).unwrap(), "since").unwrap();
    let mut socket = app.connect().await;
    let first = socket.next().await;
    assert_eq!((&first["payload"]["event"]["text"], &first["retry_attempt"]), (&json!("since"), &json!(0)), "{first}");
}
