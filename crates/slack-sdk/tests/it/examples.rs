//! The examples do what they say, over both receivers.

use countersign_slack_sdk::testing::{Conversation, Over};
use rstest::rstest;
use serde_json::json;

#[path = "../../examples/apps/assistant.rs"]
mod assistant;
#[path = "../../examples/apps/function.rs"]
mod function;
#[path = "../../examples/apps/hello.rs"]
mod hello;
#[path = "../../examples/apps/modal.rs"]
mod modal;

#[rstest]
#[case::socket_mode(Over::SocketMode)]
#[case::http(Over::Http)]
#[tokio::test]
async fn hello_greets_and_counts(#[case] over: Over) {
    let t = Conversation::over(over, hello::app()).await;
    t.user("alice").says("#general", "<@bot> hello").await;
    t.expects_reply("Hi <@alice>!").await;
    t.user("bob").says("#general", "and me <@bot>").await;
    t.expects_reply("Hi <@bob>!").await;
    let answer = t.user("alice").runs("/hellos", "").await;
    assert_eq!(answer.response.unwrap()["text"], "I have said hello 2 times.");
    t.ends().await.unwrap();
}

#[rstest]
#[case::socket_mode(Over::SocketMode)]
#[case::http(Over::Http)]
#[tokio::test]
async fn modal_asks_corrects_and_posts(#[case] over: Over) {
    let t = Conversation::over(over, modal::app()).await;
    let alice = t.user("alice");
    alice.says("#general", "<@bot> it is over").await;
    t.expects_reply("How was it?").await;
    assert!(alice.clicks("give_feedback").await.acked);
    alice.sees_modal("Your feedback").await;
    let answer = alice.submits(json!({"text": {"text": "ok"}})).await;
    assert_eq!(answer.errors.unwrap()["text"], "A little more, please.");
    let answer = alice.submits(json!({"text": {"text": "very <good>"}})).await;
    assert!(answer.acked && answer.errors.is_none());
    t.expects_reply("<@alice> says: very &lt;good&gt;").await;
    assert_eq!(alice.open_modals(), 0);
}

#[rstest]
#[case::socket_mode(Over::SocketMode)]
#[case::http(Over::Http)]
#[tokio::test]
async fn assistant_repeats_what_it_is_told(#[case] over: Over) {
    let t = Conversation::over(over, assistant::app()).await;
    let alice = t.user("alice");
    let thread = alice.starts_assistant(Some("#general"));
    t.expects_reply("I repeat what you say.").await;
    alice.replies(&thread, "still waters run deep").await;
    let reply = t.expects_reply("still waters run deep").await;
    assert_eq!(reply.thread_ts(), Some(thread.ts()));
    let general = t.workspace().channel("general").unwrap();
    t.expects_message(&format!("You are looking at {general}")).await;
}

#[rstest]
#[case::socket_mode(Over::SocketMode)]
#[case::http(Over::Http)]
#[tokio::test]
async fn function_adds_or_says_why_not(#[case] over: Over) {
    let t = Conversation::over(over, function::app()).await;
    let run = t.runs_function("add", json!({"a": 40, "b": 2})).await;
    let ended = t.expects_end(&run).await;
    assert_eq!((&ended["status"], &ended["outputs"]["sum"]), (&json!("completed"), &json!(42)));
    let run = t.runs_function("add", json!({"a": i64::MAX, "b": 1})).await;
    let ended = t.expects_end(&run).await;
    assert_eq!((&ended["status"], &ended["error"]), (&json!("failed"), &json!("The sum is too large.")));
}
