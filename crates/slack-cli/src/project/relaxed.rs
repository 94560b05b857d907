//! JSON as people write it: with a byte-order mark, comments and trailing commas.

use std::fmt;

/// A text whose tolerated deviations are blanked out, byte for byte, so that places in it stay what they were.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Relaxed {
    pub(super) bytes: Vec<u8>,
    pub(super) deviations: Vec<Deviation>,
}

/// Something that is not JSON and is tolerated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Deviation {
    pub(super) place: Place,
    pub(super) what: &'static str,
}

/// A place in a text, as editors count: both from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Blanks out what is tolerated. Everything else that is not JSON is left for a parser to find.
pub(super) fn read(bytes: &[u8]) -> Relaxed {
    let mut reader = Reader { source: bytes, bytes: bytes.to_vec(), at: 0, comma: None, found: Vec::new() };
    reader.run();
    let places = |(at, what)| Deviation { place: Place::of(bytes, at), what };
    Relaxed { deviations: reader.found.into_iter().map(places).collect(), bytes: reader.bytes }
}

struct Reader<'a> {
    source: &'a [u8],
    bytes: Vec<u8>,
    at: usize,
    /// The last comma, while only blanks and comments have followed it.
    comma: Option<usize>,
    found: Vec<(usize, &'static str)>,
}

impl Reader<'_> {
    fn run(&mut self) {
        if self.rest().starts_with(BYTE_ORDER_MARK) {
            self.blank(BYTE_ORDER_MARK.len(), "a byte-order mark");
        }
        while let Some(byte) = self.rest().first().copied() {
            match byte {
                b'"' => self.string(),
                b'/' => self.slash(),
                b',' => {
                    self.comma = Some(self.at);
                    self.at += 1;
                }
                b']' | b'}' => self.close(),
                byte if byte.is_ascii_whitespace() => self.at += 1,
                _ => self.value(1),
            }
        }
    }

    fn rest(&self) -> &[u8] {
        self.source.split_at(self.at).1
    }

    fn value(&mut self, length: usize) {
        self.comma = None;
        self.at += length;
    }

    fn string(&mut self) {
        let mut is_escaped = false;
        let end = self.rest().iter().skip(1).position(|byte| {
            let is_end = *byte == b'"' && !is_escaped;
            is_escaped = *byte == b'\\' && !is_escaped;
            is_end
        });
        self.value(end.map_or(self.rest().len(), |end| end + 2));
    }

    fn slash(&mut self) {
        let rest = self.rest();
        let length = match rest.get(1) {
            Some(b'/') => Some(rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())),
            Some(b'*') => memchr::memmem::find(rest.split_at(2).1, b"*/").map(|end| end + 4),
            _ => None,
        };
        match length {
            Some(length) => self.blank(length, "a comment"),
            None => self.value(1),
        }
    }

    fn close(&mut self) {
        if let Some(comma) = self.comma.take() {
            self.found.push((comma, "a trailing comma"));
            self.bytes[comma] = b' ';
        }
        self.at += 1;
    }

    fn blank(&mut self, length: usize, what: &'static str) {
        self.found.push((self.at, what));
        let blanked = self.bytes.iter_mut().skip(self.at).take(length);
        blanked.filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        self.at += length;
    }
}

impl Place {
    /// The place of a byte.
    pub(super) fn of(bytes: &[u8], at: usize) -> Self {
        let before = bytes.split_at(at.min(bytes.len())).0;
        let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let text = before.split_at(start).1;
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        Self { line, column: String::from_utf8_lossy(text).chars().count() + 1 }
    }

    /// The place that serde_json means, which counts bytes.
    pub(super) fn of_error(bytes: &[u8], error: &serde_json::Error) -> Self {
        let start = match error.line().checked_sub(2) {
            None => 0,
            Some(earlier) => memchr::memchr_iter(b'\n', bytes).nth(earlier).map_or(0, |newline| newline + 1),
        };
        Self::of(bytes, start + error.column().saturating_sub(1))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::Value;

    use super::*;

    fn deviations(text: &str) -> Vec<String> {
        let relaxed = read(text.as_bytes());
        assert!(serde_json::from_slice::<Value>(&relaxed.bytes).is_ok(), "{text}");
        relaxed.deviations.iter().map(Deviation::to_string).collect()
    }

    #[rstest]
    #[case::plain("{\"a\": [1, \"//x /* , ]\", \"\\\",]\"]}", &[])]
    #[case::mark("\u{feff}{}", &["1:1: a byte-order mark"])]
    #[case::line_comment("{ // why, ]\n\"a\": 1}", &["1:3: a comment"])]
    #[case::block_comment("/* a\n b */ {}\n/**/", &["1:1: a comment", "3:1: a comment"])]
    #[case::commas("{\"ä\": [1, 2,],\n}", &["1:12: a trailing comma", "1:14: a trailing comma"])]
    #[case::comma_before_a_comment("[1, // last\n]", &["1:5: a comment", "1:3: a trailing comma"])]
    #[case::comment_at_the_end("{} // end", &["1:4: a comment"])]
    fn what_is_tolerated_is_named_with_its_place(#[case] text: &str, #[case] expected: &[&str]) {
        assert_eq!(deviations(text), expected);
    }

    #[rstest]
    #[case::two_commas("[1,,]")]
    #[case::slash("[1] / 2")]
    #[case::open_comment("{} /* never ends")]
    #[case::single_quotes("{'a': 1}")]
    #[case::hash("{} # no")]
    fn nothing_else_is(#[case] text: &str) {
        assert!(serde_json::from_slice::<Value>(&read(text.as_bytes()).bytes).is_err());
    }

    #[test]
    fn an_errors_place_is_counted_in_characters() {
        let text = "{\n  \"grün\": oops\n}".as_bytes();
        let error = serde_json::from_slice::<Value>(text).unwrap_err();
        assert_eq!(Place::of_error(text, &error), Place { line: 2, column: 11 });
    }

    proptest! {
        #[test]
        fn json_is_left_as_it_is(text in "[a-z\"\\\\/*, \n]*", number in 0_u32..9) {
            let value = serde_json::json!({"text": text, "list": [number, text]});
            let written = serde_json::to_vec_pretty(&value).unwrap();
            let relaxed = read(&written);
            prop_assert_eq!(relaxed.deviations, vec![]);
            prop_assert_eq!(relaxed.bytes, written);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(
            prop_oneof![Just(b'"'), Just(b'/'), Just(b'*'), Just(b','), Just(b']'), Just(b'\n'), Just(b'\\'), any::<u8>()], 0..60)
        ) {
            prop_assert_eq!(read(&bytes).bytes.len(), bytes.len());
        }
    }
}
