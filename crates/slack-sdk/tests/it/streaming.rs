//! Messages that grow: collected, rolled over, completed.

use std::sync::Arc;
use std::time::Duration;

use countersign_slack::blocks::{Actions, Button};
use countersign_slack_sdk::testing::Conversation;
use countersign_slack_sdk::{App, HandlerError, SayStream, TaskStatus};
use tokio::sync::{Mutex, mpsc};

use crate::fixture::SOON;

/// An app that streams what the test tells it to, piece by piece; `None` ends the answer.
fn dictated() -> (App, mpsc::UnboundedSender<Option<String>>, mpsc::UnboundedReceiver<usize>) {
    let (dictate, dictated) = mpsc::unbounded_channel::<Option<String>>();
    let (tell, told) = mpsc::unbounded_channel();
    let dictated = Arc::new(Mutex::new(dictated));
    let app = App::new().event("app_mention", move |stream: SayStream| {
        let (dictated, tell) = (Arc::clone(&dictated), tell.clone());
        async move {
            let (mut answer, mut dictated) = (stream.begin(), dictated.lock().await);
            while let Some(Some(text)) = dictated.recv().await {
                answer.append(&text).await?;
                answer.flush().await?;
                tell.send(0).unwrap();
            }
            tell.send(answer.stop().await?.len()).unwrap();
            Ok::<_, HandlerError>(())
        }
    });
    (app, dictate, told)
}

#[tokio::test]
async fn words_are_collected_before_they_are_sent() {
    let app = App::new().event("app_mention", async |stream: SayStream| {
        let mut answer = stream.begin();
        for n in 0..100 {
            answer.append(&format!("word{n} ")).await?;
        }
        answer.stop().await?;
        Ok::<_, HandlerError>(())
    });
    let t = Conversation::with(app).await;
    t.user("alice").says("#general", "<@bot> go").await;
    t.expects_message("word99").await;
    let calls = |method: &str| t.workspace().journal().iter().filter(|entry| entry.value["method"] == method).count();
    assert_eq!(calls("chat.startStream"), 1);
    assert!(calls("chat.appendStream") <= 3, "{}", calls("chat.appendStream"));
}

#[tokio::test]
async fn a_long_answer_goes_on_in_another_message_before_slack_ends_the_first() {
    let (app, dictate, mut told) = dictated();
    let t = Conversation::with(app).await;
    t.user("alice").says("#general", "<@bot> go").await;
    for text in ["one ", "two "] {
        dictate.send(Some(text.to_owned())).unwrap();
        told.recv().await.unwrap();
        t.passes(Duration::from_secs(241));
    }
    dictate.send(None).unwrap();
    assert_eq!(told.recv().await, Some(2));
    let first = t.expects_message("one").await;
    let second = t.expects_message("two").await;
    assert_ne!(first.ts(), second.ts());
    assert_eq!(
        (&first.body()["streaming_state"], &second.body()["streaming_state"]),
        (&"completed".into(), &"completed".into())
    );
}

#[tokio::test]
async fn an_answer_whose_stream_has_ended_is_completed_by_an_update() {
    let (app, dictate, mut told) = dictated();
    let t = Conversation::with(app).await;
    t.user("alice").says("#general", "<@bot> go").await;
    dictate.send(Some("one ".to_owned())).unwrap();
    told.recv().await.unwrap();
    // The workspace ends the stream; the answer is rolled over, and finds the first message unfinished.
    t.passes(Duration::from_secs(301));
    dictate.send(Some("two".to_owned())).unwrap();
    told.recv().await.unwrap();
    dictate.send(None).unwrap();
    assert_eq!(told.recv().await, Some(2));
    t.expects_message("one").await;
    t.expects_message("two").await;
}

#[tokio::test]
async fn steps_are_shown_as_tasks() {
    let app = App::new().event("app_mention", async |stream: SayStream| {
        let mut answer = stream.begin();
        answer.task("t1", "Look it up", TaskStatus::InProgress).await?;
        answer.append("found it").await?;
        answer.task("t1", "Look it up", TaskStatus::Complete).await?;
        answer.stop().await?;
        Ok::<_, HandlerError>(())
    });
    let t = Conversation::with(app).await;
    t.user("alice").says("#general", "<@bot> go").await;
    let message = t.expects_message("found it").await;
    let done = |message: &serde_json::Value| message["blocks"][0]["status"] == "complete";
    t.workspace().wait_for_message(message.channel(), done, SOON).await.unwrap();
}

#[tokio::test]
async fn what_slack_ended_early_is_completed_and_goes_on() {
    let (app, dictate, mut told) = dictated();
    let t = Conversation::with(app).await;
    t.workspace().fault(&serde_json::json!({"stream_ttl_s": 60})).unwrap();
    t.user("alice").says("#general", "<@bot> go").await;
    dictate.send(Some("one ".to_owned())).unwrap();
    told.recv().await.unwrap();
    t.passes(Duration::from_secs(61));
    for text in ["two ", "three "] {
        dictate.send(Some(text.to_owned())).unwrap();
        told.recv().await.unwrap();
    }
    dictate.send(None).unwrap();
    assert_eq!(told.recv().await, Some(2));
    let first = t.expects_message("one").await;
    assert_eq!(first.text().trim_end(), "one two");
    t.expects_message("three").await;
}

#[tokio::test]
async fn blocks_come_after_the_text_even_where_slack_ended_the_stream() {
    for is_plan in [false, true] {
        let (go_on, wait) = mpsc::unbounded_channel::<()>();
        let (tell, mut told) = mpsc::unbounded_channel();
        let wait = Arc::new(Mutex::new(wait));
        let app = App::new().event("app_mention", move |stream: SayStream| {
            let (wait, tell) = (Arc::clone(&wait), tell.clone());
            async move {
                let mut answer = stream.begin();
                if is_plan {
                    answer.task("t1", "Look it up", TaskStatus::Complete).await?;
                }
                answer.append("the answer").await?;
                answer.flush().await?;
                tell.send(0).unwrap();
                wait.lock().await.recv().await.unwrap();
                let button = Button::new("good", "Good")?;
                tell.send(answer.stop_with(&[Actions::new(vec![button.into()])?.into()]).await?.len()).unwrap();
                Ok::<_, HandlerError>(())
            }
        });
        let t = Conversation::with(app).await;
        t.workspace().fault(&serde_json::json!({"stream_ttl_s": 60})).unwrap();
        t.user("alice").says("#general", "<@bot> go").await;
        told.recv().await.unwrap();
        t.passes(Duration::from_secs(61));
        go_on.send(()).unwrap();
        assert_eq!(told.recv().await, Some(2), "the text, and the blocks below it");
        let text = t.expects_message("the answer").await;
        let has_button = |message: &serde_json::Value| message.to_string().contains("\"good\"");
        let blocks = t.workspace().wait_for_message(text.channel(), has_button, SOON).await.unwrap();
        assert_ne!(blocks["ts"], text.body()["ts"]);
        assert_eq!(blocks["thread_ts"], text.body()["thread_ts"], "in the same thread");
    }
}
