//! What handlers take, and what becomes of what they cannot have.

use countersign_slack::blocks::Choice;
use countersign_slack::client::Reply;
use countersign_slack::payload::{AppMention, BlockActions, MessageEvent, ReactionAdded};
use countersign_slack::socket_mode::EnvelopeKind;
use countersign_slack_sdk::{
    Ack, AckError, Action, App, ChoiceGroup, Client, Command, Context, Dispatcher, Event, Failure, Json, Rejection,
    Request, RequestKind, Retry, Say, Suggestion, Transport, View, ViewResponse,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// An app that tells why its handlers failed.
fn telling(app: App) -> (Dispatcher, mpsc::UnboundedReceiver<Failure>) {
    let (tell, told) = mpsc::unbounded_channel();
    let app = app.on_error(move |failure: Failure| {
        let tell = tell.clone();
        async move { tell.send(failure).unwrap() }
    });
    (app.start(), told)
}

fn command(text: &str) -> Value {
    json!({"command": "/x", "text": text, "user_id": "U1", "channel_id": "C1", "team_id": "T1"})
}

fn submission(values: &Value) -> Value {
    json!({"type": "view_submission", "user": {"id": "U1"}, "team": {"id": "T1"},
        "view": {"id": "V1", "callback_id": "v", "blocks": [{"type": "input", "block_id": "b"}], "state": {"values": values}}})
}

fn mention() -> Value {
    json!({"type": "event_callback", "event_id": "Ev1", "team_id": "T1",
        "event": {"type": "app_mention", "user": "U1", "channel": "C1", "text": "hi", "ts": "1.2", "thread_ts": "1.1"}})
}

#[tokio::test]
async fn a_wrong_extractor_is_a_typed_error_and_answered() {
    let app = App::new()
        .command("/x", async |_: Event<AppMention>| Reply::ephemeral("never"))
        .view("v", async |_: BlockActions| ViewResponse::Close);
    let (app, mut told) = telling(app);
    let answer = app.dispatch("1", EnvelopeKind::SlashCommands, &command(""), None).await.unwrap().unwrap();
    assert!(answer["text"].as_str().unwrap().contains("did not work"), "{answer}");
    let failure = told.recv().await.unwrap();
    let rejection = failure.error.downcast_ref::<Rejection>().unwrap();
    assert!(
        matches!(rejection, Rejection::WrongKind { extractor: "Event", kind: RequestKind::Command }),
        "{rejection}"
    );
    let answer = app.dispatch("2", EnvelopeKind::Interactive, &submission(&json!({})), None).await.unwrap().unwrap();
    assert!(answer["errors"]["b"].as_str().unwrap().contains("did not work"), "{answer}");
}

#[tokio::test]
async fn an_event_of_another_shape_is_a_typed_error() {
    let app = App::new().event("app_mention", async |_: Event<ReactionAdded>| {});
    let (app, mut told) = telling(app);
    app.dispatch("1", EnvelopeKind::EventsApi, &mention(), None).await.unwrap();
    let failure = told.recv().await.unwrap();
    assert!(matches!(failure.error.downcast_ref(), Some(Rejection::Shape { extractor: "Event", .. })));
}

#[tokio::test]
async fn optional_extractors_do_not_fail() {
    let app = App::new().event(
        "app_mention",
        async |none: Option<Command>, some: Option<Event<MessageEvent>>, error: Result<Client, Rejection>, say: Say| {
            assert!(none.is_none() && some.is_some());
            assert!(matches!(error, Err(Rejection::NoClient)));
            assert_eq!(say.channel(), &"C1");
        },
    );
    let (app, mut told) = telling(app);
    app.dispatch("1", EnvelopeKind::EventsApi, &mention(), None).await.unwrap();
    app.close().await;
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn the_context_says_who_where_and_how() {
    let app = App::new().event("app_mention", async |context: Context, request: Request| {
        assert_eq!(context.user_id().unwrap(), &"U1");
        assert_eq!((context.team_id().unwrap(), context.channel_id().unwrap()), (&"T1".into(), &"C1".into()));
        assert_eq!(context.thread_ts().unwrap(), &"1.1");
        assert_eq!((context.id().as_str(), context.transport()), ("Ev1", Transport::Local));
        assert_eq!(context.retry(), Some(&Retry { number: 2, reason: Some("timeout".to_owned()) }));
        assert!(!context.is_resumed() && context.matches().is_empty() && context.response_url().is_none());
        assert_eq!(request.kind(), RequestKind::Event);
    });
    let (app, mut told) = telling(app);
    let retry = Retry { number: 2, reason: Some("timeout".to_owned()) };
    app.dispatch("1", EnvelopeKind::EventsApi, &mention(), Some(retry)).await.unwrap();
    app.close().await;
    assert!(told.try_recv().is_err());
}

#[derive(serde::Deserialize)]
struct Task {
    id: u64,
}

#[tokio::test]
async fn an_actions_value_is_read_as_what_it_is() {
    let app = App::new()
        .action("plain", async |action: Action| assert_eq!(action.value.as_deref(), Some("{\"id\":7}")))
        .action("text", async |value: Action<String>| assert_eq!(&*value.element, "{\"id\":7}"))
        .action("json", async |task: Action<Json<Task>>| {
            assert_eq!((task.element.0.id, task.click().unwrap().origin.user_id.as_str()), (7, "U1"));
        });
    let (app, mut told) = telling(app);
    for action_id in ["plain", "text", "json"] {
        let actions = json!([{"action_id": action_id, "type": "button", "value": "{\"id\":7}"}]);
        let click = json!({"type": "block_actions", "user": {"id": "U1"}, "actions": actions});
        app.dispatch("1", EnvelopeKind::Interactive, &click, None).await.unwrap();
    }
    app.close().await;
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn a_views_values_are_read_into_a_type() {
    #[derive(serde::Deserialize)]
    struct Entered {
        reason: Option<String>,
        days: Vec<String>,
    }
    let app = App::new().view("v", async |view: View<Entered>| {
        ViewResponse::error("reason", format!("{:?} {:?}", view.reason, view.days))
    });
    let (app, _told) = telling(app);
    let values = json!({
        "reason": {"text": {"type": "plain_text_input", "value": "why not"}},
        "days": {"boxes": {"type": "checkboxes", "selected_options": [{"value": "mo"}, {"value": "tu"}]}},
    });
    let answer = app.dispatch("1", EnvelopeKind::Interactive, &submission(&values), None).await.unwrap().unwrap();
    assert_eq!(answer["errors"]["reason"], r#"Some("why not") ["mo", "tu"]"#);
}

#[tokio::test]
async fn options_may_be_grouped() {
    let app = App::new().options("city", async |menu: Suggestion| {
        let options = vec![Choice::new(menu.value.as_str(), "x").unwrap()];
        vec![ChoiceGroup { label: "Cities".into(), options }]
    });
    let (app, _told) = telling(app);
    let asked =
        json!({"type": "block_suggestion", "user": {"id": "U1"}, "action_id": "city", "block_id": "b", "value": "Be"});
    let answer = app.dispatch("1", EnvelopeKind::Interactive, &asked, None).await.unwrap().unwrap();
    assert_eq!(answer["option_groups"][0]["options"][0]["text"]["text"], "Be");
}

#[tokio::test]
async fn a_handler_may_acknowledge_early_and_once() {
    let (done, mut finished) = mpsc::unbounded_channel();
    let app = App::new().view("v", move |ack: Ack<ViewResponse>| {
        let done = done.clone();
        async move {
            ack.with(ViewResponse::Clear).unwrap();
            assert!(!ack.is_open());
            done.send((ack.with(ViewResponse::Clear), ack.now())).unwrap();
        }
    });
    let (app, mut told) = telling(app);
    let answer = app.dispatch("1", EnvelopeKind::Interactive, &submission(&json!({})), None).await.unwrap();
    assert_eq!(answer.unwrap()["response_action"], "clear");
    assert_eq!(finished.recv().await.unwrap(), (Err(AckError::Again), Ok(())));
    assert!(told.try_recv().is_err());
}

#[tokio::test]
async fn an_answer_of_the_wrong_kind_is_not_sent() {
    let app = App::new()
        .command("/x", async |ack: Ack<ViewResponse>| {
            assert_eq!(ack.with(ViewResponse::Clear), Err(AckError::NoSuchAnswer));
        })
        .view("v", async || Reply::ephemeral("no"));
    let (app, _told) = telling(app);
    assert_eq!(app.dispatch("1", EnvelopeKind::SlashCommands, &command(""), None).await, Ok(None));
    let answer = app.dispatch("2", EnvelopeKind::Interactive, &submission(&json!({})), None).await.unwrap().unwrap();
    assert!(answer["errors"]["b"].as_str().unwrap().contains("did not work"));
}

#[tokio::test]
async fn a_plain_command_is_acknowledged_before_its_handler_runs() {
    let app: App = App::new().command("/x", async || std::future::pending::<()>().await);
    let app = app.start();
    assert_eq!(app.dispatch("1", EnvelopeKind::SlashCommands, &command(""), None).await, Ok(None));
}

#[tokio::test]
async fn what_is_too_much_is_not_acknowledged() {
    let app: App = App::new().command("/x", async || std::future::pending::<()>().await).most_at_once(2);
    let app = app.start();
    for n in 0..3 {
        let answer = app.dispatch(&n.to_string(), EnvelopeKind::SlashCommands, &command(""), None).await;
        assert_eq!(answer.is_ok(), n < 2);
    }
}
