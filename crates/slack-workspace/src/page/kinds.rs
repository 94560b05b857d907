//! Every kind of block and element as it is drawn, with what apps mean and with what is hostile.

use rstest::rstest;
use serde_json::{Value, json};

use super::blocks::drawn;

fn plain(text: &str) -> Value {
    json!({"type": "plain_text", "text": text})
}

fn option(text: &str) -> Value {
    json!({"text": plain(text), "value": text.to_lowercase(), "description": plain(&format!("about {text}"))})
}

/// An input block around an element.
fn input(mut element: Value) -> Value {
    element["action_id"] = "a".into();
    json!({"type": "input", "block_id": "b", "label": plain("Label"), "element": element})
}

fn actions(mut element: Value) -> Value {
    element["action_id"] = "a".into();
    json!({"type": "actions", "block_id": "b", "elements": [element]})
}

#[rstest]
#[case::alert(json!({"type": "alert", "level": "error", "text": plain("It broke.")}))]
#[case::call(json!({"type": "call", "call_id": "R1"}))]
#[case::card(json!({"type": "card", "block_id": "b", "title": plain("Title"), "subtitle": plain("Sub"),
    "body": {"type": "mrkdwn", "text": "*bold*"}, "hero_image": {"type": "image", "image_url": "https://a.example/x.png", "alt_text": "hero"},
    "actions": [{"type": "button", "action_id": "go", "text": plain("Go")}]}))]
#[case::carousel(json!({"type": "carousel", "block_id": "c", "elements": [
    {"type": "card", "block_id": "c1", "title": plain("One"), "actions": [{"type": "button", "action_id": "take", "text": plain("Take")}]},
    {"type": "card", "block_id": "c2", "title": plain("Two")}]}))]
#[case::container(json!({"type": "container", "title": plain("Box"), "child_blocks": [{"type": "divider"}]}))]
#[case::context_actions(json!({"type": "context_actions", "block_id": "b", "elements": [
    {"type": "feedback_buttons", "action_id": "f", "positive_button": {"text": plain("Good"), "value": "g"}, "negative_button": {"text": plain("Bad"), "value": "b"}},
    {"type": "icon_button", "icon": "trash", "action_id": "t", "text": plain("Remove")}]}))]
#[case::data_table(json!({"type": "data_table", "caption": "Sales", "columns": [{"key": "c", "title": "City"}, {"key": "n", "title": "Sold"}],
    "rows": [{"c": "Oslo", "n": 4}, {"c": "Rome"}]}))]
#[case::file(json!({"type": "file", "external_id": "ABC", "source": "remote"}))]
#[case::image_of_the_workspace(json!({"type": "image", "alt_text": "plan", "title": plain("Plan"), "slack_file": {"id": "F123"}}))]
#[case::plan(json!({"type": "plan", "title": "Ship", "tasks": [
    {"task_id": "1", "title": "Build", "status": "complete", "output": "done", "sources": [{"text": "log", "url": "https://a.example/log"}]},
    {"task_id": "2", "title": "Test", "status": "in_progress", "details": "half"}, {"task_id": "3", "title": "Tell", "status": "error"}, {"task_id": "4", "title": "Rest"}]}))]
#[case::table(json!({"type": "table", "column_settings": [{"align": "left"}, {"align": "right", "is_wrapped": true}], "rows": [
    [{"type": "raw_text", "text": "City"}, {"type": "raw_text", "text": "Degrees"}],
    [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "Oslo", "style": {"bold": true}}]}]}, {"type": "raw_number", "value": -4}]]}))]
#[case::unknown(json!({"type": "hologram", "depth": 3}))]
#[case::video(json!({"type": "video", "title": plain("How"), "title_url": "https://a.example/how", "alt_text": "a talk", "description": plain("Long."),
    "thumbnail_url": "https://a.example/t.png", "video_url": "https://a.example/v", "author_name": "Ann", "provider_name": "Tube"}))]
fn blocks_of_later_years_are_drawn(#[case] block: Value) {
    let name = block["type"].as_str().unwrap().to_owned();
    insta::assert_snapshot!(format!("block-{name}"), drawn(&block));
}

#[rstest]
#[case::static_select(json!({"type": "static_select", "placeholder": plain("City"), "initial_option": option("Rome"),
    "option_groups": [{"label": plain("North"), "options": [option("Oslo")]}, {"label": plain("South"), "options": [option("Rome")]}]}))]
#[case::multi_static_select(json!({"type": "multi_static_select", "max_selected_items": 2, "options": [option("A"), option("B")], "initial_options": [option("B")]}))]
#[case::external_select(json!({"type": "external_select", "min_query_length": 2, "initial_option": option("Oslo")}))]
#[case::multi_external_select(json!({"type": "multi_external_select"}))]
#[case::users_select(json!({"type": "users_select", "initial_user": "UBOB"}))]
#[case::multi_users_select(json!({"type": "multi_users_select", "initial_users": ["UBOB"]}))]
#[case::conversations_select(json!({"type": "conversations_select", "filter": {"include": ["public"]}}))]
#[case::multi_channels_select(json!({"type": "multi_channels_select"}))]
#[case::datepicker(json!({"type": "datepicker", "initial_date": "2026-11-20"}))]
#[case::timepicker(json!({"type": "timepicker", "initial_time": "10:30"}))]
#[case::datetimepicker(json!({"type": "datetimepicker"}))]
#[case::radio_buttons(json!({"type": "radio_buttons", "options": [option("A"), option("B")], "initial_option": option("A")}))]
#[case::checkboxes(json!({"type": "checkboxes", "options": [option("A"), option("B")], "initial_options": [option("B")]}))]
#[case::number_input(json!({"type": "number_input", "is_decimal_allowed": true, "min_value": "0.5", "max_value": "9"}))]
#[case::email_text_input(json!({"type": "email_text_input", "placeholder": plain("you@a.example")}))]
#[case::url_text_input(json!({"type": "url_text_input"}))]
#[case::file_input(json!({"type": "file_input", "filetypes": ["png", ".pdf"], "max_files": 2}))]
#[case::rich_text_input(json!({"type": "rich_text_input", "initial_value": {"type": "rich_text", "elements": [
    {"type": "rich_text_section", "elements": [{"type": "text", "text": "so ", "style": {"bold": true}}, {"type": "user", "user_id": "UBOB"}]},
    {"type": "rich_text_list", "style": "bullet", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]}]}]}}))]
fn inputs_are_drawn(#[case] element: Value) {
    let name = element["type"].as_str().unwrap().to_owned();
    insta::assert_snapshot!(format!("input-{name}"), drawn(&input(element)));
}

#[rstest]
#[case::overflow(json!({"type": "overflow", "options": [option("Edit"), {"text": plain("Docs"), "value": "d", "url": "https://a.example"}]}))]
#[case::workflow_button(json!({"type": "workflow_button", "text": plain("Start"), "workflow": {}}))]
#[case::confirmed_select(json!({"type": "static_select", "options": [option("A")], "confirm": {"title": plain("Sure?"), "text": plain("Really.")}}))]
#[case::confirmed_radio(json!({"type": "radio_buttons", "options": [option("A")], "confirm": {"title": plain("Sure?"), "text": plain("Really.")}}))]
#[case::date_that_acts(json!({"type": "datepicker"}))]
fn elements_that_act_are_drawn(#[case] element: Value) {
    let name = format!("acting-{}", element["type"].as_str().unwrap());
    insta::assert_snapshot!(name, drawn(&actions(element)));
}

#[test]
fn an_input_that_dispatches_says_when() {
    let mut block = input(
        json!({"type": "plain_text_input", "dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]}}),
    );
    block["dispatch_action"] = true.into();
    let html = drawn(&block);
    assert!(html.contains("data-when=\"character\"") && html.contains("data-acts="), "{html}");
    block["element"]["dispatch_action_config"] = json!({});
    assert!(drawn(&block).contains("data-when=\"enter\""));
}

/// What a person reads or hears: the text, and the attributes that are shown or spoken.
fn shown(html: &str) -> String {
    // What stands in a field is its value: that has to stay as it is.
    let values = html.matches("</textarea>").count();
    let cut = |(at, part): (usize, &str)| {
        let kept = if at < values { part.rsplit_once('>').map_or(part, |(kept, _)| kept) } else { part };
        format!("{kept}>")
    };
    let html: String = html.split("</textarea>").enumerate().map(cut).collect();
    let texts = html.split('>').filter_map(|part| part.split('<').next());
    let spoken = ["placeholder=\"", "aria-label=\"", "title=\"", "alt=\"", "label=\""];
    let attributes = spoken.iter().flat_map(|name| html.split(name).skip(1).filter_map(|part| part.split('"').next()));
    texts.chain(attributes).collect()
}

const EVIL: &str = "\"'><script>alert(1)</script><img src=x onerror=y>\u{202E}";
const ADDRESS: &str = "javascript:alert(1)";

#[rustfmt::skip]
fn evil_element(kind: &str) -> Value {
    let text = plain(EVIL);
    let option = json!({"value": EVIL, "text": text, "description": text, "url": ADDRESS});
    json!({"type": kind, "action_id": EVIL, "text": text, "value": EVIL, "url": ADDRESS, "style": EVIL, "icon": EVIL,
        "options": [option], "option_groups": [{"label": text, "options": [option]}], "placeholder": text,
        "initial_option": option, "initial_options": [option], "initial_value": EVIL, "initial_date": EVIL, "initial_time": EVIL,
        "initial_users": [EVIL], "filetypes": [EVIL], "min_value": EVIL, "min_query_length": EVIL, "max_selected_items": EVIL,
        "positive_button": {"text": text, "value": EVIL}, "negative_button": {"text": text}, "image_url": ADDRESS,
        "slack_file": {"id": EVIL, "url": ADDRESS}, "alt_text": EVIL, "accessibility_label": EVIL,
        "confirm": {"title": text, "text": text, "confirm": text, "deny": text, "style": EVIL}})
}

#[rustfmt::skip]
fn evil_block(kind: &str, elements: &[Value], inner: &Value) -> Value {
    let text = plain(EVIL);
    let rich = json!({"type": "rich_text", "elements": [{"type": EVIL}, {"type": "rich_text_section", "elements": [
        {"type": EVIL, "text": EVIL}, {"type": "link", "url": ADDRESS, "text": EVIL}]}]});
    let mut block = json!({"type": kind, "block_id": EVIL, "text": text, "fields": [text], "title": text, "subtitle": text,
        "body": text, "alt_text": EVIL, "image_url": ADDRESS, "video_url": ADDRESS, "title_url": ADDRESS, "author_name": EVIL,
        "external_id": EVIL, "call_id": EVIL, "caption": EVIL, "level": EVIL, "status": EVIL, "details": EVIL, "output": rich,
        "sources": [{"url": ADDRESS, "text": EVIL}], "tasks": [{"title": EVIL, "status": EVIL, "output": EVIL}], "label": text,
        "rows": [[EVIL, {"type": EVIL, "text": EVIL}, rich], {"x": EVIL}], "columns": [{"key": "x", "title": EVIL}], "hint": text,
        "elements": elements, "actions": elements, "child_blocks": [{"type": EVIL, "text": EVIL}], "description": text,
        "hero_image": evil_element("image"), "element": inner, "accessory": inner});
    if kind == "markdown" {
        block["text"] = EVIL.into();
    }
    block
}

#[rustfmt::skip]
const ELEMENTS: [&str; 28] = ["button", "workflow_button", "icon_button", "feedback_buttons", "overflow", "checkboxes", "radio_buttons",
    "image", "plain_text_input", "rich_text_input", "email_text_input", "url_text_input", "number_input", "datepicker", "timepicker",
    "datetimepicker", "file_input", "static_select", "multi_static_select", "external_select", "multi_external_select", "users_select",
    "multi_users_select", "conversations_select", "multi_conversations_select", "channels_select", "multi_channels_select", EVIL];

#[rustfmt::skip]
const BLOCKS: [&str; 23] = ["header", "section", "divider", "context", "actions", "input", "image", "rich_text", "video", "file",
    "markdown", "table", "data_table", "data_visualization", "card", "carousel", "container", "plan", "task_card", "alert",
    "context_actions", "call", EVIL];

/// Every kind there is, filled with the same hostile text wherever something can stand.
#[test]
fn no_kind_lets_markup_through() {
    let elements = ELEMENTS.map(evil_element);
    for kind in BLOCKS {
        for inner in &elements {
            let html = drawn(&evil_block(kind, &elements, inner));
            for bad in ["<script", "<img src=x", "href=\"javascript", "src=\"javascript"] {
                assert!(!html.contains(bad), "{kind}: {html}");
            }
            assert_eq!(shown(&html).find('\u{202E}'), None, "{kind}: {html}");
        }
    }
}

/// A block of nothing but wrong types is drawn as something, and panics nowhere.
#[test]
fn malformed_blocks_are_drawn_somehow() {
    let kinds = [
        "section",
        "context",
        "actions",
        "input",
        "table",
        "data_table",
        "card",
        "carousel",
        "container",
        "plan",
        "task_card",
        "alert",
        "video",
        "markdown",
        "rich_text",
        "context_actions",
    ];
    for kind in kinds {
        for wrong in [Value::Null, json!(1), json!("x"), json!([]), json!([null, 1, "x", []]), json!({})] {
            let block = json!({"type": kind, "text": wrong, "elements": wrong, "rows": wrong, "title": wrong, "tasks": wrong, "element": wrong,
                "accessory": wrong, "actions": wrong, "fields": wrong, "child_blocks": wrong, "columns": wrong, "column_settings": wrong, "level": wrong, "status": wrong});
            assert!(drawn(&block).contains("data-block"), "{kind}");
        }
    }
    let mut deep = json!({"type": "divider"});
    for _ in 0..100 {
        deep = json!({"type": "container", "child_blocks": [deep]});
    }
    assert!(drawn(&deep).len() < 100_000);
}
