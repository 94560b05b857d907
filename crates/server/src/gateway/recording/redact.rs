//! Redaction of a stream, whose chunks may cut a secret anywhere.
//!
//! Bytes are held back until every pattern has seen enough behind them: the longest match there can be, and a character
//! for look-ahead. What comes out is, byte for byte, the redaction of the whole stream, as long as no match is longer
//! than [`Patterns::window`]. For patterns with a longest match (`AKIA[0-9A-Z]{16}`) that is always so. Others (`password=\S+`)
//! are given [`LONGEST`]; where such a match is longer still, the rest of its line goes too: too much is hidden rather than
//! too little. Only a secret longer than that which is recognised by its end alone is missed.

use std::{collections::VecDeque, sync::Arc};

use regex::bytes::Regex;

/// The longest match of a pattern that has no bound of its own, in bytes: more than any key in PEM.
const LONGEST: usize = 16 * 1024;

/// Bytes of the longest character: what `\b` and the like look at beyond a match, on either side.
const LOOK: usize = 4;

/// What stands in a secret's place.
pub(crate) const MARK: &[u8] = b"[redacted]";

/// What is never shown. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Patterns(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    patterns: Vec<Regex>,
    window: usize,
}

impl Patterns {
    /// Patterns; of two that match at the same place the first in the list decides.
    pub(crate) fn new(patterns: Vec<Regex>) -> Self {
        let window = patterns.iter().map(longest).max().map_or(0, |longest| longest + LOOK);
        Self(Arc::new(Inner { patterns, window }))
    }

    /// How many bytes are held back.
    pub(crate) fn window(&self) -> usize {
        self.0.window
    }

    /// A whole text, redacted.
    pub(crate) fn whole(&self, text: &str) -> String {
        let mut redactor = Redactor::new(self.clone());
        let mut out = Vec::new();
        redactor.push(0, text.as_bytes(), &mut |_, piece| out.extend_from_slice(piece));
        redactor.finish(&mut |_, piece| out.extend_from_slice(piece));
        String::from_utf8_lossy(&out).into_owned()
    }

    /// The first match at or after `from`; an empty one is none.
    fn find(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        self.0.patterns.iter().filter_map(|pattern| first(pattern, text, from)).min_by_key(|(start, _)| *start)
    }
}

fn first(pattern: &Regex, text: &[u8], mut from: usize) -> Option<(usize, usize)> {
    loop {
        let found = pattern.find_at(text, from)?;
        if !found.is_empty() {
            return Some((found.start(), found.end()));
        }
        from = found.end() + 1;
        if from > text.len() {
            return None;
        }
    }
}

/// The longest match that a pattern can have.
fn longest(pattern: &Regex) -> usize {
    let parsed = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern.as_str());
    parsed.ok().and_then(|hir| hir.properties().maximum_len()).map_or(LONGEST, |longest| longest.min(LONGEST))
}

/// Redacts one stream. `at` is the time of each chunk in microseconds; what comes out keeps its time.
#[derive(Debug)]
pub(crate) struct Redactor {
    patterns: Patterns,
    /// Context that has gone out, then what is held back.
    held: Vec<u8>,
    /// Where what is held back begins.
    start: usize,
    /// Up to where in `held` bytes came at which time.
    times: VecDeque<(usize, u64)>,
    /// A match was longer than the window: its line is hidden to the end.
    hiding: bool,
}

impl Redactor {
    pub(crate) fn new(patterns: Patterns) -> Self {
        Self { patterns, held: Vec::new(), start: 0, times: VecDeque::new(), hiding: false }
    }

    /// Takes a chunk; gives out what is settled.
    pub(crate) fn push(&mut self, at: u64, chunk: &[u8], out: &mut impl FnMut(u64, &[u8])) {
        if self.patterns.0.patterns.is_empty() {
            return out(at, chunk);
        }
        self.held.extend_from_slice(chunk);
        self.times.push_back((self.held.len(), at));
        // Twice the window, so that every byte is searched twice at most, however small the chunks.
        if self.held.len() - self.start > 2 * self.patterns.window() {
            let horizon = self.held.len() - self.patterns.window();
            self.settle(horizon, out);
        }
    }

    /// Gives out the rest.
    pub(crate) fn finish(&mut self, out: &mut impl FnMut(u64, &[u8])) {
        self.settle(self.held.len(), out);
    }

    /// When the oldest byte that is held back came.
    pub(crate) fn oldest(&self) -> Option<u64> {
        if self.start == self.held.len() {
            return None;
        }
        self.times.iter().find(|(end, _)| *end > self.start).map(|(_, at)| *at)
    }

    /// Settles everything that begins before the horizon.
    fn settle(&mut self, horizon: usize, out: &mut impl FnMut(u64, &[u8])) {
        let mut at = self.start;
        if self.hiding {
            at = self.hide(at);
        }
        while at < horizon {
            match self.patterns.find(&self.held, at) {
                Some((start, end)) if start < horizon => {
                    self.give(at, start, out);
                    out(self.time_of(end - 1), MARK);
                    at = end;
                    let is_open = end == self.held.len() && horizon < end;
                    if is_open {
                        self.hiding = true;
                    }
                }
                _ => {
                    self.give(at, horizon, out);
                    at = horizon;
                }
            }
        }
        self.forget(at);
    }

    /// Where the hidden line ends.
    fn hide(&mut self, from: usize) -> usize {
        let rest = self.held.get(from..).unwrap_or_default();
        match rest.iter().position(|byte| *byte == b'\n') {
            Some(newline) => {
                self.hiding = false;
                from + newline
            }
            None => self.held.len(),
        }
    }

    /// Gives out what is no secret, in pieces of one time each.
    fn give(&self, mut from: usize, to: usize, out: &mut impl FnMut(u64, &[u8])) {
        for (end, at) in &self.times {
            let until = (*end).min(to);
            if until > from {
                out(*at, self.held.get(from..until).unwrap_or_default());
                from = until;
            }
        }
    }

    fn time_of(&self, byte: usize) -> u64 {
        self.times.iter().find(|(end, _)| *end > byte).map_or(0, |(_, at)| *at)
    }

    /// Lets go of what has gone out, but for a character of context.
    fn forget(&mut self, settled: usize) {
        let gone = settled.saturating_sub(LOOK);
        self.held.drain(..gone);
        self.start = settled - gone;
        self.times.retain_mut(|(end, _)| {
            *end = end.saturating_sub(gone);
            *end > self.start
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn patterns(texts: &[&str]) -> Patterns {
        Patterns::new(texts.iter().map(|text| Regex::new(text).unwrap()).collect())
    }

    fn in_chunks(patterns: &Patterns, chunks: &[&[u8]]) -> Vec<u8> {
        let mut redactor = Redactor::new(patterns.clone());
        let mut out = Vec::new();
        for (at, chunk) in (0..).zip(chunks) {
            redactor.push(at, chunk, &mut |_, piece| out.extend_from_slice(piece));
        }
        redactor.finish(&mut |_, piece| out.extend_from_slice(piece));
        out
    }

    /// The plain way, over the whole text at once.
    fn at_once(patterns: &Patterns, text: &[u8]) -> Vec<u8> {
        let (mut out, mut at) = (Vec::new(), 0);
        while let Some((start, end)) = patterns.find(text, at) {
            out.extend_from_slice(&text[at..start]);
            out.extend_from_slice(MARK);
            at = end;
        }
        out.extend_from_slice(&text[at..]);
        out
    }

    #[test]
    fn bounds_are_computed() {
        assert_eq!(patterns(&["AKIA[0-9A-Z]{16}"]).window(), 20 + LOOK);
        assert_eq!(patterns(&[r"password=\S+"]).window(), LONGEST + LOOK);
        assert_eq!(patterns(&[]).window(), 0);
    }

    #[test]
    fn a_secret_cut_in_two_is_hidden() {
        let patterns = patterns(&["AKIA[0-9A-Z]{16}"]);
        let out = in_chunks(&patterns, &[b"id AKIA01234", b"56789ABCDEF ok"]);
        assert_eq!(String::from_utf8_lossy(&out), "id [redacted] ok");
    }

    #[test]
    fn a_match_longer_than_the_window_hides_its_line() {
        let patterns = patterns(&[r"password=\S+"]);
        let long = "x".repeat(3 * LONGEST);
        let out = in_chunks(&patterns, &[b"password=", long.as_bytes(), long.as_bytes(), b"\nnext\n"]);
        assert_eq!(String::from_utf8_lossy(&out), "[redacted]\nnext\n");
    }

    #[test]
    fn pieces_keep_their_times() {
        let patterns = patterns(&["abc"]);
        let mut redactor = Redactor::new(patterns);
        let mut out: Vec<(u64, String)> = Vec::new();
        let mut keep = |at: u64, piece: &[u8]| out.push((at, String::from_utf8_lossy(piece).into_owned()));
        redactor.push(1, b"xa", &mut keep);
        redactor.push(2, b"bcy", &mut keep);
        redactor.push(3, b"z", &mut keep);
        redactor.finish(&mut keep);
        let expected = [(1, "x"), (2, "[redacted]"), (2, "y"), (3, "z")];
        assert_eq!(out, expected.map(|(at, text)| (at, text.to_owned())));
    }

    #[test]
    fn anchors_and_word_borders_see_what_went_out() {
        let patterns = patterns(&[r"^x", r"\bcat\b"]);
        let text = "x".to_owned() + &"concat cat ".repeat(50);
        let chunks: Vec<&[u8]> = text.as_bytes().chunks(3).collect();
        assert_eq!(in_chunks(&patterns, &chunks), at_once(&patterns, text.as_bytes()));
    }

    #[test]
    fn what_is_held_back_is_bounded() {
        let mut redactor = Redactor::new(patterns(&[r"a\S+"]));
        for _ in 0..100 {
            redactor.push(0, &[b'.'; 4096], &mut |_, _| {});
            assert!(redactor.held.len() <= 2 * LONGEST + 4096 + 4 * LOOK, "{}", redactor.held.len());
        }
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference(
            text in "[ab1 \n]{0,400}",
            cuts in prop::collection::vec(1_usize..40, 1..60),
        ) {
            let patterns = patterns(&["ab{1,3}a", r"\b1{2,4}\b", "(?m)^b1", r"a\sb|1a", "b1$"]);
            let (mut chunks, mut rest) = (Vec::new(), text.as_bytes());
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (chunk, after) = rest.split_at((*cut).min(rest.len()));
                chunks.push(chunk);
                rest = after;
            }
            prop_assert_eq!(
                String::from_utf8_lossy(&in_chunks(&patterns, &chunks)).into_owned(),
                String::from_utf8_lossy(&at_once(&patterns, text.as_bytes())).into_owned()
            );
        }
    }
}
