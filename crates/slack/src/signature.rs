//! Request signatures of HTTP delivery, version `v0`.
//!
//! `v0=` and the hexadecimal HMAC-SHA-256 of `v0:<time stamp>:<raw body>` under the app's signing secret, in
//! `X-Slack-Signature`; the time stamp in `X-Slack-Request-Timestamp`. The bytes as received are signed, so verification
//! comes before any parsing (docs.slack.dev, Verifying requests from Slack).

use std::fmt;

use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "x-slack-signature";
/// The header that carries the time stamp, in seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "x-slack-request-timestamp";
/// How far a request's time may be from ours, in seconds and either way.
pub const WINDOW_SECONDS: u64 = 300;

/// An app's signing secret, ready to sign and verify.
#[derive(Clone)]
pub struct SigningKey(hmac::Key);

/// Why a request is not taken as Slack's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// The time stamp is not a number of seconds.
    #[error("the request's time stamp is not a number")]
    BadTimestamp,
    /// The request is too old, or from the future: it may be a replay.
    #[error("the request's time stamp is more than 300 seconds away from now")]
    Stale,
    /// The signature is not of the form `v0=<64 hexadecimal digits>`.
    #[error("the request's signature is malformed")]
    Malformed,
    /// The signature is of another secret, time stamp or body.
    #[error("the request's signature does not match")]
    Mismatch,
}

impl SigningKey {
    /// A key of the app's signing secret.
    pub fn new(secret: &SecretString) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes()))
    }

    /// Signs a body sent at a time, in seconds since 1970.
    pub fn sign(&self, timestamp: u64, body: &[u8]) -> String {
        let tag = hmac::sign(&self.0, &signed(&timestamp.to_string(), body));
        let mut text = String::with_capacity(3 + 64);
        text.push_str("v0=");
        for byte in tag.as_ref() {
            text.push(hex_digit(byte >> 4));
            text.push(hex_digit(byte & 15));
        }
        text
    }

    /// Verifies both headers against the raw body, at `now` in seconds since 1970.
    pub fn verify(&self, timestamp: &str, signature: &str, body: &[u8], now: u64) -> Result<(), SignatureError> {
        let sent: u64 = timestamp.parse().map_err(|_| SignatureError::BadTimestamp)?;
        if now.abs_diff(sent) > WINDOW_SECONDS {
            return Err(SignatureError::Stale);
        }
        let expected = signature.strip_prefix("v0=").and_then(from_hex).ok_or(SignatureError::Malformed)?;
        // `hmac::verify` compares in constant time.
        hmac::verify(&self.0, &signed(timestamp, body), &expected).map_err(|_| SignatureError::Mismatch)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([redacted])")
    }
}

/// What is signed.
fn signed(timestamp: &str, body: &[u8]) -> Vec<u8> {
    [b"v0:", timestamp.as_bytes(), b":", body].concat()
}

fn hex_digit(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).unwrap_or('0')
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = pair.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u8::from_str_radix(pair, 16).ok())??;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sample of docs.slack.dev, Verifying requests from Slack.
    const BODY: &[u8] = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

    fn key() -> SigningKey {
        SigningKey::new(&SecretString::from("8f742231b10e8888abcd99yyyzzz85a5".to_owned()))
    }

    #[test]
    fn slacks_own_sample_is_reproduced() {
        assert_eq!(key().sign(1_531_420_618, BODY), SIGNATURE);
        assert_eq!(key().verify("1531420618", SIGNATURE, BODY, 1_531_420_700), Ok(()));
    }

    #[test]
    fn whatever_differs_is_refused() {
        let verify = |timestamp: &str, signature: &str, body: &[u8], now| key().verify(timestamp, signature, body, now);
        assert_eq!(verify("1531420618", SIGNATURE, b"other", 1_531_420_618), Err(SignatureError::Mismatch));
        assert_eq!(verify("1531420619", SIGNATURE, BODY, 1_531_420_618), Err(SignatureError::Mismatch));
        assert_eq!(verify("1531420618", SIGNATURE, BODY, 1_531_420_919), Err(SignatureError::Stale));
        assert_eq!(verify("1531420618", SIGNATURE, BODY, 1_531_420_317), Err(SignatureError::Stale));
        assert_eq!(verify("soon", SIGNATURE, BODY, 1_531_420_618), Err(SignatureError::BadTimestamp));
        for bad in
            ["", "v0=", "v1=00", "v0=zz", &SIGNATURE[1..], &format!("{SIGNATURE}00"), &SIGNATURE.replace("a2", "+2")]
        {
            assert_eq!(verify("1531420618", bad, BODY, 1_531_420_618), Err(SignatureError::Malformed), "{bad}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", key()), "SigningKey([redacted])");
    }
}
