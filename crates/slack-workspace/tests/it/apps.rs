//! Apps from manifests, as Slack's command line makes and installs them.

use countersign_slack_workspace::Running;
use serde_json::{Value, json};

use crate::client::{App, channel, start, user};
use crate::control::Control;

fn developer(running: &Running) -> App<'_> {
    App::new(running).with_token(&running.ready().cli_token)
}

fn manifest() -> Value {
    json!({
        "_metadata": {"major_version": 2},
        "display_information": {"name": "Deploys", "description": "Deploys things."},
        "features": {
            "bot_user": {"display_name": "Deploys", "always_online": true},
            "slash_commands": [{"command": "/deploy", "description": "Deploy.", "should_escape": false}],
        },
        "oauth_config": {"scopes": {"bot": ["chat:write", "app_mentions:read", "channels:join"]}},
        "settings": {"event_subscriptions": {"bot_events": ["app_mention"]}, "socket_mode_enabled": true},
        "workflows": {"greet": {"title": "Greet", "input_parameters": {
            "properties": {"click": {"type": "slack#/types/interactivity"}}, "required": ["click"]}}},
    })
}

#[tokio::test]
async fn an_app_is_created_installed_used_and_removed() {
    let running = start().await;
    let cli = developer(&running);
    let created = cli.ok("apps.manifest.create", json!({"manifest": manifest()})).await;
    let app_id = created["app_id"].clone();
    assert!(created["credentials"]["signing_secret"].is_string());
    assert!(created["oauth_authorize_url"].as_str().unwrap().contains("/oauth/v2/authorize?client_id="));
    let team = running.ready().team_id.clone();
    let status = json!({"app_ids": [app_id], "team_id": team});
    assert_eq!(cli.ok("apps.status", status.clone()).await["apps"][0]["is_installed"], false);
    let exported = cli.ok("apps.manifest.export", json!({"app_id": app_id})).await;
    assert_eq!(exported["manifest"], manifest());
    let scopes = ["chat:write", "app_mentions:read", "channels:join"];
    let install = json!({"app_id": app_id, "bot_scopes": scopes, "outgoing_domains": [], "team_id": team});
    let tokens = cli.ok("apps.developerInstall", install).await["api_access_tokens"].clone();
    assert_eq!(cli.ok("apps.status", status.clone()).await["apps"][0]["is_installed"], true);

    let mut app = cli.with_token(&tokens["bot"].as_str().unwrap().into());
    app.connect_token = tokens["app_level"].as_str().unwrap().into();
    let general = channel(&running, "general");
    let me = app.ok("auth.test", json!({})).await;
    app.ok("conversations.join", json!({"channel": general})).await;
    let mut socket = app.connect().await;
    let text = format!("<@{}> ship it", me["user_id"].as_str().unwrap());
    let control = Control::new(&running);
    control.post("message", json!({"user": user(&running, "bob"), "channel": general, "text": text})).await;
    assert_eq!(socket.envelope("events_api").await["payload"]["api_app_id"], app_id);
    assert_eq!(app.error("users.list", json!({})).await, "missing_scope");

    cli.ok("apps.developerUninstall", json!({"app_id": app_id, "team_id": team})).await;
    assert_eq!(app.error("auth.test", json!({})).await, "token_revoked");
    assert_eq!(cli.ok("apps.status", status).await["apps"][0]["is_installed"], false);
    cli.ok("apps.delete", json!({"app_id": app_id})).await;
    assert_eq!(cli.error("apps.manifest.export", json!({"app_id": app_id})).await, "app_not_found");
}

#[tokio::test]
async fn a_manifest_that_is_wrong_says_where() {
    let running = start().await;
    let cli = developer(&running);
    for method in ["apps.manifest.validate", "apps.manifest.create"] {
        let answer = cli.call(method, json!({"manifest": {"display_information": {"name": "x".repeat(40)}}})).await;
        assert_eq!((&answer["error"], answer["ok"].as_bool()), (&json!("invalid_manifest"), Some(false)));
        assert_eq!(answer["errors"][0]["pointer"], "/display_information/name");
        assert_eq!(cli.error(method, json!({"manifest": "{"})).await, "invalid_manifest");
        assert_eq!(cli.error(method, json!({})).await, "invalid_arguments");
        let bot = App::new(&running);
        assert_eq!(bot.error(method, json!({"manifest": manifest()})).await, "not_allowed_token_type");
    }
    let fine = cli.ok("apps.manifest.validate", json!({"manifest": manifest()})).await;
    assert_eq!((&fine["errors"], &fine["warnings"]), (&json!([]), &json!([])));
    let mut deaf = manifest();
    deaf["settings"]["event_subscriptions"] = json!({"bot_events": ["reaction_added", "tokens_revoked"]});
    let warned = cli.ok("apps.manifest.validate", json!({"manifest": deaf})).await;
    assert_eq!(warned["warnings"].as_array().unwrap().len(), 1, "{warned}");
    assert!(warned["warnings"][0]["message"].as_str().unwrap().contains("reactions:read"));
}

#[tokio::test]
async fn an_update_changes_what_the_app_hears_and_tells_of_new_scopes() {
    let running = start().await;
    let cli = developer(&running);
    let app_id = cli.ok("apps.manifest.create", json!({"manifest": manifest()})).await["app_id"].clone();
    let mut changed = manifest();
    changed["display_information"]["description"] = "Other.".into();
    let update = |manifest: &Value| json!({"app_id": app_id, "manifest": manifest, "consent_breaking_changes": true});
    assert_eq!(cli.ok("apps.manifest.update", update(&changed)).await["permissions_updated"], false);
    changed["oauth_config"]["scopes"]["bot"] = json!(["chat:write"]);
    assert_eq!(cli.ok("apps.manifest.update", update(&changed)).await["permissions_updated"], true);
    assert_eq!(cli.ok("apps.manifest.export", json!({"app_id": app_id})).await["manifest"], changed);
}

#[tokio::test]
async fn triggers_are_made_changed_listed_and_removed() {
    let running = start().await;
    let cli = developer(&running);
    let app_id = cli.ok("apps.manifest.create", json!({"manifest": manifest()})).await["app_id"].clone();
    let mut wanted = json!({
        "type": "shortcut", "name": "Greet", "description": "Says hello.", "workflow": "#/workflows/greet",
        "workflow_app_id": app_id, "inputs": {},
    });
    let missing = cli.call("workflows.triggers.create", wanted.clone()).await;
    assert_eq!(missing["errors"][0]["missing_parameter_type"], "slack#/types/interactivity");
    wanted["inputs"] = json!({"click": {"value": "{{data.interactivity}}"}});
    let trigger = cli.ok("workflows.triggers.create", wanted).await["trigger"].clone();
    assert!(trigger["id"].as_str().unwrap().starts_with("Ft"));
    assert_eq!(trigger["workflow"]["title"], "Greet");
    assert_eq!(trigger["workflow"]["app"], json!({"id": app_id, "name": "Deploys"}));
    assert!(trigger["shortcut_url"].is_string());
    let this = json!({"trigger_id": trigger["id"]});
    let renamed = json!({"trigger_id": trigger["id"], "name": "Hail"});
    assert_eq!(cli.ok("workflows.triggers.update", renamed).await["trigger"]["name"], "Hail");
    assert_eq!(cli.ok("workflows.triggers.info", this.clone()).await["trigger"]["description"], "Says hello.");
    let listed = cli.ok("workflows.triggers.list", json!({"app_id": app_id})).await;
    assert_eq!(listed["triggers"].as_array().unwrap().len(), 1);
    assert_eq!(cli.ok("workflows.triggers.permissions.list", this.clone()).await["permission_type"], "everyone");
    let named = json!({"trigger_id": trigger["id"], "permission_type": "named_entities", "user_ids": ["U1"]});
    assert_eq!(cli.ok("workflows.triggers.permissions.set", named).await["user_ids"], json!(["U1"]));
    let owners = cli.ok("developer.apps.owners.list", json!({"app_id": app_id})).await;
    assert_eq!(owners["owners"][0]["username"], "alice");
    cli.ok("workflows.triggers.delete", this.clone()).await;
    assert_eq!(cli.error("workflows.triggers.info", this).await, "trigger_not_found");
}

#[tokio::test]
async fn a_command_line_signs_in_with_a_ticket_and_renews_its_token() {
    let running = start().await;
    let bare = App::new(&running).with_token(&"".into());
    let ticket = bare.ok("apps.hosted.generateAuthTicket", json!({"slack_cli_version": "4"})).await["ticket"].clone();
    let exchange = |challenge: &str| json!({"ticket": ticket, "challenge": challenge});
    assert_eq!(bare.error("apps.hosted.exchangeAuthTicket", exchange("x")).await, "not_ready");
    let command = json!({
        "user": user(&running, "bob"), "channel": channel(&running, "general"), "command": "/slackauthticket",
        "text": ticket,
    });
    let answer = Control::new(&running).post("command", command).await;
    let challenge = answer["response"]["text"].as_str().unwrap().rsplit(' ').next().unwrap().to_owned();
    assert_eq!(bare.error("apps.hosted.exchangeAuthTicket", exchange("wrong")).await, "invalid_challenge");
    let signed_in = bare.ok("apps.hosted.exchangeAuthTicket", exchange(&challenge)).await;
    assert_eq!(bare.error("apps.hosted.exchangeAuthTicket", exchange(&challenge)).await, "invalid_ticket");
    let cli = bare.with_token(&signed_in["token"].as_str().unwrap().into());
    assert_eq!(cli.ok("auth.test", json!({})).await["user"], "bob");
    cli.ok("apps.manifest.create", json!({"manifest": manifest()})).await;
    let renew = json!({"refresh_token": signed_in["refresh_token"]});
    let renewed = bare.ok("tooling.tokens.rotate", renew.clone()).await;
    assert_ne!(renewed["token"], signed_in["token"]);
    assert_eq!(bare.error("tooling.tokens.rotate", renew).await, "invalid_refresh_token");
    let journal = Control::new(&running).get("journal").await.to_string();
    assert!(!journal.contains("xoxe"), "a token is in the journal");
}
