//! Socket Mode connections that come and go.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use countersign_slack_workspace::Running;
use serde_json::{Value, json};

use crate::peer::Peer;
use crate::stage::{SOON, Stage};

/// How many mentions are posted while connections change.
const MENTIONS: usize = 12;

pub(crate) async fn refresh_requested(stage: &Stage) -> Result<()> {
    let before = last_seq(stage);
    for number in 0..MENTIONS {
        if number == 4 {
            stage.running.fault(&json!({"disconnect": "refresh_requested"}))?;
        }
        say(stage, &format!("count refresh{number}"))?;
    }
    let is_back = |value: &Value| value["kind"] == "connection" && value["event"] == "hello";
    let hello = stage.running.wait_for_journal(|entry| entry.seq > before && is_back(&entry.value), SOON).await;
    hello.context("it does not connect again")?;
    for number in 0..MENTIONS {
        stage.text(&stage.channel("general"), &format!("counted refresh{number}")).await?;
    }
    let is_mention = |value: &&Value| value["payload"]["event"]["type"] == "app_mention";
    let envelopes = envelopes(stage, before);
    let redelivered = envelopes.iter().filter(is_mention).filter(|value| value["retry_attempt"] != 0).count();
    let replies = replies(stage, "counted refresh");
    ensure!(replies.len() <= MENTIONS + redelivered, "{} replies to {MENTIONS} mentions", replies.len());
    Ok(())
}

pub(crate) async fn two_connections(stage: &Stage) -> Result<()> {
    let app = &stage.running.ready().app_id;
    let has = |count: usize| move |running: &Running| (running.workspace().connections(app) == count).then_some(());
    // A connection that was replaced may still be on its way out.
    stage.running.wait(has(1), SOON).await.context("there is not exactly one connection")?;
    let before = last_seq(stage);
    let other = Peer::start(stage.sdk, &stage.program, stage.running.ready()).await?;
    stage.running.wait(has(2), SOON).await.context("the second does not connect")?;
    for number in 0..MENTIONS {
        say(stage, &format!("count both{number}"))?;
    }
    for number in 0..MENTIONS {
        stage.text(&stage.channel("general"), &format!("counted both{number}")).await?;
    }
    let replies = replies(stage, "counted both");
    ensure!(replies.len() == MENTIONS, "{} replies to {MENTIONS} mentions", replies.len());
    let used: BTreeSet<u64> =
        envelopes(stage, before).iter().filter_map(|value| value["connection"].as_u64()).collect();
    ensure!(used.len() >= 2, "only {used:?} was used");
    drop(other);
    // The next scenario must not be sent to a process that has gone.
    stage.running.wait(has(1), SOON).await.context("the second does not go")
}

fn say(stage: &Stage, text: &str) -> Result<()> {
    stage.running.post_message(&stage.user("alice"), &stage.channel("general"), &stage.mention(text))?;
    Ok(())
}

fn last_seq(stage: &Stage) -> u64 {
    stage.running.journal().last().map_or(0, |entry| entry.seq)
}

/// The envelopes since a line of the journal: a mention in a channel makes two events.
fn envelopes(stage: &Stage, since: u64) -> Vec<Value> {
    let journal = stage.running.workspace().journal(since).into_iter().map(|entry| entry.value);
    journal.filter(|value| value["kind"] == "envelope").collect()
}

fn replies(stage: &Stage, prefix: &str) -> Vec<Value> {
    let messages = stage.running.messages(&stage.channel("general"));
    let is_reply =
        |message: &&std::sync::Arc<Value>| message["text"].as_str().is_some_and(|text| text.starts_with(prefix));
    messages.iter().filter(is_reply).map(|message| (**message).clone()).collect()
}
