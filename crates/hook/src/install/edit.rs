//! Edits of a JSON text that leave every other byte alone.
//!
//! serde_json finds where values begin and end; the text between them is only white space, commas and colons.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

/// A member of an object, or an element of an array.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// The member's key; empty for an element.
    pub(super) key: String,
    /// Where the value is.
    pub(super) value: Range<usize>,
    /// Where the key, or the element, begins.
    start: usize,
}

/// Members in the order of the text, duplicates and all.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &'de RawValue>()? {
                    members.push((Cow::Owned(key), value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// A settings text, and how it is laid out.
#[derive(Debug, Clone)]
pub(super) struct Document {
    text: String,
    indent: String,
    line_break: &'static str,
}

impl Document {
    /// Takes a text that is valid JSON.
    pub(super) fn new(text: String) -> Self {
        let line_break = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let indent = text.lines().find_map(indentation).unwrap_or("  ").to_owned();
        Self { text, indent, line_break }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// The whole document's value.
    pub(super) fn root(&self) -> Range<usize> {
        let start = self.text.len() - self.text.trim_start().len();
        start..self.text.trim_end().len()
    }

    /// The text of a value.
    pub(super) fn slice(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// The members of an object; `None` when the value is not one.
    pub(super) fn members(&self, object: &Range<usize>) -> Option<Vec<Item>> {
        let Members(members) = serde_json::from_str(self.slice(object)).ok()?;
        self.items(object, members.into_iter().map(|(key, raw)| (key.into_owned(), raw)))
    }

    /// The elements of an array; `None` when the value is not one.
    pub(super) fn elements(&self, array: &Range<usize>) -> Option<Vec<Item>> {
        let elements: Vec<&RawValue> = serde_json::from_str(self.slice(array)).ok()?;
        self.items(array, elements.into_iter().map(|raw| (String::new(), raw)))
    }

    fn items<'a>(
        &self,
        container: &Range<usize>,
        found: impl Iterator<Item = (String, &'a RawValue)>,
    ) -> Option<Vec<Item>> {
        let mut items = Vec::new();
        let mut after = container.start + 1;
        for (key, raw) in found {
            let start = self.skip_separators(after);
            let value = self.place(raw.get())?;
            after = value.end;
            items.push(Item { key, value, start });
        }
        Some(items)
    }

    /// Where a slice of this text is in this text.
    fn place(&self, slice: &str) -> Option<Range<usize>> {
        let start = slice.as_ptr().addr().checked_sub(self.text.as_ptr().addr())?;
        (start <= self.text.len()).then_some(start..start + slice.len())
    }

    fn skip_separators(&self, from: usize) -> usize {
        let rest = self.text.get(from..).unwrap_or_default();
        let item = rest.trim_start_matches([' ', '\t', '\r', '\n', ',']);
        from + rest.len() - item.len()
    }

    /// Appends an item to a container at `depth` (0 is the document itself).
    ///
    /// `lines` are the item's lines, each with its own depth inside the item.
    pub(super) fn append(&mut self, container: &Range<usize>, items: &[Item], depth: usize, lines: &[(usize, String)]) {
        let mut item = String::new();
        for (inner, line) in lines {
            item.push_str(self.line_break);
            item.push_str(&self.indent.repeat(depth + 1 + inner));
            item.push_str(line);
        }
        if let Some(last) = items.last() {
            self.replace(last.value.end..last.value.end, &format!(",{item}"));
        } else {
            let closing = self.indent.repeat(depth);
            let inside = format!("{item}{}{closing}", self.line_break);
            self.replace(inner(container), &inside);
        }
    }

    /// Removes one item of a container, with the comma that belongs to it.
    pub(super) fn remove(&mut self, container: &Range<usize>, items: &[Item], index: usize) {
        let Some(item) = items.get(index) else { return };
        let before = index.checked_sub(1).and_then(|previous| items.get(previous));
        let range = match (before, items.get(index + 1)) {
            (Some(previous), _) => previous.value.end..item.value.end,
            (None, Some(next)) => item.start..next.start,
            (None, None) => inner(container),
        };
        self.replace(range, "");
    }

    fn replace(&mut self, range: Range<usize>, with: &str) {
        // Every range comes from this text, between whole tokens; an impossible one changes nothing.
        if self.text.get(range.clone()).is_some() {
            self.text.replace_range(range, with);
        }
    }
}

/// What is between a container's brackets.
fn inner(container: &Range<usize>) -> Range<usize> {
    container.start + 1..container.end.saturating_sub(1)
}

/// The white space in front of a line's key, if it is one.
fn indentation(line: &str) -> Option<&str> {
    let key = line.trim_start_matches([' ', '\t']);
    let indent = line.strip_suffix(key)?;
    (key.starts_with('"') && !indent.is_empty()).then_some(indent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn lines(text: &str) -> Vec<(usize, String)> {
        vec![(0, text.to_owned())]
    }

    #[rstest]
    #[case::empty("{}", "{\n  \"n\": 1\n}")]
    #[case::one_line(r#"{"a":1.0}"#, "{\"a\":1.0,\n  \"n\": 1}")]
    #[case::tabs("{\n\t\"a\": [1,\n\t2]\n}\n", "{\n\t\"a\": [1,\n\t2],\n\t\"n\": 1\n}\n")]
    #[case::windows("{\r\n    \"a\": 1\r\n}", "{\r\n    \"a\": 1,\r\n    \"n\": 1\r\n}")]
    fn a_member_is_appended_in_the_files_own_layout(#[case] text: &str, #[case] expected: &str) {
        let mut document = Document::new(text.to_owned());
        let items = document.members(&document.root()).unwrap();
        document.append(&document.root(), &items, 0, &lines("\"n\": 1"));
        assert_eq!(document.text, expected);
        let items = document.members(&document.root()).unwrap();
        document.remove(&document.root(), &items, items.len() - 1);
        assert_eq!(document.text, text);
    }

    #[rstest]
    #[case::first(0, r#" { "b,}":  {"x":[2]} , "c":3} "#)]
    #[case::middle(1, r#" { "a" : "x{,\"" , "c":3} "#)]
    #[case::last(2, r#" { "a" : "x{,\"" , "b,}":  {"x":[2]}} "#)]
    fn any_member_can_be_removed(#[case] index: usize, #[case] expected: &str) {
        let text = r#" { "a" : "x{,\"" , "b,}":  {"x":[2]} , "c":3} "#;
        let mut document = Document::new(text.to_owned());
        let items = document.members(&document.root()).unwrap();
        document.remove(&document.root(), &items, index);
        assert_eq!(document.text, expected);
    }

    #[test]
    fn what_is_no_container_has_no_items() {
        let document = Document::new("[1]".to_owned());
        assert!(document.members(&document.root()).is_none());
        assert_eq!(document.elements(&document.root()).unwrap().len(), 1);
    }
}
