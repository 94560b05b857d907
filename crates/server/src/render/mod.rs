//! From stored state to Slack: pure functions, so that drawing again is always safe.
//!
//! Everything that came from elsewhere goes into `plain_text` or `rich_text`, which Slack never parses, after invisible
//! characters were made visible ([`visible()`]). Nothing is cut without saying how much and offering the whole.

mod command;
mod content;
mod elide;
mod message;
mod modal;
mod notice;
mod standing;
mod status;
mod visible;

pub use content::{Content, Field};
pub(crate) use message::left_out;
pub use message::{Message, message};
pub(crate) use modal::digest_matches;
pub use modal::{FileOffer, Review, deny_modal, notice_modal, plain_modal, review, review_file, review_modal};
pub use notice::{notice, ran_notice};
pub(crate) use standing::approvers;
pub use standing::{Standing, Standings};
pub(crate) use status::{name as person_name, outcome_lines};
pub use visible::visible;

/// The action ids and callback ids of our buttons and modals. They stand in messages that live for long: never reuse one.
pub mod ids {
    /// Approves at once.
    pub const APPROVE: &str = "countersign:approve";
    /// Denies at once.
    pub const DENY: &str = "countersign:deny";
    /// Opens the modal that asks why.
    pub const DENY_WHY: &str = "countersign:deny-why";
    /// Opens the modal that shows everything.
    pub const REVIEW: &str = "countersign:review";
    /// Gives whoever presses it a link of their own to the request's page.
    pub const OPEN: &str = "countersign:open";
    /// Refuses to be linked to an account: *Not me*.
    pub const NOT_ME: &str = "countersign:not-me";
    /// The modal that asks why.
    pub const DENY_MODAL: &str = "countersign:deny-modal";
    /// The modal that shows everything.
    pub const REVIEW_MODAL: &str = "countersign:review-modal";
    /// Block and action of the reason's input.
    pub const REASON: &str = "reason";
    /// Block and action of the digest's input.
    pub const DIGEST: &str = "digest";
}

/// A message or modal that cannot be drawn within Slack's limits. A bug: every text is cut to fit before.
#[derive(Debug, thiserror::Error)]
#[error("could not draw request {request}")]
pub struct RenderError {
    /// The request.
    pub request: countersign_approval::RequestId,
    /// The limit.
    #[source]
    pub source: countersign_slack::blocks::LimitError,
}

/// A text with at most so many characters: head and tail, and how much is left out between them.
pub(crate) fn cut(text: &str, max_chars: usize) -> String {
    elide::elide(text, max_chars, usize::MAX / 4).text
}

#[cfg(test)]
mod access_tests;
#[cfg(test)]
mod tests;
