//! Things that work once and for a short time.

use super::{AppId, UserId, ViewId};

/// Permission to open one Socket Mode connection.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// The app that connects.
    pub app: AppId,
    /// Milliseconds since the epoch.
    pub expires_at: u64,
}

/// Permission to open one modal, given by what a person did.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// The app that was told.
    pub app: AppId,
    /// The person who acted.
    pub user: UserId,
    /// The modal in which the person acted, if any.
    pub view: Option<ViewId>,
    /// Milliseconds since the epoch.
    pub expires_at: u64,
    /// It has opened a modal.
    pub is_used: bool,
}

/// How long a trigger works; docs.slack.dev, "Handling user interaction": three seconds.
pub(crate) const TRIGGER_MS: u64 = 3_000;

/// How long a Socket Mode ticket works; Slack does not say, SDKs connect at once.
pub(crate) const TICKET_MS: u64 = 30_000;
