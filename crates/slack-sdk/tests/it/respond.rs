//! Limits of what can be said.

use std::time::Duration;

use countersign_slack::blocks::Mrkdwn;
use countersign_slack_sdk::testing::Conversation;
use countersign_slack_sdk::{App, HandlerError, Respond, RespondLimit, Say, SendError};
use tokio::sync::mpsc;

#[tokio::test]
async fn an_answer_is_given_five_times_and_no_more() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let app = App::new().command("/five", move |respond: Respond| {
        let tell = tell.clone();
        async move {
            for n in 1..=5 {
                respond.ephemeral(&Mrkdwn::text(&format!("answer {n}"))).await?;
            }
            tell.send(respond.ephemeral(&Mrkdwn::text("answer 6")).await).unwrap();
            Ok::<_, HandlerError>(())
        }
    });
    let t = Conversation::with(app).await;
    t.user("alice").runs("/five", "").await;
    assert!(matches!(told.recv().await.unwrap(), Err(SendError::Respond(RespondLimit::UsedUp))));
    t.user("alice").is_told("answer 5").await;
}

#[tokio::test]
async fn nor_after_half_an_hour() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let (go, gate) = tokio::sync::watch::channel(false);
    let app = App::new().command("/late", move |respond: Respond| {
        let (tell, mut gate) = (tell.clone(), gate.clone());
        async move {
            gate.wait_for(|open| *open).await.unwrap();
            tell.send(respond.ephemeral(&Mrkdwn::text("late")).await).unwrap();
        }
    });
    let t = Conversation::with(app).await;
    t.user("alice").runs("/late", "").await;
    t.passes(Duration::from_mins(31));
    go.send(true).unwrap();
    assert!(matches!(told.recv().await.unwrap(), Err(SendError::Respond(RespondLimit::Lapsed))));
}

#[tokio::test]
async fn a_text_that_is_too_long_is_refused_before_slack_splits_it() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let app = App::new().command("/long", move |say: Say| {
        let tell = tell.clone();
        async move { tell.send(say.text(&"x".repeat(4001)).await).unwrap() }
    });
    let t = Conversation::with(app).await;
    t.user("alice").runs("/long", "").await;
    assert!(matches!(told.recv().await.unwrap(), Err(SendError::TooLong(limit)) if limit.length == 4001));
}
