//! Who the app is.

use std::ops::Deref;
use std::sync::Arc;

use crate::{Authorization, FromRequest, Rejection, Request};

/// Who the app is where the request comes from: its bot's ids, token and scopes, as far as the authorizer knows them.
///
/// ```
/// # use countersign_slack_sdk::{App, Bot};
/// async fn joined(bot: Bot) {
///     println!("the bot is {:?} and may {:?}", bot.bot_user_id, bot.scopes);
/// }
///
/// let app: App = App::new().event("member_joined_channel", joined);
/// ```
#[derive(Debug, Clone)]
pub struct Bot(pub Arc<Authorization>);

impl Deref for Bot {
    type Target = Authorization;

    fn deref(&self) -> &Authorization {
        &self.0
    }
}

impl<S: Sync> FromRequest<S> for Bot {
    type Rejection = Rejection;

    async fn from_request(request: &Request, _: &S) -> Result<Self, Rejection> {
        Ok(Self(Arc::clone(request.authorization().await?)))
    }
}
