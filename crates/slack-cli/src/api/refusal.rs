//! What Slack refused, and what to do about it.

use std::error::Error as StdError;

use countersign_slack::client::{ApiBase, ApiError, Error};

use crate::{Code, Failure};

/// A failed call, as people are told of it.
pub(super) fn told(base: &ApiBase, error: Error) -> Failure {
    let failed = |method: &str, what: &str| {
        Failure::new(Code::HttpRequestFailed, format!("{method}: {what}")).detail(format!("at {base}"))
    };
    match error {
        Error::Api(refused) => refusal(&refused),
        Error::RateLimited { method, retry_after } => {
            let message = format!("{method}: Slack takes no more of these calls for now");
            let wait = format!("try again in {} seconds", retry_after.as_secs());
            Failure::new(Code::Api("ratelimited".to_owned()), message).remedy(wait)
        }
        Error::Transport { ref method, ref source } => failed(method, "Slack could not be reached")
            .detail(chain(source))
            .remedy("look whether the address is right (--apihost, SLACK_API_URL) and the network is there"),
        Error::Http { ref method, status } => failed(method, &format!("Slack answered with HTTP status {status}")),
        Error::BadJson { ref method, ref source } => {
            failed(method, "Slack's answer could not be read").detail(source.to_string())
        }
        Error::TooLarge { ref method, limit } => {
            failed(method, &format!("Slack's answer is larger than {limit} bytes"))
        }
        Error::Encode { ref method, ref source } => {
            Failure::new(Code::InvalidArguments, format!("{method}: the arguments cannot be sent"))
                .detail(source.to_string())
        }
        Error::ForeignUrl { ref method } => failed(method, "Slack named an address that is not one of its own"),
    }
}

fn refusal(refused: &ApiError) -> Failure {
    let ApiError { method, error, needed, provided, messages, warnings: _ } = refused;
    let mut failure = Failure::new(Code::Api(error.clone()), format!("{method}: Slack refused"));
    if let Some(needed) = needed {
        failure = failure.detail(format!("it needs the scope {needed}"));
    }
    if let Some(provided) = provided {
        failure = failure.detail(format!("the token has {provided}"));
    }
    for message in messages {
        failure = failure.detail(message.clone());
    }
    match remedy(error) {
        Some(remedy) => failure.remedy(remedy),
        None => failure,
    }
}

/// What to do about a code of Slack's.
fn remedy(code: &str) -> Option<&'static str> {
    Some(match code {
        "invalid_auth" | "not_authed" | "token_revoked" | "token_expired" | "account_inactive" => {
            "the token does not work any more: sign in again with `countersign slack login`, or give another one with --token"
        }
        "invalid_refresh_token" => "sign in again with `countersign slack login`",
        "not_allowed_token_type" => {
            "the method wants a person's token: sign in with `countersign slack login`, or give one with --token"
        }
        "missing_scope" => "add the scope to the manifest and install the app again, or use another token",
        "app_not_found" | "invalid_app_id" => {
            "look at the project's apps with `countersign slack app list`; the app may have been deleted, or belong to another team"
        }
        "invalid_manifest" => "mend the manifest; `countersign slack manifest validate` checks it without installing",
        "app_approval_request_eligible" => {
            "an administrator of the team has to allow the app: ask for it in the app's settings"
        }
        "app_approval_request_pending" => {
            "an administrator of the team has to allow the app: wait for the answer, then try again"
        }
        "app_approval_request_denied" => "an administrator of the team has not allowed the app: talk to them",
        "restricted_plan_level" | "paid_plan_required" => "the team's plan does not have this",
        "unknown_method" => "look for a misspelling: methods are at https://docs.slack.dev/reference/methods",
        _ => return None,
    })
}

/// An error with everything that led to it.
pub(super) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        // Some errors write their cause themselves.
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}
