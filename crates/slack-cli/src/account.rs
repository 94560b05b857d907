//! Who is signed in to which team: `credentials.json`, and which of them is meant.

mod credentials;
mod login;
mod renewal;

use countersign_slack::{
    client::AuthTest,
    ids::{EnterpriseId, TeamId, UserId},
};
use serde_json::json;

use self::credentials::{Credential, Credentials};
pub use self::login::{Purpose, Ticket, login, login_with_token, logout, service_token, ticket};
use crate::{AppChoice, Code, Failure, Session, api::Api, app};

/// A person on a team, with the Web API in their name.
#[derive(Debug, Clone)]
pub struct Account {
    /// The team.
    pub team: TeamId,
    /// Its domain, such as `acme`.
    pub team_domain: String,
    /// The person.
    pub user: UserId,
    /// The organisation, where the team is part of one.
    pub enterprise: Option<String>,
    /// Slack, as this person.
    pub api: Api,
    /// Where it came from.
    pub origin: Origin,
}

/// Where an account came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `--token`: nothing is kept.
    Token,
    /// `credentials.json`.
    Kept {
        /// When somebody signed in, or the token was renewed, as it stands there.
        last_updated: Option<String>,
        /// Whether it is of a whole organisation.
        is_organisation: bool,
    },
}

impl Account {
    /// The account that is meant: `--token`, else `--team`, else the only one; asks a person where there are several.
    pub async fn choose(session: &Session) -> Result<Self, Failure> {
        if session.settings.token.is_some() {
            return Self::of_token(session).await;
        }
        let kept = Credentials::read(session)?;
        let meant = pick(session, kept.all())?;
        Self::of_credential(session, &renewal::fresh(session, meant).await?)
    }

    /// Every account that is signed in; with `--token` only whose it is.
    ///
    /// An account whose token is out of date and cannot be renewed is among them: it is Slack that says so.
    pub async fn all(session: &Session) -> Result<Vec<Self>, Failure> {
        if session.settings.token.is_some() {
            return Ok(vec![Self::of_token(session).await?]);
        }
        let mut accounts = Vec::new();
        for kept in Credentials::read(session)?.all() {
            let fresh = renewal::fresh(session, kept).await.unwrap_or_else(|_| kept.clone());
            accounts.push(Self::of_credential(session, &fresh)?);
        }
        Ok(accounts)
    }

    /// The same account, with a token that was renewed where it was about to expire.
    pub async fn renewed(&self, session: &Session) -> Result<Self, Failure> {
        if self.origin == Origin::Token {
            return Ok(self.clone());
        }
        let kept = Credentials::read(session)?;
        match kept.all().iter().find(|kept| kept.team == self.team) {
            Some(kept) => Self::of_credential(session, &renewal::fresh(session, kept).await?),
            // Somebody signed out meanwhile; Slack says what becomes of the token.
            None => Ok(self.clone()),
        }
    }

    /// Asks Slack whom the token belongs to.
    pub async fn test(&self) -> Result<AuthTest, Failure> {
        self.api.call("auth.test", &json!({})).await
    }

    async fn of_token(session: &Session) -> Result<Self, Failure> {
        let Some(token) = &session.settings.token else {
            return Err(Failure::new(Code::NotAuthed, "there is no token"));
        };
        let api = Api::connect(session, None, token)?;
        let whose: AuthTest = api.call("auth.test", &json!({})).await?;
        let account = Self {
            team_domain: domain(&whose),
            team: whose.team_id,
            user: whose.user_id,
            enterprise: whose.enterprise_id.map(EnterpriseId::into_string),
            api,
            origin: Origin::Token,
        };
        match &session.settings.team {
            Some(meant) if !is_meant(meant, &account.team, &account.team_domain) => {
                let message =
                    format!("the token is of the team {} ({}), not of {meant}", account.team_domain, account.team);
                Err(Failure::new(Code::TeamNotFound, message))
            }
            _ => Ok(account),
        }
    }

    fn of_credential(session: &Session, kept: &Credential) -> Result<Self, Failure> {
        Ok(Self {
            team: kept.team.clone(),
            team_domain: kept.team_domain.clone(),
            user: kept.user.clone(),
            enterprise: kept.enterprise.clone(),
            api: Api::connect(session, kept.api_host.as_deref(), &kept.token)?,
            origin: Origin::Kept { last_updated: kept.last_updated.clone(), is_organisation: kept.is_organisation },
        })
    }
}

/// The one of them that is meant.
fn pick<'c>(session: &Session, kept: &'c [Credential]) -> Result<&'c Credential, Failure> {
    if kept.is_empty() {
        return Err(Failure::new(Code::NotAuthed, "nobody is signed in")
            .remedy("sign in with `countersign slack login`, or give a token with --token"));
    }
    // An app that is named, and that the project knows, says the team.
    let teams = match (&session.settings.team, &session.settings.app) {
        (None, Some(AppChoice::Id(id))) => app::teams_of(session, id),
        _ => Vec::new(),
    };
    let fits = |candidate: &&Credential| match &session.settings.team {
        Some(team) => is_meant(team, &candidate.team, &candidate.team_domain),
        None => teams.is_empty() || teams.contains(&candidate.team),
    };
    let candidates: Vec<&Credential> = kept.iter().filter(fits).collect();
    let listed =
        |failure, listed: &[&Credential]| listed.iter().fold(failure, |all: Failure, one| all.detail(name(one)));
    match candidates.as_slice() {
        [only] => Ok(only),
        [] => {
            let team = session.settings.team.clone().or_else(|| teams.first().map(ToString::to_string));
            let message = format!("nobody is signed in to the team {}", team.unwrap_or_default());
            let failure = listed(Failure::new(Code::TeamNotFound, message), &kept.iter().collect::<Vec<_>>());
            Err(failure.remedy("name one of these with --team, or sign in with `countersign slack login`"))
        }
        several => {
            let options: Vec<String> = several.iter().copied().map(name).collect();
            let chosen = session.talk.choose("Which team?", &options).and_then(|index| several.get(index));
            chosen.copied().ok_or_else(|| {
                let failure = Failure::new(Code::MismatchedFlags, "several teams could be meant");
                listed(failure, several).remedy("name one of these with --team")
            })
        }
    }
}

/// A team, for people to choose.
fn name(kept: &Credential) -> String {
    format!("{} ({})", kept.team_domain, kept.team)
}

/// Whether a text names a team, by id or domain.
fn is_meant(text: &str, team: &TeamId, domain: &str) -> bool {
    *team == *text || domain.eq_ignore_ascii_case(text)
}

/// The first label of the team's address; on an address of this machine, what the team's name would give.
fn domain(whose: &AuthTest) -> String {
    let host = url::Url::parse(&whose.url).ok().and_then(|url| url.domain().map(str::to_owned));
    match host.as_deref().and_then(|host| host.split_once('.')) {
        Some((label, _)) => label.to_owned(),
        None => whose.team.to_lowercase().split(|c: char| !c.is_alphanumeric()).collect::<Vec<_>>().join("-"),
    }
}
