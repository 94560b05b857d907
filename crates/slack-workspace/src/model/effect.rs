//! What a verb leaves to be done outside the state.

use serde_json::Value;

use super::{App, AppId, ChannelId, Packed, UserId, View};

/// What changed, so that whoever shows it can draw it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// Messages of a channel: posted, updated, deleted or replied to.
    Message {
        /// The channel.
        channel: ChannelId,
    },
    /// What one person alone sees in a channel.
    Ephemeral {
        /// The person.
        user: UserId,
        /// The channel.
        channel: ChannelId,
    },
    /// A person's modals.
    View {
        /// The person.
        user: UserId,
    },
    /// The list of channels, people or apps.
    Directory,
    /// The journal has a new entry.
    Journal,
    /// Everything: the workspace was reset.
    Reset,
}

/// Something for the workspace to do once a verb has returned.
#[derive(Clone, Debug)]
pub(crate) enum Effect {
    /// Tell those who watch.
    Change(ChangeKind),
    /// Deliver an event to an app; the payload is the whole `event_callback`.
    Event {
        /// The app that subscribed.
        app: AppId,
        /// The payload.
        payload: Packed,
    },
    /// The same for an app that is no longer installed when it is delivered.
    Farewell {
        /// The app as it was.
        app: Box<App>,
        /// The payload.
        payload: Packed,
    },
    /// Something will happen by itself, perhaps earlier than what was expected next.
    Due,
    /// An app was made: its secrets must never be written down.
    Secrets {
        /// The app.
        app: AppId,
    },
    /// An app was to hear of more than it may; the payload says so.
    Limited {
        /// The app.
        app: AppId,
        /// The payload.
        payload: Value,
    },
    /// A modal was closed by another one: its app hears of it.
    Closed {
        /// The modal.
        view: Box<View>,
    },
    /// An app has switched Socket Mode off.
    Unplugged {
        /// The app.
        app: AppId,
    },
    /// An app has another manifest: the other teams that know it hear of it.
    Described {
        /// The app.
        app: AppId,
    },
    /// An app was deleted: it goes from the other teams too.
    Unregistered {
        /// The app.
        app: AppId,
    },
    /// An app is no longer installed: its connections end, unless another team has it.
    Gone {
        /// The app.
        app: AppId,
    },
}
