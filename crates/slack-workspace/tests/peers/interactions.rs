//! What people do, and what apps answer.

use anyhow::{Context, Result, ensure};
use countersign_slack_workspace::model::ViewId;
use countersign_slack_workspace::person::{Answer, Invocation, NewMessage};
use serde_json::{Map, Value, json};

use crate::stage::{SOON, Stage, ts};

pub(crate) async fn mention(stage: &Stage) -> Result<()> {
    let (general, alice) = (stage.channel("general"), stage.user("alice"));
    let asked = stage.running.post_message(&alice, &general, &stage.mention("hi"))?;
    let reply = stage.text(&general, &format!("hello <@{alice}>")).await?;
    ensure!(reply["thread_ts"] == asked["ts"], "not in the thread: {reply}");
    ensure!(reply["user"] == stage.running.ready().bot_user_id.as_str(), "from another: {reply}");
    Ok(())
}

pub(crate) async fn button(stage: &Stage) -> Result<()> {
    let (approvals, bob) = (stage.channel("approvals"), stage.user("bob"));
    let asked = stage.peer.run("ask", json!({"channel": approvals})).await?;
    let answer = stage.running.click(&bob, &approvals, ts(&asked)?, "approve").await?;
    ensure!(answer.acked, "the click was not acknowledged");
    let updated = stage.text(&approvals, &format!("approved by <@{bob}>")).await?;
    ensure!(updated["ts"] == asked, "another message: {updated}");
    ensure!(updated["blocks"].as_array().is_some_and(|blocks| blocks.len() == 1), "the buttons stay: {updated}");
    Ok(())
}

pub(crate) async fn modal(stage: &Stage) -> Result<()> {
    let (approvals, bob) = (stage.channel("approvals"), stage.user("bob"));
    let asked = stage.peer.run("ask", json!({"channel": approvals})).await?;
    let answer = stage.running.click(&bob, &approvals, ts(&asked)?, "ask_reason").await?;
    ensure!(answer.acked, "the click was not acknowledged");
    stage.running.wait_for_view(&bob, |view| view["callback_id"] == "form", SOON).await.context("no modal opens")?;
    let answer = submit(stage, "short").await?;
    let errors = answer.errors.map(Value::Object);
    ensure!(errors == Some(json!({"reason": "say more"})), "other errors: {errors:?}");
    ensure!(stack(stage) == ["form"], "after errors: {:?}", stack(stage));
    submit(stage, "long enough").await?;
    ensure!(stack(stage) == ["second"], "after update: {:?}", stack(stage));
    submit(stage, "more").await?;
    ensure!(stack(stage) == ["second", "third"], "after push: {:?}", stack(stage));
    submit(stage, "end").await?;
    ensure!(stack(stage).is_empty(), "after clear: {:?}", stack(stage));
    Ok(())
}

/// Submits the modal on top of bob's screen.
async fn submit(stage: &Stage, reason: &str) -> Result<Answer> {
    let bob = stage.user("bob");
    let top = stage.running.views(&bob).pop().context("no modal is open")?;
    let id = ViewId::from(top["id"].as_str().context("the view has no id")?);
    let values = Map::from_iter([("reason".to_owned(), json!({"text": reason}))]);
    let answer = stage.running.submit_view(&bob, &id, values).await?;
    ensure!(answer.acked, "the submission was not acknowledged");
    Ok(answer)
}

fn stack(stage: &Stage) -> Vec<String> {
    let views = stage.running.views(&stage.user("bob"));
    views.iter().map(|view| view["callback_id"].as_str().unwrap_or_default().to_owned()).collect()
}

pub(crate) async fn slash_command(stage: &Stage) -> Result<()> {
    command(stage, "/countersign", "socket").await
}

/// Types a command: it is answered at once to the person, then to everyone.
pub(crate) async fn command(stage: &Stage, name: &str, text: &str) -> Result<()> {
    let (general, alice) = (stage.channel("general"), stage.user("alice"));
    let typed =
        Invocation { user: alice.clone(), channel: general.clone(), command: name.to_owned(), text: text.to_owned() };
    let answer = stage.running.workspace().command(typed).await?;
    ensure!(answer.acked, "the command was not acknowledged");
    let is_checking = |message: &Value| message["text"] == "checking";
    stage.running.wait_for_ephemeral(&general, &alice, is_checking, SOON).await?;
    let response = format!("{text}: all is well");
    if stage.sdk.responds_to_everyone() {
        stage.text(&general, &response).await?;
    } else {
        let is_response = |message: &Value| message["text"] == response.as_str();
        stage.running.wait_for_ephemeral(&general, &alice, is_response, SOON).await?;
    }
    Ok(())
}

pub(crate) async fn assistant_thread(stage: &Stage) -> Result<()> {
    let (alice, app) = (stage.user("alice"), stage.running.ready().app_id.clone());
    let beside = Some(stage.channel("general"));
    let (im, thread) = stage.running.workspace().start_assistant_thread(&alice, &app, beside)?;
    let greeting = stage.text(&im, "How can I help?").await?;
    ensure!(ts(&greeting["thread_ts"])? == thread, "not in the thread: {greeting}");
    let asked = NewMessage { user: alice, channel: im.clone(), text: "why?".to_owned(), thread_ts: Some(thread) };
    stage.running.workspace().post_message(asked)?;
    let reply = stage.text(&im, "You asked: why?").await?;
    ensure!(ts(&reply["thread_ts"])? == thread, "not in the thread: {reply}");
    for method in ["setSuggestedPrompts", "setTitle", "setStatus"] {
        let done = stage.calls(&format!("assistant.threads.{method}"), |response| response["ok"] == true);
        ensure!(done >= 1, "assistant.threads.{method} did not succeed");
    }
    Ok(())
}
