use serde_json::json;

use super::*;
use crate::payload::{Action, EventCallback, SlashCommand};

fn click() -> Value {
    json!({
        "type": "block_actions",
        "team": {"id": "T1", "domain": "d"},
        "user": {"id": "U1", "username": "alice", "name": "alice", "team_id": "T2"},
        "api_app_id": "A1",
        "token": "legacy-secret",
        "container": {"type": "message", "message_ts": "1700000000.000100", "channel_id": "C1", "is_ephemeral": false},
        "trigger_id": "1.2.abc",
        "channel": {"id": "C1", "name": "general"},
        "enterprise": null,
        "message": {"type": "message", "ts": "1700000000.000100"},
        "state": {"values": {"b": {"a": {"type": "plain_text_input", "value": "typed"}}}},
        "response_url": "https://hooks.slack.com/actions/T1/secret",
        "actions": [{"type": "button", "action_id": "approve", "block_id": "decide", "value": "token", "action_ts": "1.1"}],
        "a_new_field": {"kept": true},
    })
}

#[test]
fn a_click_is_read_and_kept_whole() {
    let raw = click();
    let Interaction::BlockActions(payload) = Interaction::parse(raw.clone()).unwrap() else { panic!("not a click") };
    assert_eq!(payload.origin.user_id, "U1");
    assert_eq!(payload.origin.user_team_id.as_ref().unwrap(), &"T2");
    assert_eq!(payload.origin.team_id.as_ref().unwrap(), &"T1");
    assert_eq!(payload.container.channel_id.as_ref().unwrap(), &"C1");
    assert_eq!(payload.action().unwrap().value.as_deref(), Some("token"));
    assert_eq!(payload.state("b", "a").unwrap()["value"], "typed");
    assert_eq!(serde_json::to_value(&payload).unwrap(), raw);
    assert_eq!(payload.into_raw(), raw);
}

#[test]
fn debug_shows_neither_payload_nor_response_url() {
    let text = format!("{:?}", Interaction::parse(click()).unwrap());
    assert!(!text.contains("secret") && !text.contains("typed"), "{text}");
}

#[test]
fn a_click_without_a_person_or_action_is_malformed() {
    let without = |field: &str| {
        let mut raw = click();
        raw.as_object_mut().unwrap().remove(field);
        Interaction::parse(raw).unwrap_err()
    };
    assert_eq!(without("user").to_string(), "block_actions payload without /user/id");
    assert_eq!(without("actions").field(), "/actions");
    assert_eq!(without("user").into_raw()["type"], "block_actions");
}

#[test]
fn choices_of_every_kind_have_a_value() {
    for (state, value) in [
        (json!({"selected_option": {"value": "o"}}), "o"),
        (json!({"selected_user": "U9"}), "U9"),
        (json!({"selected_date": "2026-01-01"}), "2026-01-01"),
        (json!({"value": "typed"}), "typed"),
    ] {
        let mut raw = click();
        let mut action = state;
        action["action_id"] = json!("x");
        raw["actions"] = json!([action]);
        let Interaction::BlockActions(payload) = Interaction::parse(raw).unwrap() else { panic!("not a click") };
        assert_eq!(payload.action().unwrap().value.as_deref(), Some(value));
    }
}

#[test]
fn a_submission_gives_what_was_typed() {
    let raw = json!({
        "type": "view_submission", "user": {"id": "U1"}, "team": {"id": "T1"}, "trigger_id": "1.2.a",
        "view": {"id": "V1", "callback_id": "deny", "private_metadata": "r1", "hash": "h",
            "state": {"values": {"reason": {"text": {"type": "plain_text_input", "value": "no"}, "empty": {"value": null}}}}},
    });
    let Interaction::ViewSubmission(payload) = Interaction::parse(raw).unwrap() else { panic!("not a submission") };
    assert_eq!(payload.view.callback_id, "deny");
    assert_eq!(payload.text("reason", "text"), Some("no"));
    assert_eq!(payload.text("reason", "empty"), None);
    assert_eq!(payload.text("other", "text"), None);
}

#[test]
fn other_kinds_are_read_too() {
    let user = json!({"id": "U1"});
    let closed = json!({"type": "view_closed", "user": user, "view": {"id": "V1"}, "is_cleared": true});
    assert!(matches!(Interaction::parse(closed).unwrap(), Interaction::ViewClosed(payload) if payload.is_cleared));
    let shortcut = json!({"type": "message_action", "user": user, "callback_id": "c", "channel": {"id": "C1"}});
    assert!(matches!(Interaction::parse(shortcut).unwrap(), Interaction::Shortcut(_)));
    let ask = json!({"type": "block_suggestion", "user": user, "action_id": "a", "value": "be"});
    assert!(matches!(Interaction::parse(ask).unwrap(), Interaction::BlockSuggestion(payload) if payload.value == "be"));
}

#[test]
fn unknown_kinds_are_kept() {
    for raw in [json!({"type": "interactive_message", "x": 1}), json!({}), json!(null), json!([1]), json!({"type": 7})]
    {
        assert!(matches!(Interaction::parse(raw.clone()).unwrap(), Interaction::Unknown(kept) if kept == raw));
    }
}

#[test]
fn commands_and_events_are_read() {
    let command = json!({"command": "/requests", "text": "", "user_id": "U1", "user_name": "alice", "channel_id": "C1", "team_id": "T1"});
    let command = SlashCommand::parse(command).unwrap();
    assert_eq!((command.command.as_str(), command.text.as_str()), ("/requests", ""));
    assert!(SlashCommand::parse(json!({"command": "/x"})).is_err());
    let event = json!({"type": "event_callback", "event_id": "Ev1", "team_id": "T1",
        "event": {"type": "app_mention", "user": "U1", "channel": "C1", "ts": "1.1", "text": "<@U2> hi"}});
    let event = EventCallback::parse(event).unwrap();
    assert_eq!(event.kind, "app_mention");
    assert_eq!(event.text(), Some("<@U2> hi"));
    assert!(!event.is_from_bot && !event.is_own());
    let own = json!({"event_id": "Ev2", "authorizations": [{"user_id": "U2", "is_bot": true}], "event": {"type": "message", "user": "U2"}});
    assert!(EventCallback::parse(own).unwrap().is_own());
    let own =
        json!({"event_id": "Ev3", "api_app_id": "A1", "event": {"type": "message", "bot_id": "B1", "app_id": "A1"}});
    assert!(EventCallback::parse(own).unwrap().is_own());
    assert!(EventCallback::parse(json!({"event_id": "Ev1"})).is_err());
}

#[test]
fn a_text_is_read_as_its_values_are() {
    let text = serde_json::value::to_raw_value(&click()).unwrap();
    let of_text = Interaction::read(&text).unwrap();
    assert_eq!(of_text.raw(), &click());
    let Interaction::BlockActions(of_text) = of_text else { panic!("not a click") };
    assert_eq!(of_text, BlockActions::parse(click()).unwrap());
    assert_eq!(of_text.state("b", "a").unwrap()["value"], "typed");
    assert_eq!((of_text.clone().into_raw(), of_text.into_raw()), (click(), click()));
    let list = serde_json::value::to_raw_value(&json!(["block_actions", "A1", {"id": "U1"}])).unwrap();
    assert!(matches!(Interaction::read(&list).unwrap(), Interaction::Unknown(_)));
    assert_eq!(SlashCommand::read(&list).unwrap_err().into_raw()[0], "block_actions");
    assert!(EventCallback::read(&list).is_err());
}

#[test]
fn what_was_clicked_is_read_without_the_rest() {
    let action = Action::of_payload(&click().to_string()).unwrap();
    assert_eq!(action.as_ref(), BlockActions::parse(click()).unwrap().action());
    let second = r#"{"actions": [7, {"value": "no id"}, {"action_id": "x", "value": "a \"b\""}]}"#;
    let second = Action::of_payload(second).unwrap().unwrap();
    assert_eq!((second.action_id.as_str(), second.value.as_deref()), ("x", Some("a \"b\"")));
    assert!(Action::of_payload(r#"{"actions": []}"#).unwrap().is_none());
    for bad in ["{}", "[]", r#"{"actions": 7}"#, r#"{"actions": null}"#, "{"] {
        assert!(Action::of_payload(bad).is_err(), "{bad}");
    }
}
