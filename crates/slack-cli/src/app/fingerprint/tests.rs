use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Manifests, and what the official command line's own types and hash (slack-cli 2369f3e, run with Go) make of them.
const OFFICIAL: [&str; 3] = [
    "d29ed745b10893910417522611d637aaabfe1c80aec059ac4c43efcb7e38f33c",
    "b2f8fb8171d9854782c8049f4872e102877640b0d3a2675bdf2af80a37db0619",
    "9abf4e6b1aa66470e12bd4ac1b9f5971581c3b4790d1e0faa373da9f1234f4b1",
];

#[test]
fn the_hash_is_the_official_command_lines() {
    let manifests: Vec<Map<String, Value>> = serde_json::from_str(include_str!("manifests.json")).unwrap();
    let hashes: Vec<String> = manifests.iter().map(fingerprint).collect();
    assert_eq!(hashes, OFFICIAL);
}

#[test]
fn what_is_of_another_kind_has_a_hash_too() {
    for value in [json!({"features": 1}), json!({"settings": []}), json!({"functions": {"f": []}, "workflows": "x"})] {
        assert_eq!(fingerprint(value.as_object().unwrap()).len(), 64);
    }
}

#[test]
fn numbers_are_written_as_go_does() {
    let written = [0.0, 1.0, -2.5, 1e20, 1e21, 1.5e-7, 0.000_001].map(number_as_go);
    assert_eq!(written, ["0", "1", "-2.5", "100000000000000000000", "1e+21", "1.5e-7", "0.000001"]);
}

/// Words that lead deep into the shapes.
fn word() -> impl Strategy<Value = String> {
    let known = vec![
        "features",
        "settings",
        "slash_commands",
        "functions",
        "workflows",
        "steps",
        "bot_user",
        "title",
        "oauth2",
    ];
    prop_oneof![3 => proptest::sample::select(known).prop_map(str::to_owned), 1 => ".{0,8}"]
}

fn anything() -> impl Strategy<Value = Value> {
    let number = any::<f64>().prop_map(Value::from);
    let leaf =
        prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), number, word().prop_map(Value::from)];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::btree_map(word(), inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn anything_has_a_hash_that_does_not_depend_on_what_is_not_known(value in anything()) {
        let mut manifest = Map::from_iter([("settings".to_owned(), value.clone()), ("functions".to_owned(), value)]);
        let before = fingerprint(&manifest);
        manifest.insert("brand_new".to_owned(), json!([1]));
        prop_assert_eq!(fingerprint(&manifest), before);
        manifest.insert("outgoing_domains".to_owned(), json!(["x.test"]));
        prop_assert_ne!(fingerprint(&manifest), fingerprint(&Map::new()));
    }
}
