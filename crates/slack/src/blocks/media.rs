//! Blocks of films, Markdown and tables.

use serde::Serialize;

use super::limit::{self, LimitError};
use super::{Block, PlainText, RichText, limits};
use crate::ids::BlockId;

/// A film, embedded from a site that the app has registered for unfurling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_field_names, reason = "the name is Slack's")]
pub struct Video {
    title: PlainText,
    video_url: String,
    thumbnail_url: String,
    alt_text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<PlainText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    author_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_icon_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) block_id: Option<BlockId>,
}

impl Video {
    /// A film with its title, its address, the address of its picture, and the words for those who do not see it.
    pub fn new(
        title: impl Into<PlainText>,
        video_url: impl Into<String>,
        thumbnail_url: impl Into<String>,
        alt_text: impl Into<String>,
    ) -> Result<Self, LimitError> {
        let (title, alt_text) = (title.into(), alt_text.into());
        limit::some_chars("video.title", title.as_str(), limits::VIDEO_TITLE)?;
        limit::chars("video.alt_text", &alt_text, limits::ALT_TEXT)?;
        Ok(Self {
            title,
            video_url: address("video.video_url", video_url)?,
            thumbnail_url: address("video.thumbnail_url", thumbnail_url)?,
            alt_text,
            title_url: None,
            description: None,
            author_name: None,
            provider_name: None,
            provider_icon_url: None,
            block_id: None,
        })
    }

    /// Where the title leads.
    pub fn title_url(mut self, url: impl Into<String>) -> Result<Self, LimitError> {
        self.title_url = Some(address("video.title_url", url)?);
        Ok(self)
    }

    /// What it is about.
    pub fn description(mut self, text: impl Into<PlainText>) -> Result<Self, LimitError> {
        let text = text.into();
        limit::some_chars("video.description", text.as_str(), limits::VIDEO_DESCRIPTION)?;
        self.description = Some(text);
        Ok(self)
    }

    /// Who made it.
    pub fn author(mut self, name: impl Into<String>) -> Result<Self, LimitError> {
        let name = name.into();
        limit::chars("video.author_name", &name, limits::VIDEO_AUTHOR)?;
        self.author_name = Some(name);
        Ok(self)
    }

    /// Who shows it, by name and picture.
    pub fn provider(mut self, name: impl Into<String>, icon_url: impl Into<String>) -> Result<Self, LimitError> {
        let name = name.into();
        limit::chars("video.provider_name", &name, limits::VIDEO_AUTHOR)?;
        self.provider_name = Some(name);
        self.provider_icon_url = Some(address("video.provider_icon_url", icon_url)?);
        Ok(self)
    }
}

fn address(field: &'static str, url: impl Into<String>) -> Result<String, LimitError> {
    let url = url.into();
    limit::some_chars(field, &url, limits::URL)?;
    Ok(url)
}

/// Text in standard Markdown.
///
/// Markdown has links whose text hides where they lead, and no escape that this crate could offer: only trusted text
/// belongs here, or text whose links do not matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Markdown {
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) block_id: Option<BlockId>,
}

impl Markdown {
    /// A text that this program wrote itself, or answers for. All Markdown of one message shares the limit; see
    /// [`super::check_message`].
    pub fn trusted(text: impl Into<String>) -> Result<Self, LimitError> {
        let text = text.into();
        limit::some_chars("markdown.text", &text, limits::MARKDOWN_TEXT)?;
        Ok(Self { text, block_id: None })
    }

    pub(super) fn length(&self) -> usize {
        self.text.chars().count()
    }
}

/// Rows and columns; the first row is the header.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Table {
    rows: Vec<Vec<Cell>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    column_settings: Vec<Column>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) block_id: Option<BlockId>,
}

/// One cell of a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Cell {
    /// Text as it is.
    RawText {
        /// The text.
        text: String,
    },
    /// Styled text.
    #[serde(untagged)]
    Rich(Box<Block>),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::RawText { text: text.to_owned() }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::RawText { text }
    }
}

impl From<RichText> for Cell {
    fn from(text: RichText) -> Self {
        Self::Rich(Box::new(text.into()))
    }
}

/// How a column is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Column {
    /// To which side its cells lean.
    pub align: Align,
    /// Long lines are broken rather than cut.
    pub is_wrapped: bool,
}

/// To which side the cells of a column lean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Align {
    /// To the left.
    #[default]
    Left,
    /// To neither.
    Center,
    /// To the right.
    Right,
}

impl Table {
    /// A table of rows, the header first.
    pub fn new(rows: Vec<Vec<Cell>>) -> Result<Self, LimitError> {
        limit::items("table.rows", &rows, limits::TABLE_ROWS)?;
        for row in &rows {
            limit::items("table.rows cells", row, limits::TABLE_COLUMNS)?;
        }
        Ok(Self { rows, column_settings: Vec::new(), block_id: None })
    }

    /// How its columns are set, from the first on.
    pub fn columns(mut self, columns: Vec<Column>) -> Result<Self, LimitError> {
        limit::at_most("table.column_settings", "items", columns.len(), limits::TABLE_COLUMNS)?;
        self.column_settings = columns;
        Ok(self)
    }
}
