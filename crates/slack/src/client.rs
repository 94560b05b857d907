//! The Web API client.
//!
//! One [`Client`] per API base; it is cheap to clone and keeps its connection warm. Calls are encoded as the method table
//! says, and every failure is an [`Error`] that names the method. Retrying is a policy, not a habit: see [`RetryPolicy`].

mod api_base;
mod call;
mod encode;
mod error;
mod http;
mod methods;
mod pacing;
mod raw;
pub(crate) mod retry;
mod token;

pub use api_base::{ApiBase, ApiBaseError};
pub use call::{Client, ClientBuilder, Response};
pub use error::{ApiError, ClientError, Error};
pub use methods::{
    AuthTest, AuthedUser, Channel, ClientCredentials, Direct, IncomingWebhook, Message, OauthAccess, OauthGrant,
    OauthPlace, Opened, OpenedView, Page, Posted, Reply, ReplyScope, Upload, UploadedFile, User, UserProfile, ViewRef,
};
pub use raw::{RawAnswer, RawCall, RawCallError};
pub use retry::RetryPolicy;
pub use token::{Token, TokenError, TokenKind};
