//! What the app does with what Slack sends.

use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use slack_morphism::prelude::*;

use crate::{Client, Connector, Ready, Session, model, token, write};

pub(crate) fn callbacks() -> SlackSocketModeListenerCallbacks<Connector> {
    SlackSocketModeListenerCallbacks::new()
        .with_hello_events(hello)
        .with_push_events(event)
        .with_interaction_events(interaction)
        .with_command_events(command)
}

/// The SDK does not export the type of its first argument.
async fn hello<T>(_: T, _: Arc<Client>, _: SlackClientEventsUserState) {
    write(&json!({"event": "started"}));
}

async fn bot(state: &SlackClientEventsUserState) -> Result<SlackApiToken> {
    let state = state.read().await;
    Ok(token(&state.get_user_state::<Ready>().context("no readiness line")?.bot_token))
}

async fn event(
    callback: SlackPushEventCallback,
    client: Arc<Client>,
    state: SlackClientEventsUserState,
) -> UserCallbackResult<()> {
    let SlackEventCallbackBody::AppMention(mention) = callback.event else { return Ok(()) };
    let text = mention.content.text.unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().collect();
    let reply = match words.as_slice() {
        [.., "count", last] => json!({"channel": mention.channel, "text": format!("counted {last}")}),
        _ => {
            let text = format!("hello <@{}>", mention.user.value());
            json!({"channel": mention.channel, "text": text, "thread_ts": mention.origin.ts})
        }
    };
    let bot = bot(&state).await?;
    client.open_session(&bot).chat_post_message(&model(reply)?).await?;
    Ok(())
}

async fn interaction(
    event: SlackInteractionEvent,
    client: Arc<Client>,
    state: SlackClientEventsUserState,
) -> UserCallbackResult<SlackInteractionResponse> {
    match event {
        SlackInteractionEvent::ViewSubmission(submission) => Ok(submitted(&submission)?.into()),
        SlackInteractionEvent::BlockActions(actions) => {
            let bot = bot(&state).await?;
            act(&client.open_session(&bot), actions).await?;
            Ok(SlackInteractionResponse::Empty)
        }
        _ => Ok(SlackInteractionResponse::Empty),
    }
}

async fn act(session: &Session<'_>, event: SlackInteractionBlockActionsEvent) -> Result<()> {
    let action = event.actions.into_iter().flatten().next().context("no action")?;
    if action.action_id.value() == "ask_reason" {
        let open = json!({"trigger_id": event.trigger_id, "view": view("form")});
        session.views_open(&model(open)?).await?;
        return Ok(());
    }
    let text = format!("approved by <@{}>", event.user.context("no user")?.id.value());
    let message = event.message.context("no message")?;
    let update = json!({
        "channel": event.channel.context("no channel")?.id, "ts": message.origin.ts, "text": text,
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}],
    });
    session.chat_update(&model(update)?).await?;
    Ok(())
}

/// The answer to a submitted form.
fn submitted(event: &SlackInteractionViewSubmissionEvent) -> Result<SlackViewSubmissionResponse> {
    let view_sent = serde_json::to_value(&event.view)?;
    let entered = view_sent["state"]["values"]["reason"]["text"]["value"].as_str();
    model(match (view_sent["callback_id"].as_str(), entered) {
        (Some("form"), Some("short")) => json!({"response_action": "errors", "errors": {"reason": "say more"}}),
        (Some("form"), _) => json!({"response_action": "update", "view": view("second")}),
        (Some("second"), _) => json!({"response_action": "push", "view": view("third")}),
        _ => json!({"response_action": "clear"}),
    })
}

fn view(callback: &str) -> Value {
    let plain = |text: &str| json!({"type": "plain_text", "text": text});
    json!({
        "type": "modal", "callback_id": callback, "title": plain(callback), "submit": plain("Next"),
        "blocks": [{"type": "input", "block_id": "reason", "label": plain("Why"), "optional": true,
            "element": {"type": "plain_text_input", "action_id": "text"}}],
    })
}

async fn command(
    command: SlackCommandEvent,
    client: Arc<Client>,
    _: SlackClientEventsUserState,
) -> UserCallbackResult<SlackCommandEventResponse> {
    let text = format!("{}: all is well", command.text.unwrap_or_default());
    // The SDK's model has no `response_type`: only the person sees it.
    client.respond_to_event(&command.response_url, &model(json!({"text": text}))?).await?;
    Ok(model(json!({"text": "checking"}))?)
}
