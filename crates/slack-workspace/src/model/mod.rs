//! What the workspace knows: people, channels, messages, apps, views and files.
//!
//! Everything lives in one [`State`] behind one mutex that is held for short synchronous
//! sections only. Verbs are methods of `State`; they take the time as a parameter and leave
//! what has to happen outside (envelopes to deliver, changes to announce) in its effects.

mod agent_session;
mod app;
mod assistant;
mod bookmark;
mod channel;
mod conversation;
mod effect;
mod file;
mod function;
mod home;
mod membership;
mod message;
mod mint;
mod notice;
mod packed;
mod pin;
mod plain;
mod plan;
mod platform;
mod posting;
mod profile;
mod reaction;
mod registration;
mod removal;
mod response_url;
mod revocation;
pub(crate) mod saved;
mod schedule;
mod secret;
mod session;
mod settings;
mod sharing;
mod stack;
mod state;
mod stream;
mod ticket;
mod token;
mod trigger;
mod ts;
mod unfurl;
mod user;
mod usergroup;
mod view;

pub(crate) use agent_session::STOPPED;
pub use agent_session::{AgentSession, SessionStatus};
pub use app::{App, AppSecrets, Command, Endpoints, Grant, Holder};
pub use assistant::{AssistantContext, AssistantThread};
pub use bookmark::Bookmark;
pub(crate) use bookmark::BookmarkChange;
pub(crate) use channel::event_name;
pub use channel::{Caption, Channel};
pub use countersign_slack::ids::{
    AppId, BookmarkId, BotId, ChannelId, ChannelKind, FileId, ScheduledMessageId, TeamId, UserGroupId, UserId, ViewId,
};
pub use effect::ChangeKind;
pub(crate) use effect::Effect;
pub use file::File;
pub(crate) use function::{Activity, Execution, Started, Status};
pub use home::AppTab;
pub use message::Message;
pub(crate) use mint::Mint;
pub(crate) use packed::Packed;
pub use pin::Pin;
pub(crate) use plan::{Plan, Problem, is_scope, problems};
pub(crate) use platform::{Code, Platform, RefreshKind, SignIn, WorkflowTrigger};
pub(crate) use posting::shared;
pub use posting::{Author, Draft, ModelError};
pub(crate) use registration::{Consent, Registration};
pub(crate) use response_url::LIFETIME_MS as RESPONSE_URL_MS;
pub use response_url::{Reply, ResponseSource, ResponseType, ResponseUrl};
pub use schedule::Scheduled;
pub use secret::Token;
pub(crate) use secret::same_secret;
pub use session::Session;
pub(crate) use settings::CaptionKind;
pub(crate) use sharing::Upload;
pub(crate) use stack::{Placement, ViewKey};
pub use state::{State, Team};
pub use stream::Stream;
pub(crate) use stream::{Begin, Piece, STREAM_TTL_MS};
pub(crate) use ticket::TICKET_MS;
pub use ticket::{Ticket, Trigger};
pub(crate) use token::Issued;
pub(crate) use trigger::{Happening, is_schedule};
pub use ts::Ts;
pub use user::User;
pub use usergroup::UserGroup;
pub(crate) use usergroup::UserGroupChange;
pub use view::View;
