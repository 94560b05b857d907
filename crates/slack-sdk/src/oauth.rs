//! Letting people install an app.
//!
//! A person is sent to Slack with [`OAuth::begin`], comes back with a code, and [`OAuth::finish`] exchanges it for tokens
//! and keeps them. What the person comes back with is proven by a `state` that works once, for ten minutes, in the browser
//! that asked for it: nobody can make somebody else's browser install an app into the wrong workspace. It is signed, and not
//! kept, so that nobody can push out what others began. With the feature `http`, [`OAuth::router`] serves both ends. Source:
//! docs.slack.dev, "Installing with OAuth", "Using PKCE".

mod browser;
mod builder;
mod error;
mod flow;
mod secret;
mod state;

#[cfg(feature = "http")]
mod page;
#[cfg(feature = "http")]
mod routes;

pub use browser::Cookie;
pub use builder::OAuthBuilder;
pub use error::OAuthError;
pub use flow::{Answer, Begun, OAuth};
