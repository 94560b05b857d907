//! Menus of options, of which one is chosen, or several.

use serde::Serialize;

use super::limit::{self, LimitError};
use super::part::{Parts, action, parts};
use super::{Choice, ChoiceGroup, limits};
use crate::ids::ActionId;

/// The options of a menu: as they are, or below headings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
enum Options {
    #[serde(rename = "options")]
    Plain(Vec<Choice>),
    #[serde(rename = "option_groups")]
    Grouped(Vec<ChoiceGroup>),
}

impl Options {
    fn plain(field: &'static str, options: Vec<Choice>) -> Result<Self, LimitError> {
        limit::items(field, &options, limits::OPTIONS)?;
        Ok(Self::Plain(options))
    }

    fn grouped(field: &'static str, groups: Vec<ChoiceGroup>) -> Result<Self, LimitError> {
        limit::items(field, &groups, limits::OPTION_GROUPS)?;
        Ok(Self::Grouped(groups))
    }

    fn get(&self, index: usize) -> Option<Choice> {
        match self {
            Self::Plain(options) => options.get(index).cloned(),
            Self::Grouped(groups) => groups.iter().flat_map(|group| &group.options).nth(index).cloned(),
        }
    }
}

/// A menu of fixed options of which one is chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "static_select")]
pub struct StaticSelect {
    pub(super) action_id: ActionId,
    #[serde(flatten)]
    options: Options,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_option: Option<Choice>,
    #[serde(flatten)]
    parts: Parts,
}

parts!("static_select", StaticSelect: placeholder, confirm, focus);

impl StaticSelect {
    /// A menu with the app's name for it and its options.
    pub fn new(action_id: impl Into<ActionId>, options: Vec<Choice>) -> Result<Self, LimitError> {
        Self::of(action_id.into(), Options::plain("static_select.options", options)?)
    }

    /// A menu whose options stand below headings.
    pub fn of_groups(action_id: impl Into<ActionId>, groups: Vec<ChoiceGroup>) -> Result<Self, LimitError> {
        Self::of(action_id.into(), Options::grouped("static_select.option_groups", groups)?)
    }

    fn of(action_id: ActionId, options: Options) -> Result<Self, LimitError> {
        let action_id = action("static_select.action_id", action_id)?;
        Ok(Self { action_id, options, initial_option: None, parts: Parts::default() })
    }

    /// The option chosen at first, counted from 0 through all groups; beyond the last, none is.
    #[must_use]
    pub fn initial(mut self, index: usize) -> Self {
        self.initial_option = self.options.get(index);
        self
    }
}

/// A menu of fixed options of which several are chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "multi_static_select")]
pub struct MultiStaticSelect {
    pub(super) action_id: ActionId,
    #[serde(flatten)]
    options: Options,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    initial_options: Vec<Choice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_selected_items: Option<usize>,
    #[serde(flatten)]
    parts: Parts,
}

parts!("multi_static_select", MultiStaticSelect: placeholder, confirm, focus, most);

impl MultiStaticSelect {
    /// A menu with the app's name for it and its options.
    pub fn new(action_id: impl Into<ActionId>, options: Vec<Choice>) -> Result<Self, LimitError> {
        Self::of(action_id.into(), Options::plain("multi_static_select.options", options)?)
    }

    /// A menu whose options stand below headings.
    pub fn of_groups(action_id: impl Into<ActionId>, groups: Vec<ChoiceGroup>) -> Result<Self, LimitError> {
        Self::of(action_id.into(), Options::grouped("multi_static_select.option_groups", groups)?)
    }

    fn of(action_id: ActionId, options: Options) -> Result<Self, LimitError> {
        let action_id = action("multi_static_select.action_id", action_id)?;
        let (initial_options, max_selected_items) = (Vec::new(), None);
        Ok(Self { action_id, options, initial_options, max_selected_items, parts: Parts::default() })
    }

    /// The options chosen at first, counted from 0 through all groups; what is beyond the last is left out.
    #[must_use]
    pub fn initial(mut self, indices: &[usize]) -> Self {
        self.initial_options = indices.iter().filter_map(|&index| self.options.get(index)).collect();
        self
    }
}

/// A menu whose options the app gives while the person types, of which one is chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "external_select")]
pub struct ExternalSelect {
    pub(super) action_id: ActionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_option: Option<Choice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_query_length: Option<usize>,
    #[serde(flatten)]
    parts: Parts,
}

parts!("external_select", ExternalSelect: placeholder, confirm, focus);

impl ExternalSelect {
    /// A menu with the app's name for it.
    pub fn new(action_id: impl Into<ActionId>) -> Result<Self, LimitError> {
        let action_id = action("external_select.action_id", action_id)?;
        Ok(Self { action_id, initial_option: None, min_query_length: None, parts: Parts::default() })
    }

    /// The option chosen at first.
    #[must_use]
    pub fn initial(mut self, option: Choice) -> Self {
        self.initial_option = Some(option);
        self
    }

    /// How many characters the person types before the app is asked; 3 unless set.
    #[must_use]
    pub fn min_query_length(mut self, characters: usize) -> Self {
        self.min_query_length = Some(characters);
        self
    }
}

/// A menu whose options the app gives while the person types, of which several are chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "multi_external_select")]
pub struct MultiExternalSelect {
    pub(super) action_id: ActionId,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    initial_options: Vec<Choice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_query_length: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_selected_items: Option<usize>,
    #[serde(flatten)]
    parts: Parts,
}

parts!("multi_external_select", MultiExternalSelect: placeholder, confirm, focus, most);

impl MultiExternalSelect {
    /// A menu with the app's name for it.
    pub fn new(action_id: impl Into<ActionId>) -> Result<Self, LimitError> {
        let action_id = action("multi_external_select.action_id", action_id)?;
        let (initial_options, min_query_length, max_selected_items) = (Vec::new(), None, None);
        Ok(Self { action_id, initial_options, min_query_length, max_selected_items, parts: Parts::default() })
    }

    /// The options chosen at first.
    pub fn initial(mut self, options: Vec<Choice>) -> Result<Self, LimitError> {
        limit::at_most("multi_external_select.initial_options", "items", options.len(), limits::OPTIONS)?;
        self.initial_options = options;
        Ok(self)
    }

    /// How many characters the person types before the app is asked; 3 unless set.
    #[must_use]
    pub fn min_query_length(mut self, characters: usize) -> Self {
        self.min_query_length = Some(characters);
        self
    }
}
