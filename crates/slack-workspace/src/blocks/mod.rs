//! What is inside Block Kit blocks: elements, their ids, and what a person enters in them.

mod element;
mod values;

pub(crate) use element::option_of;
pub(crate) use element::{Found, fill_ids, find, find_in_message};
pub(crate) use values::{action_fields, input_errors, keep_entered, set};
pub(crate) use values::{initial_values, state_object};
