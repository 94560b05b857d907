//! The cookie that ties an installation to the browser that began it.

use super::secret::fingerprint;

/// How much of a state's fingerprint is in its cookie's name.
const NAME: usize = 16;

/// A cookie to be set, as the value of `Set-Cookie`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie(String);

impl Cookie {
    /// A cookie for one state. Each has its own, so that people can install in two tabs.
    pub(super) fn new(state: &str, value: &str, seconds: u64, is_secure: bool) -> Self {
        let secure = if is_secure { "; Secure" } else { "" };
        // Lax, not Strict: the person comes back from Slack by a link.
        Self(format!("{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", name(state)))
    }

    /// Takes the cookie of a state away.
    pub(super) fn gone(state: &str, is_secure: bool) -> Self {
        Self::new(state, "", 0, is_secure)
    }

    /// The value of the header `Set-Cookie`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The value of a state's cookie, among those that the browser sent.
pub(super) fn find<'c>(cookies: &[&'c str], state: &str) -> Option<&'c str> {
    let name = name(state);
    let pairs = cookies.iter().flat_map(|header| header.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
}

fn name(state: &str) -> String {
    let print = fingerprint(state);
    format!("slack-install-{}", print.get(..NAME).unwrap_or(&print))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let cookie = Cookie::new("s", "v", 600, true);
        assert!(cookie.as_str().ends_with("=v; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"), "{cookie:?}");
        let pair = cookie.as_str().split(';').next().unwrap();
        let header = format!("a=b; {pair}; slack-install-x=other");
        assert_eq!(find(&["c=d", &header], "s"), Some("v"));
        assert_eq!(find(&[&header], "t"), None);
        assert_eq!(find(&["", ";;=;", "junk"], "s"), None);
        assert!(!Cookie::gone("s", false).as_str().contains("Secure"));
    }
}
