//! How PostgreSQL keeps a NUL character.
//!
//! Its texts cannot hold one (postgresql.org/docs/current/datatype-character.html), and what comes from outside may: a
//! reason, an envelope's id. A NUL is written as SUBSTITUTE (U+001A) and `0`, a SUBSTITUTE as itself and `1`. Almost no text
//! has either. JSON never has: there, both are written as `\u0000` and `\u001a`.

use std::borrow::Cow;

const NUL: char = '\0';
const MARK: char = '\u{1a}';

/// A text as it is written to PostgreSQL.
pub(super) fn written(text: String) -> String {
    if !text.contains([NUL, MARK]) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 8);
    for char in text.chars() {
        match char {
            NUL => out.extend([MARK, '0']),
            MARK => out.extend([MARK, '1']),
            other => out.push(other),
        }
    }
    out
}

/// A text as it was before it was written; `None` when it was not written by [`written`].
pub(super) fn read(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(MARK) {
        return Some(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        out.push(match char {
            MARK => match chars.next()? {
                '0' => NUL,
                '1' => MARK,
                _ => return None,
            },
            other => other,
        });
    }
    Some(Cow::Owned(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back() {
        for text in ["", "plain", "\0", "\u{1a}", "\u{1a}0", "a\0b\u{1a}1\0\0c", "\u{10ffff}\0"] {
            let kept = written(text.to_owned());
            assert!(!kept.contains('\0'));
            assert_eq!(read(&kept).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_was_not_written_here_is_not_guessed() {
        assert_eq!(read("x\u{1a}"), None);
        assert_eq!(read("x\u{1a}2"), None);
    }
}
