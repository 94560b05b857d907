//! `blocks.validate`.

use countersign_slack::blocks::{Surface, validate_blocks, validate_view};
use serde_json::Value;

use super::args::Args;
use super::body::{ApiError, Body};
use super::call::Call;
use super::content::{draft, invalid};
use crate::model::State;

/// `blocks.validate`: judges blocks, a message or a view without doing anything with it.
pub(super) fn validate(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let given: Vec<&str> =
        ["blocks", "message", "view"].into_iter().filter(|name| call.args.get(name).is_some()).collect();
    let [name] = given.as_slice() else {
        let messages = ["[ERROR] exactly one of blocks, message and view is needed".to_owned()];
        return Err(ApiError::new("invalid_arguments").messages(&messages));
    };
    let value = call.args.nested(name).and_then(Result::ok);
    let value = value.ok_or_else(|| ApiError::new(format!("invalid_{name}")))?.into_owned();
    match *name {
        "blocks" => {
            validate_blocks(&value, Surface::Message).map_err(|found| invalid("invalid_blocks", &found))?;
        }
        "view" => validate_view(&value).map_err(|found| invalid("invalid_view", &found))?,
        _ => {
            let Value::Object(fields) = value else { return Err(ApiError::new("invalid_message")) };
            draft(state, &Args::of(fields)).map_err(|error| error.renamed("invalid_message"))?;
        }
    }
    Ok(Body::ok())
}
