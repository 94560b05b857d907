//! What can go wrong with a call.

use std::time::Duration;

use serde_json::Value;
use thiserror::Error;

/// Why a client could not be made.
#[derive(Debug, Error)]
#[error("could not set up the HTTP client")]
pub struct ClientError(#[from] pub(super) reqwest::Error);

/// Why a call failed.
#[derive(Debug, Error)]
pub enum Error {
    /// Slack was not reached, or the connection broke.
    #[error("{method}: Slack could not be reached")]
    Transport {
        /// The method.
        method: String,
        /// What happened, without the address.
        source: reqwest::Error,
    },
    /// Slack answered with something else than 200.
    #[error("{method}: HTTP status {status}")]
    Http {
        /// The method.
        method: String,
        /// The status.
        status: u16,
    },
    /// Too many calls; the retries, if any, are used up.
    #[error("{method}: rate limited, to be tried again in {} s", retry_after.as_secs())]
    RateLimited {
        /// The method.
        method: String,
        /// How long Slack asks to wait.
        retry_after: Duration,
    },
    /// Slack refused the call.
    #[error("{0}")]
    Api(Box<ApiError>),
    /// Slack's answer is not what the method answers with.
    #[error("{method}: the answer could not be read")]
    BadJson {
        /// The method.
        method: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Slack's answer is larger than any answer should be.
    #[error("{method}: the answer is larger than {limit} bytes")]
    TooLarge {
        /// The method.
        method: String,
        /// How much is read.
        limit: usize,
    },
    /// The arguments cannot be written as JSON, or not as a form.
    #[error("{method}: the arguments could not be encoded")]
    Encode {
        /// The method.
        method: String,
        /// What is wrong with them.
        source: serde_json::Error,
    },
    /// An address that Slack, or somebody in its name, handed out is not used.
    #[error("{method}: the address is not one of Slack's")]
    ForeignUrl {
        /// What was to be done.
        method: String,
    },
}

/// Slack's refusal of a call.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{method}: {error}{}", detail(needed.as_deref(), messages))]
pub struct ApiError {
    /// The method.
    pub method: String,
    /// The code, such as `channel_not_found`.
    pub error: String,
    /// The scope that is missing, with `missing_scope`.
    pub needed: Option<String>,
    /// The scopes that the token has, with `missing_scope`.
    pub provided: Option<String>,
    /// What exactly is wrong, with `invalid_arguments`, `invalid_blocks` and `invalid_manifest`; with the place, where Slack
    /// names one.
    pub messages: Vec<String>,
    /// What Slack would do differently.
    pub warnings: Vec<String>,
}

impl Error {
    /// Slack's code, where Slack refused.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Api(error) => Some(&error.error),
            Self::RateLimited { .. } => Some("ratelimited"),
            _ => None,
        }
    }

    /// Whether the same call may succeed later, without anybody changing anything.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Transport { .. } | Self::RateLimited { .. } => true,
            Self::Http { status, .. } => *status >= 500 || *status == 408,
            Self::Api(error) => {
                matches!(
                    error.error.as_str(),
                    "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout"
                )
            }
            _ => false,
        }
    }
}

impl ApiError {
    /// Reads an answer with `"ok": false`.
    pub(super) fn read(method: &str, answer: &Value) -> Self {
        let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let mut messages = texts(answer.pointer("/response_metadata/messages"));
        messages.extend(texts(answer.get("errors")));
        messages.extend(text("/slack_cli_error_description"));
        let mut warnings = texts(answer.pointer("/response_metadata/warnings"));
        if let Some(warning) = text("/warning").filter(|warning| !warnings.contains(warning)) {
            warnings.push(warning);
        }
        Self {
            method: method.to_owned(),
            error: text("/error").unwrap_or_else(|| "unknown_error".to_owned()),
            needed: text("/needed"),
            provided: text("/provided"),
            messages,
            warnings,
        }
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned).or_else(|| located(item))).collect()
}

/// Some methods give objects in place of texts: a message, and a pointer to what it is about.
fn located(item: &Value) -> Option<String> {
    let text = |name: &str| item.get(name)?.as_str().filter(|text| !text.is_empty());
    let message = text("message").or_else(|| text("code"))?;
    Some(text("pointer").map_or_else(|| message.to_owned(), |pointer| format!("{pointer}: {message}")))
}

fn detail(needed: Option<&str>, messages: &[String]) -> String {
    match (needed, messages.first()) {
        (Some(scope), _) => format!(" (needs {scope})"),
        (None, Some(_)) => format!(" ({})", messages.join("; ")),
        (None, None) => String::new(),
    }
}
