//! Where Slack is.

use countersign_slack::client::ApiBase;

use crate::{Code, Failure, Session};

/// `--apihost`, else `SLACK_API_URL`, else the account's `api_host`, else Slack.
pub(super) fn of(session: &Session, api_host: Option<&str>) -> Result<ApiBase, Failure> {
    let flag = session.settings.apihost.as_deref().map(|text| ("--apihost", with_api(text)));
    let variable = || session.environment.text("SLACK_API_URL").map(|text| ("SLACK_API_URL", at_root(text)));
    let account = || api_host.filter(|text| !text.is_empty()).map(|text| ("the account's api_host", with_api(text)));
    let Some((origin, text)) = flag.or_else(variable).or_else(account) else { return Ok(ApiBase::default()) };
    text.parse().map_err(|error: countersign_slack::client::ApiBaseError| {
        Failure::new(Code::InvalidArguments, format!("{origin} is no address of Slack's API")).detail(error.to_string())
    })
}

/// A host, as the official command line takes it, or an address that has the API's path already.
fn with_api(text: &str) -> String {
    let text = text.trim().trim_end_matches('/');
    let scheme = if text.contains("://") { "" } else { "https://" };
    let path = if text.ends_with("/api") { "/" } else { "/api/" };
    format!("{scheme}{text}{path}")
}

/// An address of the API, as SDKs take it; one without a path is a host.
fn at_root(text: &str) -> String {
    let text = text.trim();
    let has_path = text.split_once("://").is_some_and(|(_, rest)| rest.trim_end_matches('/').contains('/'));
    if has_path { text.to_owned() } else { with_api(text) }
}

/// The host as the official command line writes it down; `None` for Slack's own.
pub(super) fn host(base: &ApiBase) -> Option<String> {
    let text = base.to_string();
    let host = text.trim_end_matches('/').trim_end_matches("/api");
    (text != ApiBase::SLACK).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::host("https://slack.com", "https://slack.com/api/")]
    #[case::bare("slack.com", "https://slack.com/api/")]
    #[case::slash("http://127.0.0.1:4100/", "http://127.0.0.1:4100/api/")]
    #[case::whole("http://127.0.0.1:4100/api/", "http://127.0.0.1:4100/api/")]
    #[case::below("https://proxy.test/slack", "https://proxy.test/slack/api/")]
    fn a_host_gets_the_apis_path(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(with_api(text).parse::<ApiBase>().unwrap().to_string(), expected);
    }

    #[rstest]
    #[case::whole("http://127.0.0.1:4100/api/", "http://127.0.0.1:4100/api/")]
    #[case::host("http://127.0.0.1:4100", "http://127.0.0.1:4100/api/")]
    #[case::elsewhere("https://proxy.test/slack/", "https://proxy.test/slack/")]
    fn an_address_is_taken_as_it_is(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(at_root(text).parse::<ApiBase>().unwrap().to_string(), expected);
    }

    #[rstest]
    #[case::slack("https://slack.com/api/", None)]
    #[case::local("http://127.0.0.1:4100/api/", Some("http://127.0.0.1:4100"))]
    #[case::other("https://dev.slack.com/api/", Some("https://dev.slack.com"))]
    fn a_host_is_written_without_the_apis_path(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(host(&text.parse().unwrap()).as_deref(), expected);
    }
}
