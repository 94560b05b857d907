//! The JSON object in what a program printed.

use serde_json::{Map, Value};

/// The first JSON object in a text with anything before and after it.
///
/// Braces in strings do not count. What looks like an object and is none is skipped whole; one that never ends ends the
/// search, for an object inside it would be taken for the answer.
pub(super) fn first_object(text: &[u8]) -> Option<Map<String, Value>> {
    let mut rest = text;
    loop {
        let start = rest.iter().position(|byte| *byte == b'{')?;
        rest = rest.get(start..)?;
        if !begins_like_object(rest) {
            rest = rest.get(1..)?;
            continue;
        }
        let (object, after) = rest.split_at_checked(length(rest)?)?;
        if let Ok(object) = serde_json::from_slice(object) {
            return Some(object);
        }
        rest = after;
    }
}

/// Whether what follows a brace is what follows it in JSON.
fn begins_like_object(text: &[u8]) -> bool {
    let next = text.iter().skip(1).find(|byte| !byte.is_ascii_whitespace());
    matches!(next, Some(b'"' | b'}'))
}

/// How long what stands between a brace and its counterpart is.
fn length(text: &[u8]) -> Option<usize> {
    let (mut depth, mut is_in_string, mut is_escaped) = (0_usize, false, false);
    for (index, byte) in text.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_in_string => is_escaped = true,
            b'"' => is_in_string = !is_in_string,
            b'{' if !is_in_string => depth += 1,
            b'}' if !is_in_string => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(index + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::alone(r#"{"a": 1}"#, Some(json!({"a": 1})))]
    #[case::with_talk_around(r#"checking… [{"a": {"b": 2}}] done {"c": 3}"#, Some(json!({"a": {"b": 2}})))]
    #[case::braces_in_strings(r#"x {"a": "} {", "b": "\"}"} y"#, Some(json!({"a": "} {", "b": "\"}"})))]
    #[case::after_what_is_no_object("fn main() { return } { } ", Some(json!({})))]
    #[case::after_broken_json(r#"{"a": oops} {"b": 1}"#, Some(json!({"b": 1})))]
    #[case::cut_off(r#"{"type": "shortcut", "inputs": {"a": {"value": 1}}"#, None)]
    #[case::in_a_string_that_never_ends(r#"{"a": "}"#, None)]
    #[case::nothing("no braces", None)]
    #[case::empty("", None)]
    fn the_first_object_is_found(#[case] text: &str, #[case] expected: Option<Value>) {
        assert_eq!(first_object(text.as_bytes()).map(Value::Object), expected);
    }

    #[test]
    fn a_flood_of_braces_is_gone_through_once() {
        let flood = vec![b'{'; 4 * 1024 * 1024];
        assert_eq!(first_object(&flood), None);
        let flood = b"{\"a\":x}".repeat(200_000);
        assert_eq!(first_object(&flood), None);
    }

    proptest! {
        #[test]
        fn an_object_is_found_with_any_harmless_text_around(
            key in ".{0,20}", value in ".{0,40}", before in "[^{]{0,40}", after in ".{0,40}",
        ) {
            let object = json!({ (key): value });
            let text = format!("{before}{object}{after}");
            prop_assert_eq!(first_object(text.as_bytes()).map(Value::Object), Some(object));
        }

        #[test]
        fn no_text_breaks_it(text in ".{0,200}") {
            let _ = first_object(text.as_bytes());
        }
    }
}
