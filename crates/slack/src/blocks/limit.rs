//! What a builder says when Slack would refuse the result.

use thiserror::Error;

/// A part of a block that is larger or smaller than Slack takes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field} has {actual} {unit}, {rule} {limit}")]
pub struct LimitError {
    field: &'static str,
    unit: &'static str,
    rule: &'static str,
    limit: usize,
    actual: usize,
}

impl LimitError {
    /// The part, such as `section.text`.
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// The limit that does not hold.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// What was there.
    pub fn actual(&self) -> usize {
        self.actual
    }
}

/// Checks a text's length in Unicode characters.
pub(super) fn chars(field: &'static str, text: &str, max: usize) -> Result<(), LimitError> {
    // Every character is at least one byte: short texts, nearly all, need no counting.
    if text.len() > max {
        at_most(field, "characters", text.chars().count(), max)?;
    }
    Ok(())
}

/// Checks a text that must not be empty.
pub(super) fn some_chars(field: &'static str, text: &str, max: usize) -> Result<(), LimitError> {
    at_least(field, "characters", text.len(), 1)?;
    chars(field, text, max)
}

/// Checks the number of items in a list that must not be empty.
pub(super) fn items<T>(field: &'static str, items: &[T], max: usize) -> Result<(), LimitError> {
    at_least(field, "items", items.len(), 1)?;
    at_most(field, "items", items.len(), max)
}

pub(super) fn at_most(field: &'static str, unit: &'static str, actual: usize, limit: usize) -> Result<(), LimitError> {
    if actual > limit { Err(LimitError { field, unit, rule: "at most", limit, actual }) } else { Ok(()) }
}

pub(super) fn at_least(field: &'static str, unit: &'static str, actual: usize, limit: usize) -> Result<(), LimitError> {
    if actual < limit { Err(LimitError { field, unit, rule: "at least", limit, actual }) } else { Ok(()) }
}

/// Checks that no name stands twice.
pub(super) fn unique<'n>(field: &'static str, names: impl Iterator<Item = &'n str>) -> Result<(), LimitError> {
    let mut uses = std::collections::HashMap::new();
    for name in names.filter(|name| !name.is_empty()) {
        let count = uses.entry(name).or_insert(0);
        *count += 1;
        at_most(field, "items", *count, 1)?;
    }
    Ok(())
}
