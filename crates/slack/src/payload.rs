//! What Slack sends to an app: typed views over JSON that is kept whole.
//!
//! Each view has read what every app needs and keeps the payload as it came, so nothing is lost that Slack may add. A kind
//! that is not known is [`Interaction::Unknown`], never an error. Source: docs.slack.dev, Interaction payloads, Events API.

mod actions;
mod command;
mod event;
mod events;
mod fields;
mod head;
mod interaction;
mod lenient;
mod raw;
mod shortcut;
mod view;

pub use actions::{Action, BlockActions, BlockSuggestion, Container};
pub use command::SlashCommand;
pub use event::EventCallback;
pub use events::{
    AppHomeOpened, AppMention, AppUninstalled, AssistantContext, AssistantThread, AssistantThreadContextChanged,
    AssistantThreadStarted, ChannelCreated, FunctionExecuted, FunctionInfo, LinkShared, MemberJoinedChannel,
    MemberLeftChannel, MessageEvent, ReactedItem, ReactionAdded, ReactionRemoved, RevokedTokens, SharedLink,
    TokensRevoked,
};
pub use head::{
    AuthorizationHead, ContainerHead, ElementHead, EventHead, FunctionHead, Head, ItemHead, MessageHead, TeamHead,
    ThreadHead, ViewHead,
};
pub use interaction::Interaction;
pub use lenient::{First, Lenient, Seconds, Switch, Text};
pub use raw::{Malformed, Origin, ResponseUrl};
pub use shortcut::Shortcut;
pub use view::{ViewClosed, ViewInfo, ViewSubmission};
