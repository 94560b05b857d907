//! What the workspace knows: people, channels, messages, apps, views and files.
//!
//! Everything lives in one [`State`] behind one mutex that is held for short synchronous
//! sections only. Verbs are methods of `State`; they take the time as a parameter and leave
//! what has to happen outside (envelopes to deliver, changes to announce) in its effects.

mod app;
mod channel;
mod conversation;
mod effect;
mod file;
mod message;
mod mint;
mod posting;
mod response_url;
mod secret;
mod sharing;
mod stack;
mod state;
mod ticket;
mod ts;
mod user;
mod view;

pub use app::{App, AppSecrets, Command, Grant, Holder};
pub use channel::Channel;
pub(crate) use channel::event_name;
pub use countersign_slack::ids::{AppId, BotId, ChannelId, ChannelKind, FileId, TeamId, UserId, ViewId};
pub use effect::ChangeKind;
pub(crate) use effect::Effect;
pub use file::File;
pub use message::Message;
pub(crate) use mint::Mint;
pub(crate) use posting::shared;
pub use posting::{Author, Draft, ModelError};
pub(crate) use response_url::LIFETIME_MS as RESPONSE_URL_MS;
pub use response_url::{Reply, ResponseSource, ResponseType, ResponseUrl};
pub use secret::Token;
pub(crate) use secret::same_secret;
pub(crate) use stack::{Placement, ViewKey};
pub use state::{State, Team};
pub(crate) use ticket::TICKET_MS;
pub use ticket::{Ticket, Trigger};
pub use ts::Ts;
pub use user::User;
pub use view::View;
