//! What many elements have in common.

use serde::Serialize;

use super::limit::{self, LimitError};
use super::{Confirm, PlainText, limits};
use crate::ids::ActionId;

/// Grey words, a question, the cursor: what an element may have beside its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Parts {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) placeholder: Option<PlainText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) confirm: Option<Confirm>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) focus_on_load: bool,
}

/// Checks an action id.
pub(super) fn action(field: &'static str, id: impl Into<ActionId>) -> Result<ActionId, LimitError> {
    let id = id.into();
    limit::some_chars(field, id.as_str(), limits::ACTION_ID)?;
    Ok(id)
}

/// Gives an element with `parts: Parts` the setters it takes.
macro_rules! parts {
    ($element:literal, $kind:ident: $($part:ident),+) => {
        impl $kind {
            $($crate::blocks::part::parts!(@$part $element);)+
        }
    };
    (@placeholder $element:literal) => {
        /// The grey words shown while nothing is in it.
        pub fn placeholder(mut self, text: impl Into<$crate::blocks::PlainText>) -> Result<Self, $crate::blocks::LimitError> {
            let (field, text) = (concat!($element, ".placeholder"), text.into());
            $crate::blocks::limit::some_chars(field, text.as_str(), $crate::blocks::limits::PLACEHOLDER)?;
            self.parts.placeholder = Some(text);
            Ok(self)
        }
    };
    (@confirm $element:literal) => {
        /// Asks again before the choice counts.
        #[must_use]
        pub fn confirm(mut self, confirm: $crate::blocks::Confirm) -> Self {
            self.parts.confirm = Some(confirm);
            self
        }
    };
    (@focus $element:literal) => {
        /// The cursor is here when the view opens.
        #[must_use]
        pub fn focus_on_load(mut self) -> Self {
            self.parts.focus_on_load = true;
            self
        }
    };
    (@most $element:literal) => {
        /// How many can be chosen.
        pub fn at_most(mut self, items: usize) -> Result<Self, $crate::blocks::LimitError> {
            $crate::blocks::limit::at_least(concat!($element, ".max_selected_items"), "items", items, 1)?;
            self.max_selected_items = Some(items);
            Ok(self)
        }
    };
}

pub(super) use parts;
