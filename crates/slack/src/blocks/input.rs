//! The element in which people type.

use serde::Serialize;

use super::limit::{self, LimitError};
use super::{PlainText, limits};
use crate::ids::ActionId;

/// A line or area to type in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "plain_text_input")]
pub struct PlainTextInput {
    pub(super) action_id: ActionId,
    multiline: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    placeholder: Option<PlainText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_length: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_length: Option<usize>,
    #[serde(skip_serializing_if = "is_false")]
    focus_on_load: bool,
}

impl PlainTextInput {
    /// One line.
    pub fn line(action_id: impl Into<ActionId>) -> Result<Self, LimitError> {
        Self::new(action_id.into(), false)
    }

    /// Several lines.
    pub fn area(action_id: impl Into<ActionId>) -> Result<Self, LimitError> {
        Self::new(action_id.into(), true)
    }

    fn new(action_id: ActionId, multiline: bool) -> Result<Self, LimitError> {
        limit::some_chars("plain_text_input.action_id", action_id.as_str(), limits::ACTION_ID)?;
        let (placeholder, initial_value, min_length, max_length) = (None, None, None, None);
        Ok(Self { action_id, multiline, placeholder, initial_value, min_length, max_length, focus_on_load: false })
    }

    /// The grey words shown while it is empty.
    pub fn placeholder(mut self, text: impl Into<PlainText>) -> Result<Self, LimitError> {
        self.placeholder = Some(placeholder("plain_text_input.placeholder", text.into())?);
        Ok(self)
    }

    /// What is in it when the modal opens.
    pub fn initial_value(mut self, value: impl Into<String>) -> Result<Self, LimitError> {
        let value = value.into();
        limit::chars("plain_text_input.initial_value", &value, limits::INPUT_LENGTH)?;
        self.initial_value = Some(value);
        Ok(self)
    }

    /// How many characters it takes, at least and at most.
    pub fn length(mut self, min: usize, max: usize) -> Result<Self, LimitError> {
        limit::at_most("plain_text_input.max_length", "characters", max, limits::INPUT_LENGTH)?;
        limit::at_most("plain_text_input.min_length", "characters", min, max)?;
        self.min_length = (min > 0).then_some(min);
        self.max_length = Some(max);
        Ok(self)
    }

    /// The cursor is here when the modal opens.
    #[must_use]
    pub fn focus_on_load(mut self) -> Self {
        self.focus_on_load = true;
        self
    }
}

fn placeholder(field: &'static str, text: PlainText) -> Result<PlainText, LimitError> {
    limit::some_chars(field, text.as_str(), limits::PLACEHOLDER)?;
    Ok(text)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(value: &bool) -> bool {
    !*value
}
