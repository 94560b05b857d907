//! The methods that approvals use, typed.
//!
//! Every other method is called by its name with [`super::Client::call`].

mod auth;
mod chat;
mod conversations;
mod files;
mod oauth;
mod respond;
mod users;
mod views;

pub use auth::AuthTest;
pub use chat::{Message, Posted};
pub use conversations::{Channel, Direct, Opened, Page};
pub use files::{Upload, UploadedFile};
pub use oauth::{AuthedUser, ClientCredentials, IncomingWebhook, OauthAccess, OauthGrant, OauthPlace};
pub use respond::{Reply, ReplyScope};
pub use users::{User, UserProfile};
pub use views::{OpenedView, ViewRef};
