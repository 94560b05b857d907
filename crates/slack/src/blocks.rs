//! Block Kit: typed blocks with their limits, and validation of untyped ones.
//!
//! Builders refuse what Slack would refuse, before anything is sent. [`validate_blocks`] and [`validate_view`] judge JSON of
//! unknown origin as Slack does: all violations are reported, and one is enough to fail the whole.
//!
//! Untrusted text belongs into [`PlainText`] or [`RichText`], which Slack never parses; where it must be
//! `mrkdwn`, [`Mrkdwn::text`] escapes it. Sources: docs.slack.dev, Block Kit reference and formatting of message text.

mod block;
mod element;
mod input;
mod limit;
pub mod limits;
mod object;
mod rich_text;
mod schema;
mod validate;
mod view;

pub use block::{Actions, Block, Context, Divider, FileBlock, Header, Image, Input, Section, check_message};
pub use element::{Button, ButtonStyle, ContextElement, Element, ImageElement};
pub use input::{PlainTextInput, StaticSelect};
pub use limit::LimitError;
pub use object::{Choice, Confirm, Mrkdwn, PlainText, Text, escape};
pub use rich_text::{RichElement, RichPart, RichText, Style};
pub use validate::{Surface, Violation, validate_blocks, validate_view};
pub use view::{View, ViewKind};
