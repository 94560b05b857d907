//! The page of hoop's Slack plugin, step by step, with the program's name changed.

use countersign_testkit::{Backend, GatewayApp, GatewaySettings, text_of, ts_of};
use serde_json::{Value, json};

use super::{BINARY, ids};

/// The page's own manifest, with its three scopes.
const MANIFEST: &str = r##"{"display_information":{"name":"hoop","description":"An app to interact with a hoop gateway instance","background_color":"#d982b5"},"features":{"bot_user":{"display_name":"Hoop","always_online":true}},"oauth_config":{"scopes":{"bot":["channels:read","chat:write","app_mentions:read"]}},"settings":{"event_subscriptions":{"bot_events":["app_mention"]},"interactivity":{"is_enabled":true},"org_deploy_enabled":false,"socket_mode_enabled":true,"token_rotation_enabled":false}}"##;

/// A team on this database that has read the page's first part: an app from the manifest, in the channel.
async fn installed(backend: Backend) -> Option<(GatewayApp, Vec<String>)> {
    let settings = GatewaySettings { backend, serve: String::new(), file: String::new() };
    let app = GatewayApp::bare(BINARY, &settings).await?;
    app.sign_up().await;
    let tokens = install(&app).await;
    let plugin = [
        "admin",
        "create",
        "plugin",
        "slack",
        "--overwrite",
        "--priority",
        "-1",
        "--config",
        &format!("SLACK_BOT_TOKEN={}", tokens.bot),
        "--config",
        &format!("SLACK_APP_TOKEN={}", tokens.app),
        "--config",
        "SLACK_CHANNEL=approvals",
    ]
    .map(str::to_owned)
    .to_vec();
    Some((app, plugin))
}

struct Tokens {
    bot: String,
    app: String,
}

/// Creates the app from the manifest, and invites its bot.
async fn install(app: &GatewayApp) -> Tokens {
    use secrecy::ExposeSecret as _;
    let ready = app.workspace().ready();
    let manifest: Value = serde_json::from_str(MANIFEST).unwrap();
    crate::install_tls_provider();
    let made = reqwest::Client::builder()
        .build()
        .unwrap()
        .post(format!("{}apps", ready.control_url))
        .bearer_auth(ready.control_token.expose_secret())
        .json(&json!({ "manifest": manifest }))
        .send()
        .await
        .unwrap();
    let text = made.text().await.unwrap();
    let made: Value = serde_json::from_str(&text).unwrap();
    let field = |name: &str| made.pointer(&format!("/app/{name}")).and_then(Value::as_str).expect(&text).to_owned();
    let bot = field("bot_user_id").as_str().into();
    app.workspace().workspace().invite(&app.user("alice"), &app.channel("approvals"), &bot).unwrap();
    Tokens { bot: field("bot_token"), app: field("app_token") }
}

fn words(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

async fn walk(app: GatewayApp, plugin: Vec<String>) {
    let ada = app.ada();
    ada.does(&words(&plugin)).await;
    for (name, groups) in [("alice", "admin"), ("bob", "sre"), ("carol", "admin,sre")] {
        let user = app.user(name);
        let email = format!("{name}@domain.tld");
        ada.does(&["admin", "create", "user", &email, "--overwrite", "--groups", groups, "--slackid", user.as_str()])
            .await;
    }
    let token = ada.does(&["admin", "create", "agent", "default"]).await;
    let _agent = app.start_agent("default", token.trim()).await;
    ada.does(&["admin", "create", "conn", "bash-jit", "--agent", "default", "--overwrite", "--", "bash"]).await;
    ada.does(&["admin", "create", "conn", "bash", "--agent", "default", "--overwrite", "--", "bash"]).await;
    ada.does(&["admin", "create", "plugin", "jit", "--overwrite", "--connection", "bash-jit:admin;sre"]).await;
    ada.does(&["admin", "create", "plugin", "review", "--overwrite", "--connection", "bash:admin;sre"]).await;
    let mut again = words(&plugin);
    again.extend(["--connection", "bash,bash-jit"]);
    ada.does(&again).await;

    exec_with_two_people(&app).await;
    connect_with_one_in_both_groups(&app).await;
}

/// Clicks until the app, which is started anew with each change of its plugin, has acknowledged.
async fn press(app: &GatewayApp, name: &str, message: &Value) {
    let channel = app.channel("approvals");
    app.until("an acknowledged click", || async {
        let clicked = app.workspace().click(&app.user(name), &channel, ts_of(message), ids::APPROVE).await;
        clicked.unwrap().acked.then_some(())
    })
    .await;
}

async fn exec_with_two_people(app: &GatewayApp) {
    let program = app.ada().start(&["exec", "bash", "ls /"]);
    let request = program.request().await;
    let message = app.asked("approvals", "ls /").await;
    let text = text_of(&message);
    for part in ["bash", "admin", "sre", "Ada", request.get(26..).unwrap_or("?")] {
        assert!(text.contains(part), "{part:?} is missing in {text}");
    }
    press(app, "alice", &message).await;
    program.says("still needed: 1 of sre").await;
    press(app, "bob", &message).await;
    let ended = program.finish().await.well();
    assert!(ended.text().lines().any(|line| line == "etc"), "{}", ended.text());
    let closed = app.closed("approvals", &message).await;
    assert!(text_of(&closed).contains("Approved by"), "{}", text_of(&closed));
    let thread = message.get("ts").cloned();
    let replied = |reply: &Value| reply.get("thread_ts") == thread.as_ref() && reply.get("ts") != thread.as_ref();
    let reply = app.message(&app.channel("approvals"), replied).await;
    assert!(text_of(&reply).contains("exited 0"), "{}", text_of(&reply));
}

async fn connect_with_one_in_both_groups(app: &GatewayApp) {
    let mut terminal = app.ada().terminal(&["connect", "bash-jit"]);
    let message = app.asked("approvals", "bash-jit").await;
    press(app, "carol", &message).await;
    terminal.shows("connected to bash-jit").await;
    terminal.types("echo $((40 + 2)) here\n");
    terminal.shows("42 here").await;
    terminal.types("exit 3\n");
    assert_eq!(terminal.finish().await, Some(3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_page_works_on_sqlite() {
    let (app, plugin) = installed(Backend::Sqlite).await.unwrap();
    walk(app, plugin).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_page_works_on_postgres() {
    if let Some((app, plugin)) = installed(Backend::Postgres).await {
        walk(app, plugin).await;
    }
}
