//! The audit trail: rows that cannot be changed unseen.
//!
//! A row is inserted *unchained* in the transaction of the change it tells of. A chainer later links committed rows, in
//! the order of their insertion: each link is SHA-256 over a domain, the sequence number, the previous link and the row. The
//! head is signed. Whoever changes, removes or reorders a linked row must forge every later link and a signature;
//! whoever keeps a copy of a head (an *anchor*) elsewhere also notices a rewritten chain.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    blob::{from_hex, to_hex},
    digest::Encoder,
    id::RequestId,
    time::Timestamp,
};

const LINK_DOMAIN: &str = "countersign/audit/v1";
const HEAD_DOMAIN: &str = "countersign/audit-head/v1";

/// What happened, to which request, by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// When.
    pub at: Timestamp,
    /// What, e.g. `request.asked` or `vote.cast`.
    pub kind: String,
    /// The request it is about.
    pub request: Option<RequestId>,
    /// Who did it.
    pub actor: String,
    /// Further facts as JSON text, stored and hashed as it is.
    pub detail: String,
}

/// A link of the chain.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Link([u8; 32]);

/// A row with its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainedRow {
    /// 1 for the first row, without gaps.
    pub seq: u64,
    /// The previous row's link; zeros before the first.
    pub prev: Link,
    /// This row's link.
    pub link: Link,
    /// The row.
    pub row: AuditRow,
}

/// The newest link, signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHead {
    /// Its sequence number.
    pub seq: u64,
    /// The link there.
    pub link: Link,
    /// When it was signed.
    pub at: Timestamp,
    /// Which key signed it: its public half, hex.
    pub key: String,
    /// The signature, hex.
    pub signature: String,
}

/// Where a chain is broken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ChainError {
    /// A row is missing, or stands twice.
    #[error("row {expected} is missing: the next one is {found}")]
    Gap {
        /// The sequence number that should come.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// A row does not follow from the one before it.
    #[error("row {seq} does not follow from row {}", seq - 1)]
    Unlinked {
        /// The row.
        seq: u64,
    },
    /// A row is not what was linked.
    #[error("row {seq} was changed after it was linked")]
    Changed {
        /// The row.
        seq: u64,
    },
    /// A head names a row that is not there: the end of the chain was cut off.
    #[error("the chain ends at row {last}, but row {seq} was signed or anchored")]
    CutOff {
        /// The row that was signed or anchored.
        seq: u64,
        /// The last row there is.
        last: u64,
    },
    /// A head names another link than the chain holds there.
    #[error("row {seq} is not the one that was signed or anchored")]
    OtherHead {
        /// The row.
        seq: u64,
    },
}

impl Link {
    /// What the first row follows.
    pub const START: Self = Self([0; 32]);

    /// The link of a row.
    pub fn of(seq: u64, prev: Self, row: &AuditRow) -> Self {
        let mut encoder = Encoder::new(LINK_DOMAIN);
        encoder.number(seq);
        encoder.bytes(&prev.0);
        encoder.bytes(&row.at.as_micros().to_be_bytes());
        encoder.text(&row.kind);
        encoder.text(&row.request.map(|id| id.to_string()).unwrap_or_default());
        encoder.text(&row.actor);
        encoder.text(&row.detail);
        Self(encoder.finish())
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({self})")
    }
}

impl FromStr for Link {
    type Err = crate::ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        from_hex(text).and_then(|bytes| bytes.try_into().ok()).map(Self).ok_or(crate::ParseDigestError)
    }
}

/// The bytes that a head's signature is over.
pub fn head_message(seq: u64, link: Link, at: Timestamp) -> [u8; 32] {
    let mut encoder = Encoder::new(HEAD_DOMAIN);
    encoder.number(seq);
    encoder.bytes(&link.0);
    encoder.bytes(&at.as_micros().to_be_bytes());
    encoder.finish()
}

/// Links `row` behind `last`.
pub fn link(last: Option<(u64, Link)>, row: AuditRow) -> ChainedRow {
    let (seq, prev) = last.map_or((1, Link::START), |(seq, link)| (seq + 1, link));
    ChainedRow { seq, prev, link: Link::of(seq, prev, &row), row }
}

/// Checks a chain row by row, in constant memory but for the heads that are expected.
#[derive(Debug, Default)]
pub struct Verifier {
    last: Option<(u64, Link)>,
    expected: Vec<(u64, Link)>,
}

impl Verifier {
    /// A check that also expects these links at these places: signed heads and anchors.
    pub fn expecting(mut expected: Vec<(u64, Link)>) -> Self {
        // Sorted backwards, so that the next one to come is at the end.
        expected.sort_by_key(|(seq, _)| std::cmp::Reverse(*seq));
        Self { last: None, expected }
    }

    /// Takes the next row.
    pub fn push(&mut self, row: &ChainedRow) -> Result<(), ChainError> {
        let (expected, prev) = self.last.map_or((1, Link::START), |(seq, link)| (seq + 1, link));
        if row.seq != expected {
            return Err(ChainError::Gap { expected, found: row.seq });
        }
        if row.prev != prev {
            return Err(ChainError::Unlinked { seq: row.seq });
        }
        if row.link != Link::of(row.seq, prev, &row.row) {
            return Err(ChainError::Changed { seq: row.seq });
        }
        while let Some((_, link)) = self.expected.pop_if(|(seq, _)| *seq == row.seq) {
            if link != row.link {
                return Err(ChainError::OtherHead { seq: row.seq });
            }
        }
        self.last = Some((row.seq, row.link));
        Ok(())
    }

    /// Ends the check: the number of rows and the last link.
    pub fn finish(self) -> Result<Option<(u64, Link)>, ChainError> {
        let last = self.last.map_or(0, |(seq, _)| seq);
        match self.expected.last() {
            Some(&(seq, _)) => Err(ChainError::CutOff { seq, last }),
            None => Ok(self.last),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(n: i64) -> AuditRow {
        AuditRow {
            at: Timestamp::from_micros(n),
            kind: "request.asked".into(),
            request: None,
            actor: "hook".into(),
            detail: format!("{{\"n\":{n}}}"),
        }
    }

    fn chain(length: i64) -> Vec<ChainedRow> {
        let mut rows: Vec<ChainedRow> = Vec::new();
        for n in 0..length {
            let last = rows.last().map(|row| (row.seq, row.link));
            rows.push(link(last, row(n)));
        }
        rows
    }

    fn verify(rows: &[ChainedRow], expected: Vec<(u64, Link)>) -> Result<Option<(u64, Link)>, ChainError> {
        let mut verifier = Verifier::expecting(expected);
        rows.iter().try_for_each(|row| verifier.push(row))?;
        verifier.finish()
    }

    #[test]
    fn an_untouched_chain_is_proven() {
        let rows = chain(5);
        let head = (5, rows[4].link);
        assert_eq!(verify(&rows, vec![(3, rows[2].link), head, head]), Ok(Some(head)));
        assert_eq!(verify(&[], vec![]), Ok(None));
    }

    #[test]
    fn a_changed_row_is_found() {
        let mut rows = chain(3);
        rows[1].row.actor = "somebody else".into();
        assert_eq!(verify(&rows, vec![]), Err(ChainError::Changed { seq: 2 }));
    }

    #[test]
    fn a_changed_row_with_its_link_made_anew_is_found_at_the_next() {
        let mut rows = chain(3);
        rows[1] = link(Some((1, rows[0].link)), row(99));
        assert_eq!(verify(&rows, vec![]), Err(ChainError::Unlinked { seq: 3 }));
    }

    #[test]
    fn a_removed_row_is_found() {
        let mut rows = chain(3);
        rows.remove(1);
        assert_eq!(verify(&rows, vec![]), Err(ChainError::Gap { expected: 2, found: 3 }));
    }

    #[test]
    fn a_cut_off_end_is_found_by_the_head() {
        let rows = chain(3);
        assert_eq!(verify(&rows[..2], vec![(3, rows[2].link)]), Err(ChainError::CutOff { seq: 3, last: 2 }));
    }

    #[test]
    fn a_chain_made_anew_is_found_by_an_anchor() {
        let rows = chain(3);
        let mut forged = vec![link(None, row(7))];
        forged.push(link(Some((1, forged[0].link)), row(8)));
        assert_eq!(verify(&forged, vec![(2, rows[1].link)]), Err(ChainError::OtherHead { seq: 2 }));
    }
}
