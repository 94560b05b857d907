//! An assistant that repeats what it is told, word by word.

use countersign_slack_sdk::slack::payload::MessageEvent;
use countersign_slack_sdk::{App, Assistant, Event, HandlerError, Say, SayStream, SetStatus, Thread};

async fn greet(say: Say, thread: Thread) -> Result<(), HandlerError> {
    say.text("Hello! I repeat what you say.").await?;
    thread
        .set_prompts("Try one of these", &[("A proverb", "Still waters run deep"), ("A question", "What is this?")])
        .await?;
    Ok(())
}

async fn repeat(
    Event(message): Event<MessageEvent>,
    thread: Thread,
    status: SetStatus,
    stream: SayStream,
) -> Result<(), HandlerError> {
    status.set("is listening…").await?;
    thread.set_title(message.text.get(..40).unwrap_or(&message.text)).await?;
    let mut answer = stream.begin();
    for word in message.text.split_inclusive(' ') {
        answer.append(word).await?;
    }
    if let Some(channel) = thread.context().await?.and_then(|context| context.channel_id) {
        answer.append(&format!("\n\n(You are looking at {channel}.)")).await?;
    }
    answer.stop().await?;
    Ok(())
}

/// The app.
pub(crate) fn app() -> App {
    App::new().assistant(Assistant::new().thread_started(greet).user_message(repeat))
}
