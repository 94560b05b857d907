use rstest::rstest;
use serde_json::json;

use super::*;

fn messages(blocks: &Value) -> Vec<String> {
    validate_blocks(blocks, Surface::Message).err().unwrap_or_default().iter().map(Violation::to_string).collect()
}

fn section(text: &str) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": text}})
}

#[test]
fn violations_read_as_slack_writes_them() {
    assert_eq!(
        messages(&json!([section(&"x".repeat(3001))])),
        ["[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"]
    );
    assert_eq!(
        messages(&json!([{"type": "shiny"}])),
        ["[ERROR] unsupported type: shiny [json-pointer:/blocks/0/type]"]
    );
    assert_eq!(
        messages(&json!([section("")])),
        ["[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text/text]"]
    );
}

#[test]
fn characters_are_counted_not_bytes() {
    assert!(messages(&json!([section(&"é".repeat(3000))])).is_empty());
}

#[test]
fn all_violations_are_reported_at_once() {
    let found = messages(&json!([{"type": "header"}, {"type": "divider"}, {"type": "section"}]));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().any(|text| text.contains("missing required field: text [json-pointer:/blocks/0]")));
    assert!(found.iter().any(|text| text.contains("must define either `text` or `fields` [json-pointer:/blocks/2]")));
}

fn button(text: &str, value: &str) -> Value {
    json!({"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": text}, "value": value})
}

fn options(n: usize) -> Vec<Value> {
    (0..n).map(|i| json!({"text": {"type": "plain_text", "text": format!("o{i}")}, "value": format!("{i}")})).collect()
}

#[rstest]
#[case::header(json!({"type": "header", "text": {"type": "plain_text", "text": "h".repeat(150)}}), json!({"type": "header", "text": {"type": "plain_text", "text": "h".repeat(151)}}))]
#[case::header_is_plain(json!({"type": "header", "text": {"type": "plain_text", "text": "h"}}), json!({"type": "header", "text": {"type": "mrkdwn", "text": "h"}}))]
#[case::fields(json!({"type": "section", "fields": vec![json!({"type": "mrkdwn", "text": "f"}); 10]}), json!({"type": "section", "fields": vec![json!({"type": "mrkdwn", "text": "f"}); 11]}))]
#[case::field_text(json!({"type": "section", "fields": [{"type": "mrkdwn", "text": "f".repeat(2000)}]}), json!({"type": "section", "fields": [{"type": "mrkdwn", "text": "f".repeat(2001)}]}))]
#[case::context(json!({"type": "context", "elements": vec![json!({"type": "mrkdwn", "text": "f"}); 10]}), json!({"type": "context", "elements": vec![json!({"type": "mrkdwn", "text": "f"}); 11]}))]
#[case::actions(json!({"type": "actions", "elements": (0..25).map(|i| json!({"type": "button", "action_id": format!("{i}"), "text": {"type": "plain_text", "text": "b"}})).collect::<Vec<_>>()}), json!({"type": "actions", "elements": (0..26).map(|i| json!({"type": "button", "action_id": format!("{i}"), "text": {"type": "plain_text", "text": "b"}})).collect::<Vec<_>>()}))]
#[case::button_text(json!({"type": "actions", "elements": [button(&"b".repeat(75), "v")]}), json!({"type": "actions", "elements": [button(&"b".repeat(76), "v")]}))]
#[case::button_value(json!({"type": "actions", "elements": [button("b", &"v".repeat(2000))]}), json!({"type": "actions", "elements": [button("b", &"v".repeat(2001))]}))]
#[case::block_id(json!({"type": "divider", "block_id": "b".repeat(255)}), json!({"type": "divider", "block_id": "b".repeat(256)}))]
#[case::markdown(json!({"type": "markdown", "text": "m".repeat(12000)}), json!({"type": "markdown", "text": "m".repeat(12001)}))]
#[case::image(json!({"type": "image", "image_url": "https://x.test/i", "alt_text": ""}), json!({"type": "image", "alt_text": "no source"}))]
#[case::alt_text(json!({"type": "image", "image_url": "https://x.test/i", "alt_text": "a".repeat(2000)}), json!({"type": "image", "image_url": "https://x.test/i", "alt_text": "a".repeat(2001)}))]
#[case::options(json!({"type": "actions", "elements": [{"type": "static_select", "action_id": "s", "options": options(100)}]}), json!({"type": "actions", "elements": [{"type": "static_select", "action_id": "s", "options": options(101)}]}))]
#[case::overflow(json!({"type": "actions", "elements": [{"type": "overflow", "action_id": "s", "options": options(5)}]}), json!({"type": "actions", "elements": [{"type": "overflow", "action_id": "s", "options": options(6)}]}))]
#[case::radio(json!({"type": "actions", "elements": [{"type": "radio_buttons", "action_id": "s", "options": options(10)}]}), json!({"type": "actions", "elements": [{"type": "radio_buttons", "action_id": "s", "options": options(11)}]}))]
#[case::rich_text(json!({"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "ls"}]}]}), json!({"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": [{"type": "text", "text": ""}]}]}))]
#[case::input_label(json!({"type": "input", "label": {"type": "plain_text", "text": "l".repeat(2000)}, "element": {"type": "plain_text_input"}}), json!({"type": "input", "label": {"type": "plain_text", "text": "l".repeat(2001)}, "element": {"type": "plain_text_input"}}))]
#[case::input_takes_no_button(json!({"type": "input", "label": {"type": "plain_text", "text": "l"}, "element": {"type": "users_select"}}), json!({"type": "input", "label": {"type": "plain_text", "text": "l"}, "element": button("b", "v")}))]
#[case::extra_property(json!({"type": "section", "text": {"type": "plain_text", "text": "t", "emoji": true}}), json!({"type": "section", "text": {"type": "mrkdwn", "text": "t", "emoji": true}}))]
fn each_limit_holds_on_both_sides(#[case] taken: Value, #[case] refused: Value) {
    assert_eq!(messages(&json!([taken])), Vec::<String>::new());
    assert_eq!(messages(&json!([refused])).len(), 1, "{:?}", messages(&json!([refused])));
}

#[test]
fn a_message_has_fifty_blocks_and_a_modal_a_hundred() {
    let blocks = |n| Value::Array(vec![json!({"type": "divider"}); n]);
    assert!(validate_blocks(&blocks(50), Surface::Message).is_ok());
    assert_eq!(messages(&blocks(51)), ["[ERROR] no more than 50 items allowed [json-pointer:/blocks]"]);
    assert!(validate_blocks(&blocks(100), Surface::Modal).is_ok());
    assert!(validate_blocks(&blocks(101), Surface::Home).is_err());
}

#[test]
fn ids_are_unique() {
    let twice = json!([{"type": "divider", "block_id": "x"}, {"type": "divider", "block_id": "x"}]);
    assert!(messages(&twice)[0].contains("already exists [json-pointer:/blocks/1/block_id]"));
    let same_block = json!([{"type": "actions", "elements": [button("a", "1"), button("b", "2")]}]);
    assert!(messages(&same_block)[0].contains("/blocks/0/elements/1/action_id"));
    let two_blocks = json!([{"type": "actions", "elements": [button("a", "1")]}, {"type": "actions", "elements": [button("b", "2")]}]);
    assert!(messages(&two_blocks).is_empty());
}

#[test]
fn markdown_blocks_share_one_limit() {
    let half = json!({"type": "markdown", "text": "m".repeat(7000)});
    assert_eq!(messages(&json!([half, half])).len(), 1);
}

#[test]
fn blocks_of_messages_are_refused_in_modals() {
    let blocks = json!([{"type": "markdown", "text": "m"}]);
    assert!(validate_blocks(&blocks, Surface::Message).is_ok());
    assert!(validate_blocks(&blocks, Surface::Modal).is_err());
}

#[test]
fn a_view_is_judged_whole() {
    let title = json!({"type": "plain_text", "text": "Deny"});
    assert!(validate_view(&json!({"type": "modal", "title": title, "blocks": []})).is_ok());
    let input = json!({"type": "input", "label": title, "element": {"type": "plain_text_input", "action_id": "a"}});
    let without = json!({"type": "modal", "title": title, "blocks": [input]});
    assert_eq!(
        validate_view(&without).unwrap_err()[0].to_string(),
        "[ERROR] missing required field: submit [json-pointer:/view]"
    );
    let long = json!({"type": "modal", "title": {"type": "plain_text", "text": "t".repeat(25)}, "blocks": []});
    assert_eq!(
        validate_view(&long).unwrap_err()[0].to_string(),
        "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"
    );
    assert!(validate_view(&json!({"type": "window"})).is_err());
    assert!(validate_view(&json!([])).is_err());
    assert!(validate_view(&json!({"type": "home", "blocks": [{"type": "divider"}]})).is_ok());
}

#[test]
fn hostile_shapes_are_violations_not_panics() {
    for blocks in [
        json!(null),
        json!(1),
        json!({}),
        json!([1, null, [], {}]),
        json!([{"type": 7}]),
        json!([{"type": "section", "text": []}]),
    ] {
        assert!(!messages(&blocks).is_empty(), "{blocks}");
    }
    let mut deep = json!([]);
    for _ in 0..100 {
        deep = json!([{"type": "carousel", "elements": deep}]);
    }
    assert!(!messages(&deep).is_empty());
    assert!(messages(&Value::Array(vec![json!({"type": "actions", "elements": vec![json!(1); 25]}); 50])).len() <= 100);
}
