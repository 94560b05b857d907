//! Elements that blocks hold: buttons and pictures.

use serde::Serialize;

use super::limit::{self, LimitError};
use super::{
    ChannelsSelect, Checkboxes, Confirm, ConversationsSelect, DatePicker, DateTimePicker, EmailInput, ExternalSelect,
    FileInput, Mrkdwn, MultiChannelsSelect, MultiConversationsSelect, MultiExternalSelect, MultiStaticSelect,
    MultiUsersSelect, NumberInput, Overflow, PlainText, PlainTextInput, RadioButtons, RichTextInput, StaticSelect,
    TimePicker, UrlInput, UsersSelect, limits,
};
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
    pub(super) action_id: ActionId,
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

macro_rules! elements {
    ($($(#[$doc:meta])* $kind:ident => $variant:ident;)+) => {
        /// What a section's accessory, an actions block or an input block holds.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum Element {
            /// A picture; in sections only.
            Image(ImageElement),
            $($(#[$doc])* $variant($kind),)+
            /// Any other element, as JSON; not checked.
            Raw(serde_json::Value),
        }

        impl Element {
            /// The app's name for it, where it has one.
            pub fn action_id(&self) -> Option<&str> {
                match self {
                    Self::Image(_) => None,
                    $(Self::$variant(element) => Some(element.action_id.as_str()),)+
                    Self::Raw(element) => element.get("action_id").and_then(serde_json::Value::as_str),
                }
            }
        }

        impl From<ImageElement> for Element {
            fn from(element: ImageElement) -> Self {
                Self::Image(element)
            }
        }

        $(impl From<$kind> for Element {
            fn from(element: $kind) -> Self {
                Self::$variant(element)
            }
        })+
    };
}

elements! {
    /// A button.
    Button => Button;
    /// A line or area to type in; in inputs only.
    PlainTextInput => PlainTextInput;
    /// A number to type; in inputs only.
    NumberInput => NumberInput;
    /// An e-mail address to type; in inputs only.
    EmailInput => EmailInput;
    /// An address to type; in inputs only.
    UrlInput => UrlInput;
    /// An area for styled text; in inputs and actions.
    RichTextInput => RichTextInput;
    /// Files to give; in inputs only.
    FileInput => FileInput;
    /// Boxes to tick.
    Checkboxes => Checkboxes;
    /// Round buttons of which one is on.
    RadioButtons => RadioButtons;
    /// A button with options behind it.
    Overflow => Overflow;
    /// A calendar.
    DatePicker => DatePicker;
    /// A clock.
    TimePicker => TimePicker;
    /// A calendar and a clock; in inputs and actions.
    DateTimePicker => DateTimePicker;
    /// A menu of fixed options.
    StaticSelect => StaticSelect;
    /// A menu of options that the app gives.
    ExternalSelect => ExternalSelect;
    /// A menu of people.
    UsersSelect => UsersSelect;
    /// A menu of conversations.
    ConversationsSelect => ConversationsSelect;
    /// A menu of public channels.
    ChannelsSelect => ChannelsSelect;
    /// A menu of fixed options, several of which are chosen.
    MultiStaticSelect => MultiStaticSelect;
    /// A menu of options that the app gives, several of which are chosen.
    MultiExternalSelect => MultiExternalSelect;
    /// A menu of people, several of whom are chosen.
    MultiUsersSelect => MultiUsersSelect;
    /// A menu of conversations, several of which are chosen.
    MultiConversationsSelect => MultiConversationsSelect;
    /// A menu of public channels, several of which are chosen.
    MultiChannelsSelect => MultiChannelsSelect;
}

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
