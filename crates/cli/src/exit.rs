//! Exit codes. Coding agents and scripts read them: none ever changes its meaning.

/// Done.
pub(crate) const OK: u8 = 0;
/// It failed; stderr says why.
pub(crate) const FAULT: u8 = 1;
/// The command line was wrong. For `hook --gate`: the tool call is blocked.
pub(crate) const USAGE: u8 = 2;
/// A person interrupted it.
pub(crate) const INTERRUPTED: u8 = 130;
