//! Brings the channels of a session back into the order of time, after redaction held some of them back.

use std::collections::VecDeque;

use super::{
    format::Kind,
    redact::{Patterns, Redactor},
};

/// Bytes that wait for another channel's. Beyond that they go out before it: then times of different channels may cross.
const MOST_WAITING: usize = 1024 * 1024;

const LANES: usize = 3;

/// A record, and when it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// Microseconds since the session began.
    pub(super) at: u64,
    pub(super) kind: Kind,
    pub(super) data: Vec<u8>,
}

/// Input, output and errors, each redacted for itself.
#[derive(Debug)]
pub(super) struct Merge {
    lanes: [Lane; LANES],
    waiting: usize,
}

#[derive(Debug)]
struct Lane {
    redactor: Redactor,
    ready: VecDeque<Piece>,
}

impl Merge {
    pub(super) fn new(patterns: &Patterns) -> Self {
        let lanes = [(); LANES].map(|()| Lane { redactor: Redactor::new(patterns.clone()), ready: VecDeque::new() });
        Self { lanes, waiting: 0 }
    }

    /// Takes a chunk; answers what may be written.
    pub(super) fn push(&mut self, at: u64, kind: Kind, data: &[u8]) -> Vec<Piece> {
        let waiting = &mut self.waiting;
        if let Some(Lane { redactor, ready }) = self.lanes.get_mut(kind.lane()) {
            redactor.push(at, data, &mut |at, data| {
                *waiting += data.len();
                ready.push_back(Piece { at, kind, data: data.to_vec() });
            });
        }
        self.settled(MOST_WAITING)
    }

    /// Everything that is left.
    pub(super) fn finish(&mut self) -> Vec<Piece> {
        let kinds = [Kind::In, Kind::Out, Kind::Err];
        for (Lane { redactor, ready }, kind) in self.lanes.iter_mut().zip(kinds) {
            redactor.finish(&mut |at, data| ready.push_back(Piece { at, kind, data: data.to_vec() }));
        }
        self.settled(0)
    }

    /// The oldest pieces first, as long as nothing older is held back.
    fn settled(&mut self, most: usize) -> Vec<Piece> {
        let mut settled = Vec::new();
        while let Some((lane, at)) = self.oldest_ready() {
            let is_next = self.lanes.iter().all(|other| other.redactor.oldest().is_none_or(|held| held >= at));
            if !is_next && self.waiting <= most {
                break;
            }
            let Some(piece) = self.lanes.get_mut(lane).and_then(|lane| lane.ready.pop_front()) else { break };
            self.waiting = self.waiting.saturating_sub(piece.data.len());
            settled.push(piece);
        }
        settled
    }

    fn oldest_ready(&self) -> Option<(usize, u64)> {
        let heads = self.lanes.iter().enumerate().filter_map(|(lane, l)| Some((lane, l.ready.front()?.at)));
        heads.min_by_key(|(_, at)| *at)
    }
}

#[cfg(test)]
mod tests {
    use regex::bytes::Regex;

    use super::*;

    fn merge() -> Merge {
        Merge::new(&Patterns::new(vec![Regex::new("secret").unwrap()]))
    }

    #[test]
    fn without_patterns_nothing_waits() {
        let mut merge = Merge::new(&Patterns::new(vec![]));
        assert_eq!(merge.push(1, Kind::Out, b"a"), [Piece { at: 1, kind: Kind::Out, data: b"a".to_vec() }]);
        assert!(merge.finish().is_empty());
    }

    #[test]
    fn channels_come_out_in_the_order_of_time() {
        let mut merge = merge();
        let mut out = Vec::new();
        for at in 0..200 {
            let kind = [Kind::Out, Kind::In, Kind::Err][usize::try_from(at % 3).unwrap()];
            out.extend(merge.push(at, kind, b"some text "));
        }
        out.extend(merge.finish());
        assert_eq!(out.iter().map(|piece| piece.data.len()).sum::<usize>(), 2000);
        assert!(out.windows(2).all(|pair| pair[0].at <= pair[1].at), "{out:?}");
    }

    #[test]
    fn what_waits_for_another_channel_is_bounded() {
        let mut merge = merge();
        assert!(merge.push(0, Kind::Out, b"prompt$ ").is_empty(), "held back, and never followed by more");
        let chunk = vec![b'x'; 64 * 1024];
        let written: usize = (1..100).flat_map(|at| merge.push(at, Kind::Err, &chunk)).count();
        assert!(written > 0 && merge.waiting <= MOST_WAITING, "{written} {}", merge.waiting);
    }
}
