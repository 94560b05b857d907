//! Several teams in one workspace.

use std::fs;

use countersign_slack_workspace::{Config, Running, Workspace};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::client::{App, SOON, channel, http, start, user};
use crate::control::Control;

/// A second team in which the first's app is installed.
async fn second(running: &Running) -> Value {
    let wanted =
        json!({"team": "Other Corp", "users": [{"name": "olga"}, {"name": "bob"}], "installed": ["Countersign"]});
    Control::new(running).post("teams", wanted).await
}

fn token(of: &Value) -> SecretString {
    of.as_str().unwrap().to_owned().into()
}

#[tokio::test]
async fn an_app_in_two_teams_has_two_bots_and_one_connection() {
    let running = start().await;
    let first = App::new(&running);
    let other = second(&running).await;
    let made = &other["apps"]["Countersign"];
    assert_eq!(made["app_id"], running.ready().app_id.as_str());
    assert_ne!(made["bot_user_id"], running.ready().bot_user_id.as_str());
    let there = first.with_token(&token(&made["bot_token"]));
    let (here_test, there_test) = (first.ok("auth.test", json!({})).await, there.ok("auth.test", json!({})).await);
    assert_eq!(there_test["team_id"], other["team"]["id"]);
    assert_eq!(there_test["team"], "Other Corp");
    assert_ne!(here_test["team_id"], there_test["team_id"]);
    assert_ne!(here_test["bot_id"], there_test["bot_id"]);

    let mut socket = first.connect().await;
    let control = Control::new(&running);
    let general = &other["channels"]["general"];
    let say = json!({"user": other["users"]["olga"], "channel": general, "text": "from there"});
    control.post("message", say).await;
    let envelope = socket.envelope("events_api").await;
    socket.ack(&envelope, Value::Null).await;
    let payload = &envelope["payload"];
    assert_eq!(payload["team_id"], other["team"]["id"]);
    assert_eq!(payload["authorizations"][0]["team_id"], other["team"]["id"]);
    assert_eq!(payload["authorizations"][0]["user_id"], made["bot_user_id"]);
    assert_eq!(payload["event"]["team"], other["team"]["id"]);
    assert_eq!(payload["event"]["text"], "from there");
    running.post_message(&user(&running, "alice"), &channel(&running, "general"), "from here").unwrap();
    let payload = socket.envelope("events_api").await["payload"].clone();
    assert_eq!(payload["team_id"], here_test["team_id"]);
    assert_eq!(payload["authorizations"][0]["user_id"], running.ready().bot_user_id.as_str());
}

#[tokio::test]
async fn no_id_crosses_from_one_team_into_another() {
    let running = start().await;
    let first = App::new(&running);
    let other = second(&running).await;
    let there = first.with_token(&token(&other["apps"]["Countersign"]["bot_token"]));
    let (theirs, ours) = (&other["channels"]["general"], json!(channel(&running, "general")));
    let post = |channel: &Value| json!({"channel": channel, "text": "x"});
    assert_eq!(first.error("chat.postMessage", post(theirs)).await, "channel_not_found");
    assert_eq!(there.error("chat.postMessage", post(&ours)).await, "channel_not_found");
    let posted = there.ok("chat.postMessage", post(theirs)).await;
    let update = json!({"channel": theirs, "ts": posted["ts"], "text": "y"});
    assert_eq!(first.error("chat.update", update).await, "channel_not_found");
    assert_eq!(first.error("users.info", json!({"user": other["users"]["bob"]})).await, "user_not_found");
    assert_eq!(there.ok("users.info", json!({"user": other["users"]["bob"]})).await["user"]["name"], "bob");
    for method in ["conversations.list", "users.list"] {
        let (here, there) = (first.ok(method, json!({})).await, there.ok(method, json!({})).await);
        assert!(!here.to_string().contains(other["team"]["id"].as_str().unwrap()), "{method}");
        assert!(!there.to_string().contains(running.ready().team_id.as_str()), "{method}");
    }
    let named = json!({"channel": ours, "text": "x", "team_id": other["team"]["id"]});
    assert_eq!(first.error("chat.postMessage", named).await, "team_access_not_granted");
    let own = json!({"channel": ours, "text": "x", "team_id": running.ready().team_id});
    first.ok("chat.postMessage", own).await;
}

#[tokio::test]
async fn a_click_in_another_team_is_that_teams() {
    let running = start().await;
    let first = App::new(&running);
    let other = second(&running).await;
    let there = first.with_token(&token(&other["apps"]["Countersign"]["bot_token"]));
    let mut socket = first.connect().await;
    let general = other["channels"]["general"].as_str().unwrap().to_owned().into();
    let ts = there.post_button(&general).await;
    let control = Control::new(&running);
    let click = json!({"user": "bob", "channel": general, "ts": ts, "action_id": "approve"});
    let clicking = async { control.post("click", click).await };
    let answering = async {
        let envelope = socket.envelope("interactive").await;
        socket.ack(&envelope, Value::Null).await;
        envelope["payload"].clone()
    };
    let (answer, payload) = tokio::join!(clicking, answering);
    assert_eq!(answer["acked"], true);
    assert_eq!(payload["user"]["id"], other["users"]["bob"]);
    assert_eq!(payload["team"]["id"], other["team"]["id"]);
    assert_eq!(payload["team"]["domain"], "other-corp");
    let view = json!({"type": "modal", "title": {"type": "plain_text", "text": "t"}, "blocks": []});
    let open = json!({"trigger_id": payload["trigger_id"], "view": view});
    assert_eq!(first.error("views.open", open.clone()).await, "invalid_trigger_id");
    assert_eq!(there.ok("views.open", open).await["view"]["team_id"], other["team"]["id"]);
    let url = payload["response_url"].as_str().unwrap();
    let answered = http().post(url).json(&json!({"text": "done"})).send().await.unwrap();
    assert_eq!(answered.status(), 200);
    let seen =
        control.get(&format!("messages?channel={general}&user={}", other["users"]["bob"].as_str().unwrap())).await;
    assert!(seen.to_string().contains("done"), "{seen}");
    assert_eq!(
        control.get(&format!("views?user={}", other["users"]["bob"].as_str().unwrap())).await["views"][0]["type"],
        "modal"
    );
}

#[tokio::test]
async fn leaving_one_team_leaves_the_other_alone() {
    let running = start().await;
    let first = App::new(&running);
    let other = second(&running).await;
    let there = first.with_token(&token(&other["apps"]["Countersign"]["bot_token"]));
    let mut socket = first.connect().await;
    there.ok("auth.revoke", json!({})).await;
    assert_eq!(there.error("auth.test", json!({})).await, "token_revoked");
    let gone = socket.event("tokens_revoked").await;
    assert_eq!(gone["tokens"]["bot"], json!([other["apps"]["Countersign"]["bot_user_id"]]));
    first.ok("auth.test", json!({})).await;
    running.post_message(&user(&running, "alice"), &channel(&running, "general"), "still there").unwrap();
    assert_eq!(socket.event("message").await["text"], "still there");
}

#[tokio::test]
async fn a_manifest_changes_in_every_team_and_only_at_home() {
    let running = start().await;
    let first = App::new(&running);
    let control = Control::new(&running);
    let made = control.post("apps", json!({"name": "Mover", "events": ["app_mention"]})).await["app"].clone();
    let other = second(&running).await;
    let team = &other["team"]["id"];
    let there = control.post("apps", json!({"app_id": made["app_id"], "team": team})).await["app"].clone();
    assert_eq!(there["client_id"], made["client_id"]);
    assert_eq!(there["app_token"], made["app_token"]);
    assert_ne!(there["bot_token"], made["bot_token"]);
    let again = control.post("apps", json!({"app_id": made["app_id"], "team": team})).await["app"].clone();
    assert_eq!(again, there);
    let cli = first.with_token(&running.ready().cli_token);
    let exported = cli.ok("apps.manifest.export", json!({"app_id": made["app_id"]})).await;
    let mut manifest = exported["manifest"].clone();
    manifest["display_information"]["name"] = "Moved".into();
    let owner = first.with_token(&token(&there["user_token"]));
    let change = json!({"app_id": made["app_id"], "manifest": manifest});
    assert_eq!(owner.error("apps.manifest.update", change.clone()).await, "no_permission");
    cli.ok("apps.manifest.update", change).await;
    let bot = first.with_token(&token(&there["bot_token"]));
    let found = bot.ok("users.info", json!({"user": there["bot_user_id"]})).await;
    assert_eq!(found["user"]["real_name"], "Moved");
    cli.ok("apps.manifest.delete", json!({"app_id": made["app_id"]})).await;
    assert_eq!(bot.error("auth.test", json!({})).await, "token_revoked");
}

fn asking(url: &str, query: &[(&str, &str)]) -> reqwest::Url {
    reqwest::Url::parse_with_params(url, query).unwrap()
}

#[tokio::test]
async fn oauth_installs_in_the_team_that_is_asked_for() {
    let running = start().await;
    let ready = running.ready();
    let other = Control::new(&running).post("teams", json!({"team": "Third", "users": [{"name": "tina"}]})).await;
    let team = other["team"]["id"].as_str().unwrap();
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let form = [
        ("client_id", ready.client_id.as_str()),
        ("scope", "chat:write"),
        ("redirect_uri", "http://127.0.0.1:9/back"),
        ("team", team),
        ("user", other["users"]["tina"].as_str().unwrap()),
        ("decision", "allow"),
    ];
    let url = format!("{}oauth/v2/authorize", ready.ui_url);
    let page = http.get(asking(&url, &form[..4])).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Countersign wants to use Third") && page.contains("tina"), "{page}");
    let sent = http.post(&url).form(&form).send().await.unwrap();
    let back = reqwest::Url::parse(sent.headers()["location"].to_str().unwrap()).unwrap();
    let code = back.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let secret = secrecy::ExposeSecret::expose_secret(&ready.client_secret);
    let exchange = [
        ("client_id", ready.client_id.as_str()),
        ("client_secret", secret),
        ("code", &code),
        ("redirect_uri", "http://127.0.0.1:9/back"),
    ];
    let installed = http.post(format!("{}oauth.v2.access", ready.api_url)).form(&exchange).send().await.unwrap();
    let installed: Value = installed.json().await.unwrap();
    assert_eq!(installed["team"]["id"], team, "{installed}");
    assert_eq!(installed["app_id"], ready.app_id.as_str());
    let bot = App::new(&running).with_token(&token(&installed["access_token"]));
    assert_eq!(bot.ok("auth.test", json!({})).await["team_id"], team);
    let nowhere =
        http.get(asking(&url, &[("client_id", ready.client_id.as_str()), ("team", "T0")])).send().await.unwrap();
    assert_eq!(nowhere.status(), 400);
}

#[tokio::test]
async fn teams_cannot_be_named_alike_and_a_reset_takes_them_away() {
    let running = start().await;
    let control = Control::new(&running);
    let other = second(&running).await;
    for (wanted, code) in [
        (json!({"team": "other corp"}), 400),
        (json!({"team": ""}), 400),
        (json!({"team": "X", "colour": "red"}), 400),
        (json!({"team": "X", "installed": ["Nobody"]}), 400),
    ] {
        let url = format!("{}teams", running.ready().control_url);
        let secret = secrecy::ExposeSecret::expose_secret(&running.ready().control_token);
        let refused = http().post(url).bearer_auth(secret).json(&wanted).send().await.unwrap();
        assert_eq!(refused.status(), code, "{wanted}");
    }
    let bot = App::new(&running).with_token(&token(&other["apps"]["Countersign"]["bot_token"]));
    control.post("reset", json!({})).await;
    assert_eq!(bot.error("auth.test", json!({})).await, "invalid_auth");
    second(&running).await;
}

#[tokio::test]
async fn a_scheduled_message_of_another_team_comes_in_time() {
    let running = start().await;
    let other = second(&running).await;
    let there = App::new(&running).with_token(&token(&other["apps"]["Countersign"]["bot_token"]));
    let general = &other["channels"]["general"];
    let at = running.workspace().clock().now_ms() / 1000 + 60;
    there.ok("chat.scheduleMessage", json!({"channel": general, "text": "later", "post_at": at})).await;
    running.advance_clock(std::time::Duration::from_secs(61)).unwrap();
    let history = there.ok("conversations.history", json!({"channel": general})).await;
    assert_eq!(history["messages"][0]["text"], "later");
    let team = running.workspace().team(&other["team"]["id"].as_str().unwrap().to_owned().into()).unwrap();
    assert_eq!(team.read(|state| state.team().name.clone()), "Other Corp");
    let _ = SOON;
}

const SEED: &str = "
team: Acme
apps: [{name: Deploys}]
teams:
  - team: Globex
    users: [{name: hank, real_name: Hank Scorpio}]
    channels: [{name: lobby}]
    installed: [Countersign, Deploys]
    apps: [{name: Local}]
    messages: [{channel: lobby, app: Deploys, text: shipped}]
  - {team: Initech}
";

#[tokio::test]
async fn a_seeds_teams_are_in_the_readiness_line_and_survive_reset_and_restart() {
    start().await.stop().await;
    let folder = tempfile::tempdir().unwrap();
    let (seed, state) = (folder.path().join("seed.yaml"), folder.path().join("state.json"));
    fs::write(&seed, SEED).unwrap();
    let config = Config { seed: Some(seed), state: Some(state), ..Config::default() };
    let running = Workspace::start(config.clone()).await.unwrap();
    let ready = serde_json::to_value(running.ready()).unwrap();
    assert_eq!(
        ready["teams"]["Globex"]["apps"].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["Countersign", "Deploys", "Local"]
    );
    assert_eq!(ready["teams"]["Initech"]["users"].as_object().unwrap().len(), 3);
    let deploys = token(&ready["teams"]["Globex"]["apps"]["Deploys"]["bot_token"]);
    let lobby = &ready["teams"]["Globex"]["channels"]["lobby"];
    let bot = App::new(&running).with_token(&deploys);
    bot.ok("chat.postMessage", json!({"channel": lobby, "text": "kept"})).await;
    running.stop().await;

    let running = Workspace::start(config).await.unwrap();
    assert_eq!(serde_json::to_value(running.ready()).unwrap()["teams"], ready["teams"]);
    let bot = App::new(&running).with_token(&deploys);
    let history = bot.ok("conversations.history", json!({"channel": lobby})).await;
    assert_eq!(history["messages"][0]["text"], "kept");
    running.workspace().reset().unwrap();
    let history = bot.ok("conversations.history", json!({"channel": lobby})).await;
    assert_eq!(history["messages"][0]["text"], "shipped");
}

#[tokio::test]
async fn asking_changes_nothing_until_somebody_allows_it() {
    let running = start().await;
    let ready = running.ready();
    let other = Control::new(&running).post("teams", json!({"team": "Fourth", "users": [{"name": "tom"}]})).await;
    let team = other["team"]["id"].as_str().unwrap();
    let there = running.workspace().team(&team.to_owned().into()).unwrap();
    let before = there.read(|state| (state.users().count(), state.apps().count()));
    let query = [
        ("client_id", ready.client_id.as_str()),
        ("scope", "chat:write"),
        ("team", team),
        ("redirect_uri", "http://127.0.0.1:9/back"),
    ];
    let page = http().get(asking(&format!("{}oauth/v2/authorize", ready.ui_url), &query)).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("wants to use Fourth"));
    assert_eq!(there.read(|state| (state.users().count(), state.apps().count())), before);
    let cli = App::new(&running).with_token(&ready.cli_token);
    let listed = cli.ok("apps.status", json!({"app_ids": [ready.app_id], "team_id": ready.team_id})).await;
    assert_eq!(listed["apps"][0]["is_installed"], true);
}

#[tokio::test]
async fn an_app_that_leaves_one_team_keeps_its_connections_token_in_the_other() {
    let running = start().await;
    let control = Control::new(&running);
    let made = control.post("apps", json!({"name": "Both"})).await["app"].clone();
    let other = second(&running).await;
    control.post("apps", json!({"app_id": made["app_id"], "team": other["team"]["id"]})).await;
    let app = App::new(&running);
    let cli = app.with_token(&running.ready().cli_token);
    cli.ok("apps.developerUninstall", json!({"app_id": made["app_id"]})).await;
    app.with_token(&token(&made["app_token"])).ok("apps.connections.open", json!({})).await;
    assert_eq!(app.with_token(&token(&made["bot_token"])).error("auth.test", json!({})).await, "token_revoked");
}
