//! How deep JSON from outside may be nested.
//!
//! What is kept stands some levels down in the state file and in the journal, and is read back by a reader that goes
//! down 128 levels and no further: what would not come back is not let in.

use serde_json::Value;

/// More than any block, view or manifest has.
const MAX_DEPTH: usize = 64;

/// Whether a value is nested no deeper than what can be kept.
pub(crate) fn is_fine(value: &Value) -> bool {
    fits(value, MAX_DEPTH)
}

fn fits(value: &Value, left: usize) -> bool {
    match value {
        Value::Array(items) => left > 0 && items.iter().all(|item| fits(item, left - 1)),
        Value::Object(fields) => left > 0 && fields.values().all(|value| fits(value, left - 1)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_too_deep_is_refused() {
        let nested = |levels: usize| (0..levels).fold(Value::Null, |inner, _| serde_json::json!({"a": [inner]}));
        assert!(is_fine(&nested(MAX_DEPTH / 2)));
        assert!(!is_fine(&nested(MAX_DEPTH / 2 + 1)));
        assert!(is_fine(&Value::from("x".repeat(1000))));
    }
}
