//! Elements in which people enter a number, an address, styled text or files.

use std::fmt::Display;

use serde::Serialize;

use super::limit::{self, LimitError};
use super::part::{Parts, action, parts};
use super::{Block, RichText, limits};
use crate::ids::ActionId;

/// A number to type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "number_input")]
pub struct NumberInput {
    pub(super) action_id: ActionId,
    is_decimal_allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_value: Option<String>,
    #[serde(flatten)]
    parts: Parts,
}

/// An e-mail address to type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "email_text_input")]
pub struct EmailInput {
    pub(super) action_id: ActionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_value: Option<String>,
    #[serde(flatten)]
    parts: Parts,
}

/// An address to type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "url_text_input")]
pub struct UrlInput {
    pub(super) action_id: ActionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_value: Option<String>,
    #[serde(flatten)]
    parts: Parts,
}

/// An area for styled text.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename = "rich_text_input")]
pub struct RichTextInput {
    pub(super) action_id: ActionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_value: Option<Box<Block>>,
    #[serde(flatten)]
    parts: Parts,
}

/// Files to give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "file_input")]
pub struct FileInput {
    pub(super) action_id: ActionId,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    filetypes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_files: Option<usize>,
}

parts!("number_input", NumberInput: placeholder, focus);
parts!("email_text_input", EmailInput: placeholder, focus);
parts!("url_text_input", UrlInput: placeholder, focus);
parts!("rich_text_input", RichTextInput: placeholder, focus);

impl NumberInput {
    /// A whole number.
    pub fn whole(action_id: impl Into<ActionId>) -> Result<Self, LimitError> {
        Self::new(action_id.into(), false)
    }

    /// A number that may have a fraction.
    pub fn decimal(action_id: impl Into<ActionId>) -> Result<Self, LimitError> {
        Self::new(action_id.into(), true)
    }

    fn new(action_id: ActionId, is_decimal_allowed: bool) -> Result<Self, LimitError> {
        let action_id = action("number_input.action_id", action_id)?;
        let (initial_value, min_value, max_value) = (None, None, None);
        Ok(Self { action_id, is_decimal_allowed, initial_value, min_value, max_value, parts: Parts::default() })
    }

    /// The number in it at first, written out.
    #[must_use]
    pub fn initial(mut self, number: impl Display) -> Self {
        self.initial_value = Some(number.to_string());
        self
    }

    /// The smallest and the largest number it takes.
    #[must_use]
    pub fn within(mut self, min: impl Display, max: impl Display) -> Self {
        self.min_value = Some(min.to_string());
        self.max_value = Some(max.to_string());
        self
    }
}

impl EmailInput {
    /// A line with the app's name for it.
    pub fn new(action_id: impl Into<ActionId>) -> Result<Self, LimitError> {
        let action_id = action("email_text_input.action_id", action_id)?;
        Ok(Self { action_id, initial_value: None, parts: Parts::default() })
    }

    /// What is in it at first.
    #[must_use]
    pub fn initial(mut self, address: impl Into<String>) -> Self {
        self.initial_value = Some(address.into());
        self
    }
}

impl UrlInput {
    /// A line with the app's name for it.
    pub fn new(action_id: impl Into<ActionId>) -> Result<Self, LimitError> {
        let action_id = action("url_text_input.action_id", action_id)?;
        Ok(Self { action_id, initial_value: None, parts: Parts::default() })
    }

    /// What is in it at first.
    #[must_use]
    pub fn initial(mut self, address: impl Into<String>) -> Self {
        self.initial_value = Some(address.into());
        self
    }
}

impl RichTextInput {
    /// An area with the app's name for it.
    pub fn new(action_id: impl Into<ActionId>) -> Result<Self, LimitError> {
        let action_id = action("rich_text_input.action_id", action_id)?;
        Ok(Self { action_id, initial_value: None, parts: Parts::default() })
    }

    /// What is in it at first.
    #[must_use]
    pub fn initial(mut self, text: RichText) -> Self {
        self.initial_value = Some(Box::new(text.into()));
        self
    }
}

impl FileInput {
    /// A place for files with the app's name for it.
    pub fn new(action_id: impl Into<ActionId>) -> Result<Self, LimitError> {
        let action_id = action("file_input.action_id", action_id)?;
        Ok(Self { action_id, filetypes: Vec::new(), max_files: None })
    }

    /// The kinds of files it takes, such as `pdf`.
    #[must_use]
    pub fn filetypes<T: Into<String>>(mut self, kinds: impl IntoIterator<Item = T>) -> Self {
        self.filetypes = kinds.into_iter().map(Into::into).collect();
        self
    }

    /// How many files it takes.
    pub fn at_most(mut self, files: usize) -> Result<Self, LimitError> {
        limit::at_least("file_input.max_files", "items", files, 1)?;
        limit::at_most("file_input.max_files", "items", files, limits::FILE_INPUT_FILES)?;
        self.max_files = Some(files);
        Ok(self)
    }
}
