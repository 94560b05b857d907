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
    let checked = workspace.read(|state| check(request.headers(), state.base()));
    match checked {
        Ok(()) => next.run(request).await,
        Err(code) => refuse(code),
    }
}

/// The refusal of what a page of another site sends to an address that programs use: those say no `Origin`.
pub(crate) fn foreign_origin(workspace: &Workspace, headers: &HeaderMap) -> Option<Response> {
    let origin = headers.get(header::ORIGIN)?;
    let is_ours = workspace.read(|state| origin.to_str().is_ok_and(|origin| is_own_origin(origin, state.base())));
    (!is_ours).then(|| refuse("bad_origin"))
}

fn refuse(code: &'static str) -> Response {
    let message = "this address is only for pages and programs on this machine";
    let body = serde_json::json!({"error": {"code": code, "message": message}});
    (StatusCode::FORBIDDEN, axum::Json(body)).into_response()
}

fn check(headers: &HeaderMap, base: &str) -> Result<(), &'static str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).ok_or("bad_host")?;
    if hosts.next().is_some() || !is_own_host(host, base) {
        return Err("bad_host");
    }
    if let Some(origin) = headers.get(header::ORIGIN)
        && !origin.to_str().is_ok_and(|origin| is_own_origin(origin, base))
    {
        return Err("bad_origin");
    }
    // A form or image of another site; following a link to the page is fine.
    let site = headers.get(SEC_FETCH_SITE).and_then(|site| site.to_str().ok());
    let mode = headers.get("sec-fetch-mode").and_then(|mode| mode.to_str().ok());
    if matches!(site, Some("cross-site" | "same-site")) && mode != Some("navigate") {
        return Err("bad_origin");
    }
    Ok(())
}

/// True for a loopback name, without a port or with ours: some clients leave the port out.
fn is_own_host(authority: &str, base: &str) -> bool {
    let Some((name, port)) = parted(authority) else { return false };
    is_loopback(name) && port.is_none_or(|port| Some(port) == port_of(base))
}

/// True for our own scheme and port on a loopback name: another port is another site, and none is another port.
fn is_own_origin(origin: &str, base: &str) -> bool {
    let scheme = base.split_once("://").map_or("http", |(scheme, _)| scheme);
    let usual = if scheme == "https" { 443 } else { 80 };
    let authority = origin.strip_prefix(scheme).and_then(|rest| rest.strip_prefix("://"));
    let Some((name, port)) = authority.and_then(parted) else { return false };
    is_loopback(name) && Some(port.unwrap_or(usual)) == port_of(base)
}

/// A name and its port, if it has one.
fn parted(authority: &str) -> Option<(&str, Option<u16>)> {
    let (name, rest) = match authority.strip_prefix("[::1]") {
        Some(rest) => ("localhost", rest),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    if rest.is_empty() {
        return Some((name, None));
    }
    let digits = rest.strip_prefix(':').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some((name, Some(digits.parse().ok()?)))
}

fn is_loopback(name: &str) -> bool {
    name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost")
}

fn port_of(base: &str) -> Option<u16> {
    base.rsplit_once(':')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_with_the_right_port_are_own() {
        for good in ["127.0.0.1:4100", "localhost:4100", "LOCALHOST", "[::1]:4100", "127.0.0.1"] {
            assert!(is_own_host(good, "http://127.0.0.1:4100"), "{good}");
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
            assert!(!is_own_host(bad, "http://127.0.0.1:4100"), "{bad}");
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
        assert_eq!(check(&headers(&[host]), "http://127.0.0.1:1"), Ok(()));
        assert_eq!(check(&headers(&[host, ("origin", "http://127.0.0.1:1")]), "http://127.0.0.1:1"), Ok(()));
        assert!(is_own_origin("https://localhost:1", "https://127.0.0.1:1"));
        assert!(is_own_origin("http://localhost", "http://127.0.0.1:80"));
        for origin in [
            "https://evil.example",
            "null",
            "http://127.0.0.1:2",
            "http://localhost.evil",
            "http://localhost",
            "http://127.0.0.1",
            "https://127.0.0.1:1",
            "http://127.0.0.1:+1",
        ] {
            assert_eq!(
                check(&headers(&[host, ("origin", origin)]), "http://127.0.0.1:1"),
                Err("bad_origin"),
                "{origin}"
            );
        }
        assert_eq!(check(&headers(&[]), "http://127.0.0.1:1"), Err("bad_host"));
        assert_eq!(check(&headers(&[host, host]), "http://127.0.0.1:1"), Err("bad_host"));
        assert_eq!(check(&headers(&[host, ("sec-fetch-site", "cross-site")]), "http://127.0.0.1:1"), Err("bad_origin"));
    }
}
