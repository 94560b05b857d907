//! Rich text: styled text that Slack never parses, and therefore the place for what others wrote.

use serde::Serialize;

use super::limit::{self, LimitError};
use super::limits;
use crate::ids::{BlockId, ChannelId, TeamId, UserGroupId, UserId};

/// The look of a piece of text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "Slack's style object is four switches")]
pub struct Style {
    /// Heavy.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub bold: bool,
    /// Slanted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub italic: bool,
    /// Struck through.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub strike: bool,
    /// In the face of code.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub code: bool,
}

impl Style {
    /// Nothing special.
    pub const PLAIN: Self = Self { bold: false, italic: false, strike: false, code: false };
    /// Heavy.
    pub const BOLD: Self = Self { bold: true, ..Self::PLAIN };
    /// Slanted.
    pub const ITALIC: Self = Self { italic: true, ..Self::PLAIN };
    /// In the face of code.
    pub const CODE: Self = Self { code: true, ..Self::PLAIN };

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
    fn is_plain(&self) -> bool {
        *self == Self::PLAIN
    }
}

/// One piece inside a part of rich text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RichElement {
    /// Text, never parsed.
    Text {
        /// The text.
        text: String,
        /// Its look.
        #[serde(skip_serializing_if = "Style::is_plain")]
        style: Style,
    },
    /// A link.
    Link {
        /// Where to.
        url: String,
        /// What is read, or the address itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        /// Its look.
        #[serde(skip_serializing_if = "Style::is_plain")]
        style: Style,
    },
    /// A mention, which notifies.
    User {
        /// Whom.
        user_id: UserId,
    },
    /// A mention of a group of people, which notifies them all.
    Usergroup {
        /// Which.
        usergroup_id: UserGroupId,
    },
    /// A call to everybody, which notifies.
    Broadcast {
        /// Who everybody is.
        range: Broadcast,
    },
    /// A link to a channel.
    Channel {
        /// Which.
        channel_id: ChannelId,
    },
    /// A picture by its name, without colons.
    Emoji {
        /// The name.
        name: String,
    },
    /// A swatch of a colour.
    Color {
        /// The colour, as `#rrggbb`.
        value: String,
    },
    /// A moment, in the reader's time zone.
    Date {
        /// Seconds since 1970 (UTC).
        timestamp: u64,
        /// How it is written, such as `{date_short_pretty} at {time}`.
        format: String,
        /// What is read where it cannot be written so.
        #[serde(skip_serializing_if = "Option::is_none")]
        fallback: Option<String>,
    },
    /// The name of a workspace.
    Team {
        /// Which.
        team_id: TeamId,
    },
}

/// Who a call to everybody calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Broadcast {
    /// Who is active in the channel.
    Here,
    /// Everybody in the channel.
    Channel,
    /// Everybody in the workspace.
    Everyone,
}

/// How the items of a list are marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ListStyle {
    /// With dots.
    Bullet,
    /// With numbers.
    Ordered,
}

impl RichElement {
    /// Text without a style.
    pub fn text(text: impl Into<String>) -> Self {
        Self::styled(text, Style::PLAIN)
    }

    /// Text with a style.
    pub fn styled(text: impl Into<String>, style: Style) -> Self {
        Self::Text { text: text.into(), style }
    }

    /// A link that is read as its own address.
    pub fn link(url: impl Into<String>) -> Self {
        Self::Link { url: url.into(), text: None, style: Style::PLAIN }
    }

    /// Slack refuses what is empty, and addresses that are too long.
    fn check(&self) -> Result<(), LimitError> {
        let filled = |field, text: &str| limit::at_least(field, "characters", text.len(), 1);
        match self {
            Self::Text { text, .. } => filled("rich_text text", text),
            Self::Link { url, .. } => limit::some_chars("rich_text link.url", url, limits::URL),
            Self::User { user_id } => filled("rich_text user.user_id", user_id.as_str()),
            Self::Usergroup { usergroup_id } => filled("rich_text usergroup.usergroup_id", usergroup_id.as_str()),
            Self::Channel { channel_id } => filled("rich_text channel.channel_id", channel_id.as_str()),
            Self::Emoji { name } => filled("rich_text emoji.name", name),
            Self::Color { value } => filled("rich_text color.value", value),
            Self::Date { format, .. } => filled("rich_text date.format", format),
            Self::Team { team_id } => filled("rich_text team.team_id", team_id.as_str()),
            Self::Broadcast { .. } => Ok(()),
        }
    }
}

/// One part of rich text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RichPart {
    /// A paragraph.
    #[serde(rename = "rich_text_section")]
    Section {
        /// Its pieces.
        elements: Vec<RichElement>,
    },
    /// A block of code.
    #[serde(rename = "rich_text_preformatted")]
    Preformatted {
        /// Its pieces; Slack takes text and links.
        elements: Vec<RichElement>,
    },
    /// A quotation.
    #[serde(rename = "rich_text_quote")]
    Quote {
        /// Its pieces.
        elements: Vec<RichElement>,
    },
    /// Items, one below the other.
    #[serde(rename = "rich_text_list")]
    List {
        /// How they are marked.
        style: ListStyle,
        /// The items.
        elements: Vec<RichItem>,
        /// How far it is moved in, in steps.
        #[serde(skip_serializing_if = "is_zero")]
        indent: u8,
        /// How many numbers are passed over at first.
        #[serde(skip_serializing_if = "is_zero")]
        offset: u8,
    },
}

/// One item of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "rich_text_section")]
pub struct RichItem {
    elements: Vec<RichElement>,
}

impl RichItem {
    /// An item of pieces.
    pub fn new(elements: Vec<RichElement>) -> Self {
        Self { elements }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(number: &u8) -> bool {
    *number == 0
}

impl RichPart {
    /// A paragraph of pieces.
    pub fn section(elements: Vec<RichElement>) -> Self {
        Self::Section { elements }
    }

    /// A block of code, shown character by character as it is.
    pub fn preformatted(text: impl Into<String>) -> Self {
        Self::Preformatted { elements: vec![RichElement::text(text)] }
    }

    /// A quotation.
    pub fn quote(elements: Vec<RichElement>) -> Self {
        Self::Quote { elements }
    }

    /// A list of items.
    pub fn list(style: ListStyle, items: Vec<RichItem>) -> Self {
        Self::List { style, elements: items, indent: 0, offset: 0 }
    }

    fn check(&self) -> Result<(), LimitError> {
        match self {
            Self::Section { elements } | Self::Preformatted { elements } | Self::Quote { elements } => {
                elements.iter().try_for_each(RichElement::check)
            }
            Self::List { elements: items, .. } => {
                items.iter().flat_map(|item| &item.elements).try_for_each(RichElement::check)
            }
        }
    }
}

/// A block of rich text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RichText {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) block_id: Option<BlockId>,
    elements: Vec<RichPart>,
}

impl RichText {
    /// A block of parts; none of what is in them may be empty, Slack refuses that.
    pub fn new(parts: Vec<RichPart>) -> Result<Self, LimitError> {
        limit::at_least("rich_text.elements", "items", parts.len(), 1)?;
        parts.iter().try_for_each(RichPart::check)?;
        Ok(Self { block_id: None, elements: parts })
    }
}
