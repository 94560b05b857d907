//! Where the Web API is.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use reqwest::Url;
use thiserror::Error;

/// The address that method names are appended to; `https://slack.com/api/` by default.
///
/// Plain http is taken for loopback hosts only, because tokens travel over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiBase {
    url: Url,
}

/// Why an address is not taken as an API base.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ApiBaseError {
    /// It is not an address at all.
    #[error("the API address is not a URL: {0}")]
    NotAUrl(String),
    /// Its scheme is something else.
    #[error("the API address must start with https:// (or http:// on loopback), not {0}:")]
    Scheme(String),
    /// Tokens would travel in the clear.
    #[error("plain http is only taken for loopback (127.0.0.0/8, [::1], localhost), not for {0}")]
    PlainHttp(String),
    /// It has parts that a base cannot have.
    #[error("the API address must have neither user name, password, query nor fragment")]
    ExtraParts,
}

impl ApiBase {
    /// Slack itself.
    pub const SLACK: &'static str = "https://slack.com/api/";

    /// The address, ending with a slash.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The host, without a port.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Whether it is plain http, and therefore on this machine.
    pub fn is_plain(&self) -> bool {
        self.url.scheme() == "http"
    }

    /// The address of a method.
    pub(crate) fn method_url(&self, method: &str) -> Url {
        let mut url = self.url.clone();
        // A path segment cannot leave the base, whatever the method's name holds.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(method);
        }
        url
    }

    /// Whether an address that Slack handed out may be used: https, or plain http on the same loopback machine.
    pub(crate) fn allows(&self, url: &Url) -> bool {
        match url.scheme() {
            "https" | "wss" => true,
            "http" | "ws" => self.is_plain() && is_loopback(url),
            _ => false,
        }
    }
}

impl Default for ApiBase {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "a constant that a test parses")]
        Self::SLACK.parse().expect("Slack's own address is an API base")
    }
}

impl FromStr for ApiBase {
    type Err = ApiBaseError;

    fn from_str(text: &str) -> Result<Self, ApiBaseError> {
        let mut url = Url::parse(text.trim()).map_err(|error| ApiBaseError::NotAUrl(error.to_string()))?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(ApiBaseError::PlainHttp(url.host_str().unwrap_or_default().to_owned())),
            other => return Err(ApiBaseError::Scheme(other.to_owned())),
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(ApiBaseError::ExtraParts);
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Self { url })
    }
}

impl fmt::Display for ApiBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str())
    }
}

/// Whether the host of an address is this machine: 127.0.0.0/8, `[::1]` or `localhost`.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::slack("https://slack.com/api/", "https://slack.com/api/")]
    #[case::no_slash("https://slack.com/api", "https://slack.com/api/")]
    #[case::loopback("http://127.0.0.1:4100/api", "http://127.0.0.1:4100/api/")]
    #[case::other_loopback("http://127.9.9.9:1/", "http://127.9.9.9:1/")]
    #[case::v6("http://[::1]:4100/api/", "http://[::1]:4100/api/")]
    #[case::localhost(" http://localhost:4100/api/ ", "http://localhost:4100/api/")]
    fn good_addresses_are_taken(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(text.parse::<ApiBase>().unwrap().to_string(), expected);
    }

    #[rstest]
    #[case::remote("http://slack.com/api/", "only taken for loopback")]
    #[case::looks_local("http://127.0.0.1.evil.test/api/", "127.0.0.1.evil.test")]
    #[case::looks_like_localhost("http://localhost.evil.test/", "localhost.evil.test")]
    #[case::user("http://127.0.0.1@evil.test/", "evil.test")]
    #[case::password("https://u:p@slack.com/api/", "neither user name")]
    #[case::query("https://slack.com/api/?a=b", "neither user name")]
    #[case::scheme("ftp://slack.com/", "must start with https://")]
    #[case::nothing("slack.com/api", "not a URL")]
    fn bad_addresses_say_why(#[case] text: &str, #[case] reason: &str) {
        let error = text.parse::<ApiBase>().unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }

    #[test]
    fn methods_stay_below_the_base() {
        let base = ApiBase::default();
        assert_eq!(base.method_url("chat.postMessage").as_str(), "https://slack.com/api/chat.postMessage");
        assert_eq!(base.method_url("../../x?y#z").host_str(), Some("slack.com"));
        assert_eq!(base.method_url("../x?y").query(), None);
    }
}
