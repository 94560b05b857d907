//! Addresses that a person may follow.

use super::text::is_hidden;

/// An address of http, https or mailto, nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// As it was written, for an `href`.
    pub(super) href: String,
    /// The host it leads to; mail has none.
    pub(super) host: Option<String>,
}

impl Address {
    /// Reads an address. What browsers read in more than one way (backslashes, control characters) is refused.
    pub(super) fn parse(raw: &str) -> Option<Self> {
        let raw = raw.trim();
        let odd = |c: char| c.is_whitespace() || is_hidden(c) || "\\<>\"`".contains(c);
        let (scheme, rest) = raw.split_once(':')?;
        if raw.contains(odd) || rest.is_empty() {
            return None;
        }
        let host = match scheme.to_ascii_lowercase().as_str() {
            "mailto" => None,
            "http" | "https" => Some(host(rest.strip_prefix("//")?)?),
            _ => return None,
        };
        Some(Self { href: raw.to_owned(), host })
    }

    /// Whether a label looks like the address of another host.
    pub(super) fn is_disguised_by(&self, label: &str) -> bool {
        let label = label.trim();
        let Some(real) = &self.host else {
            return false;
        };
        let looks_like_address = !label.contains(char::is_whitespace) && label.contains('.');
        let claimed = label.split_once("://").map_or(label, |(_, rest)| rest);
        looks_like_address && host(claimed).as_ref() != Some(real)
    }
}

/// The host of what follows `//`, in lower case, without user and port.
fn host(rest: &str) -> Option<String> {
    let authority = rest.split(['/', '?', '#']).next()?;
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let host = if place.starts_with('[') { place.split_inclusive(']').next()? } else { place.split(':').next()? };
    (!host.is_empty()).then(|| host.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_and_mail_addresses_are_links() {
        for bad in [
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "java\tscript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "//x",
            "x",
            "",
            "https:",
            "https://",
            "https:evil.example",
            "https://good.example\\@evil.example",
            "https://x\"onclick=1",
            "https://a\u{202E}b",
            "vbscript:x",
            "https:///x",
        ] {
            assert_eq!(Address::parse(bad), None, "{bad}");
        }
        let address = Address::parse("HTTPS://user@Example.com:8443/a?b#c").unwrap();
        assert_eq!(address.host.as_deref(), Some("example.com"));
        assert_eq!(Address::parse("http://[::1]:80/").unwrap().host.as_deref(), Some("[::1]"));
        assert_eq!(Address::parse("mailto:a@example.com").unwrap().host, None);
    }

    #[test]
    fn a_label_that_claims_another_host_is_noticed() {
        let address = Address::parse("https://evil.example/x").unwrap();
        assert!(address.is_disguised_by("https://good.example/x"));
        assert!(address.is_disguised_by("good.example"));
        assert!(!address.is_disguised_by("evil.example/y"));
        assert!(!address.is_disguised_by("the report"));
        assert!(Address::parse("https://good.example@evil.example/").unwrap().is_disguised_by("good.example"));
    }
}
