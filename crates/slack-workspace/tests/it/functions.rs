//! Custom steps: functions of a manifest, run by themselves and as the steps of a workflow.

use std::time::Duration;

use countersign_slack_workspace::Running;
use serde_json::{Value, json};

use crate::client::{App, http, start, user};
use crate::control::Control;

fn manifest() -> Value {
    let greet = json!({
        "title": "Greet", "description": "Says hello.",
        "input_parameters": {"properties": {"name": {"type": "string", "title": "Name"}}, "required": ["name"]},
        "output_parameters": {"properties": {"text": {"type": "string"}}, "required": ["text"]},
    });
    let shout = json!({
        "title": "Shout", "input_parameters": {"properties": {"text": {"type": "string"}}, "required": ["text"]},
        "output_parameters": {"properties": {}, "required": []},
    });
    json!({
        "display_information": {"name": "Stepper"},
        "oauth_config": {"scopes": {"bot": ["chat:write"]}},
        "settings": {"socket_mode_enabled": true, "function_runtime": "remote"},
        "functions": {"greet": greet, "shout": shout},
        "workflows": {"both": {"title": "Both", "steps": [
            {"id": "0", "function_id": "#/functions/greet", "inputs": {"name": "{{inputs.who}}"}},
            {"id": "1", "function_id": "#/functions/shout", "inputs": {"text": "{{steps.0.text}}!"}},
        ]}},
    })
}

async fn made(running: &Running) -> (App<'_>, String) {
    let made = Control::new(running).post("apps", json!({"manifest": manifest()})).await["app"].clone();
    let token = |name: &str| made[name].as_str().unwrap().to_owned().into();
    let app = App { running, http: http(), token: token("bot_token"), connect_token: token("app_token") };
    (app, made["app_id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_step_is_run_completed_and_read_back() {
    let running = start().await;
    let (app, id) = made(&running).await;
    let control = Control::new(&running);
    let mut socket = app.connect().await;
    let run = json!({"app_id": id, "callback_id": "greet", "inputs": {"name": "bob"}});
    let begun = control.post("function", run).await;
    let event = socket.event("function_executed").await;
    assert_eq!(event["function_execution_id"], begun["function_execution_id"]);
    assert_eq!(event["inputs"], json!({"name": "bob"}));
    assert_eq!(event["function"]["callback_id"], "greet");
    assert_eq!(event["function"]["app_id"], id);
    assert_eq!(
        event["function"]["input_parameters"][0],
        json!({
            "type": "string", "name": "name", "title": "Name", "description": "", "is_required": true,
        })
    );
    let step = app.with_token(&event["bot_access_token"].as_str().unwrap().to_owned().into());
    assert_eq!(step.ok("auth.test", json!({})).await["user"], "stepper");
    let execution = &event["function_execution_id"];
    let done = |outputs: Value| json!({"function_execution_id": execution, "outputs": outputs});
    let missing = step.error("functions.completeSuccess", done(json!({}))).await;
    assert_eq!(missing, "parameter_validation_failed");
    step.ok("functions.completeSuccess", done(json!({"text": "hello bob"}))).await;
    assert_eq!(step.error("auth.test", json!({})).await, "invalid_auth");
    assert_eq!(
        app.error("functions.completeSuccess", done(json!({"text": "x"}))).await,
        "execution_not_in_running_state"
    );
    let runs = control.get(&format!("functions?app_id={id}")).await["functions"].clone();
    assert_eq!(runs[0]["status"], "completed");
    assert_eq!(runs[0]["outputs"], json!({"text": "hello bob"}));
    let cli = app.with_token(&running.ready().cli_token);
    let log = cli.ok("apps.activities.list", json!({"app_id": id})).await["activities"].clone();
    for (level, wanted) in [("info", log.clone()), ("debug", log.clone()), ("error", json!([]))] {
        let grave = cli.ok("apps.activities.list", json!({"app_id": id, "min_log_level": level})).await;
        assert_eq!(grave["activities"], wanted, "{level}");
    }
    let odd = json!({"app_id": id, "min_log_level": "loud"});
    assert_eq!(cli.error("apps.activities.list", odd).await, "invalid_arguments");
    assert_eq!(log[0]["event_type"], "function_execution_result");
    assert_eq!(log[1]["event_type"], "function_execution_started");
}

#[tokio::test]
async fn only_its_app_ends_a_step_and_only_a_known_one() {
    let running = start().await;
    let (app, id) = made(&running).await;
    let control = Control::new(&running);
    let run = json!({"app_id": id, "callback_id": "greet", "inputs": {"name": "bob"}});
    let begun = control.post("function", run).await;
    let fail = json!({"function_execution_id": begun["function_execution_id"], "error": "no"});
    assert_eq!(App::new(&running).error("functions.completeError", fail.clone()).await, "access_denied");
    let unknown = json!({"function_execution_id": "Fx0", "error": "no"});
    assert_eq!(app.error("functions.completeError", unknown).await, "function_execution_not_found");
    app.ok("functions.completeError", fail).await;
    let runs = control.get("functions").await["functions"].clone();
    assert_eq!((&runs[0]["status"], &runs[0]["error"]), (&json!("failed"), &json!("no")));
    let url = format!("{}function", running.ready().control_url);
    let secret = secrecy::ExposeSecret::expose_secret(&running.ready().control_token);
    for (body, status) in [
        (json!({"app_id": id, "callback_id": "none"}), 404),
        (json!({"app_id": id, "callback_id": "greet"}), 400),
        (json!({"app_id": "A0", "callback_id": "greet"}), 404),
    ] {
        let refused = http().post(&url).bearer_auth(secret).json(&body).send().await.unwrap();
        assert_eq!(refused.status(), status, "{body}");
    }
}

#[tokio::test]
async fn a_trigger_runs_the_steps_of_its_workflow_one_after_the_other() {
    let running = start().await;
    let (app, id) = made(&running).await;
    let cli = app.with_token(&running.ready().cli_token);
    let trigger = |kind: &str, who: &str| {
        json!({
            "type": kind, "name": "Go", "workflow": "#/workflows/both", "workflow_app_id": id,
            "inputs": {"who": {"value": who}},
        })
    };
    let link = cli.ok("workflows.triggers.create", trigger("shortcut", "{{data.user_id}}")).await["trigger"].clone();
    let hook = cli.ok("workflows.triggers.create", trigger("webhook", "{{data.who}}")).await["trigger"].clone();
    let mut socket = app.connect().await;
    let control = Control::new(&running);
    let begun = control.post("trigger", json!({"user": "bob", "trigger_id": link["id"]})).await;
    let first = socket.event("function_executed").await;
    assert_eq!(first["workflow_execution_id"], begun["workflow_execution_id"]);
    assert_eq!(first["inputs"]["name"], user(&running, "bob").as_str());
    let done = json!({"function_execution_id": first["function_execution_id"], "outputs": {"text": "hi"}});
    app.ok("functions.completeSuccess", done).await;
    let second = socket.event("function_executed").await;
    assert_eq!(second["function"]["callback_id"], "shout");
    assert_eq!(second["inputs"], json!({"text": "hi!"}));
    assert_eq!(second["workflow_execution_id"], begun["workflow_execution_id"]);

    let url = hook["webhook_url"].as_str().unwrap();
    let taken = http().post(url).json(&json!({"who": "curl"})).send().await.unwrap();
    assert_eq!(taken.json::<Value>().await.unwrap(), json!({"ok": true}));
    assert_eq!(socket.event("function_executed").await["inputs"]["name"], "curl");
    for (url, body, status) in [
        (url.to_owned(), "not json", 400),
        (url.to_owned(), "[]", 400),
        (url.replace(hook["id"].as_str().unwrap(), link["id"].as_str().unwrap()), "{}", 404),
        (format!("{url}x"), "{}", 404),
    ] {
        assert_eq!(http().post(&url).body(body).send().await.unwrap().status(), status, "{url} {body}");
    }
}

#[tokio::test]
async fn a_steps_token_ends_with_its_time() {
    let running = start().await;
    let (app, id) = made(&running).await;
    let mut socket = app.connect().await;
    let run = json!({"app_id": id, "callback_id": "shout", "inputs": {"text": "x"}});
    Control::new(&running).post("function", run).await;
    let event = socket.event("function_executed").await;
    let step = app.with_token(&event["bot_access_token"].as_str().unwrap().to_owned().into());
    running.advance_clock(Duration::from_mins(15)).unwrap();
    assert_eq!(step.error("auth.test", json!({})).await, "token_expired");
    let journal = running.journal().iter().map(|entry| entry.value.to_string()).collect::<String>();
    assert!(!journal.contains("xwfp-"));
}

#[tokio::test]
async fn events_start_the_workflows_that_wait_for_them() {
    let running = start().await;
    let (app, id) = made(&running).await;
    let cli = app.with_token(&running.ready().cli_token);
    let general = running.channel("general").unwrap();
    let bot = app.ok("auth.test", json!({})).await["user_id"].as_str().unwrap().to_owned();
    App::new(&running)
        .with_token(&running.ready().user_token)
        .ok("conversations.invite", json!({"channel": general, "users": bot}))
        .await;
    let trigger = |event: Value, who: &str| {
        json!({
            "type": "event", "name": "Go", "workflow": "#/workflows/both", "workflow_app_id": id, "event": event,
            "inputs": {"who": {"value": who}},
        })
    };
    let event = |kind: &str| json!({"event_type": format!("slack#/events/{kind}"), "channel_ids": [general]});
    let mut asked = event("message_posted");
    asked["filter"] = json!({"version": 1, "root": {"statement": "{{data.text}} CONTAINS 'help'"}});
    cli.ok("workflows.triggers.create", trigger(asked, "posted {{data.text}}")).await;
    cli.ok("workflows.triggers.create", trigger(event("reaction_added"), "reacted {{data.reaction}}")).await;
    cli.ok("workflows.triggers.create", trigger(event("app_mentioned"), "mentioned {{data.user_id}}")).await;
    let approvals = running.channel("approvals").unwrap();
    let joined = json!({"event_type": "slack#/events/user_joined_channel", "channel_ids": [approvals]});
    cli.ok("workflows.triggers.create", trigger(joined, "joined {{data.user_id}}")).await;
    let mut socket = app.connect().await;
    let (alice, bob) = (user(&running, "alice"), user(&running, "bob"));
    // Neither another channel nor a text that the filter stops: had they started something, it would come first.
    running.post_message(&alice, &approvals, "help").unwrap();
    running.post_message(&alice, &general, "nothing").unwrap();
    let posted = running.post_message(&alice, &general, "help me").unwrap();
    let mut name = async || socket.event("function_executed").await["inputs"]["name"].as_str().unwrap().to_owned();
    assert_eq!(name().await, "posted help me");
    let person = app.with_token(&running.ready().user_token);
    person.ok("reactions.add", json!({"channel": general, "timestamp": posted["ts"], "name": "eyes"})).await;
    assert_eq!(name().await, "reacted eyes");
    running.post_message(&bob, &general, &format!("hello <@{bot}>")).unwrap();
    assert_eq!(name().await, format!("mentioned {bob}"));
    let carol = user(&running, "carol");
    person.ok("conversations.kick", json!({"channel": approvals, "user": carol})).await;
    person.ok("conversations.invite", json!({"channel": approvals, "users": carol})).await;
    assert_eq!(name().await, format!("joined {carol}"));
}

#[tokio::test]
async fn the_clock_starts_scheduled_workflows() {
    let running = start().await;
    let (app, id) = made(&running).await;
    let cli = app.with_token(&running.ready().cli_token);
    let at = |minutes: i64| {
        let now = i64::try_from(running.workspace().clock().now_ms()).unwrap();
        jiff::Timestamp::from_millisecond(now + minutes * 60_000).unwrap().to_string()
    };
    let trigger = |schedule: Value| {
        json!({
            "type": "scheduled", "name": "Go", "workflow": "#/workflows/both", "workflow_app_id": id,
            "schedule": schedule, "inputs": {"who": {"value": "{{data.user_id}}"}},
        })
    };
    assert_eq!(
        cli.error("workflows.triggers.create", trigger(json!({"start_time": "soon"}))).await,
        "invalid_arguments"
    );
    let hourly = json!({
        "start_time": at(10), "occurrence_count": 2, "frequency": {"type": "hourly", "repeats_every": 1},
    });
    let made = cli.ok("workflows.triggers.create", trigger(hourly)).await["trigger"].clone();
    let control = Control::new(&running);
    let runs = async || control.get(&format!("functions?app_id={id}")).await["functions"].as_array().unwrap().len();
    let mut socket = app.connect().await;
    assert_eq!(runs().await, 0);
    running.advance_clock(Duration::from_mins(11)).unwrap();
    let first = socket.event("function_executed").await;
    assert_eq!(first["inputs"]["name"], made["owner_id"]);
    assert_eq!(runs().await, 1);
    running.advance_clock(Duration::from_hours(1)).unwrap();
    assert_eq!(runs().await, 2);
    running.advance_clock(Duration::from_hours(5)).unwrap();
    assert_eq!(runs().await, 2, "it is to run twice");
}
