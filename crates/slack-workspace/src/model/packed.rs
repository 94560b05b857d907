//! JSON that is kept as text while nobody looks at it.

use std::sync::{Arc, OnceLock};

use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// A JSON value that can be put away: as text it takes about a fifth of the space.
///
/// Text and value are each made when they are first asked for. Cheap to clone: clones share what there is.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    // At least one of them is there.
    text: OnceLock<Arc<str>>,
    open: OnceLock<Arc<Value>>,
}

impl Packed {
    /// An open one.
    pub(crate) fn new(value: Value) -> Self {
        Self { text: OnceLock::new(), open: OnceLock::from(Arc::new(value)) }
    }

    /// One that is away; the text is JSON.
    pub(crate) fn from_text(text: &str) -> Self {
        Self { text: OnceLock::from(Arc::from(text)), open: OnceLock::new() }
    }

    /// The value; cheap to clone.
    pub(crate) fn value(&self) -> &Arc<Value> {
        self.open.get_or_init(|| {
            // It was written from a value: reading it back cannot fail.
            let value = self.text.get().and_then(|text| serde_json::from_str(text).ok());
            Arc::new(value.unwrap_or_default())
        })
    }

    /// The text; cheap to clone.
    pub(crate) fn text(&self) -> &Arc<str> {
        self.text.get_or_init(|| {
            let value = self.open.get().map_or(&Value::Null, |value| &**value);
            let mut text = Vec::with_capacity(1024);
            // Values have string keys, and what is written is UTF-8: neither fails.
            let written = serde_json::to_writer(&mut text, value).is_ok();
            Arc::from(if written { std::str::from_utf8(&text).unwrap_or("null") } else { "null" })
        })
    }

    /// Changes the value.
    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Value)) {
        let mut value = Arc::clone(self.value());
        // From here on `value` is the only one, unless an answer shares it.
        self.open = OnceLock::new();
        self.text = OnceLock::new();
        change(Arc::make_mut(&mut value));
        self.open = OnceLock::from(value);
    }

    /// Whether the value is there, not the text alone.
    pub(crate) fn is_open(&self) -> bool {
        self.open.get().is_some()
    }

    /// Puts it away.
    pub(crate) fn pack(&mut self) {
        if self.is_open() {
            self.text();
            self.open = OnceLock::new();
        }
    }
}

impl Serialize for Packed {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        // What is away stays away: writing everything down must not open everything.
        match (self.open.get(), self.text.get()) {
            (Some(value), _) => value.serialize(to),
            (None, Some(text)) => serde_json::from_str::<&RawValue>(text).map_err(S::Error::custom)?.serialize(to),
            (None, None) => to.serialize_unit(),
        }
    }
}

impl<'de> Deserialize<'de> for Packed {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Value::deserialize(from).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_packed_is_what_is_found() {
        let value = json!({"text": "ü \"x\"", "blocks": [{"n": 1.5}, null]});
        let mut packed = Packed::new(value.clone());
        packed.pack();
        assert!(!packed.is_open());
        assert_eq!(**packed.value(), value);
        packed.change(|value| value["more"] = true.into());
        packed.pack();
        packed.pack();
        assert_eq!(packed.value()["more"], true);
        assert_eq!(packed.value()["text"], value["text"]);
    }

    #[test]
    fn what_is_away_is_written_down_without_being_opened() {
        let mut packed = Packed::new(json!({"text": "ü", "n": [1, {"x": null}]}));
        packed.pack();
        let written = serde_json::to_string(&packed).unwrap();
        assert!(!packed.is_open());
        let again: Packed = serde_json::from_str(&written).unwrap();
        assert_eq!(again.value(), packed.value());
    }

    #[test]
    fn an_answer_keeps_what_it_shares() {
        let mut packed = Packed::new(json!({"n": 1}));
        let answer = Arc::clone(packed.value());
        packed.change(|value| value["n"] = 2.into());
        packed.pack();
        assert_eq!(answer["n"], 1);
        assert_eq!(packed.value()["n"], 2);
    }
}
