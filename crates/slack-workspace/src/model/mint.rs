//! Where ids and secrets come from.

use std::fmt;

use sha2::{Digest, Sha256};

/// Makes random ids and secrets from one seed.
///
/// A counter under a keyed hash: after the seed was drawn nothing can fail, and no later value
/// can be guessed from an earlier one.
pub(crate) struct Mint {
    seed: [u8; 32],
    counter: u64,
}

const ID_ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const TOKEN_ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz01234567899z";

impl Mint {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self { seed, counter: 0 }
    }

    /// Stands where a mint is put at once: what it makes is no secret.
    pub(crate) fn unset() -> Self {
        Self::new([0; 32])
    }

    /// 32 fresh bytes.
    pub(crate) fn bytes(&mut self) -> [u8; 32] {
        self.counter += 1;
        let mut hash = Sha256::new();
        hash.update(b"countersign-workspace-mint-1");
        hash.update(self.seed);
        hash.update(self.counter.to_be_bytes());
        hash.finalize().into()
    }

    /// An id such as `U0AB12CD34`: the kind's letter, a zero, nine letters or digits.
    pub(crate) fn id(&mut self, kind: char) -> String {
        let mut id = String::with_capacity(11);
        id.push(kind);
        id.push('0');
        id.extend(self.bytes().iter().take(9).map(|byte| letter(ID_ALPHABET, *byte)));
        id
    }

    /// Lower-case hexadecimal digits, at most 64.
    pub(crate) fn hex(&mut self, digits: usize) -> String {
        let mut text = String::with_capacity(64);
        for byte in self.bytes() {
            text.extend([byte >> 4, byte & 15].map(|digit| letter(b"0123456789abcdef", digit)));
        }
        text.truncate(digits);
        text
    }

    /// Decimal digits that do not begin with zero, at most 32.
    pub(crate) fn digits(&mut self, count: usize) -> String {
        let mut text: String = self.bytes().iter().take(count).map(|byte| char::from(b'0' + byte % 10)).collect();
        if text.starts_with('0') {
            text.replace_range(..1, "7");
        }
        text
    }

    /// Letters and digits of both cases, at most 32.
    pub(crate) fn word(&mut self, count: usize) -> String {
        self.bytes().iter().take(count).map(|byte| letter(TOKEN_ALPHABET, *byte)).collect()
    }

    /// A random UUID, as envelopes carry.
    pub(crate) fn uuid(&mut self) -> String {
        let hex = self.hex(32);
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        format!("{}-{}-4{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
    }
}

fn letter<const N: usize>(alphabet: &[u8; N], byte: u8) -> char {
    alphabet.get(usize::from(byte) % N).copied().map_or('A', char::from)
}

impl fmt::Debug for Mint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mint").finish_non_exhaustive()
    }
}
