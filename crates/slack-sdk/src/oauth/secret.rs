//! Random texts and their digests.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use super::OAuthError;

/// Bytes of randomness in a cookie: as much as anybody asks for.
const BYTES: usize = 32;

/// 43 characters that nobody can guess, fit for an address and a cookie.
pub(super) fn random() -> Result<String, OAuthError> {
    Ok(URL_SAFE_NO_PAD.encode(random_bytes::<BYTES>()?))
}

/// Bytes that nobody can guess.
pub(super) fn random_bytes<const N: usize>() -> Result<[u8; N], OAuthError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| OAuthError::Entropy)?;
    Ok(bytes)
}

/// A SHA-256, as a state has it of a cookie. Comparing digests tells nobody how much of a guess was right.
pub(super) fn sha256(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    bytes
}

/// A SHA-256 in base64url: what PKCE sends ahead.
pub(super) fn fingerprint(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_texts_differ_and_fit_everywhere() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), 43);
        assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    }

    #[test]
    fn a_challenge_is_the_one_of_the_rfc() {
        // RFC 7636, appendix B.
        let challenge = fingerprint("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
