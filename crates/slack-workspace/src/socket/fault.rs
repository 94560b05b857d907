//! What can be made to go wrong on connections.

use serde::Deserialize;

/// Why a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DisconnectKind {
    /// It will end in about ten seconds.
    Warning,
    /// The app must reconnect.
    RefreshRequested,
    /// Socket Mode was switched off.
    LinkDisabled,
    /// There are more than ten.
    TooManyWebsockets,
    /// The TCP connection is cut without a word.
    Drop,
}

impl DisconnectKind {
    /// The `reason` of the disconnect message; a cut has none.
    pub(super) fn reason(self) -> Option<&'static str> {
        match self {
            Self::Warning => Some("warning"),
            Self::RefreshRequested => Some("refresh_requested"),
            Self::LinkDisabled => Some("link_disabled"),
            Self::TooManyWebsockets => Some("too_many_websockets"),
            Self::Drop => None,
        }
    }

    /// How long the connection still lives, in milliseconds.
    pub(super) fn grace_ms(self) -> u64 {
        match self {
            Self::Warning | Self::RefreshRequested => 10_000,
            Self::LinkDisabled | Self::TooManyWebsockets | Self::Drop => 0,
        }
    }
}

/// What happens to envelopes until it is cleared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct EnvelopeFaults {
    /// This many are sent twice.
    pub(crate) duplicate: u32,
    /// This many are never sent.
    pub(crate) drop: u32,
    /// All are sent this much later, in milliseconds of the workspace's clock.
    pub(crate) delay_ms: u64,
    /// Each second one is sent before the one before it.
    pub(crate) reorder: bool,
}
