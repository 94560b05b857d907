//! Who may use the page and the control API: a browser that is on them, and nobody else's page.
//!
//! A name that resolves to 127.0.0.1 (DNS rebinding) fails on `Host`; another site's form or
//! script fails on `Origin`.

use axum::extract::{Request, State as Shared};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, StatusCode, header};

use crate::Workspace;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses requests whose `Host` is not a loopback name or whose `Origin` is another site.
pub(crate) async fn own_pages_only(Shared(workspace): Shared<Workspace>, request: Request, next: Next) -> Response {
    let port = workspace.read(|state| state.base().rsplit_once(':').and_then(|(_, port)| port.parse().ok()));
    match check(request.headers(), port) {
        Ok(()) => next.run(request).await,
        Err(code) => refuse(code),
    }
}

fn refuse(code: &'static str) -> Response {
    let message = "this address is only for pages and programs on this machine";
    let body = serde_json::json!({"error": {"code": code, "message": message}});
    (StatusCode::FORBIDDEN, axum::Json(body)).into_response()
}

fn check(headers: &HeaderMap, port: Option<u16>) -> Result<(), &'static str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).ok_or("bad_host")?;
    if hosts.next().is_some() || !is_own(host, port) {
        return Err("bad_host");
    }
    if let Some(origin) = headers.get(header::ORIGIN) {
        let origin = origin.to_str().ok().and_then(|origin| authority_of(origin));
        if !origin.is_some_and(|origin| is_own(origin, port)) {
            return Err("bad_origin");
        }
    }
    // A form or image of another site; following a link to the page is fine.
    let site = headers.get(SEC_FETCH_SITE).and_then(|site| site.to_str().ok());
    let mode = headers.get("sec-fetch-mode").and_then(|mode| mode.to_str().ok());
    if matches!(site, Some("cross-site" | "same-site")) && mode != Some("navigate") {
        return Err("bad_origin");
    }
    Ok(())
}

fn authority_of(origin: &str) -> Option<&str> {
    origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"))
}

/// True for a loopback name, without a port or with ours.
fn is_own(authority: &str, port: Option<u16>) -> bool {
    let (name, rest) = match authority.strip_prefix("[::1]") {
        Some(rest) => ("localhost", rest),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let is_our_port = |given: u16| port.is_none_or(|port| port == given);
    let is_loopback = name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost");
    let is_port = rest.strip_prefix(':').and_then(|given| given.parse().ok()).is_some_and(is_our_port);
    is_loopback && (rest.is_empty() || is_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_with_the_right_port_are_own() {
        for good in ["127.0.0.1:4100", "localhost:4100", "LOCALHOST", "[::1]:4100", "127.0.0.1"] {
            assert!(is_own(good, Some(4100)), "{good}");
        }
        for bad in [
            "evil.example:4100",
            "127.0.0.1:4101",
            "127.0.0.1.evil.example",
            "localhost.evil",
            "",
            "127.0.0.1:",
            "127.0.0.1:4100/",
            "é",
        ] {
            assert!(!is_own(bad, Some(4100)), "{bad}");
        }
    }

    #[test]
    fn another_sites_origin_is_refused() {
        let headers = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(*name, (*value).parse().unwrap());
            }
            headers
        };
        let host = ("host", "127.0.0.1:1");
        assert_eq!(check(&headers(&[host]), Some(1)), Ok(()));
        assert_eq!(check(&headers(&[host, ("origin", "http://127.0.0.1:1")]), Some(1)), Ok(()));
        assert_eq!(check(&headers(&[host, ("origin", "https://127.0.0.1:1")]), Some(1)), Ok(()));
        for origin in ["https://evil.example", "null", "http://127.0.0.1:2", "http://localhost.evil"] {
            assert_eq!(check(&headers(&[host, ("origin", origin)]), Some(1)), Err("bad_origin"), "{origin}");
        }
        assert_eq!(check(&headers(&[]), Some(1)), Err("bad_host"));
        assert_eq!(check(&headers(&[host, host]), Some(1)), Err("bad_host"));
        assert_eq!(check(&headers(&[host, ("sec-fetch-site", "cross-site")]), Some(1)), Err("bad_origin"));
    }
}
