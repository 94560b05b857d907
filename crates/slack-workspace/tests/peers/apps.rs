//! Further apps, and what Slack sends them over HTTP.

use anyhow::{Result, ensure};
use countersign_slack_workspace::Running;
use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::interactions;
use crate::stage::{SOON, Stage, ts};

/// A manifest; with an address, everything is sent there.
pub(crate) fn manifest(name: &str, url: Option<&str>) -> Value {
    let command = format!("/{}", name.to_lowercase());
    let mut manifest = json!({
        "display_information": {"name": name},
        "features": {
            "bot_user": {"display_name": name},
            "slash_commands": [{"command": command, "description": name}],
        },
        "oauth_config": {"scopes": {"bot": ["app_mentions:read", "channels:join", "chat:write", "commands"]}},
        "settings": {"event_subscriptions": {"bot_events": ["app_mention"]}},
    });
    if let Some(url) = url {
        let events = format!("{url}/slack/events");
        manifest["features"]["slash_commands"][0]["url"] = events.as_str().into();
        manifest["oauth_config"]["redirect_urls"] = json!([format!("{url}/slack/oauth_redirect")]);
        manifest["settings"]["event_subscriptions"]["request_url"] = events.as_str().into();
        manifest["settings"]["interactivity"] = json!({"is_enabled": true, "request_url": events});
    }
    manifest
}

/// Makes an app as `POST /control/apps` does: it is installed at once.
async fn make(running: &Running, wanted: &Value) -> Result<Value> {
    let ready = running.ready();
    let url = format!("{}apps", ready.control_url);
    let request = Client::builder().build()?.post(url).bearer_auth(ready.control_token.expose_secret()).json(wanted);
    let mut answer: Value = request.send().await?.json().await?;
    ensure!(answer["app"].is_object(), "no app: {answer}");
    Ok(answer["app"].take())
}

/// Calls a method with a form.
pub(crate) async fn call(running: &Running, token: &SecretString, method: &str, args: &Value) -> Result<Value> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let args = args.as_object().into_iter().flatten();
    let form: Vec<(&str, String)> = args.map(|(name, value)| (name.as_str(), text(value))).collect();
    let url = format!("{}{method}", running.ready().api_url);
    let request = Client::builder().build()?.post(url).bearer_auth(token.expose_secret()).form(&form);
    let answer: Value = request.send().await?.json().await?;
    ensure!(answer["ok"] == true, "{method}: {answer}");
    Ok(answer)
}

/// Sends everything of an app to an address, which gets its handshake.
pub(crate) async fn point(running: &Running, app_id: &Value, manifest: Value) -> Result<()> {
    let update = json!({"app_id": app_id, "manifest": manifest});
    call(running, &running.ready().cli_token, "apps.manifest.update", &update).await?;
    Ok(())
}

/// An app with a request URL: its handshake, an event, a click and a command, all signed.
pub(crate) async fn signed_http(stage: &Stage) -> Result<()> {
    let running = &stage.running;
    let app = make(running, &json!({"manifest": manifest("Signed", None)})).await?;
    let args = json!({"bot_token": app["bot_token"], "signing_secret": app["signing_secret"]});
    let served = stage.peer.run("serve_signed", args).await?;
    point(running, &app["app_id"], manifest("Signed", served["url"].as_str())).await?;
    let token = SecretString::from(app["bot_token"].as_str().unwrap_or_default());
    call(running, &token, "conversations.join", &json!({"channel": stage.channel("general")})).await?;
    greet(stage, app["bot_user_id"].as_str().unwrap_or_default()).await?;
    click(stage, &token).await?;
    interactions::command(stage, "/signed", "signed").await
}

/// Carol mentions a bot, which replies.
pub(crate) async fn greet(stage: &Stage, bot: &str) -> Result<()> {
    let (general, carol) = (stage.channel("general"), stage.user("carol"));
    stage.running.post_message(&carol, &general, &format!("<@{bot}> hi"))?;
    let hello = format!("hello <@{carol}>");
    let is_it = |message: &Value| message["text"] == hello && message["user"] == bot;
    stage.running.wait_for_message(&general, is_it, SOON).await?;
    Ok(())
}

/// Carol clicks a button of the app, which updates the message.
async fn click(stage: &Stage, token: &SecretString) -> Result<()> {
    let (running, general, carol) = (&stage.running, stage.channel("general"), stage.user("carol"));
    let button = json!([{"type": "actions", "elements": [
        {"type": "button", "action_id": "approve", "text": {"type": "plain_text", "text": "Approve"}}]}]);
    let asked = json!({"channel": general, "text": "May I?", "blocks": button});
    let asked = call(running, token, "chat.postMessage", &asked).await?;
    let answer = running.click(&carol, &general, ts(&asked["ts"])?, "approve").await?;
    ensure!(answer.acked, "the click was not acknowledged");
    let updated = stage.text(&general, &format!("approved by <@{carol}>")).await?;
    ensure!(updated["ts"] == asked["ts"], "another message: {updated}");
    Ok(())
}
