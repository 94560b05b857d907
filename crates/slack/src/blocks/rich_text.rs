//! Rich text: styled text that Slack never parses, and therefore the place for what others wrote.

use serde::Serialize;

use super::limit::{self, LimitError};
use super::limits;
use crate::ids::{BlockId, ChannelId, UserId};

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
    },
    /// A mention, which notifies.
    User {
        /// Whom.
        user_id: UserId,
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

    fn elements(&self) -> &[RichElement] {
        match self {
            Self::Section { elements } | Self::Preformatted { elements } | Self::Quote { elements } => elements,
        }
    }
}

/// A block of rich text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RichText {
    #[serde(skip_serializing_if = "Option::is_none")]
    block_id: Option<BlockId>,
    elements: Vec<RichPart>,
}

impl RichText {
    /// A block of parts; none of its texts may be empty, Slack refuses those.
    pub fn new(parts: Vec<RichPart>) -> Result<Self, LimitError> {
        limit::at_least("rich_text.elements", "items", parts.len(), 1)?;
        for element in parts.iter().flat_map(RichPart::elements) {
            if let RichElement::Text { text, .. } = element {
                limit::at_least("rich_text text", "characters", text.len(), 1)?;
            }
        }
        Ok(Self { block_id: None, elements: parts })
    }

    /// The app's name for the block.
    pub fn block_id(mut self, block_id: impl Into<BlockId>) -> Result<Self, LimitError> {
        let block_id = block_id.into();
        limit::some_chars("rich_text.block_id", block_id.as_str(), limits::BLOCK_ID)?;
        self.block_id = Some(block_id);
        Ok(self)
    }
}
