//! Answering an interaction at its own address.

use std::convert::Infallible;

use countersign_slack::blocks::Mrkdwn;
use countersign_slack::client::{Message, Reply};
use thiserror::Error;

use super::say::checked;
use crate::{FromRequest, Request, SendError};

/// How often a response address may be used, and how long (docs.slack.dev, Handling user interaction).
const MAX_USES: u8 = 5;
const LIFETIME_MS: u64 = 30 * 60 * 1000;

/// A response address cannot be used any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RespondLimit {
    /// It was used five times.
    #[error("the response address was used five times, which is all that Slack allows")]
    UsedUp,
    /// It is older than 30 minutes.
    #[error("the response address is older than 30 minutes, and Slack takes nothing there any more")]
    Lapsed,
}

/// Answers an interaction or command at its own address: five times at most, within 30 minutes.
///
/// Clones, and other `Respond`s of the same request, count together.
///
/// ```
/// # use countersign_slack_sdk::{App, HandlerError, Respond};
/// # use countersign_slack::blocks::Mrkdwn;
/// async fn clicked(respond: Respond) -> Result<(), HandlerError> {
///     respond.ephemeral(&Mrkdwn::text("Only you see this.")).await?;
///     respond.delete_original().await?;
///     Ok(())
/// }
///
/// let app: App = App::new().action("dismiss", clicked);
/// ```
#[derive(Debug, Clone)]
pub struct Respond {
    request: Request,
}

impl Respond {
    /// The answers to a request, for layers.
    pub fn of(request: &Request) -> Self {
        Self { request: request.clone() }
    }

    /// Tells the person who acted, and nobody else; without a response address, in the conversation.
    ///
    /// # Errors
    /// When there is nowhere to answer, a limit is reached, or Slack refuses.
    pub async fn ephemeral(&self, text: &Mrkdwn) -> Result<(), SendError> {
        let scene = self.request.scene();
        if scene.response_url.is_some() {
            return self.reply(&Reply::ephemeral(text.as_str())).await;
        }
        let (Some(channel), Some(user)) = (&scene.channel, &scene.user) else { return Err(SendError::NowhereToAnswer) };
        let message = Message::text(text.as_str());
        checked(&message)?;
        self.request.client().await?.post_ephemeral(channel, user, &message).await?;
        Ok(())
    }

    /// Answers at the interaction's own address.
    ///
    /// # Errors
    /// When there is no such address, a limit is reached, or Slack refuses.
    pub async fn reply(&self, reply: &Reply<'_>) -> Result<(), SendError> {
        checked(&Message::text(&*reply.text))?;
        let url = self.request.scene().response_url.as_ref().ok_or(SendError::NowhereToAnswer)?;
        let shared = self.request.shared();
        let api = shared.client.as_ref().ok_or(crate::Rejection::NoClient)?;
        if shared.clock.now_ms().saturating_sub(self.request.inner().received_ms) > LIFETIME_MS {
            return Err(RespondLimit::Lapsed.into());
        }
        if self.request.count_reply() >= MAX_USES {
            return Err(RespondLimit::UsedUp.into());
        }
        Ok(api.respond(url, reply).await?)
    }

    /// Puts an answer in the place of the message that was clicked.
    ///
    /// # Errors
    /// As of [`Self::reply`].
    pub async fn replace_original(&self, message: Message<'_>) -> Result<(), SendError> {
        let reply =
            Reply { text: message.text, blocks: message.blocks, replace_original: Some(true), ..Reply::default() };
        self.reply(&reply).await
    }

    /// Deletes the message that was clicked.
    ///
    /// # Errors
    /// As of [`Self::reply`].
    pub async fn delete_original(&self) -> Result<(), SendError> {
        self.reply(&Reply { delete_original: true, ..Reply::default() }).await
    }
}

impl<S: Sync> FromRequest<S> for Respond {
    type Rejection = Infallible;

    async fn from_request(request: &Request, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(request))
    }
}
