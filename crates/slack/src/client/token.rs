//! Tokens, which are never printed.

use std::fmt;
use std::str::FromStr;

use http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use crate::ids::AppId;

/// A token, ready to be sent.
#[derive(Clone)]
pub struct Token {
    secret: SecretString,
    header: HeaderValue,
}

/// What a token can be used for, by its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A bot's (`xoxb-…`).
    Bot,
    /// A person's (`xoxp-…`).
    User,
    /// An app's own (`xapp-…`), for Socket Mode.
    App,
    /// For app configuration (`xoxe.xoxp-…`); rotated user tokens look the same.
    Config,
    /// Some other kind.
    Unknown,
}

/// Why a text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Nothing is there.
    #[error("the token is empty")]
    Empty,
    /// A space, line end or other character that no token has.
    #[error("the token has a character that no token has")]
    Character,
}

impl Token {
    /// Takes a token; space around it is left out.
    pub fn new(secret: &SecretString) -> Result<Self, TokenError> {
        let text = secret.expose_secret().trim();
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Character);
        }
        let mut header = HeaderValue::try_from(format!("Bearer {text}")).map_err(|_| TokenError::Character)?;
        header.set_sensitive(true);
        Ok(Self { secret: SecretString::from(text.to_owned()), header })
    }

    /// What it is for.
    pub fn kind(&self) -> TokenKind {
        const PREFIXES: [(&str, TokenKind); 5] = [
            ("xoxb-", TokenKind::Bot),
            ("xoxe.xoxb-", TokenKind::Bot),
            ("xoxp-", TokenKind::User),
            ("xapp-", TokenKind::App),
            ("xoxe.xoxp-", TokenKind::Config),
        ];
        let text = self.secret.expose_secret();
        PREFIXES.iter().find(|(prefix, _)| text.starts_with(prefix)).map_or(TokenKind::Unknown, |(_, kind)| *kind)
    }

    /// The app that an app token (`xapp-1-A…-…`) belongs to.
    pub fn app_id(&self) -> Option<AppId> {
        let mut parts = self.secret.expose_secret().split('-');
        let (prefix, _version, app) = (parts.next()?, parts.next()?, parts.next()?);
        (prefix == "xapp" && app.starts_with('A')).then(|| AppId::from(app))
    }

    /// The secret itself.
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        Self::new(&SecretString::from(text.to_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({:?}, [redacted])", self.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> Token {
        text.parse().unwrap()
    }

    #[test]
    fn kinds_follow_the_prefix() {
        assert_eq!(token("xoxb-1-2-abc").kind(), TokenKind::Bot);
        assert_eq!(token("xoxp-1-2-abc").kind(), TokenKind::User);
        assert_eq!(token("xapp-1-A012-3-abc").kind(), TokenKind::App);
        assert_eq!(token("xoxe.xoxp-1-abc").kind(), TokenKind::Config);
        assert_eq!(token("hello").kind(), TokenKind::Unknown);
    }

    #[test]
    fn an_app_token_names_its_app() {
        assert_eq!(token("xapp-1-A012ABCD-345-abc").app_id().unwrap(), "A012ABCD");
        assert_eq!(token("xapp-1").app_id(), None);
        assert_eq!(token("xoxb-1-A012ABCD-345").app_id(), None);
    }

    #[test]
    fn what_is_no_token_is_refused() {
        assert_eq!(" \n".parse::<Token>().unwrap_err(), TokenError::Empty);
        assert_eq!("xoxb 1".parse::<Token>().unwrap_err(), TokenError::Character);
        assert_eq!("xoxb-\u{e9}".parse::<Token>().unwrap_err(), TokenError::Character);
        assert_eq!(token(" xoxb-1\n").secret().expose_secret(), "xoxb-1");
    }

    #[test]
    fn debug_shows_no_secret() {
        let text = format!("{:?} {:?}", token("xoxb-secret"), token("xoxb-secret").header());
        assert!(!text.contains("secret"), "{text}");
    }
}
