//! Finding a boundary in a stream of bytes.

use countersign_slack::hooks::Boundary;
use memchr::memmem::Finder;

/// Finds a boundary in a stream, however it is cut into reads.
#[derive(Debug)]
pub(super) struct Scanner {
    finder: Finder<'static>,
    /// The end of what came, where it may be the beginning of a boundary; shorter than one.
    held: Vec<u8>,
}

/// What a stream consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Some of what stands before, between and after boundaries; never empty.
    Text(&'a [u8]),
    /// A boundary.
    Boundary,
}

impl Scanner {
    pub(super) fn new(boundary: &Boundary) -> Self {
        Self { finder: Finder::new(boundary.as_str()).into_owned(), held: Vec::new() }
    }

    /// Takes what was read, and gives what is certain by now.
    pub(super) fn push(&mut self, chunk: &[u8], give: &mut dyn FnMut(Piece<'_>)) {
        // What was held back counts together with what follows it.
        let mut joined = std::mem::take(&mut self.held);
        let mut rest = chunk;
        if !joined.is_empty() {
            joined.extend_from_slice(chunk);
            rest = &joined;
        }
        while let Some(at) = self.finder.find(rest) {
            let (before, found) = rest.split_at(at);
            give_text(before, give);
            give(Piece::Boundary);
            rest = found.split_at(self.finder.needle().len()).1;
        }
        let (text, held) = rest.split_at(rest.len() - self.begun(rest));
        give_text(text, give);
        self.held = held.to_vec();
    }

    /// Gives what was held back: the stream has ended, so it is no boundary.
    pub(super) fn finish(&mut self, give: &mut dyn FnMut(Piece<'_>)) {
        give_text(&std::mem::take(&mut self.held), give);
    }

    /// How many bytes at the end may be the beginning of a boundary.
    fn begun(&self, bytes: &[u8]) -> usize {
        let needle = self.finder.needle();
        let longest = bytes.len().min(needle.len() - 1);
        (1..=longest).rev().find(|length| bytes.ends_with(needle.split_at(*length).0)).unwrap_or(0)
    }
}

fn give_text(bytes: &[u8], give: &mut dyn FnMut(Piece<'_>)) {
    if !bytes.is_empty() {
        give(Piece::Text(bytes));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DIGITS: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    /// The texts between boundaries of a stream that comes in these reads.
    fn split(boundary: &Boundary, reads: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut found = vec![Vec::new()];
        let mut scanner = Scanner::new(boundary);
        let mut give = |piece: Piece<'_>| match piece {
            Piece::Text(text) => found.last_mut().unwrap().extend_from_slice(text),
            Piece::Boundary => found.push(Vec::new()),
        };
        for read in reads {
            scanner.push(read, &mut give);
        }
        scanner.finish(&mut give);
        found
    }

    #[test]
    fn a_boundary_is_found_when_every_byte_comes_alone() {
        let boundary = DIGITS.parse().unwrap();
        let all = format!("before{DIGITS}{{}}{DIGITS}after");
        let reads: Vec<&[u8]> = all.as_bytes().chunks(1).collect();
        assert_eq!(split(&boundary, &reads), [b"before".to_vec(), b"{}".to_vec(), b"after".to_vec()]);
    }

    #[test]
    fn half_a_boundary_is_text() {
        let boundary = DIGITS.parse().unwrap();
        let half = &DIGITS[..32];
        assert_eq!(split(&boundary, &[half.as_bytes()]), [half.as_bytes().to_vec()]);
        let twice = format!("{half}{DIGITS}");
        assert_eq!(split(&boundary, &[twice.as_bytes()]).len(), 2);
    }

    #[test]
    fn at_most_the_beginning_of_a_boundary_is_held_back() {
        let mut shown = Vec::new();
        let mut scanner = Scanner::new(&DIGITS.parse().unwrap());
        scanner.push(b"ready 0123", &mut |piece| {
            if let Piece::Text(text) = piece {
                shown.extend_from_slice(text);
            }
        });
        assert_eq!(shown, b"ready ");
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_a_stream_is_cut(
            texts in proptest::collection::vec("[0-9a-f]{0,70}|.{0,5}", 1..6),
            cuts in proptest::collection::vec(0_usize..400, 0..8),
        ) {
            let boundary: Boundary = DIGITS.parse().unwrap();
            let all = texts.join(DIGITS).into_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(all.len())).chain([0, all.len()]).collect();
            cuts.sort_unstable();
            let reads: Vec<&[u8]> = cuts.windows(2).map(|pair| &all[pair[0]..pair[1]]).collect();
            prop_assert_eq!(split(&boundary, &reads), split(&boundary, &[&all]));
        }
    }
}
