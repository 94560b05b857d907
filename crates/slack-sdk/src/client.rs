//! The Web API with the token for a request.

use std::fmt;

use countersign_slack::client::{
    AuthTest, Client as Api, Error, Message, OpenedView, Posted, Response, Token, Upload, UploadedFile, ViewRef,
};
use countersign_slack::ids::{ChannelId, TriggerId, Ts, UserId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Rejection, RespondLimit, TextLimit};

/// Why something could not be said or shown.
#[derive(Debug, Error)]
pub enum SendError {
    /// There is neither an address to answer at, nor a person in a channel.
    #[error("there is nowhere to answer")]
    NowhereToAnswer,
    /// The payload has no right to open a view.
    #[error("there is no trigger to open a view with")]
    NoTrigger,
    /// It is too long.
    #[error(transparent)]
    TooLong(#[from] TextLimit),
    /// The response address is used up.
    #[error(transparent)]
    Respond(#[from] RespondLimit),
    /// There is no token for it.
    #[error("there is no client for this")]
    NoClient(#[from] Rejection),
    /// Slack refused, or was not reached.
    #[error(transparent)]
    Slack(#[from] Error),
}

/// The Web API, with the token for the workspace that the request comes from. Cheap to clone.
///
/// ```
/// # use countersign_slack_sdk::{App, Client, HandlerError};
/// async fn topic(client: Client) -> Result<(), HandlerError> {
///     let args = serde_json::json!({"channel": "C0123456789", "topic": "Lunch"});
///     client.call::<serde_json::Value>("conversations.setTopic", &args).await?;
///     Ok(())
/// }
///
/// let app: App = App::new().command("/lunch", topic);
/// ```
#[derive(Clone)]
pub struct Client {
    api: Api,
    token: Token,
}

#[derive(Serialize)]
struct Publish<'a, V> {
    user_id: &'a UserId,
    view: &'a V,
}

#[derive(Deserialize)]
struct Published {
    view: OpenedView,
}

impl Client {
    /// A client with a token.
    pub fn new(api: Api, token: Token) -> Self {
        Self { api, token }
    }

    /// The client below, which takes a token with each call.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// The token.
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// Calls any method with anything that serialises to an object.
    ///
    /// # Errors
    /// When Slack refuses or is not reached.
    pub async fn call<T: DeserializeOwned>(&self, method: &str, args: &impl Serialize) -> Result<T, Error> {
        Ok(self.api.call(&self.token, method, args).await?.body)
    }

    /// Calls a method that posts to a channel, and waits for the channel's turn where Slack has asked for that.
    ///
    /// # Errors
    /// When Slack refuses or is not reached.
    pub async fn call_in<T: DeserializeOwned>(
        &self,
        method: &str,
        channel: &ChannelId,
        args: &impl Serialize,
    ) -> Result<T, Error> {
        Ok(self.api.call_in(&self.token, method, channel, args).await?.body)
    }

    /// Says whom the token belongs to; the scopes are in the response's headers.
    ///
    /// # Errors
    /// When Slack refuses or is not reached.
    pub async fn auth_test(&self) -> Result<Response<AuthTest>, Error> {
        self.api.auth_test(&self.token).await
    }

    /// Publishes what a person's Home tab shows.
    ///
    /// # Errors
    /// When Slack refuses or is not reached.
    pub async fn publish_home(&self, user: &UserId, view: &impl Serialize) -> Result<OpenedView, Error> {
        Ok(self.call::<Published>("views.publish", &Publish { user_id: user, view }).await?.view)
    }

    /// Puts a file into a conversation.
    ///
    /// # Errors
    /// When Slack refuses or is not reached.
    pub async fn upload_file(&self, upload: Upload<'_>) -> Result<UploadedFile, Error> {
        self.api.upload_file(&self.token, upload).await
    }
}

macro_rules! bound {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $kind:ty),*) -> $answer:ty;)+) => {
        impl Client {
            $($(#[$doc])*
            ///
            /// # Errors
            /// When Slack refuses or is not reached.
            pub async fn $name(&self, $($arg: $kind),*) -> Result<$answer, Error> {
                self.api.$name(&self.token, $($arg),*).await
            })+
        }
    };
}

bound! {
    /// Posts a message.
    post_message(channel: &ChannelId, message: &Message<'_>) -> Posted;
    /// Replaces what a message says.
    update_message(channel: &ChannelId, ts: &Ts, message: &Message<'_>) -> Posted;
    /// Deletes a message.
    delete_message(channel: &ChannelId, ts: &Ts) -> ();
    /// Shows a message to one person in a channel.
    post_ephemeral(channel: &ChannelId, user: &UserId, message: &Message<'_>) -> Ts;
    /// The address of a message.
    permalink(channel: &ChannelId, ts: &Ts) -> String;
    /// Opens a modal; the trigger lasts three seconds.
    open_view(trigger_id: &TriggerId, view: &impl Serialize) -> OpenedView;
    /// Puts a modal above the one that is open; three at most.
    push_view(trigger_id: &TriggerId, view: &impl Serialize) -> OpenedView;
    /// Replaces a view; with a hash, only if nobody else did.
    update_view(which: &ViewRef, hash: Option<&str>, view: &impl Serialize) -> OpenedView;
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", self.api.base()).field("token", &self.token).finish()
    }
}
