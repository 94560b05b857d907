//! What becomes of failures.

use countersign_slack::socket_mode::EnvelopeKind;
use countersign_slack_sdk::testing::Conversation;
use countersign_slack_sdk::{App, Failure, HandlerError, HandlerPanic};
use serde_json::json;
use tokio::sync::mpsc;

#[tokio::test]
async fn an_error_handler_gets_errors_and_panics_in_place_of_the_log() {
    let (tell, mut told) = mpsc::unbounded_channel();
    let app: App = App::new()
        .event("a", async || Err::<(), HandlerError>("broken".into()))
        .event("b", async || -> () { panic!("at the disco") })
        .on_error(move |failure: Failure| {
            let tell = tell.clone();
            async move { tell.send((failure.request().id().to_string(), failure.error)).unwrap() }
        });
    let app = app.start();
    for kind in ["a", "b"] {
        let event = json!({"type": "event_callback", "event_id": format!("Ev{kind}"), "event": {"type": kind}});
        app.dispatch(kind, EnvelopeKind::EventsApi, &event, None).await.unwrap();
        let (id, error) = told.recv().await.unwrap();
        assert_eq!(id, format!("Ev{kind}"));
        assert_eq!(error.is::<HandlerPanic>(), kind == "b", "{error}");
    }
}

#[tokio::test]
async fn a_failing_command_is_told_once() {
    let app = App::new().command("/broken", async || Err::<(), _>("broken"));
    let t = Conversation::with(app).await;
    let alice = t.user("alice");
    assert!(alice.runs("/broken", "").await.acked);
    alice.is_told("did not work").await;
}
