//! Elements with which a day or time is chosen.

use serde::Serialize;

use super::limit::{self, LimitError};
use super::limits;
use super::part::{Parts, action, parts};
use crate::ids::ActionId;

/// A calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "datepicker")]
pub struct DatePicker {
    pub(super) action_id: ActionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_date: Option<String>,
    #[serde(flatten)]
    parts: Parts,
}

parts!("datepicker", DatePicker: placeholder, confirm, focus);

impl DatePicker {
    /// A calendar with the app's name for it.
    pub fn new(action_id: impl Into<ActionId>) -> Result<Self, LimitError> {
        let action_id = action("datepicker.action_id", action_id)?;
        Ok(Self { action_id, initial_date: None, parts: Parts::default() })
    }

    /// The day chosen at first, as `YYYY-MM-DD`.
    pub fn initial(mut self, date: impl Into<String>) -> Result<Self, LimitError> {
        self.initial_date = Some(exactly("datepicker.initial_date", date.into(), limits::DATE)?);
        Ok(self)
    }
}

/// A clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "timepicker")]
pub struct TimePicker {
    pub(super) action_id: ActionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<String>,
    #[serde(flatten)]
    parts: Parts,
}

parts!("timepicker", TimePicker: placeholder, confirm, focus);

impl TimePicker {
    /// A clock with the app's name for it.
    pub fn new(action_id: impl Into<ActionId>) -> Result<Self, LimitError> {
        let action_id = action("timepicker.action_id", action_id)?;
        Ok(Self { action_id, initial_time: None, timezone: None, parts: Parts::default() })
    }

    /// The time chosen at first, as `HH:MM` of 24 hours.
    pub fn initial(mut self, time: impl Into<String>) -> Result<Self, LimitError> {
        self.initial_time = Some(exactly("timepicker.initial_time", time.into(), limits::TIME)?);
        Ok(self)
    }

    /// The time zone that is shown beside it, by its name in the IANA's database.
    #[must_use]
    pub fn timezone(mut self, name: impl Into<String>) -> Self {
        self.timezone = Some(name.into());
        self
    }
}

/// A calendar and a clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "datetimepicker")]
pub struct DateTimePicker {
    pub(super) action_id: ActionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_date_time: Option<u64>,
    #[serde(flatten)]
    parts: Parts,
}

parts!("datetimepicker", DateTimePicker: confirm, focus);

impl DateTimePicker {
    /// A calendar and a clock with the app's name for them.
    pub fn new(action_id: impl Into<ActionId>) -> Result<Self, LimitError> {
        let action_id = action("datetimepicker.action_id", action_id)?;
        Ok(Self { action_id, initial_date_time: None, parts: Parts::default() })
    }

    /// The moment chosen at first, in seconds since 1970 (UTC).
    #[must_use]
    pub fn initial(mut self, unix_s: u64) -> Self {
        self.initial_date_time = Some(unix_s);
        self
    }
}

fn exactly(field: &'static str, text: String, length: usize) -> Result<String, LimitError> {
    let actual = text.chars().count();
    limit::at_least(field, "characters", actual, length)?;
    limit::at_most(field, "characters", actual, length)?;
    Ok(text)
}
