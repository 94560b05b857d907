//! Custom functions: steps of workflows that the app executes.

use std::ops::Deref;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::{FromRequest, Rejection, Request, SendError};

/// The outputs of a function cannot be written as an object.
#[derive(Debug, Error)]
pub enum FunctionError {
    /// They are not an object of JSON.
    #[error("the outputs of a function are to be an object")]
    Outputs,
    /// Slack refused, or was not reached.
    #[error("the function could not be ended")]
    Send(#[from] SendError),
}

/// One execution of a custom function: its inputs, and the way to end it.
///
/// `I` is read from the inputs. Until it is completed or failed, the workflow waits; the elements of messages that belong to
/// the execution can end it as well. Calls go out with the function's own token.
///
/// ```
/// # use countersign_slack_sdk::{App, Function, HandlerError};
/// #[derive(serde::Deserialize)]
/// struct Numbers {
///     a: i64,
///     b: i64,
/// }
///
/// async fn add(sum: Function<Numbers>) -> Result<(), HandlerError> {
///     match sum.a.checked_add(sum.b) {
///         Some(total) => sum.complete(&serde_json::json!({"total": total})).await?,
///         None => sum.fail("The sum is too large.").await?,
///     }
///     Ok(())
/// }
///
/// let app: App = App::new().function("add", add);
/// ```
#[derive(Debug, Clone)]
pub struct Function<I = Map<String, Value>> {
    /// What it is given.
    pub inputs: I,
    execution_id: String,
    request: Request,
}

impl<I> Function<I> {
    /// This one execution.
    pub fn execution_id(&self) -> &str {
        &self.execution_id
    }

    /// Ends it with its outputs.
    ///
    /// # Errors
    /// When the outputs are no object, there is no token, or Slack refuses.
    pub async fn complete(&self, outputs: &impl Serialize) -> Result<(), FunctionError> {
        let outputs = serde_json::to_value(outputs).ok().filter(Value::is_object).ok_or(FunctionError::Outputs)?;
        self.end("functions.completeSuccess", json!({"function_execution_id": self.execution_id, "outputs": outputs}))
            .await
    }

    /// Ends it with an error, which whoever started the workflow reads.
    ///
    /// # Errors
    /// When there is no token, or Slack refuses.
    pub async fn fail(&self, error: &str) -> Result<(), FunctionError> {
        self.end("functions.completeError", json!({"function_execution_id": self.execution_id, "error": error})).await
    }

    async fn end(&self, method: &str, args: Value) -> Result<(), FunctionError> {
        let client = self.request.client().await.map_err(SendError::from)?;
        client.call::<Value>(method, &args).await.map_err(SendError::from)?;
        Ok(())
    }
}

impl<I> Deref for Function<I> {
    type Target = I;

    fn deref(&self) -> &I {
        &self.inputs
    }
}

impl<S: Sync, I: DeserializeOwned + Send> FromRequest<S> for Function<I> {
    type Rejection = Rejection;

    async fn from_request(request: &Request, _: &S) -> Result<Self, Rejection> {
        let payload: Value = serde_json::from_str(request.payload()).map_err(Rejection::shape("Function"))?;
        // Of an event, or of an element in a message that an execution posted.
        let of_event = (payload.pointer("/event/function_execution_id"), payload.pointer("/event/inputs"));
        let of_element = (payload.pointer("/function_data/execution_id"), payload.pointer("/function_data/inputs"));
        let (id, inputs) = if of_event.0.is_some() { of_event } else { of_element };
        let Some(execution_id) = id.and_then(Value::as_str) else {
            return Err(Rejection::missing("Function", "function's execution"));
        };
        let inputs = inputs.cloned().unwrap_or_else(|| json!({}));
        let inputs = serde_json::from_value(inputs).map_err(Rejection::shape("Function"))?;
        Ok(Self { inputs, execution_id: execution_id.to_owned(), request: request.clone() })
    }
}
