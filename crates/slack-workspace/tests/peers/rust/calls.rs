//! What the test wants of the Web API.

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};
use slack_morphism::prelude::*;

use crate::{Session, model};

/// Makes a call and tells its result.
pub(crate) async fn make(session: &Session<'_>, task: &str, args: Value) -> Result<Value> {
    match task {
        "auth" => {
            let answer = session.auth_test().await?;
            Ok(json!({"user_id": answer.user_id, "team_id": answer.team_id}))
        }
        "users" => users(session).await,
        "ask" => {
            let asked = json!({"channel": args["channel"], "text": "May I?", "blocks": blocks()});
            Ok(json!(session.chat_post_message(&model(asked)?).await?.ts))
        }
        "post" => Ok(json!(session.chat_post_message(&model(args)?).await?.ts)),
        "ephemeral" => Ok(json!(session.chat_post_ephemeral(&model(args)?).await.map(|_| true)?)),
        "upload" => upload(session, &args).await,
        "schedule" => Ok(json!(session.chat_schedule_message(&model(args)?).await?.scheduled_message_id)),
        "scheduled" => {
            let listed = session.chat_scheduled_messages_list(&model(args)?).await?;
            Ok(listed.scheduled_messages.into_iter().map(|one| json!(one.id)).collect())
        }
        "stream" => stream(session, &args).await,
        other => Err(anyhow!("no task {other}")),
    }
}

fn blocks() -> Value {
    let button = |id: &str, text: &str| json!({"type": "button", "action_id": id, "value": "r1", "text": {"type": "plain_text", "text": text}});
    json!([
        {"type": "section", "text": {"type": "plain_text", "text": "May I?"}},
        {"type": "actions", "elements": [button("approve", "Approve"), button("ask_reason", "Deny")]},
    ])
}

async fn users(session: &Session<'_>) -> Result<Value> {
    let mut names = Vec::new();
    let mut request = SlackApiUsersListRequest::new().with_limit(1);
    loop {
        let page = session.users_list(&request).await?;
        names.extend(page.members.into_iter().filter_map(|member| member.name));
        let next = page.response_metadata.and_then(|metadata| metadata.next_cursor);
        let Some(next) = next.filter(|cursor| !cursor.value().is_empty()) else { return Ok(json!(names)) };
        request = request.with_cursor(next);
    }
}

async fn upload(session: &Session<'_>, args: &Value) -> Result<Value> {
    let content = args["content"].as_str().context("no content")?.as_bytes().to_vec();
    let begin = model(json!({"filename": args["filename"], "length": content.len()}))?;
    let place = session.get_upload_url_external(&begin).await?;
    let bytes = SlackApiFilesUploadViaUrlRequest::new(place.upload_url, content, "text/csv".to_owned());
    session.files_upload_via_url(&bytes).await?;
    let complete = json!({
        "files": [{"id": place.file_id}], "channel_id": args["channel"], "initial_comment": args["comment"],
    });
    session.files_complete_upload_external(&model(complete)?).await?;
    Ok(json!(place.file_id))
}

async fn stream(session: &Session<'_>, args: &Value) -> Result<Value> {
    let start = json!({
        "channel": args["channel"], "thread_ts": args["thread_ts"],
        "recipient_user_id": args["user"], "recipient_team_id": args["team"],
    });
    let ts = session.chat_start_stream(&model(start)?).await?.ts;
    for part in args["parts"].as_array().context("no parts")? {
        let append = json!({"channel": args["channel"], "ts": ts, "markdown_text": part});
        session.chat_append_stream(&model(append)?).await?;
    }
    session.chat_stop_stream(&model(json!({"channel": args["channel"], "ts": ts}))?).await?;
    Ok(json!(ts))
}
