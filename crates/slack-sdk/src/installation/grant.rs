//! What a person allowed an app.

use std::collections::BTreeMap;
use std::fmt;

use countersign_slack::ids::{AppId, BotId, ChannelId, EnterpriseId, TeamId, UserId};
use secrecy::SecretString;

/// Where an installation counts: in a workspace, or in all workspaces of an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tenant {
    /// One workspace.
    Team(TeamId),
    /// A whole organisation, in Enterprise Grid.
    Organisation(EnterpriseId),
}

impl Tenant {
    /// Slack's id of it.
    pub fn id(&self) -> &str {
        match self {
            Self::Team(id) => id.as_str(),
            Self::Organisation(id) => id.as_str(),
        }
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// Where something happened, as a payload says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The workspace.
    pub team: Option<TeamId>,
    /// The organisation, in Enterprise Grid.
    pub enterprise: Option<EnterpriseId>,
    /// The app is installed in the whole organisation.
    pub is_enterprise_install: bool,
}

impl Place {
    /// A workspace.
    pub fn team(id: TeamId) -> Self {
        Self { team: Some(id), ..Self::default() }
    }

    /// Which installations may be meant, the likeliest first.
    ///
    /// An app may be installed in the organisation and, from before, in one of its workspaces: the payload's own word goes
    /// first.
    pub fn tenants(&self) -> Vec<Tenant> {
        let team = self.team.clone().map(Tenant::Team);
        let organisation = self.enterprise.clone().map(Tenant::Organisation);
        let order = if self.is_enterprise_install { [organisation, team] } else { [team, organisation] };
        order.into_iter().flatten().collect()
    }
}

impl Place {
    /// Which installation has ended, where one has: never an organisation's because of one of its workspaces.
    pub(super) fn revoked(&self) -> Option<Tenant> {
        match (&self.team, &self.enterprise) {
            (_, Some(organisation)) if self.is_enterprise_install || self.team.is_none() => {
                Some(Tenant::Organisation(organisation.clone()))
            }
            (team, _) => team.clone().map(Tenant::Team),
        }
    }
}

/// What was allowed in one place.
#[derive(Debug, Clone)]
pub struct Installation {
    /// Where.
    pub tenant: Tenant,
    /// What the place is called.
    pub name: Option<String>,
    /// The organisation of a workspace, in Enterprise Grid.
    pub enterprise_id: Option<EnterpriseId>,
    /// Which app.
    pub app_id: Option<AppId>,
    /// What its bot may do.
    pub bot: Option<Bot>,
    /// What it may do in the name of people.
    pub users: BTreeMap<UserId, Grant>,
    /// An address at which it can post to one channel.
    pub webhook: Option<Webhook>,
    /// When it was allowed last, in seconds since 1970 (UTC). What Slack says of earlier ends nothing of it.
    pub installed_at: u64,
}

/// An app's bot in one place.
#[derive(Debug, Clone)]
pub struct Bot {
    /// The user it appears as.
    pub user_id: UserId,
    /// The bot itself.
    pub id: Option<BotId>,
    /// What it may do.
    pub grant: Grant,
}

/// A token and what it is good for.
#[derive(Clone)]
pub struct Grant {
    /// The token.
    pub token: SecretString,
    /// The scopes.
    pub scopes: Vec<String>,
    /// Until when it is good, where it expires.
    pub expiry: Option<Expiry>,
}

/// When a token ends, and what renews it.
#[derive(Clone)]
pub struct Expiry {
    /// Seconds since 1970 (UTC).
    pub at: u64,
    /// What the next token is given for, once.
    pub refresh_token: SecretString,
}

/// An address at which an app can post to one channel.
#[derive(Clone)]
pub struct Webhook {
    /// The address; who knows it can post.
    pub url: SecretString,
    /// The channel.
    pub channel_id: Option<ChannelId>,
}

impl Installation {
    /// Whether nothing is allowed any more.
    pub fn is_empty(&self) -> bool {
        self.bot.is_none() && self.users.is_empty()
    }

    /// Adds what was allowed before and is not replaced: the bot, and what other people allowed.
    #[must_use]
    pub fn over(mut self, before: Option<Self>) -> Self {
        let Some(before) = before else { return self };
        for (user, grant) in before.users {
            self.users.entry(user).or_insert(grant);
        }
        self.bot = self.bot.or(before.bot);
        self.webhook = self.webhook.or(before.webhook);
        self.name = self.name.or(before.name);
        self
    }
}

impl Grant {
    /// Whether it ends within so many seconds from `now`, or has ended.
    pub fn ends_within(&self, seconds: u64, now: u64) -> bool {
        self.expiry.as_ref().is_some_and(|expiry| expiry.at <= now.saturating_add(seconds))
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("scopes", &self.scopes)
            .field("expires_at", &self.expiry.as_ref().map(|expiry| expiry.at))
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Expiry").field("at", &self.at).finish_non_exhaustive()
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("channel_id", &self.channel_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn grant(token: &str) -> Grant {
        Grant { token: token.into(), scopes: vec!["chat:write".to_owned()], expiry: None }
    }

    fn installation(users: &[(&str, &str)]) -> Installation {
        Installation {
            tenant: Tenant::Team("T1".into()),
            name: None,
            enterprise_id: None,
            app_id: None,
            bot: None,
            users: users.iter().map(|(user, token)| (UserId::from(*user), grant(token))).collect(),
            webhook: None,
            installed_at: 0,
        }
    }

    #[test]
    fn the_payloads_own_word_goes_first() {
        let place = |is_enterprise_install| Place {
            team: Some("T1".into()),
            enterprise: Some("E1".into()),
            is_enterprise_install,
        };
        let (team, organisation) = (Tenant::Team("T1".into()), Tenant::Organisation("E1".into()));
        assert_eq!(place(false).tenants(), [team.clone(), organisation.clone()]);
        assert_eq!(place(true).tenants(), [organisation, team]);
        assert_eq!(Place::default().tenants(), []);
    }

    #[test]
    fn an_organisation_does_not_end_with_one_of_its_workspaces() {
        let (team, enterprise) = (Some("T1".into()), Some("E1".into()));
        let in_team = Place { team: team.clone(), enterprise: enterprise.clone(), is_enterprise_install: false };
        assert_eq!(in_team.revoked(), Some(Tenant::Team("T1".into())));
        let whole = Place { is_enterprise_install: true, ..in_team };
        assert_eq!(whole.revoked(), Some(Tenant::Organisation("E1".into())));
        let nameless = Place { team: None, enterprise, is_enterprise_install: false };
        assert_eq!(nameless.revoked(), Some(Tenant::Organisation("E1".into())));
        assert_eq!(Place::default().revoked(), None);
    }

    #[test]
    fn what_others_allowed_stays() {
        let after = installation(&[("U2", "new")]).over(Some(installation(&[("U1", "old"), ("U2", "old")])));
        let tokens: Vec<_> = after.users.values().map(|grant| grant.token.expose_secret().to_owned()).collect();
        assert_eq!(tokens, ["old", "new"]);
    }

    #[test]
    fn a_token_ends_when_its_time_has_come() {
        let expiry = Expiry { at: 1000, refresh_token: "r".into() };
        let ending = Grant { expiry: Some(expiry), ..grant("t") };
        assert!(!ending.ends_within(100, 899) && ending.ends_within(100, 900) && ending.ends_within(0, 1000));
        assert!(!grant("t").ends_within(u64::MAX, u64::MAX));
    }

    #[test]
    fn debug_shows_no_secret() {
        let bot = Bot { user_id: "U0".into(), id: None, grant: grant("xoxb-secret") };
        let webhook = Webhook { url: "https://hooks.slack.com/secret".into(), channel_id: None };
        let expiry = Expiry { at: 1, refresh_token: "xoxe-secret".into() };
        let mut whole = installation(&[("U1", "xoxp-secret")]);
        (whole.bot, whole.webhook) = (Some(bot), Some(webhook));
        let text = format!("{whole:?} {expiry:?}");
        assert!(!text.contains("secret"), "{text}");
    }
}
