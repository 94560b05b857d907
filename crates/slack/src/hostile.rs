//! Whatever comes in, nothing panics, and what is built is accepted.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::blocks::{Mrkdwn, PlainText, RichPart, RichText, Section, Surface, escape, validate_blocks, validate_view};
use crate::payload::{EventCallback, Interaction, Malformed, SlashCommand};
use crate::signature::SigningKey;

/// Words that lead deep into the readers.
fn word() -> impl Strategy<Value = String> {
    let known = [
        "type",
        "text",
        "blocks",
        "elements",
        "section",
        "actions",
        "button",
        "plain_text",
        "mrkdwn",
        "input",
        "element",
        "options",
        "rich_text",
        "user",
        "id",
        "view",
        "state",
        "block_actions",
        "view_submission",
        "block_id",
        "action_id",
    ];
    prop_oneof![3 => proptest::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => ".{0,12}"]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            btree_map(word(), inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn validation_takes_anything(value in json_value()) {
        for surface in [Surface::Message, Surface::Modal, Surface::Home] {
            let _ = validate_blocks(&value, surface);
        }
        let _ = validate_view(&value);
    }

    #[test]
    fn payloads_keep_whatever_they_are_made_of(value in json_value()) {
        let back = match Interaction::parse(value.clone()) {
            Ok(interaction) => interaction.into_raw(),
            Err(malformed) => malformed.into_raw(),
        };
        prop_assert_eq!(back, value.clone());
        let text = serde_json::value::to_raw_value(&value).unwrap();
        let of_text = Interaction::read(&text).map_or_else(Malformed::into_raw, Interaction::into_raw);
        prop_assert_eq!(of_text, value.clone());
        let _ = SlashCommand::parse(value.clone());
        let _ = EventCallback::parse(value);
    }

    #[test]
    fn untrusted_text_never_becomes_markup(text in "\\PC{1,200}") {
        let escaped = escape(&text);
        prop_assert!(!escaped.contains(['<', '>']));
        let back = escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        prop_assert_eq!(back, text);
    }

    #[test]
    fn whatever_text_a_builder_takes_slack_takes(text in "\\PC{0,3100}") {
        let rich = RichText::new(vec![RichPart::preformatted(text.as_str())]).map(|block| json!([{"type": "rich_text", "elements": json!(block)["elements"]}]));
        let plain = Section::new(PlainText::new(text.as_str())).map(crate::blocks::Block::from).map(|block| json!([block]));
        let marked = Section::new(Mrkdwn::text(&text)).map(crate::blocks::Block::from).map(|block| json!([block]));
        for blocks in [rich, plain, marked].into_iter().flatten() {
            prop_assert_eq!(validate_blocks(&blocks, Surface::Message), Ok(()));
        }
    }

    #[test]
    fn a_signature_is_of_its_body_alone(body in vec(any::<u8>(), 0..200), other in vec(any::<u8>(), 0..200)) {
        let key = SigningKey::new(&"secret".to_owned().into());
        let signature = key.sign(1_700_000_000, &body);
        prop_assert!(key.verify("1700000000", &signature, &body, 1_700_000_000).is_ok());
        prop_assert_eq!(key.verify("1700000000", &signature, &other, 1_700_000_000).is_ok(), body == other);
    }
}
