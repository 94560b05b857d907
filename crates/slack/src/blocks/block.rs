//! The blocks of a message or view.

use serde::Serialize;

use super::limit::{self, LimitError};
use super::{ContextElement, Element, Markdown, PlainText, RichText, Table, Text, Video, limits};
use crate::ids::BlockId;

/// One block.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Block {
    /// Large text.
    Header(Header),
    /// Text, fields and one element beside them.
    Section(Section),
    /// Small texts and pictures.
    Context(Context),
    /// A line.
    Divider(Divider),
    /// Buttons and menus.
    Actions(Actions),
    /// A labelled element in which people enter something.
    Input(Input),
    /// Styled text that is never parsed.
    RichText(RichText),
    /// A picture.
    Image(Image),
    /// A remote file.
    File(FileBlock),
    /// A film.
    Video(Video),
    /// Text in standard Markdown; in messages only.
    Markdown(Markdown),
    /// Rows and columns; in messages only.
    Table(Table),
    /// Any other block, as JSON with its own `type`; not checked.
    #[serde(untagged)]
    Raw(serde_json::Value),
}

macro_rules! blocks {
    ($($kind:ident => $variant:ident, $id:literal;)+) => {$(
        impl From<$kind> for Block {
            fn from(block: $kind) -> Self {
                Self::$variant(block)
            }
        }

        impl $kind {
            /// The app's name for the block, unique in its message or view.
            pub fn block_id(mut self, block_id: impl Into<BlockId>) -> Result<Self, LimitError> {
                let block_id = block_id.into();
                limit::some_chars($id, block_id.as_str(), limits::BLOCK_ID)?;
                self.block_id = Some(block_id);
                Ok(self)
            }
        }
    )+};
}

blocks! {
    Header => Header, "header.block_id";
    Section => Section, "section.block_id";
    Context => Context, "context.block_id";
    Divider => Divider, "divider.block_id";
    Actions => Actions, "actions.block_id";
    Input => Input, "input.block_id";
    Image => Image, "image.block_id";
    FileBlock => File, "file.block_id";
    RichText => RichText, "rich_text.block_id";
    Video => Video, "video.block_id";
    Markdown => Markdown, "markdown.block_id";
    Table => Table, "table.block_id";
}

impl Block {
    /// The app's name for it, where it has one.
    pub fn id(&self) -> Option<&str> {
        let id = match self {
            Self::Header(block) => &block.block_id,
            Self::Section(block) => &block.block_id,
            Self::Context(block) => &block.block_id,
            Self::Divider(block) => &block.block_id,
            Self::Actions(block) => &block.block_id,
            Self::Input(block) => &block.block_id,
            Self::RichText(block) => &block.block_id,
            Self::Image(block) => &block.block_id,
            Self::File(block) => &block.block_id,
            Self::Video(block) => &block.block_id,
            Self::Markdown(block) => &block.block_id,
            Self::Table(block) => &block.block_id,
            Self::Raw(block) => return block.get("block_id").and_then(serde_json::Value::as_str),
        };
        id.as_ref().map(BlockId::as_str)
    }
}

/// Checks the blocks of a message together: how many there are, that their names differ, and how much Markdown they hold.
pub fn check_message(blocks: &[Block]) -> Result<(), LimitError> {
    limit::at_most("message.blocks", "items", blocks.len(), limits::MESSAGE_BLOCKS)?;
    limit::unique("message.blocks with one block_id", blocks.iter().filter_map(Block::id))?;
    let markdown = blocks.iter().map(|block| if let Block::Markdown(markdown) = block { markdown.length() } else { 0 });
    limit::at_most("message.blocks markdown", "characters", markdown.sum(), limits::MARKDOWN_TEXT)
}

/// Large text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Header {
    text: PlainText,
    #[serde(skip_serializing_if = "Option::is_none")]
    block_id: Option<BlockId>,
}

impl Header {
    /// A header with its text.
    pub fn new(text: impl Into<PlainText>) -> Result<Self, LimitError> {
        let text = text.into();
        limit::some_chars("header.text", text.as_str(), limits::HEADER_TEXT)?;
        Ok(Self { text, block_id: None })
    }
}

/// Text, fields and one element beside them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Section {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Text>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accessory: Option<Element>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    expand: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    block_id: Option<BlockId>,
}

impl Section {
    const EMPTY: Self = Self { text: None, fields: Vec::new(), accessory: None, expand: false, block_id: None };

    /// A section with a text.
    pub fn new(text: impl Into<Text>) -> Result<Self, LimitError> {
        let text = text.into();
        limit::some_chars("section.text", text.as_str(), limits::SECTION_TEXT)?;
        Ok(Self { text: Some(text), ..Self::EMPTY })
    }

    /// A section of fields alone.
    pub fn of_fields(fields: Vec<Text>) -> Result<Self, LimitError> {
        limit::at_least("section.fields", "items", fields.len(), 1)?;
        Self::EMPTY.fields(fields)
    }

    /// Fields, shown in two columns.
    pub fn fields(mut self, fields: Vec<Text>) -> Result<Self, LimitError> {
        limit::at_most("section.fields", "items", fields.len(), limits::SECTION_FIELDS)?;
        for field in &fields {
            limit::some_chars("section.fields text", field.as_str(), limits::SECTION_FIELD)?;
        }
        self.fields = fields;
        Ok(self)
    }

    /// The element beside the text.
    #[must_use]
    pub fn accessory(mut self, element: impl Into<Element>) -> Self {
        self.accessory = Some(element.into());
        self
    }

    /// The whole text is shown, however long; otherwise Slack folds it.
    #[must_use]
    pub fn expanded(mut self) -> Self {
        self.expand = true;
        self
    }
}

/// Small texts and pictures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Context {
    elements: Vec<ContextElement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block_id: Option<BlockId>,
}

impl Context {
    /// A context of these elements.
    pub fn new(elements: Vec<ContextElement>) -> Result<Self, LimitError> {
        limit::items("context.elements", &elements, limits::CONTEXT_ELEMENTS)?;
        for text in elements.iter().filter_map(ContextElement::text) {
            limit::some_chars("context.elements text", text, limits::TEXT)?;
        }
        Ok(Self { elements, block_id: None })
    }
}

/// A line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Divider {
    #[serde(skip_serializing_if = "Option::is_none")]
    block_id: Option<BlockId>,
}

impl Divider {
    /// A line.
    pub fn new() -> Self {
        Self::default()
    }
}

/// Buttons and menus.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Actions {
    elements: Vec<Element>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block_id: Option<BlockId>,
}

impl Actions {
    /// A row of these elements.
    pub fn new(elements: Vec<Element>) -> Result<Self, LimitError> {
        limit::items("actions.elements", &elements, limits::ACTIONS_ELEMENTS)?;
        limit::unique("actions.elements with one action_id", elements.iter().filter_map(Element::action_id))?;
        Ok(Self { elements, block_id: None })
    }
}

/// A labelled element in which people enter something.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Input {
    label: PlainText,
    element: Element,
    optional: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dispatch_action: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<PlainText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block_id: Option<BlockId>,
}

impl Input {
    /// An input that must be filled in.
    pub fn new(label: impl Into<PlainText>, element: impl Into<Element>) -> Result<Self, LimitError> {
        let label = label.into();
        limit::some_chars("input.label", label.as_str(), limits::INPUT_LABEL)?;
        let (element, hint, block_id) = (element.into(), None, None);
        Ok(Self { label, element, optional: false, dispatch_action: false, hint, block_id })
    }

    /// It may be left empty.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// What is entered is sent at once, not only with the whole view.
    #[must_use]
    pub fn dispatched(mut self) -> Self {
        self.dispatch_action = true;
        self
    }

    /// Small words below.
    pub fn hint(mut self, hint: impl Into<PlainText>) -> Result<Self, LimitError> {
        let hint = hint.into();
        limit::some_chars("input.hint", hint.as_str(), limits::INPUT_HINT)?;
        self.hint = Some(hint);
        Ok(self)
    }
}

/// A picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_field_names, reason = "the name is Slack's")]
pub struct Image {
    image_url: String,
    alt_text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<PlainText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    block_id: Option<BlockId>,
}

impl Image {
    /// A picture and the words for those who do not see it.
    pub fn new(image_url: impl Into<String>, alt_text: impl Into<String>) -> Result<Self, LimitError> {
        let (image_url, alt_text) = (image_url.into(), alt_text.into());
        limit::some_chars("image.image_url", &image_url, limits::URL)?;
        limit::chars("image.alt_text", &alt_text, limits::ALT_TEXT)?;
        Ok(Self { image_url, alt_text, title: None, block_id: None })
    }

    /// The line above the picture.
    pub fn title(mut self, title: impl Into<PlainText>) -> Result<Self, LimitError> {
        let title = title.into();
        limit::chars("image.title", title.as_str(), limits::IMAGE_TITLE)?;
        self.title = Some(title);
        Ok(self)
    }
}

/// A remote file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileBlock {
    external_id: String,
    source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    block_id: Option<BlockId>,
}

impl FileBlock {
    /// The remote file that the app registered under this id.
    pub fn remote(external_id: impl Into<String>) -> Result<Self, LimitError> {
        let external_id = external_id.into();
        limit::some_chars("file.external_id", &external_id, limits::EXTERNAL_ID)?;
        Ok(Self { external_id, source: "remote", block_id: None })
    }
}

#[cfg(test)]
mod tests;
