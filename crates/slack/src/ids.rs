//! Slack's identifiers, each a type of its own.
//!
//! What Slack sends is taken as it is (`From`), for a client must not fail because an identifier looks new; what people
//! type is checked (`FromStr`) where Slack's shape is known: docs.slack.dev and the identifiers of its samples.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A text that does not have the shape of the identifier it should be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} is not a {what}: expected {expected}")]
pub struct IdError {
    what: &'static str,
    expected: &'static str,
    text: String,
}

impl IdError {
    fn new(what: &'static str, expected: &'static str, text: &str) -> Self {
        // An identifier is short: whatever is long is not one, and must not fill a log.
        let text = text.chars().take(64).collect();
        Self { what, expected, text }
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $what:literal, $expected:literal, $shape:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The identifier as Slack writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Takes the text out.
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let shape: fn(&str) -> bool = $shape;
                if shape(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(IdError::new($what, $expected, text))
                }
            }
        }
    )+};
}

ids! {
    /// A workspace (`T…`).
    TeamId, "team id", "T followed by at least 8 capitals or digits", |t| object_id(t, &['T']);
    /// An Enterprise Grid organisation (`E…`).
    EnterpriseId, "enterprise id", "E followed by at least 8 capitals or digits", |t| object_id(t, &['E']);
    /// A person or bot user (`U…`, and `W…` of Enterprise Grid).
    UserId, "user id", "U or W followed by at least 8 capitals or digits", |t| object_id(t, &['U', 'W']);
    /// A conversation: channel `C…`, direct message `D…`, group direct message or old private channel `G…`.
    ChannelId, "channel id", "C, D or G followed by at least 8 capitals or digits", |t| object_id(t, &['C', 'D', 'G']);
    /// An app (`A…`).
    AppId, "app id", "A followed by at least 8 capitals or digits", |t| object_id(t, &['A']);
    /// The bot of an app (`B…`), not its bot user.
    BotId, "bot id", "B followed by at least 8 capitals or digits", |t| object_id(t, &['B']);
    /// A modal or Home tab that is shown (`V…`).
    ViewId, "view id", "V followed by at least 8 capitals or digits", |t| object_id(t, &['V']);
    /// A file (`F…`).
    FileId, "file id", "F followed by at least 8 capitals or digits", |t| object_id(t, &['F']);
    /// A user group (`S…`).
    UserGroupId, "user group id", "S followed by at least 8 capitals or digits", |t| object_id(t, &['S']);
    /// A bookmark of a channel (`Bk…`).
    BookmarkId, "bookmark id", "Bk followed by capitals and digits", |t| t.strip_prefix("Bk").is_some_and(|rest| capitals(rest, 6));
    /// A message that waits for its time (`Q…`).
    ScheduledMessageId, "scheduled message id", "Q followed by at least 8 capitals or digits", |t| object_id(t, &['Q']);
    /// One event of the Events API (`Ev…`), the same in every redelivery.
    EventId, "event id", "Ev followed by capitals and digits", |t| t.strip_prefix("Ev").is_some_and(|rest| capitals(rest, 6));
    /// The short-lived, single-use right to open a view.
    TriggerId, "trigger id", "visible characters without spaces", opaque;
    /// One delivery over Socket Mode.
    EnvelopeId, "envelope id", "visible characters without spaces", opaque;
    /// What an app calls a block of its own; unique in a message.
    BlockId, "block id", "at most 255 characters", |t| name(t);
    /// What an app calls an interactive element of its own; unique in a block.
    ActionId, "action id", "at most 255 characters", |t| name(t);
    /// What an app calls a view or shortcut of its own.
    CallbackId, "callback id", "at most 255 characters", |t| name(t);
    /// A message's time stamp, `<10 digits>.<6 digits>`; with its channel it is the message's identity.
    Ts, "message time stamp", "10 digits, a dot and 6 digits", timestamp;
}

/// What kind of conversation an operation is about; scopes differ by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// A public channel; scopes start with `channels:`.
    Public,
    /// A private channel; scopes start with `groups:`.
    Private,
    /// A direct message; scopes start with `im:`.
    Im,
    /// A direct message of several people; scopes start with `mpim:`.
    Mpim,
}

impl ChannelKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Public, Self::Private, Self::Im, Self::Mpim];

    /// The first part of the scopes that belong to this kind.
    pub fn scope_family(self) -> &'static str {
        match self {
            Self::Public => "channels",
            Self::Private => "groups",
            Self::Im => "im",
            Self::Mpim => "mpim",
        }
    }

    /// The name in the `types` argument of `conversations.list`.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Public => "public_channel",
            Self::Private => "private_channel",
            Self::Im => "im",
            Self::Mpim => "mpim",
        }
    }
}

fn object_id(text: &str, prefixes: &[char]) -> bool {
    text.strip_prefix(prefixes).is_some_and(|rest| capitals(rest, 8))
}

fn capitals(text: &str, at_least: usize) -> bool {
    (at_least..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn opaque(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

fn name(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= 255
}

fn timestamp(text: &str) -> bool {
    let digits = |part: &str, n| part.len() == n && part.bytes().all(|b| b.is_ascii_digit());
    text.split_once('.').is_some_and(|(seconds, rest)| digits(seconds, 10) && digits(rest, 6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_that_slack_uses_are_taken() {
        assert_eq!("C0123456789".parse::<ChannelId>().unwrap(), "C0123456789");
        assert!("D0123456789".parse::<ChannelId>().is_ok());
        assert!("W0123456789".parse::<UserId>().is_ok());
        assert!("1700000000.000100".parse::<Ts>().is_ok());
        assert!("Ev0PV52K25".parse::<EventId>().is_ok());
    }

    #[test]
    fn other_shapes_are_refused_by_name() {
        for bad in ["", "c0123456789", "U0123456789", "C012", "C01234567é9", "#general"] {
            assert!(bad.parse::<ChannelId>().is_err(), "{bad}");
        }
        for bad in ["", "1700000000", "170000000.0001000", "1700000000.00010x", "1700000000.000100.1"] {
            assert!(bad.parse::<Ts>().is_err(), "{bad}");
        }
        let error = "x".repeat(500).parse::<UserId>().unwrap_err().to_string();
        assert!(error.contains("user id") && error.len() < 200, "{error}");
    }

    #[test]
    fn what_slack_sends_is_never_refused() {
        assert_eq!(serde_json::from_str::<UserId>("\"new-shape\"").unwrap(), "new-shape");
        assert_eq!(serde_json::to_string(&TeamId::from("T1")).unwrap(), "\"T1\"");
    }
}
