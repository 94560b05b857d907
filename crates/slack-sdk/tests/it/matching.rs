//! Constraints: which handler is for what.

use countersign_slack::blocks::Choice;
use countersign_slack::socket_mode::EnvelopeKind;
use countersign_slack_sdk::{
    App, Constraint, Matches, OnAction, OnEvent, OnShortcut, Regex, Request, ShortcutScope, State,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

type Log = mpsc::UnboundedSender<String>;

/// Hands payloads to an app, and says which handlers ran.
async fn handled(app: App<Log>, payloads: &[(EnvelopeKind, Value)]) -> Vec<String> {
    let (log, mut said) = mpsc::unbounded_channel();
    let app = app.state::<()>(log).start();
    let mut all = Vec::new();
    for (n, (kind, payload)) in payloads.iter().enumerate() {
        app.dispatch(&n.to_string(), kind.clone(), payload, None).await.unwrap();
    }
    app.close().await;
    while let Ok(text) = said.try_recv() {
        all.push(text);
    }
    all.sort();
    all
}

fn event(event: &Value) -> (EnvelopeKind, Value) {
    let id = format!("Ev{}", event.to_string().len());
    (EnvelopeKind::EventsApi, json!({"type": "event_callback", "event_id": id, "event": event}))
}

fn click(action_id: &str, block_id: &str) -> (EnvelopeKind, Value) {
    let actions = json!([{"action_id": action_id, "block_id": block_id, "type": "button"}]);
    (EnvelopeKind::Interactive, json!({"type": "block_actions", "user": {"id": "U1"}, "actions": actions}))
}

macro_rules! said {
    ($text:literal) => {
        async |State(log): State<Log>| log.send($text.to_owned()).unwrap()
    };
}

#[tokio::test]
async fn actions_are_told_apart_by_block() {
    let app = App::new()
        .action(OnAction::id("delete").in_block("first"), said!("1 first"))
        .action(OnAction::id("delete"), said!("2 any"))
        .action(OnAction::any_in_block(Constraint::prefix("tool")), said!("3 toolbar"));
    let payloads =
        [click("delete", "first"), click("delete", "second"), click("bold", "toolbar"), click("bold", "else")];
    assert_eq!(handled(app, &payloads).await, ["1 first", "2 any", "3 toolbar"]);
}

#[tokio::test]
async fn the_first_that_matches_is_taken() {
    let app = App::new()
        .action(Constraint::glob("a*"), said!("glob"))
        .action("ab", said!("exact"))
        .action(Constraint::matching(|id| id.len() == 1), said!("predicate"));
    assert_eq!(handled(app, &[click("ab", ""), click("b", "")]).await, ["glob", "predicate"]);
}

#[tokio::test]
async fn events_are_told_apart_by_subtype() {
    let app = App::new()
        .event(OnEvent::kind("message").with_subtype("message_changed"), said!("1 changed"))
        .event(OnEvent::kind("message").without_subtype(), said!("2 new"))
        .event("message", said!("3 other"));
    let message = |subtype: Value| event(&json!({"type": "message", "subtype": subtype}));
    let payloads = [message(json!("message_changed")), message(Value::Null), message(json!("channel_join"))];
    assert_eq!(handled(app, &payloads).await, ["1 changed", "2 new", "3 other"]);
}

#[tokio::test]
async fn messages_are_told_apart_by_what_they_say() {
    async fn deploy(State(log): State<Log>, matches: Matches) {
        log.send(format!("deploy {}", matches.get(1).unwrap())).unwrap();
    }
    let app = App::new()
        .message(Regex::new(r"^deploy (\w+)$").unwrap(), deploy)
        .message("help", said!("help"))
        .message("", said!("rest"));
    let message = |text: &str| event(&json!({"type": "message", "text": text}));
    let edited = event(&json!({"type": "message", "subtype": "message_changed", "text": "help"}));
    let payloads = [message("deploy web"), message("please help me"), message("hm"), edited];
    assert_eq!(handled(app, &payloads).await, ["deploy web", "help", "rest"]);
}

#[tokio::test]
async fn shortcuts_are_told_apart_by_where_they_are_used() {
    let app = App::new()
        .shortcut(OnShortcut::of_messages("x"), said!("1 message"))
        .shortcut(OnShortcut::global("x"), said!("2 global"));
    let used =
        |kind: &str| (EnvelopeKind::Interactive, json!({"type": kind, "callback_id": "x", "user": {"id": "U1"}}));
    assert_eq!(handled(app, &[used("shortcut"), used("message_action")]).await, ["1 message", "2 global"]);
}

#[tokio::test]
async fn what_nobody_is_for_is_acknowledged() {
    let app: App = App::new();
    let app = app.start();
    for (kind, payload) in
        [click("x", "y"), event(&json!({"type": "x"})), (EnvelopeKind::Unknown("new".into()), json!({}))]
    {
        assert_eq!(app.dispatch("1", kind, &payload, None).await, Ok(None));
    }
    let odd = [json!(null), json!([1]), json!("x"), json!({"event": 7}), json!({"actions": "no"})];
    for payload in odd {
        for kind in [EnvelopeKind::EventsApi, EnvelopeKind::Interactive] {
            assert_eq!(app.dispatch("1", kind, &payload, None).await, Ok(None), "{payload}");
        }
    }
}

#[tokio::test]
async fn an_app_says_what_it_has_handlers_for() {
    let app: App<Log> = App::new()
        .command("/deploy", said!(""))
        .command(Constraint::prefix("/x"), said!(""))
        .event("app_mention", said!(""))
        .message("hi", said!(""))
        .shortcut(OnShortcut::of_messages("remember"), said!(""))
        .function("add", said!(""))
        .action(OnAction::id("a").in_block("b"), said!(""))
        .options("city", async || Vec::<Choice>::new())
        .view("modal", async |_: Request| {});
    let it = app.describe();
    assert_eq!((it.commands[0].id.as_deref(), it.commands[1].id.as_deref()), (Some("/deploy"), None));
    assert_eq!(it.event_types().collect::<Vec<_>>(), ["app_mention", "message", "function_executed"]);
    assert_eq!((it.shortcuts[0].id.as_deref(), it.shortcuts[0].scope), (Some("remember"), ShortcutScope::Message));
    assert_eq!(it.functions[0].id.as_deref(), Some("add"));
    assert_eq!((it.actions[0].action_id.as_deref(), it.actions[0].block_id.as_deref()), (Some("a"), Some("b")));
    assert_eq!((it.options.len(), it.views[0].id.as_deref(), it.is_interactive()), (1, Some("modal"), true));
}

#[tokio::test]
async fn a_constraint_that_panics_ends_nothing() {
    let app: App = App::new().action(Constraint::matching(|id| id == "fine" || panic!("oh")), async || {});
    let app = app.start();
    for action_id in ["odd", "fine"] {
        let (kind, payload) = click(action_id, "");
        assert_eq!(app.dispatch("1", kind, &payload, None).await, Ok(None));
    }
}
