//! What SDKs ask of the Web API by themselves.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::stage::{SOON, Stage};

pub(crate) async fn auth_test(stage: &Stage) -> Result<()> {
    let answer = stage.peer.run("auth", json!({})).await?;
    let ready = stage.running.ready();
    ensure!(answer["user_id"] == ready.bot_user_id.as_str(), "another bot: {answer}");
    ensure!(answer["team_id"] == ready.team_id.as_str(), "another team: {answer}");
    Ok(())
}

pub(crate) async fn pagination(stage: &Stage) -> Result<()> {
    let names = stage.peer.run("users", json!({})).await?;
    let mut names: Vec<&str> = names.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    names.sort_unstable();
    ensure!(names == ["alice", "bob", "carol", "countersign"], "other people: {names:?}");
    let pages = stage.calls("users.list", |response| response["ok"] == true);
    ensure!(pages >= 4, "{pages} pages for four people, one a page");
    Ok(())
}

pub(crate) async fn ephemeral(stage: &Stage) -> Result<()> {
    let (general, bob) = (stage.channel("general"), stage.user("bob"));
    stage.peer.run("ephemeral", json!({"channel": general, "user": bob, "text": "for you"})).await?;
    let is_it = |message: &Value| message["text"] == "for you";
    stage.running.wait_for_ephemeral(&general, &bob, is_it, SOON).await?;
    let for_alice = stage.running.ephemerals(&general, &stage.user("alice"));
    ensure!(!for_alice.iter().any(|message| is_it(message)), "alice sees it too");
    ensure!(!stage.running.messages(&general).iter().any(|message| is_it(message)), "everyone sees it");
    Ok(())
}

pub(crate) async fn file_upload(stage: &Stage) -> Result<()> {
    let general = stage.channel("general");
    let args = json!({"channel": general, "filename": "log.csv", "content": "a,b\n1,2\n", "comment": "the log"});
    let id = stage.peer.run("upload", args).await?;
    let is_it = |message: &Value| message["files"][0]["id"] == id;
    let message = stage.running.wait_for_message(&general, is_it, SOON).await?;
    ensure!(message["text"] == "the log", "no comment: {message}");
    ensure!(message["files"][0]["name"] == "log.csv", "another name: {message}");
    ensure!(message["files"][0]["size"] == 8, "another size: {message}");
    Ok(())
}

pub(crate) async fn rate_limit(stage: &Stage) -> Result<()> {
    let general = stage.channel("general");
    stage.running.fault(&json!({"rate_limit": {"method": "chat.postMessage", "times": 1, "retry_after": 1}}))?;
    stage.peer.run("post", json!({"channel": general, "text": "after a while"})).await?;
    let limited = stage.calls("chat.postMessage", |response| response["error"] == "ratelimited");
    ensure!(limited == 1, "{limited} calls were limited, not one");
    let messages = stage.running.messages(&general);
    let posted = messages.iter().filter(|message| message["text"] == "after a while").count();
    ensure!(posted == 1, "posted {posted} times");
    Ok(())
}

pub(crate) async fn streaming(stage: &Stage) -> Result<()> {
    let (general, alice) = (stage.channel("general"), stage.user("alice"));
    let asked = stage.running.post_message(&alice, &general, "tell me a story")?;
    let parts = ["Once upon a time ", "there was a sentry ", "who asked for the *countersign*."];
    let args = json!({
        "channel": general, "thread_ts": asked["ts"], "user": alice, "team": stage.running.ready().team_id, "parts": parts,
    });
    let ts = stage.peer.run("stream", args).await?;
    let is_it = |message: &Value| message["ts"] == ts && shown(message) == parts.concat();
    let message = stage.running.wait_for_message(&general, is_it, SOON).await?;
    ensure!(message["thread_ts"] == asked["ts"], "not in the thread: {message}");
    let pieces = stage.calls("chat.appendStream", |response| response["ok"] == true);
    ensure!(pieces >= 1, "nothing was appended: it did not grow");
    Ok(())
}

/// What a streamed message says, wherever it is kept.
fn shown(message: &Value) -> String {
    let blocks = message["blocks"].as_array().into_iter().flatten();
    let text: String = blocks.filter_map(|block| block["text"].as_str()).collect();
    if text.is_empty() { message["text"].as_str().unwrap_or_default().to_owned() } else { text }
}

pub(crate) async fn scheduled(stage: &Stage) -> Result<()> {
    let general = stage.channel("general");
    let post_at = stage.running.workspace().clock().now_ms() / 1000 + 90;
    let id = stage.peer.run("schedule", json!({"channel": general, "text": "later", "post_at": post_at})).await?;
    let listed = stage.peer.run("scheduled", json!({"channel": general})).await?;
    ensure!(listed == json!([id]), "listed: {listed}");
    let is_there = |stage: &Stage| stage.running.messages(&general).iter().any(|message| message["text"] == "later");
    ensure!(!is_there(stage), "posted at once");
    stage.running.advance_clock(Duration::from_secs(91))?;
    stage.text(&general, "later").await?;
    let listed = stage.peer.run("scheduled", json!({"channel": general})).await.context("after it was posted")?;
    ensure!(listed == json!([]), "still listed: {listed}");
    Ok(())
}
