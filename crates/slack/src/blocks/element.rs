//! Elements that blocks hold: buttons and pictures.

use serde::Serialize;

use super::limit::{self, LimitError};
use super::{Confirm, Mrkdwn, PlainText, PlainTextInput, StaticSelect, limits};
use crate::ids::ActionId;

/// The colour of a button.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ButtonStyle {
    /// Green.
    Primary,
    /// Red.
    Danger,
}

/// A button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "button")]
pub struct Button {
    action_id: ActionId,
    text: PlainText,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    style: Option<ButtonStyle>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm: Option<Confirm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accessibility_label: Option<String>,
}

impl Button {
    /// A button with the app's name for it and what people read on it.
    pub fn new(action_id: impl Into<ActionId>, text: impl Into<PlainText>) -> Result<Self, LimitError> {
        let (action_id, text) = (action_id.into(), text.into());
        limit::some_chars("button.action_id", action_id.as_str(), limits::ACTION_ID)?;
        limit::some_chars("button.text", text.as_str(), limits::BUTTON_TEXT)?;
        Ok(Self { action_id, text, value: None, style: None, url: None, confirm: None, accessibility_label: None })
    }

    /// What a click sends.
    pub fn value(mut self, value: impl Into<String>) -> Result<Self, LimitError> {
        let value = value.into();
        limit::chars("button.value", &value, limits::BUTTON_VALUE)?;
        self.value = Some(value);
        Ok(self)
    }

    /// The colour.
    #[must_use]
    pub fn style(mut self, style: ButtonStyle) -> Self {
        self.style = Some(style);
        self
    }

    /// Opens an address as well; the click is still sent and must be acknowledged.
    pub fn url(mut self, url: impl Into<String>) -> Result<Self, LimitError> {
        let url = url.into();
        limit::some_chars("button.url", &url, limits::URL)?;
        self.url = Some(url);
        Ok(self)
    }

    /// Asks again before the click counts.
    #[must_use]
    pub fn confirm(mut self, confirm: Confirm) -> Self {
        self.confirm = Some(confirm);
        self
    }

    /// What a screen reader says in place of the text.
    pub fn accessibility_label(mut self, label: impl Into<String>) -> Result<Self, LimitError> {
        let label = label.into();
        limit::chars("button.accessibility_label", &label, limits::BUTTON_LABEL)?;
        self.accessibility_label = Some(label);
        Ok(self)
    }
}

/// A picture inside a section or context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "image")]
pub struct ImageElement {
    image_url: String,
    alt_text: String,
}

impl ImageElement {
    /// A picture and the words for those who do not see it.
    pub fn new(image_url: impl Into<String>, alt_text: impl Into<String>) -> Result<Self, LimitError> {
        let (image_url, alt_text) = (image_url.into(), alt_text.into());
        limit::some_chars("image.image_url", &image_url, limits::URL)?;
        limit::chars("image.alt_text", &alt_text, limits::ALT_TEXT)?;
        Ok(Self { image_url, alt_text })
    }
}

/// What a section's accessory, an actions block or an input block holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Element {
    /// A button.
    Button(Button),
    /// A picture; in sections only.
    Image(ImageElement),
    /// A line or area to type in; in inputs only.
    PlainTextInput(PlainTextInput),
    /// A menu of fixed options.
    StaticSelect(StaticSelect),
    /// Any other element, as JSON; not checked.
    Raw(serde_json::Value),
}

macro_rules! into_element {
    ($($kind:ident => $variant:ident),+ $(,)?) => {$(
        impl From<$kind> for Element {
            fn from(element: $kind) -> Self {
                Self::$variant(element)
            }
        }
    )+};
}

into_element!(Button => Button, ImageElement => Image, PlainTextInput => PlainTextInput, StaticSelect => StaticSelect);

/// What a context block holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ContextElement {
    /// Text as it is.
    Plain(PlainText),
    /// Text in Slack's markup.
    Mrkdwn(Mrkdwn),
    /// A picture.
    Image(ImageElement),
}

impl ContextElement {
    /// What has to be within the limit of a text.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Plain(text) => Some(text.as_str()),
            Self::Mrkdwn(text) => Some(text.as_str()),
            Self::Image(_) => None,
        }
    }
}

impl From<PlainText> for ContextElement {
    fn from(text: PlainText) -> Self {
        Self::Plain(text)
    }
}

impl From<Mrkdwn> for ContextElement {
    fn from(text: Mrkdwn) -> Self {
        Self::Mrkdwn(text)
    }
}

impl From<ImageElement> for ContextElement {
    fn from(image: ImageElement) -> Self {
        Self::Image(image)
    }
}
