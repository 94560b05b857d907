//! Why an app was not installed.

use countersign_slack::client::Error;
use thiserror::Error;

use crate::installation::StoreError;

/// Why an app was not installed.
#[derive(Debug, Error)]
pub enum OAuthError {
    /// Nothing says which installation this belongs to.
    #[error("the address has no state")]
    NoState,
    /// No installation was begun here with this state, or it was finished already.
    #[error("the state is not one of ours, or was used already")]
    UnknownState,
    /// The person took too long.
    #[error("the installation was begun too long ago")]
    Expired,
    /// Another browser began it.
    #[error("the installation was begun in another browser")]
    OtherBrowser,
    /// The person, or Slack, said no.
    #[error("Slack says {0}")]
    Denied(String),
    /// Neither a code nor an error came back.
    #[error("the address has no code")]
    NoCode,
    /// Slack did not give tokens for the code.
    #[error("the code could not be exchanged for tokens")]
    Exchange(#[source] Error),
    /// Slack's answer names no place, or has no token.
    #[error("Slack's answer has {0}")]
    Incomplete(&'static str),
    /// The tokens could not be kept.
    #[error("the installation could not be kept")]
    Store(#[from] StoreError),
    /// The secret that states are to be signed with can be guessed.
    #[error("the secret of states has fewer than {0} characters")]
    ShortSecret(usize),
    /// The system has no randomness.
    #[error("the system gave no random bytes")]
    Entropy,
    /// An address cannot be made of the API's.
    #[error("Slack's address cannot be used")]
    Address(#[from] url::ParseError),
}

impl OAuthError {
    /// Whether the person can simply begin again.
    pub fn is_persons(&self) -> bool {
        matches!(
            self,
            Self::NoState | Self::UnknownState | Self::Expired | Self::OtherBrowser | Self::Denied(_) | Self::NoCode
        )
    }

    /// What the person is told. It names nothing that came with the request.
    pub fn explanation(&self) -> &'static str {
        match self {
            Self::NoState | Self::UnknownState | Self::NoCode => "This link is not valid, or was used before.",
            Self::Expired => "This took longer than ten minutes.",
            Self::OtherBrowser => "The installation was begun in another browser.",
            Self::Denied(_) => "The installation was cancelled in Slack.",
            Self::Exchange(_) | Self::Incomplete(_) => "Slack did not confirm the installation.",
            Self::Store(_) | Self::ShortSecret(_) | Self::Entropy | Self::Address(_) => {
                "The app could not keep the installation."
            }
        }
    }
}
