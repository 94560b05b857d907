//! Assistants: contexts that are kept, status, titles.

use countersign_slack_sdk::testing::Conversation;
use countersign_slack_sdk::{App, Assistant, HandlerError, Say, SetStatus, Thread};

use crate::fixture::SOON;

fn app() -> App {
    async fn greet(say: Say, thread: Thread) -> Result<(), HandlerError> {
        say.text("hello").await?;
        thread.set_title("A talk").await?;
        Ok(())
    }
    async fn reply(say: Say, thread: Thread, status: SetStatus) -> Result<(), HandlerError> {
        status.set("is looking…").await?;
        let context = thread.context().await?.and_then(|context| context.channel_id);
        say.markup(&format!("you look at {}", context.map_or_else(|| "nothing".to_owned(), |id| id.to_string())))
            .await?;
        Ok(())
    }
    App::new()
        .assistant(Assistant::new().thread_started(greet).user_message(reply))
        .message("", async |say: Say| say.text("not to the assistant").await.map(drop))
}

#[tokio::test]
async fn what_the_person_looks_at_is_kept_in_the_thread() {
    let t = Conversation::with(app()).await;
    let alice = t.user("alice");
    let id = |name: &str| t.workspace().channel(name).unwrap();
    let thread = alice.starts_assistant(Some("#general"));
    let greeting = t.expects_reply("hello").await;
    assert_eq!(greeting.body()["metadata"]["event_type"], "assistant_thread_context");
    alice.replies(&thread, "where am I?").await;
    t.expects_reply(&format!("you look at {}", id("general"))).await;
    alice.looks_at(&thread, "#approvals");
    let kept =
        |message: &serde_json::Value| message["metadata"]["event_payload"]["channel_id"] == id("approvals").as_str();
    t.workspace().wait_for_message(thread.channel(), kept, SOON).await.unwrap();
    alice.replies(&thread, "and now?").await;
    t.expects_reply(&format!("you look at {}", id("approvals"))).await;
}

#[tokio::test]
async fn messages_outside_of_its_threads_are_not_the_assistants() {
    let t = Conversation::with(app()).await;
    t.user("alice").says("@bot", "hello?").await;
    t.expects_reply("not to the assistant").await;
}
