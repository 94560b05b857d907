//! Where requests may go.

use std::net::IpAddr;

use reqwest::Url;

/// True for an http address of this machine.
pub(crate) fn is_loopback(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| url.scheme() == "http" && is_loopback_host(&url))
}

/// True when the host is this machine, whatever the scheme.
pub(super) fn is_loopback_host(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_contacted() {
        for good in ["http://127.0.0.1:3000/slack/events", "http://localhost/x", "http://[::1]:1/", "http://127.9.9.9/"]
        {
            assert!(is_loopback(good), "{good}");
        }
        for bad in [
            "https://127.0.0.1/",
            "http://example.com/",
            "http://127.0.0.1.evil.example/",
            "http://localhost.evil.example/",
            "http://127.0.0.1@evil.example/",
            "http://0.0.0.0/",
            "http://10.0.0.1/",
            "ftp://localhost/",
            "localhost:3000",
            "",
        ] {
            assert!(!is_loopback(bad), "{bad}");
        }
    }
}
