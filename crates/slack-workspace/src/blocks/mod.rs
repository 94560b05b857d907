//! What is inside Block Kit blocks: elements, their ids, and what a person enters in them.

mod element;
mod values;

pub(crate) use element::{Found, each, fill_ids, find, find_in_message, inner, option_of};
pub(crate) use values::{action_fields, feedback, input_errors, keep_entered, keeps_state, set};
pub(crate) use values::{initial_values, state_object};
