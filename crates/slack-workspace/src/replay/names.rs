//! Ids, timestamps and random words: which one of the recording stands for which one of now.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Pairs of names; none of then stands for two of now, and the other way round.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    now: BTreeMap<String, String>,
    then: BTreeMap<String, String>,
}

/// A place where the two differ.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Differing {
    /// A JSON pointer.
    pub(super) pointer: String,
    pub(super) then: Value,
    pub(super) now: Value,
}

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'a> {
    /// An id, a timestamp, a random word.
    Name(&'a str),
    /// A moment or a port: another one each time.
    Any,
    Plain(&'a str),
}

impl Names {
    /// The value with the names of then replaced by those of now.
    pub(super) fn translate(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.translate_text(text)),
            Value::Array(items) => items.iter().map(|item| self.translate(item)).collect(),
            Value::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| (self.translate_text(name), self.translate(value)));
                Value::Object(fields.collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }

    fn translate_text(&self, text: &str) -> String {
        let word = |word: &str| self.now.get(word).cloned().unwrap_or_else(|| word.to_owned());
        words(text).into_iter().map(word).collect()
    }

    /// Learns the pairs of two values as far as they are alike.
    pub(super) fn learn(&mut self, then: &Value, now: &Value) {
        match (then, now) {
            (Value::String(then), Value::String(now)) => {
                let (then, now) = (pieces(then), pieces(now));
                if then.len() == now.len() {
                    for pair in then.into_iter().zip(now) {
                        if let (Piece::Name(then), Piece::Name(now)) = pair {
                            self.bind(then, now);
                        }
                    }
                }
            }
            (Value::Array(then), Value::Array(now)) => {
                then.iter().zip(now).for_each(|(then, now)| self.learn(then, now));
            }
            (Value::Object(then), Value::Object(now)) => {
                for (name, then) in then {
                    if let Some(now) = now.get(name) {
                        self.learn(then, now);
                    }
                }
            }
            _ => {}
        }
    }

    /// Where two values differ; what pairs on the way is learnt.
    pub(super) fn compare(&mut self, then: &Value, now: &Value) -> Vec<Differing> {
        let mut found = Vec::new();
        self.walk("", then, now, &mut found);
        found
    }

    fn walk(&mut self, pointer: &str, then: &Value, now: &Value, found: &mut Vec<Differing>) {
        match (then, now) {
            (Value::String(text), Value::String(other)) if self.same_text(text, other) => {}
            (Value::Number(one), Value::Number(other)) if one == other || (is_moment(one) && is_moment(other)) => {}
            (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
                for (position, (one, other)) in one.iter().zip(other).enumerate() {
                    self.walk(&format!("{pointer}/{position}"), one, other, found);
                }
            }
            (Value::Object(one), Value::Object(other)) => self.walk_fields(pointer, one, other, found),
            (one, other) if one == other && !one.is_string() => {}
            _ => found.push(Differing { pointer: pointer.to_owned(), then: then.clone(), now: now.clone() }),
        }
    }

    fn walk_fields(
        &mut self,
        pointer: &str,
        then: &Map<String, Value>,
        now: &Map<String, Value>,
        found: &mut Vec<Differing>,
    ) {
        // Keys may be names themselves, such as the block ids of a view's state.
        let renamed: Map<String, Value> =
            then.iter().map(|(name, value)| (self.translate_text(name), value.clone())).collect();
        for (name, value) in &renamed {
            let other = now.get(name).unwrap_or(&Value::Null);
            self.walk(&format!("{pointer}/{name}"), value, other, found);
        }
        for (name, other) in now.iter().filter(|(name, _)| !renamed.contains_key(*name)) {
            let pointer = format!("{pointer}/{name}");
            found.push(Differing { pointer, then: Value::Null, now: other.clone() });
        }
    }

    fn same_text(&mut self, then: &str, now: &str) -> bool {
        let (one, other) = (pieces(then), pieces(now));
        one.len() == other.len()
            && one.into_iter().zip(other).all(|pair| match pair {
                (Piece::Name(then), Piece::Name(now)) => self.bind(then, now),
                (Piece::Any, Piece::Any) => true,
                (Piece::Plain(then), Piece::Plain(now)) => then == now,
                _ => false,
            })
    }

    /// Pairs two names; false when one of them has another partner already.
    fn bind(&mut self, then: &str, now: &str) -> bool {
        match (self.now.get(then), self.then.get(now)) {
            (None, None) => {
                self.now.insert(then.to_owned(), now.to_owned());
                self.then.insert(now.to_owned(), then.to_owned());
                true
            }
            (Some(known), _) => known == now,
            (None, Some(_)) => false,
        }
    }
}

fn is_moment(number: &serde_json::Number) -> bool {
    number.as_u64().is_some_and(|number| number >= 1_000_000_000)
}

/// A text cut into words and what is between them.
fn words(text: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(uuid) = uuid(rest) {
            words.push(uuid);
            rest = rest.get(uuid.len()..).unwrap_or_default();
            continue;
        }
        let starts = is_word(first);
        let end = rest.find(|c| is_word(c) != starts).unwrap_or(rest.len());
        // A dot that ends a sentence belongs to no word.
        let (word, _) = rest.split_at(end);
        let trimmed = if starts { word.trim_end_matches('.') } else { word };
        let word = if trimmed.is_empty() { word } else { trimmed };
        words.push(word);
        rest = rest.get(word.len()..).unwrap_or_default();
    }
    words
}

fn uuid(text: &str) -> Option<&str> {
    let candidate = text.get(..36)?;
    let fits = |(at, c): (usize, char)| if matches!(at, 8 | 13 | 18 | 23) { c == '-' } else { c.is_ascii_hexdigit() };
    candidate.chars().enumerate().all(fits).then_some(candidate)
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let words = words(text);
    let is_host = |word: Option<&&str>| word.is_some_and(|word| matches!(*word, "127.0.0.1" | "localhost"));
    let mut pieces = Vec::with_capacity(words.len());
    for (at, word) in words.iter().enumerate() {
        let is_after_colon = at.checked_sub(1).and_then(|before| words.get(before)) == Some(&":");
        let is_port = is_after_colon && is_host(at.checked_sub(2).and_then(|before| words.get(before)));
        pieces.push(if is_port && word.chars().all(|c| c.is_ascii_digit()) { Piece::Any } else { piece(word) });
    }
    pieces
}

fn piece(word: &str) -> Piece<'_> {
    /// Words this long with letters and digits are random, or as good as that.
    const RANDOM: usize = 16;
    let is_digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let letters = word.chars().filter(char::is_ascii_alphabetic).count();
    let is_ts =
        word.split_once('.').is_some_and(|(s, us)| s.len() == 10 && us.len() == 6 && is_digits(s) && is_digits(us));
    // `U0…`, `Ev0…`: a letter or two, a zero, nine letters or digits.
    let is_id = (11..=12).contains(&word.len())
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.trim_start_matches(|c: char| c.is_ascii_alphabetic()).starts_with('0')
        && word.chars().rev().take(9).all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    let is_random = word.len() >= RANDOM && digits > 0 && letters > 0;
    match () {
        () if is_ts || is_id || is_random || uuid(word).is_some() => Piece::Name(word),
        () if is_digits(word) && matches!(word.len(), 10 | 13) => Piece::Any,
        () => Piece::Plain(word),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn names_pair_one_to_one() {
        let mut names = Names::default();
        let then = json!({"user": "U0AAAAAAAAA", "text": "hi <@U0AAAAAAAAA> at 1732000000.000100, see http://127.0.0.1:4100/x"});
        let now =
            json!({"user": "U0BBBBBBBBB", "text": "hi <@U0BBBBBBBBB> at 1733000000.000200, see http://127.0.0.1:9/x"});
        assert_eq!(names.compare(&then, &now), []);
        assert_eq!(names.translate(&json!(["U0AAAAAAAAA."])), json!(["U0BBBBBBBBB."]));
        let other = json!({"user": "U0CCCCCCCCC", "text": "hi"});
        let found = names.compare(&json!({"user": "U0AAAAAAAAA", "text": "ho"}), &other);
        assert_eq!(found.iter().map(|found| found.pointer.as_str()).collect::<Vec<_>>(), ["/text", "/user"]);
    }

    #[test]
    fn what_is_there_on_one_side_only_is_found() {
        let mut names = Names::default();
        let found = names.compare(&json!({"a": 1, "b": [1, 2]}), &json!({"b": [1], "c": true}));
        let pointers: Vec<&str> = found.iter().map(|found| found.pointer.as_str()).collect();
        assert_eq!(pointers, ["/a", "/b", "/c"]);
        assert_eq!(names.compare(&json!(1_732_000_000_u64), &json!(1_733_000_000_u64)), []);
        assert_eq!(names.compare(&json!(3), &json!(4)).len(), 1);
    }

    proptest! {
        #[test]
        fn words_are_the_text_cut(text in ".{0,60}") {
            prop_assert_eq!(words(&text).concat(), text.clone());
            prop_assert!(Names::default().compare(&json!(text), &json!(text)).is_empty());
        }
    }
}
