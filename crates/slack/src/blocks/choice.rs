//! Options, and the elements that show all of theirs at once.

use serde::Serialize;

use super::limit::{self, LimitError};
use super::part::{Parts, action, parts};
use super::{PlainText, Text, limits};
use crate::ids::ActionId;

/// One option of a select.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    text: PlainText,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<PlainText>,
}

/// One option of checkboxes or radio buttons, whose texts may be markup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MarkedChoice {
    text: Text,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<Text>,
}

/// One option of an overflow menu, which may lead to an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OverflowChoice {
    #[serde(flatten)]
    choice: Choice,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// Options of a select below a heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChoiceGroup {
    label: PlainText,
    pub(super) options: Vec<Choice>,
}

impl Choice {
    /// An option with what the person reads and what the app is sent.
    pub fn new(text: impl Into<PlainText>, value: impl Into<String>) -> Result<Self, LimitError> {
        let (text, value) = (text.into(), value.into());
        limit::some_chars("option.text", text.as_str(), limits::OPTION_TEXT)?;
        limit::some_chars("option.value", &value, limits::OPTION_VALUE)?;
        Ok(Self { text, value, description: None })
    }

    /// A second, smaller line.
    pub fn description(mut self, description: impl Into<PlainText>) -> Result<Self, LimitError> {
        let description = description.into();
        limit::some_chars("option.description", description.as_str(), limits::OPTION_DESCRIPTION)?;
        self.description = Some(description);
        Ok(self)
    }
}

impl MarkedChoice {
    /// An option with what the person reads and what the app is sent.
    pub fn new(text: impl Into<Text>, value: impl Into<String>) -> Result<Self, LimitError> {
        let (text, value) = (text.into(), value.into());
        limit::some_chars("option.text", text.as_str(), limits::OPTION_TEXT)?;
        limit::some_chars("option.value", &value, limits::OPTION_VALUE)?;
        Ok(Self { text, value, description: None })
    }

    /// A second, smaller line.
    pub fn description(mut self, description: impl Into<Text>) -> Result<Self, LimitError> {
        let description = description.into();
        limit::some_chars("option.description", description.as_str(), limits::OPTION_DESCRIPTION)?;
        self.description = Some(description);
        Ok(self)
    }
}

impl From<Choice> for MarkedChoice {
    fn from(choice: Choice) -> Self {
        let Choice { text, value, description } = choice;
        Self { text: text.into(), value, description: description.map(Text::from) }
    }
}

impl OverflowChoice {
    /// Opens an address as well; the click is still sent and must be acknowledged.
    pub fn url(choice: Choice, url: impl Into<String>) -> Result<Self, LimitError> {
        let url = url.into();
        limit::some_chars("option.url", &url, limits::URL)?;
        Ok(Self { choice, url: Some(url) })
    }
}

impl From<Choice> for OverflowChoice {
    fn from(choice: Choice) -> Self {
        Self { choice, url: None }
    }
}

impl ChoiceGroup {
    /// Options below a heading.
    pub fn new(label: impl Into<PlainText>, options: Vec<Choice>) -> Result<Self, LimitError> {
        let label = label.into();
        limit::some_chars("option_group.label", label.as_str(), limits::OPTION_TEXT)?;
        limit::items("option_group.options", &options, limits::OPTIONS)?;
        Ok(Self { label, options })
    }
}

/// Boxes of which any number is ticked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "checkboxes")]
pub struct Checkboxes {
    pub(super) action_id: ActionId,
    options: Vec<MarkedChoice>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    initial_options: Vec<MarkedChoice>,
    #[serde(flatten)]
    parts: Parts,
}

parts!("checkboxes", Checkboxes: confirm, focus);

impl Checkboxes {
    /// Boxes with the app's name for them and their options.
    pub fn new(action_id: impl Into<ActionId>, options: Vec<MarkedChoice>) -> Result<Self, LimitError> {
        let action_id = action("checkboxes.action_id", action_id)?;
        limit::items("checkboxes.options", &options, limits::CHOICES)?;
        Ok(Self { action_id, options, initial_options: Vec::new(), parts: Parts::default() })
    }

    /// The options ticked at first, counted from 0; what is beyond the last is left out.
    #[must_use]
    pub fn initial(mut self, indices: &[usize]) -> Self {
        self.initial_options = indices.iter().filter_map(|&index| self.options.get(index).cloned()).collect();
        self
    }
}

/// Round buttons of which one is on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "radio_buttons")]
pub struct RadioButtons {
    pub(super) action_id: ActionId,
    options: Vec<MarkedChoice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_option: Option<MarkedChoice>,
    #[serde(flatten)]
    parts: Parts,
}

parts!("radio_buttons", RadioButtons: confirm, focus);

impl RadioButtons {
    /// Buttons with the app's name for them and their options.
    pub fn new(action_id: impl Into<ActionId>, options: Vec<MarkedChoice>) -> Result<Self, LimitError> {
        let action_id = action("radio_buttons.action_id", action_id)?;
        limit::items("radio_buttons.options", &options, limits::CHOICES)?;
        Ok(Self { action_id, options, initial_option: None, parts: Parts::default() })
    }

    /// The option that is on at first, counted from 0; beyond the last, none is.
    #[must_use]
    pub fn initial(mut self, index: usize) -> Self {
        self.initial_option = self.options.get(index).cloned();
        self
    }
}

/// A button with three dots, behind which options are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "overflow")]
pub struct Overflow {
    pub(super) action_id: ActionId,
    options: Vec<OverflowChoice>,
    #[serde(flatten)]
    parts: Parts,
}

parts!("overflow", Overflow: confirm);

impl Overflow {
    /// A menu with the app's name for it and its options.
    pub fn new(action_id: impl Into<ActionId>, options: Vec<OverflowChoice>) -> Result<Self, LimitError> {
        let action_id = action("overflow.action_id", action_id)?;
        limit::items("overflow.options", &options, limits::OVERFLOW_OPTIONS)?;
        Ok(Self { action_id, options, parts: Parts::default() })
    }
}
