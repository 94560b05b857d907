//! Block Kit: typed blocks with their limits, and validation of untyped ones.
//!
//! Builders refuse what Slack would refuse, before anything is sent. [`validate_blocks`] and [`validate_view`] judge JSON of
//! unknown origin as Slack does: all violations are reported, and one is enough to fail the whole.
//!
//! Untrusted text belongs into [`PlainText`] or [`RichText`], which Slack never parses; where it must be
//! `mrkdwn`, [`Mrkdwn::text`] escapes it. Sources: docs.slack.dev, Block Kit reference and formatting of message text.

mod block;
mod choice;
mod directory;
mod element;
mod entry;
mod input;
mod limit;
pub mod limits;
mod media;
mod object;
mod part;
mod picker;
mod rich_text;
mod schema;
mod select;
mod validate;
mod view;

pub use block::{Actions, Block, Context, Divider, FileBlock, Header, Image, Input, Section, check_message};
pub use choice::{Checkboxes, Choice, ChoiceGroup, MarkedChoice, Overflow, OverflowChoice, RadioButtons};
pub use directory::{
    ChannelsSelect, ConversationFilter, ConversationKind, ConversationsSelect, MultiChannelsSelect,
    MultiConversationsSelect, MultiUsersSelect, UsersSelect,
};
pub use element::{Button, ButtonStyle, ContextElement, Element, ImageElement};
pub use entry::{EmailInput, FileInput, NumberInput, RichTextInput, UrlInput};
pub use input::PlainTextInput;
pub use limit::LimitError;
pub use media::{Align, Cell, Column, Markdown, Table, Video};
pub use object::{Confirm, Mrkdwn, PlainText, Text, escape};
pub use picker::{DatePicker, DateTimePicker, TimePicker};
pub use rich_text::{Broadcast, ListStyle, RichElement, RichItem, RichPart, RichText, Style};
pub use select::{ExternalSelect, MultiExternalSelect, MultiStaticSelect, StaticSelect};
pub use validate::{Surface, Violation, validate_blocks, validate_view};
pub use view::{View, ViewKind};

#[cfg(test)]
mod tests;
