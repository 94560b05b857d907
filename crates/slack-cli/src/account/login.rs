//! Signing in to a team, and out of it.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::{
    Account,
    credentials::{self, Credential},
};
use crate::{Failure, Session, api};

/// What the official command line calls itself; Slack wants to know.
const CLI_VERSION: &str = "v4.5.0";

/// The right to sign in, once a person has confirmed it in Slack.
#[derive(Debug, Clone, Deserialize)]
pub struct Ticket {
    ticket: String,
}

/// Whom a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A person at this machine: it expires, and is renewed.
    Person,
    /// A service: it stays as it is.
    Service,
}

#[derive(Deserialize)]
struct Exchanged {
    token: SecretString,
    #[serde(default)]
    refresh_token: Option<SecretString>,
    #[serde(default)]
    exp: i64,
    team_id: String,
    #[serde(default)]
    team_domain: String,
    user_id: String,
    #[serde(default)]
    enterprise_id: Option<String>,
    #[serde(default)]
    is_enterprise_install: bool,
}

impl Ticket {
    /// A ticket that somebody was given before.
    pub fn known(ticket: impl Into<String>) -> Self {
        Self { ticket: ticket.into() }
    }

    /// The ticket's text.
    pub fn text(&self) -> &str {
        &self.ticket
    }

    /// What a person types in Slack to confirm it.
    pub fn command(&self) -> String {
        format!("/slackauthticket {}", self.ticket)
    }
}

/// Asks for a ticket.
pub async fn ticket(session: &Session, purpose: Purpose) -> Result<Ticket, Failure> {
    let mut arguments = json!({"slack_cli_version": CLI_VERSION});
    if purpose == Purpose::Service {
        arguments["no_rotation"] = true.into();
    }
    api::call_without_token(&api::client(session, None)?, "apps.hosted.generateAuthTicket", &arguments).await
}

/// Signs in with a ticket and the challenge that Slack showed for it.
pub async fn login(session: &Session, ticket: &Ticket, challenge: &str) -> Result<Account, Failure> {
    let credential = exchange(session, ticket, challenge).await?;
    credentials::keep(session, &credential)?;
    Account::of_credential(session, &credential)
}

/// The token of a service, which is not kept, for a ticket and the challenge that Slack showed for it.
pub async fn service_token(session: &Session, ticket: &Ticket, challenge: &str) -> Result<SecretString, Failure> {
    exchange(session, ticket, challenge).await.map(|credential| credential.token)
}

async fn exchange(session: &Session, ticket: &Ticket, challenge: &str) -> Result<Credential, Failure> {
    let client = api::client(session, None)?;
    let arguments = json!({
        "ticket": ticket.text(), "challenge": challenge.trim(), "slack_cli_version": CLI_VERSION,
    });
    let given: Exchanged = api::call_without_token(&client, "apps.hosted.exchangeAuthTicket", &arguments).await?;
    Ok(Credential {
        token: given.token,
        team: given.team_id.into(),
        team_domain: given.team_domain,
        user: given.user_id.into(),
        enterprise: given.enterprise_id.filter(|id| !id.is_empty()),
        last_updated: Some(credentials::written((session.now)())),
        api_host: api::host_of(client.base()),
        refresh_token: given.refresh_token.filter(|token| !token.expose_secret().is_empty()),
        expires: given.exp,
        is_organisation: given.is_enterprise_install,
    })
}

/// Signs in with `--token`: Slack says whose it is.
pub async fn login_with_token(session: &Session) -> Result<Account, Failure> {
    let account = Account::of_token(session).await?;
    let credential = Credential {
        token: account.api.token().secret().clone(),
        team: account.team.clone(),
        team_domain: account.team_domain.clone(),
        user: account.user.clone(),
        enterprise: account.enterprise.clone(),
        last_updated: Some(credentials::written((session.now)())),
        api_host: api::host_of(account.api.client().base()),
        refresh_token: None,
        expires: 0,
        is_organisation: false,
    };
    credentials::keep(session, &credential)?;
    Ok(account)
}

/// Signs out: the token is revoked and forgotten.
///
/// A token that Slack does not know any more is forgotten all the same; one that Slack could not be asked about only with
/// `--force`.
pub async fn logout(session: &Session, account: &Account) -> Result<(), Failure> {
    let revoked: Result<serde_json::Value, Failure> = account.api.call("auth.revoke", &json!({})).await;
    match revoked {
        Err(failure) if !is_dead(failure.code().as_str()) && !session.settings.force => {
            return Err(failure.remedy("forget the account all the same with --force"));
        }
        Err(failure) if !is_dead(failure.code().as_str()) => {
            session.talk.warn(&format!("the token may work still: {failure}"));
        }
        _ => {}
    }
    credentials::forget(session, &account.team, account.api.token().secret())
}

fn is_dead(code: &str) -> bool {
    matches!(code, "invalid_auth" | "token_revoked" | "token_expired" | "account_inactive" | "not_authed")
}
