//! Looking at Slack with the tokens at hand: what works, what does not, and what each missing scope switches off.

use countersign_server::missing_scopes;
use countersign_slack::{
    client::{Client, Error, Token},
    ids::UserId,
};

use crate::{commands::Credentials, output::Hinted};

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    rows: Vec<(Level, String)>,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// As it should be.
    Good,
    /// Works, with something missing.
    Lacking,
    /// Does not work.
    Bad,
}

impl Findings {
    /// Adds one.
    pub(crate) fn add(&mut self, level: Level, text: impl Into<String>) {
        self.rows.push((level, text.into()));
    }

    /// One line each.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        self.rows.iter().map(|(level, text)| {
            let mark = match level {
                Level::Good => "ok      ",
                Level::Lacking => "missing ",
                Level::Bad => "FAILED  ",
            };
            format!("{mark}{text}")
        })
    }

    /// Everything, for JSON.
    pub(crate) fn rows(&self) -> &[(Level, String)] {
        &self.rows
    }

    /// The first thing that does not work.
    pub(crate) fn fatal(&self) -> Option<&str> {
        self.rows.iter().find(|(level, _)| *level == Level::Bad).map(|(_, text)| text.as_str())
    }
}

/// Tries both tokens.
pub(crate) async fn slack(client: &Client, credentials: &Credentials) -> Findings {
    let mut findings = Findings::default();
    match credentials.bot_token.expose().parse::<Token>() {
        Ok(token) => bot(client, &token, &mut findings).await,
        Err(error) => findings.add(Level::Bad, format!("bot token: {error}")),
    }
    match credentials.app_token.expose().parse::<Token>() {
        Ok(token) => app(client, &token, &mut findings).await,
        Err(error) => findings.add(Level::Bad, format!("app token: {error}")),
    }
    findings
}

async fn bot(client: &Client, token: &Token, findings: &mut Findings) {
    let answer = match client.auth_test(token).await {
        Ok(answer) => answer,
        Err(error) => {
            findings.add(Level::Bad, format!("bot token: {}", countersign_server::chain(&error)));
            return;
        }
    };
    findings.add(Level::Good, format!("bot token of @{} in {}", answer.body.user, answer.body.team));
    let scopes: Vec<String> = answer.scopes().map(str::to_owned).collect();
    for lacking in missing_scopes(&scopes) {
        let level = if lacking.required { Level::Bad } else { Level::Lacking };
        findings.add(level, format!("scope {}: without it no {}", lacking.scope, lacking.feature));
    }
}

/// Asks for a connection and does not use it: the ticket lapses by itself.
async fn app(client: &Client, token: &Token, findings: &mut Findings) {
    match client.connections_open(token).await {
        Ok(_) => findings.add(Level::Good, "app token opens Socket Mode connections"),
        Err(error) => {
            findings
                .add(Level::Bad, format!("app token: {}; clicks could not arrive", countersign_server::chain(&error)));
        }
    }
}

/// The id of a user given by id or e-mail address.
pub(crate) async fn find_user(client: &Client, token: &Token, user: &str) -> anyhow::Result<String> {
    if user.contains('@') {
        let found = client.user_by_email(token, user).await;
        return match found {
            Ok(found) => Ok(found.id.into_string()),
            Err(error) => {
                let hinted = Hinted::new(format!("{user} was not found in Slack: {error}"));
                Err(hinted.hint("give the member ID (U…) instead: your profile, ⋮, Copy member ID").into())
            }
        };
    }
    match client.user(token, &UserId::from(user)).await {
        Ok(found) => Ok(found.id.into_string()),
        // Without the scope the id cannot be checked; it is taken as it is.
        Err(error) if error.code() == Some("missing_scope") => Ok(user.to_owned()),
        Err(Error::Api(error)) => Err(Hinted::new(format!("{user} is no user of this Slack: {}", error.error)).into()),
        Err(error) => Err(error.into()),
    }
}
