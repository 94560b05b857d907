//! Random texts and their digests.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};

use super::OAuthError;

/// Bytes of randomness in a `state`, a cookie and a verifier: as much as anybody asks for.
const BYTES: usize = 32;

/// 43 characters that nobody can guess, fit for an address and a cookie.
pub(super) fn random() -> Result<String, OAuthError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|_| OAuthError::Entropy)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// A SHA-256 in base64url: what PKCE sends ahead, and what is kept of a cookie.
///
/// Comparing digests tells nobody how much of a guess was right.
pub(super) fn fingerprint(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
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
