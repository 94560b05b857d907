//! What each Slack scope is for.

/// A scope of the bot token and what it switches on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScopeUse {
    /// The scope.
    pub scope: &'static str,
    /// What works only with it.
    pub feature: &'static str,
    /// Whether nothing works without it.
    pub required: bool,
}

/// Every scope that is used. Posting, clicking and updating need the first one only.
pub const SCOPES: &[ScopeUse] = &[
    ScopeUse { scope: "chat:write", feature: "showing requests and their outcome", required: true },
    ScopeUse {
        scope: "files:write",
        feature: "approving a request too long for a dialog, which is then shown whole as a file",
        required: false,
    },
    ScopeUse { scope: "users:read", feature: "checking in `init` and `doctor` that approvers exist", required: false },
    ScopeUse { scope: "users:read.email", feature: "naming an approver by e-mail in `init`", required: false },
];

/// Every scope that the gateway's app uses. Posting, clicking and updating need the first one only.
pub const GATEWAY_SCOPES: &[ScopeUse] = &[
    ScopeUse { scope: "chat:write", feature: "showing requests and their outcome", required: true },
    ScopeUse {
        scope: "channels:read",
        feature: "naming channels by their names instead of their ids",
        required: false,
    },
    ScopeUse { scope: "commands", feature: "the slash command /countersign", required: false },
    ScopeUse {
        scope: "files:write",
        feature: "approving a request too long for a dialog, which is then shown whole as a file",
        required: false,
    },
];

/// The scopes of a gateway's app that are not among those granted.
pub(crate) fn missing_of_gateway(granted: &[String]) -> impl Iterator<Item = &'static ScopeUse> {
    GATEWAY_SCOPES.iter().filter(move |wanted| !granted.iter().any(|scope| scope == wanted.scope))
}

/// The scopes that are not among those granted.
pub fn missing(granted: &[String]) -> impl Iterator<Item = &'static ScopeUse> {
    SCOPES.iter().filter(move |wanted| !granted.iter().any(|scope| scope == wanted.scope))
}
