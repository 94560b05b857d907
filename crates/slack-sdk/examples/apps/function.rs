//! A custom function: a step of workflows that adds two numbers.

use countersign_slack_sdk::{App, Function, HandlerError};
use serde::Deserialize;
use serde_json::json;

/// The function's inputs, as its manifest says.
#[derive(Deserialize)]
struct Numbers {
    a: i64,
    b: i64,
}

async fn add(function: Function<Numbers>) -> Result<(), HandlerError> {
    match function.a.checked_add(function.b) {
        Some(sum) => function.complete(&json!({"sum": sum})).await?,
        None => function.fail("The sum is too large.").await?,
    }
    Ok(())
}

/// The app.
pub(crate) fn app() -> App {
    App::new().function("add", add)
}
