//! Composition objects: texts and confirmation dialogs.

use std::borrow::Cow;

use serde::Serialize;

use super::limit::{self, LimitError};
use super::limits;

/// Text that Slack shows as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "plain_text")]
pub struct PlainText {
    text: String,
    emoji: bool,
}

impl PlainText {
    /// Text in which even `:emoji:` names stay letters; right for untrusted text.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), emoji: false }
    }

    /// Text in which `:emoji:` names become pictures.
    pub fn with_emoji(text: impl Into<String>) -> Self {
        Self { text: text.into(), emoji: true }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl<T: Into<String>> From<T> for PlainText {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

/// Text in Slack's own markup, put together from trusted markup and escaped untrusted text.
///
/// Escaping disables mentions and links, but not `* _ ~` and backquotes: untrusted text can still restyle. Where that
/// matters use [`PlainText`] or [`super::RichText`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "mrkdwn")]
pub struct Mrkdwn {
    text: String,
    verbatim: bool,
}

impl Mrkdwn {
    /// Untrusted text, escaped.
    pub fn text(untrusted: &str) -> Self {
        Self::trusted(escape(untrusted))
    }

    /// Markup that this program wrote itself; never what came from elsewhere.
    pub fn trusted(markup: impl Into<String>) -> Self {
        // Verbatim: bare URLs and channel names in the text do not become links by themselves.
        Self { text: markup.into(), verbatim: true }
    }

    /// Appends untrusted text, escaped.
    #[must_use]
    pub fn and_text(mut self, untrusted: &str) -> Self {
        self.text.push_str(&escape(untrusted));
        self
    }

    /// Appends markup that this program wrote itself.
    #[must_use]
    pub fn and_trusted(mut self, markup: &str) -> Self {
        self.text.push_str(markup);
        self
    }

    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Either kind of text object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Text {
    /// Shown as it is.
    Plain(PlainText),
    /// Parsed by Slack.
    Mrkdwn(Mrkdwn),
}

impl Text {
    /// What is inside.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Plain(text) => text.as_str(),
            Self::Mrkdwn(text) => text.as_str(),
        }
    }
}

impl From<PlainText> for Text {
    fn from(text: PlainText) -> Self {
        Self::Plain(text)
    }
}

impl From<Mrkdwn> for Text {
    fn from(text: Mrkdwn) -> Self {
        Self::Mrkdwn(text)
    }
}

/// Escapes `&`, `<` and `>`, which is all that Slack's markup has an escape for.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

/// The dialog that asks again before a click counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_field_names, reason = "the name is Slack's")]
pub struct Confirm {
    title: PlainText,
    text: Text,
    confirm: PlainText,
    deny: PlainText,
    #[serde(skip_serializing_if = "Option::is_none")]
    style: Option<super::ButtonStyle>,
}

impl Confirm {
    /// A dialog with a title, a text, and the words on its two buttons.
    pub fn new(
        title: impl Into<PlainText>,
        text: impl Into<Text>,
        confirm: impl Into<PlainText>,
        deny: impl Into<PlainText>,
    ) -> Result<Self, LimitError> {
        let (title, text, confirm, deny) = (title.into(), text.into(), confirm.into(), deny.into());
        limit::some_chars("confirm.title", title.as_str(), limits::CONFIRM_TITLE)?;
        limit::some_chars("confirm.text", text.as_str(), limits::CONFIRM_TEXT)?;
        limit::some_chars("confirm.confirm", confirm.as_str(), limits::CONFIRM_BUTTON)?;
        limit::some_chars("confirm.deny", deny.as_str(), limits::CONFIRM_BUTTON)?;
        Ok(Self { title, text, confirm, deny, style: None })
    }

    /// The colour of its confirming button.
    #[must_use]
    pub fn style(mut self, style: super::ButtonStyle) -> Self {
        self.style = Some(style);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::Choice;
    use super::*;

    #[test]
    fn untrusted_text_cannot_mention_or_link() {
        let text = Mrkdwn::trusted("*Command:* ").and_text("<!channel> & <https://evil|ok>").and_trusted(" <@U1>");
        assert_eq!(text.as_str(), "*Command:* &lt;!channel&gt; &amp; &lt;https://evil|ok&gt; <@U1>");
    }

    #[test]
    fn text_without_markup_is_not_copied() {
        assert!(matches!(escape("ls -la"), Cow::Borrowed("ls -la")));
    }

    #[test]
    fn limits_count_characters_not_bytes() {
        assert!(Choice::new("é".repeat(75), "v").is_ok());
        let error = Choice::new("é".repeat(76), "v").unwrap_err();
        assert_eq!((error.field(), error.limit(), error.actual()), ("option.text", 75, 76));
        assert_eq!(error.to_string(), "option.text has 76 characters, at most 75");
    }
}
