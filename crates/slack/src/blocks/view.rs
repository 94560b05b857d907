//! Views: modals and Home tabs.

use serde::Serialize;

use super::limit::{self, LimitError};
use super::{Block, PlainText, limits};
use crate::ids::CallbackId;

/// Where a view is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ViewKind {
    /// Over everything, until it is closed.
    Modal,
    /// In the app's Home tab.
    Home,
}

/// A modal or Home tab.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct View {
    #[serde(rename = "type")]
    kind: ViewKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<PlainText>,
    blocks: Vec<Block>,
    #[serde(skip_serializing_if = "Option::is_none")]
    submit: Option<PlainText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    close: Option<PlainText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_id: Option<CallbackId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_metadata: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    notify_on_close: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    clear_on_close: bool,
}

impl View {
    /// A modal with its title and blocks.
    pub fn modal(title: impl Into<PlainText>, blocks: Vec<Block>) -> Result<Self, LimitError> {
        let title = title.into();
        limit::some_chars("view.title", title.as_str(), limits::VIEW_TITLE)?;
        let mut view = Self::home(blocks)?;
        view.kind = ViewKind::Modal;
        view.title = Some(title);
        Ok(view)
    }

    /// A Home tab with its blocks.
    pub fn home(blocks: Vec<Block>) -> Result<Self, LimitError> {
        limit::at_most("view.blocks", "items", blocks.len(), limits::VIEW_BLOCKS)?;
        limit::unique("view.blocks with one block_id", blocks.iter().filter_map(Block::id))?;
        Ok(Self {
            kind: ViewKind::Home,
            title: None,
            blocks,
            submit: None,
            close: None,
            callback_id: None,
            private_metadata: None,
            external_id: None,
            notify_on_close: false,
            clear_on_close: false,
        })
    }

    /// The word on the submitting button; a modal with inputs needs one.
    pub fn submit(mut self, text: impl Into<PlainText>) -> Result<Self, LimitError> {
        let text = text.into();
        limit::some_chars("view.submit", text.as_str(), limits::VIEW_TITLE)?;
        self.submit = Some(text);
        Ok(self)
    }

    /// The word on the closing button.
    pub fn close(mut self, text: impl Into<PlainText>) -> Result<Self, LimitError> {
        let text = text.into();
        limit::some_chars("view.close", text.as_str(), limits::VIEW_TITLE)?;
        self.close = Some(text);
        Ok(self)
    }

    /// The app's name for this kind of view.
    pub fn callback_id(mut self, id: impl Into<CallbackId>) -> Result<Self, LimitError> {
        let id = id.into();
        limit::some_chars("view.callback_id", id.as_str(), limits::CALLBACK_ID)?;
        self.callback_id = Some(id);
        Ok(self)
    }

    /// What comes back with the submission, unseen by people.
    pub fn private_metadata(mut self, metadata: impl Into<String>) -> Result<Self, LimitError> {
        let metadata = metadata.into();
        limit::chars("view.private_metadata", &metadata, limits::PRIVATE_METADATA)?;
        self.private_metadata = Some(metadata);
        Ok(self)
    }

    /// The app's unique name for this one view.
    pub fn external_id(mut self, id: impl Into<String>) -> Result<Self, LimitError> {
        let id = id.into();
        limit::some_chars("view.external_id", &id, limits::EXTERNAL_ID)?;
        self.external_id = Some(id);
        Ok(self)
    }

    /// Checks what only the whole view shows: how large it is, and that it can be submitted where something is entered.
    pub fn check(&self) -> Result<(), LimitError> {
        let has_input = self.blocks.iter().any(|block| matches!(block, Block::Input(_)));
        if self.kind == ViewKind::Modal && has_input {
            limit::at_least(
                "view.submit",
                "characters",
                self.submit.as_ref().map_or(0, |text| text.as_str().len()),
                1,
            )?;
        }
        // What cannot be written is not too large; sending it says what is wrong with it.
        let bytes = serde_json::to_vec(self).map_or(0, |bytes| bytes.len());
        limit::at_most("view", "bytes", bytes, limits::VIEW_BYTES)
    }

    /// The app is told when the view is closed.
    #[must_use]
    pub fn notify_on_close(mut self) -> Self {
        self.notify_on_close = true;
        self
    }

    /// Closing it closes every view below it.
    #[must_use]
    pub fn clear_on_close(mut self) -> Self {
        self.clear_on_close = true;
        self
    }
}
