//! Reading `.env` into assignments with their places.

use std::{collections::BTreeMap, ops::Range};

/// The longest value that others may be put into, in bytes.
const EXPANDED: usize = 1 << 20;

/// A variable in a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) value: String,
    /// Where it stands, from its line's start to the end of its last line, line end included.
    pub(super) lines: Range<usize>,
    /// Where its value stands, quotes included.
    pub(super) place: Range<usize>,
}

/// What is no assignment. No value is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) line: usize,
    pub(crate) why: &'static str,
}

/// Reads a text's assignments, in order.
pub(super) fn assignments(text: &str) -> Result<Vec<Assignment>, Wrong> {
    let mut reader = Reader { text, at: 0, known: BTreeMap::new() };
    reader.skip("\u{feff}");
    let mut found = Vec::new();
    while reader.at < text.len() {
        let start = reader.at;
        if let Some(assignment) = reader.line().map_err(|why| Wrong { line: line_of(text, start), why })? {
            reader.known.insert(assignment.name.clone(), assignment.value.clone());
            found.push(assignment);
        }
    }
    Ok(found)
}

fn line_of(text: &str, at: usize) -> usize {
    text.split_at(at).0.matches('\n').count() + 1
}

/// Reads from a place on.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// What was assigned so far: later values may name it.
    known: BTreeMap<String, String>,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.split_at(self.at).1
    }

    fn skip(&mut self, prefix: &str) -> bool {
        let is_there = self.rest().starts_with(prefix);
        self.at += if is_there { prefix.len() } else { 0 };
        is_there
    }

    /// Takes as long as characters fit.
    fn take(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = rest.split_at(rest.find(|c| !fits(c)).unwrap_or(rest.len())).0;
        self.at += taken.len();
        taken
    }

    /// Reads one line, or as many as its value has; `None` for blank ones and comments.
    fn line(&mut self) -> Result<Option<Assignment>, &'static str> {
        let start = self.at;
        self.take(is_blank);
        if self.end_line() {
            return Ok(None);
        }
        if self.rest().strip_prefix("export").is_some_and(|rest| rest.starts_with(is_blank)) {
            self.skip("export");
            self.take(is_blank);
        }
        let name = self.take(is_in_name);
        self.take(is_blank);
        if name.is_empty() {
            return Err("this is no NAME=value: the name is missing, or has a character that names do not have");
        }
        if !self.skip("=") && !self.skip(":") {
            return Err("there is no `=` after the name");
        }
        self.take(is_blank);
        let place = self.at;
        let (value, end) = self.value()?;
        if value.contains('\0') {
            return Err("the value has a NUL, which no variable can hold");
        }
        Ok(Some(Assignment { name: name.to_owned(), value, lines: start..self.at, place: place..end }))
    }

    /// Reads a value and the rest of its line; answers where the value itself has ended.
    fn value(&mut self) -> Result<(String, usize), &'static str> {
        let quote = self.rest().chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
        let (value, end) = match quote {
            Some(quote) => (self.in_quotes(quote)?, self.at),
            None => self.bare()?,
        };
        self.take(is_blank);
        if self.end_line() { Ok((value, end)) } else { Err("something follows the closing quote") }
    }

    /// Reads a value without quotes, up to its line's end or comment; answers where it has ended.
    fn bare(&mut self) -> Result<(String, usize), &'static str> {
        let start = self.at;
        let has_gap = self.text.split_at(start).0.ends_with(is_blank);
        let line = self.take(|c| c != '\n');
        let bare = without_comment(line, has_gap).trim_end();
        Ok((self.expand(bare)?, start + bare.len()))
    }

    fn in_quotes(&mut self, quote: char) -> Result<String, &'static str> {
        let inner = self.quoted(quote)?;
        // Nothing means anything but itself in other quotes.
        if quote == '"' { self.expand(&unescape(inner)) } else { Ok(inner.to_owned()) }
    }

    /// Reads what stands between quotes, over several lines where they are that far apart.
    fn quoted(&mut self, quote: char) -> Result<&'a str, &'static str> {
        let inside = self.rest().split_at(quote.len_utf8()).1;
        let mut is_escaped = false;
        for (at, c) in inside.char_indices() {
            if c == quote && !is_escaped {
                self.at += at + 2 * quote.len_utf8();
                return Ok(inside.split_at(at).0);
            }
            is_escaped = quote == '"' && c == '\\' && !is_escaped;
        }
        Err("there is no closing quote")
    }

    /// Takes a comment and the line's end; `false` where something else stands there.
    fn end_line(&mut self) -> bool {
        if self.rest().starts_with('#') {
            self.take(|c| c != '\n');
        }
        self.skip("\r");
        self.skip("\n") || self.at == self.text.len()
    }

    /// Puts in the values that are named `$NAME` or `${NAME}`. A name that nothing is known of stays: it may be a
    /// password's own dollar.
    fn expand(&self, text: &str) -> Result<String, &'static str> {
        let mut parts = text.split('$');
        let mut whole = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            if whole.ends_with('\\') {
                whole.pop();
                whole.push('$');
                whole.push_str(part);
                continue;
            }
            let (value, rest) = self.named(part).unwrap_or(("$", part));
            whole.push_str(value);
            whole.push_str(rest);
            // A few lines can name one another into the gigabytes.
            if whole.len() > EXPANDED {
                return Err("its values name one another into more than a megabyte");
            }
        }
        Ok(whole)
    }

    /// The value that a text begins to name, and what follows the name.
    fn named<'t>(&self, text: &'t str) -> Option<(&str, &'t str)> {
        let (name, rest) = match text.strip_prefix('{') {
            Some(inside) => inside.split_once('}')?,
            None => text.split_at(text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())),
        };
        self.known.get(name).map(|value| (value.as_str(), rest))
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r')
}

/// Whether a variable's name may have a character.
pub(super) fn is_in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

/// A line up to its comment: a `#` that has a gap before it, so that colours and fragments are kept.
fn without_comment(line: &str, has_gap: bool) -> &str {
    let is_comment = |at: usize| if at == 0 { has_gap } else { line.split_at(at).0.ends_with([' ', '\t']) };
    let comment = line.match_indices('#').find(|(at, _)| is_comment(*at));
    comment.map_or(line, |(at, _)| line.split_at(at).0)
}

/// Reads the escapes of a value in double quotes. `\$` stays, for expansion to see.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let escaped = if c == '\\' { rest.next() } else { None };
        match escaped {
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('$') => plain.push_str("\\$"),
            Some(other) => plain.push(other),
            None => plain.push(c),
        }
    }
    plain
}
