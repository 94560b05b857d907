//! An installation as it is written down.

use std::collections::BTreeMap;

use countersign_slack::ids::{AppId, BotId, ChannelId, EnterpriseId, TeamId, UserId};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{Bot, Expiry, Grant, Installation, Tenant, Webhook};

/// The version of what is written; a reader refuses later ones.
const VERSION: u32 = 1;

/// An installation, with its secrets in the clear.
#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    team_id: Option<TeamId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enterprise_id: Option<EnterpriseId>,
    is_enterprise_install: bool,
    name: Option<String>,
    app_id: Option<AppId>,
    bot: Option<BotRecord>,
    users: BTreeMap<UserId, GrantRecord>,
    webhook: Option<WebhookRecord>,
    installed_at: u64,
}

#[derive(Serialize, Deserialize)]
struct BotRecord {
    user_id: UserId,
    bot_id: Option<BotId>,
    grant: GrantRecord,
}

#[derive(Serialize, Deserialize)]
struct GrantRecord {
    token: String,
    scopes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct WebhookRecord {
    url: String,
    channel_id: Option<ChannelId>,
}

impl Record {
    pub(super) fn of(installation: &Installation) -> Self {
        let (team_id, enterprise_id, is_enterprise_install) = match &installation.tenant {
            Tenant::Team(id) => (Some(id.clone()), installation.enterprise_id.clone(), false),
            Tenant::Organisation(id) => (None, Some(id.clone()), true),
        };
        let bot = installation.bot.as_ref().map(|bot| BotRecord {
            user_id: bot.user_id.clone(),
            bot_id: bot.id.clone(),
            grant: GrantRecord::of(&bot.grant),
        });
        let webhook = installation
            .webhook
            .as_ref()
            .map(|webhook| WebhookRecord { url: clear(&webhook.url), channel_id: webhook.channel_id.clone() });
        Self {
            version: VERSION,
            team_id,
            enterprise_id,
            is_enterprise_install,
            name: installation.name.clone(),
            app_id: installation.app_id.clone(),
            bot,
            users: installation.users.iter().map(|(user, grant)| (user.clone(), GrantRecord::of(grant))).collect(),
            webhook,
            installed_at: installation.installed_at,
        }
    }

    /// The installation; `Err` says what a damaged or later record lacks.
    pub(super) fn into_installation(self) -> Result<Installation, &'static str> {
        if self.version != VERSION {
            return Err("its version is not known");
        }
        let tenant = match (self.is_enterprise_install, self.team_id, &self.enterprise_id) {
            (true, _, Some(id)) => Tenant::Organisation(id.clone()),
            (false, Some(id), _) => Tenant::Team(id),
            _ => return Err("it names no place"),
        };
        Ok(Installation {
            tenant,
            name: self.name,
            enterprise_id: self.enterprise_id,
            app_id: self.app_id,
            bot: self.bot.map(|bot| Bot { user_id: bot.user_id, id: bot.bot_id, grant: bot.grant.into_grant() }),
            users: self.users.into_iter().map(|(user, grant)| (user, grant.into_grant())).collect(),
            webhook: self.webhook.map(|hook| Webhook { url: hook.url.into(), channel_id: hook.channel_id }),
            installed_at: self.installed_at,
        })
    }
}

impl GrantRecord {
    fn of(grant: &Grant) -> Self {
        Self {
            token: clear(&grant.token),
            scopes: grant.scopes.clone(),
            expires_at: grant.expiry.as_ref().map(|expiry| expiry.at),
            refresh_token: grant.expiry.as_ref().map(|expiry| clear(&expiry.refresh_token)),
        }
    }

    fn into_grant(self) -> Grant {
        let expiry = self.expires_at.zip(self.refresh_token);
        let expiry = expiry.map(|(at, refresh_token)| Expiry { at, refresh_token: refresh_token.into() });
        Grant { token: self.token.into(), scopes: self.scopes, expiry }
    }
}

fn clear(secret: &SecretString) -> String {
    secret.expose_secret().to_owned()
}
