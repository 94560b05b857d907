//! Randomness as a parameter.

use std::fmt;

/// Gives unpredictable bytes. The real one asks the operating system; tests bring a seeded one.
pub trait Entropy: Send + Sync + fmt::Debug {
    /// Sixteen fresh bytes: what an id, a key or a token is made of.
    fn bytes16(&self) -> [u8; 16];
}
