//! Where a node of the server is.

use std::{fmt, net::IpAddr};

use url::{Host, Url};

/// Whether addresses without TLS are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plaintext {
    /// On this machine only.
    LoopbackOnly,
    /// Anywhere: the network between is trusted otherwise, e.g. a tunnel.
    Anywhere,
}

/// A node's address, as `ws` or `wss`, without a slash at its end. Two texts for one address are equal.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct NodeUrl(String);

/// An address that is not dialled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is no URL of this kind.
    #[error("{0:?} is not a server's address: it is http://, https://, ws:// or wss://, a host, and perhaps a path")]
    Malformed(String),
    /// It has no TLS and is not on this machine.
    #[error("{0} has no TLS, and is not this machine")]
    Plain(String),
}

impl NodeUrl {
    /// Reads an address.
    pub fn parse(text: &str, plaintext: Plaintext) -> Result<Self, AddressError> {
        let malformed = || AddressError::Malformed(text.chars().take(200).collect());
        let url = Url::parse(text).map_err(|_| malformed())?;
        let scheme = match url.scheme() {
            "http" | "ws" => "ws",
            "https" | "wss" => "wss",
            _ => return Err(malformed()),
        };
        let bare =
            url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
        let host = url.host().filter(|_| bare).ok_or_else(malformed)?;
        let port = url.port_or_known_default().ok_or_else(malformed)?;
        let address = format!("{scheme}://{host}:{port}{}", url.path().trim_end_matches('/'));
        if scheme == "ws" && plaintext == Plaintext::LoopbackOnly && !is_loopback(&host) {
            return Err(AddressError::Plain(address));
        }
        Ok(Self(address))
    }

    /// The address of something on the node.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Whether it is dialled with TLS.
    pub(crate) fn is_tls(&self) -> bool {
        self.0.starts_with("wss:")
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(ip) => IpAddr::V4(*ip).is_loopback(),
        Host::Ipv6(ip) => IpAddr::V6(*ip).is_loopback(),
    }
}

impl fmt::Display for NodeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for NodeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("http://127.0.0.1:8010", "ws://127.0.0.1:8010")]
    #[case("ws://localhost/", "ws://localhost:80")]
    #[case("http://[::1]:1/a/", "ws://[::1]:1/a")]
    #[case("https://Gate.Example", "wss://gate.example:443")]
    #[case("https://gate.example:443/", "wss://gate.example:443")]
    fn one_address_has_one_form(#[case] text: &str, #[case] form: &str) {
        assert_eq!(NodeUrl::parse(text, Plaintext::LoopbackOnly).unwrap().to_string(), form);
    }

    #[rstest]
    #[case("")]
    #[case("gate.example")]
    #[case("file:///etc/passwd")]
    #[case("https://user:pw@gate.example")]
    #[case("https://gate.example?x=1")]
    #[case("http://")]
    fn what_is_no_address_is_refused(#[case] text: &str) {
        assert!(matches!(NodeUrl::parse(text, Plaintext::Anywhere), Err(AddressError::Malformed(_))), "{text}");
    }

    #[test]
    fn plain_text_stays_on_this_machine() {
        for text in ["http://gate.example", "ws://10.0.0.1:1", "http://localhost.evil.example"] {
            assert!(matches!(NodeUrl::parse(text, Plaintext::LoopbackOnly), Err(AddressError::Plain(_))), "{text}");
            assert!(NodeUrl::parse(text, Plaintext::Anywhere).is_ok());
        }
    }
}
