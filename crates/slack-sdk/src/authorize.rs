//! Which token is used for what Slack sent.

use std::sync::Arc;

use async_trait::async_trait;
use countersign_slack::client::{Client, Error, Token};
use countersign_slack::ids::{BotId, EnterpriseId, TeamId, UserId};
use thiserror::Error;
use tokio::sync::OnceCell;

use crate::scene::Scene;

/// Where something happened, and by whom: what a token is looked up by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The workspace; none where an organisation's installation is meant.
    pub team_id: Option<TeamId>,
    /// The organisation, in Enterprise Grid.
    pub enterprise_id: Option<EnterpriseId>,
    /// Whether the app is installed in the whole organisation.
    pub is_enterprise_install: bool,
    /// Who did it.
    pub user_id: Option<UserId>,
}

/// A token, and whom it stands for.
#[derive(Debug, Clone)]
pub struct Authorization {
    /// The bot's token.
    pub token: Token,
    /// The user that the bot appears as, where it is known without asking.
    pub bot_user_id: Option<UserId>,
    /// The bot, where it is known without asking.
    pub bot_id: Option<BotId>,
    /// The person's own token, where they authorised the app.
    pub user_token: Option<Token>,
    /// What the bot may do, where it is known.
    pub scopes: Option<Vec<String>>,
}

impl Authorization {
    /// A token of which nothing else is known.
    pub fn of(token: Token) -> Self {
        Self { token, bot_user_id: None, bot_id: None, user_token: None, scopes: None }
    }
}

/// Why there is no token.
#[derive(Debug, Error)]
pub enum AuthorizeError {
    /// The app was given neither a token nor an authorizer.
    #[error("the app has neither a token nor an authorizer")]
    NoAuthorizer,
    /// The app is not installed there, or not any more.
    #[error("the app is not installed in {}", place(.0))]
    NotInstalled(Box<Source>),
    /// Slack refused, or was not reached.
    #[error("the token could not be checked")]
    Slack(#[from] Error),
    /// Where tokens are kept failed.
    #[error("the token could not be looked up")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
}

fn place(source: &Source) -> String {
    let team = source.team_id.as_ref().map(|team| team.as_str().to_owned());
    let organisation = source.enterprise_id.as_ref().map(|id| id.as_str().to_owned());
    team.or(organisation).unwrap_or_else(|| "an unknown workspace".to_owned())
}

/// Gives the token for what Slack sent: one for all, or one for each workspace.
///
/// It is asked when a handler first needs the token, not before: an acknowledgement never waits for it.
#[async_trait]
pub trait Authorizer: Send + Sync + 'static {
    /// The token for a workspace.
    async fn authorize(&self, source: &Source) -> Result<Arc<Authorization>, AuthorizeError>;

    /// Slack has said that the app is not installed there any more, or that tokens were revoked.
    ///
    /// What is remembered of them is to be forgotten, unless it is of later than `at`, when that happened, in seconds since
    /// 1970 (UTC): such news may be late, or come again after the app was installed anew.
    async fn revoked(&self, _source: &Source, _ended: &Revoked, _at: Option<u64>) -> Result<(), AuthorizeError> {
        Ok(())
    }
}

/// What has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revoked {
    /// The app was taken out: all of it.
    App,
    /// Some tokens.
    Tokens {
        /// The people whose own tokens were revoked.
        users: Vec<UserId>,
        /// Whether the bot's was.
        has_bot: bool,
    },
}

/// One token for all: an app that is installed in one workspace.
///
/// `auth.test` is called when somebody wants to know who the bot is, once; nothing waits for it otherwise.
#[derive(Debug)]
pub struct SingleToken {
    bare: Arc<Authorization>,
    client: Client,
    bot: OnceCell<Arc<Authorization>>,
}

impl SingleToken {
    /// A bot's token.
    pub fn new(client: Client, token: Token) -> Self {
        Self { bare: Arc::new(Authorization::of(token)), client, bot: OnceCell::new() }
    }

    /// Who the bot is; Slack is asked once.
    pub async fn bot(&self) -> Result<&Arc<Authorization>, AuthorizeError> {
        let ask = async || {
            let answer = self.client.auth_test(&self.bare.token).await?;
            let scopes = answer.scopes().map(str::to_owned).collect();
            Ok(Arc::new(Authorization {
                bot_user_id: Some(answer.body.user_id),
                bot_id: answer.body.bot_id,
                scopes: Some(scopes),
                ..Authorization::clone(&self.bare)
            }))
        };
        self.bot.get_or_try_init(ask).await
    }
}

#[async_trait]
impl Authorizer for SingleToken {
    async fn authorize(&self, _source: &Source) -> Result<Arc<Authorization>, AuthorizeError> {
        Ok(Arc::clone(self.bot.get().unwrap_or(&self.bare)))
    }
}

impl Source {
    pub(crate) fn of(scene: &Scene) -> Self {
        Self {
            team_id: scene.team.clone(),
            enterprise_id: scene.enterprise.clone(),
            is_enterprise_install: scene.is_enterprise_install,
            user_id: scene.user.clone(),
        }
    }
}
