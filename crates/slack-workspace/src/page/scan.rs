//! Finding the marks of mrkdwn in a line, in linear time.

use crate::emoji::emoji;

/// A position in a line, the text not yet written, and which closing markers cannot come any more.
pub(super) struct Scan<'a> {
    pub(super) rest: &'a str,
    pub(super) before: Option<char>,
    pub(super) plain: String,
    dead: [bool; 3],
    pub(super) no_tick: bool,
}

impl<'a> Scan<'a> {
    pub(super) fn new(rest: &'a str) -> Self {
        Self { rest, before: None, plain: String::new(), dead: [false; 3], no_tick: false }
    }

    pub(super) fn skip(&mut self, c: char) {
        self.plain.push(c);
        self.before = Some(c);
        self.rest = self.rest.strip_prefix(c).unwrap_or("");
    }

    pub(super) fn advance(&mut self, rest: &'a str, before: char) {
        self.rest = rest;
        self.before = Some(before);
    }

    pub(super) fn is_dead(&self, marker: char) -> bool {
        self.dead.get(slot(marker)).copied().unwrap_or(true)
    }

    /// What could not be closed from here cannot be closed from further on; without this, a line of markers takes quadratic time.
    pub(super) fn kill(&mut self, marker: char) {
        if let Some(dead) = self.dead.get_mut(slot(marker)) {
            *dead = true;
        }
    }
}

fn slot(marker: char) -> usize {
    match marker {
        '*' => 0,
        '_' => 1,
        _ => 2,
    }
}

/// `<inner>` at the beginning of the text, and what follows.
pub(super) fn angle(raw: &str) -> Option<(&str, &str)> {
    let after = raw.strip_prefix('<')?;
    let end = after.find(['<', '>', '\n'])?;
    let (inner, rest) = after.split_at(end);
    let rest = rest.strip_prefix('>')?;
    (!inner.is_empty()).then_some((inner, rest))
}

/// The content up to a closing marker that ends a word, and what follows.
pub(super) fn closing(raw: &str, marker: char) -> Option<(&str, &str)> {
    let mut before = None;
    let (mut in_angle, mut in_code) = (false, false);
    for (index, c) in raw.char_indices() {
        match c {
            '<' => in_angle = true,
            '>' => in_angle = false,
            '`' => in_code = !in_code,
            _ => {}
        }
        if c == marker && !in_angle && !in_code && before.is_some_and(|b: char| !b.is_whitespace()) {
            let (content, rest) = raw.split_at(index);
            let rest = rest.strip_prefix(marker)?;
            if !rest.starts_with(char::is_alphanumeric) {
                return Some((content, rest));
            }
        }
        before = Some(c);
    }
    None
}

/// `:name:` of a known emoji at the beginning of the text, and what follows.
pub(super) fn short_name(raw: &str) -> Option<(&'static str, &str)> {
    let after = raw.strip_prefix(':')?;
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_+-'".contains(c);
    let end = after.char_indices().take(60).find(|(_, c)| !allowed(*c))?.0;
    let (name, rest) = after.split_at(end);
    Some((emoji(name)?, rest.strip_prefix(':')?))
}

/// An address at the beginning of the text, without the punctuation that ends a sentence.
pub(super) fn bare_url(raw: &str) -> Option<(&str, &str)> {
    if !raw.starts_with("http://") && !raw.starts_with("https://") {
        return None;
    }
    let end = raw.find(|c: char| c.is_whitespace() || c.is_control() || "<>\"`".contains(c)).unwrap_or(raw.len());
    let (candidate, _) = raw.split_at(end);
    let address = candidate.trim_end_matches(['.', ',', ')', '!', '?', ':', ';', '\'', '*', '_', '~']);
    raw.strip_prefix(address).map(|rest| (address, rest))
}
