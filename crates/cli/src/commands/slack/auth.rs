//! `countersign slack auth`, `login` and `logout`.

use countersign_slack_cli::{
    Code, Failure, Session,
    account::{self, Account, Origin, Purpose, Ticket},
};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::{exit, output};

/// Options of `countersign slack auth`.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// List the teams that are signed in to.
    List(ListOptions),
    /// Sign in to a team.
    Login(LoginOptions),
    /// Sign out of a team.
    #[command(visible_alias = "revoke")]
    Logout(LogoutOptions),
    /// Get a token for a service, which is not kept.
    Token(TicketOptions),
}

#[derive(Debug, clap::Args)]
struct ListOptions {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Options of `countersign slack login`; with `--token` that token is kept.
#[derive(Debug, clap::Args)]
pub(super) struct LoginOptions {
    #[command(flatten)]
    ticket: TicketOptions,
}

/// Options of `countersign slack logout`.
#[derive(Debug, clap::Args)]
pub(super) struct LogoutOptions {
    /// Sign out of every team.
    #[arg(long, short = 'A')]
    all: bool,
}

#[derive(Debug, clap::Args)]
struct TicketOptions {
    /// Print what to type in Slack, and end.
    #[arg(long, conflicts_with_all = ["ticket", "challenge"])]
    no_prompt: bool,
    /// The ticket that was printed before.
    #[arg(long, value_name = "TICKET", requires = "challenge")]
    ticket: Option<String>,
    /// The challenge code that Slack showed for it.
    #[arg(long, value_name = "CODE", requires = "ticket")]
    challenge: Option<String>,
}

impl Options {
    pub(super) async fn run(self, session: &Session) -> Result<u8, Failure> {
        match self.verb {
            Verb::List(options) => options.run(session).await,
            Verb::Login(options) => options.run(session).await,
            Verb::Logout(options) => options.run(session).await,
            Verb::Token(options) => token(options, session).await,
        }
    }
}

impl ListOptions {
    async fn run(self, session: &Session) -> Result<u8, Failure> {
        let accounts = Account::all(session).await?;
        if self.json {
            output::json(&accounts.iter().map(as_json).collect());
            return Ok(exit::OK);
        }
        if accounts.is_empty() {
            session.talk.say("nobody is signed in; sign in with `countersign slack login`");
            return Ok(exit::OK);
        }
        let rows: Vec<Vec<String>> = accounts.iter().map(row).collect();
        output::table(&["TEAM", "DOMAIN", "USER", "LEVEL", "UPDATED", "API"], &rows);
        Ok(exit::OK)
    }
}

fn row(account: &Account) -> Vec<String> {
    let (level, updated) = origin(account);
    let updated = updated.unwrap_or("-").to_owned();
    vec![
        account.team.to_string(),
        account.team_domain.clone(),
        account.user.to_string(),
        level.to_owned(),
        updated,
        account.api.client().base().to_string(),
    ]
}

fn as_json(account: &Account) -> serde_json::Value {
    let (level, updated) = origin(account);
    json!({
        "team_id": account.team, "team_domain": account.team_domain, "user_id": account.user,
        "enterprise_id": account.enterprise, "level": level, "last_updated": updated,
        "api_url": account.api.client().base().to_string(),
    })
}

/// The level in the official command line's words, and when the token was got.
fn origin(account: &Account) -> (&'static str, Option<&str>) {
    match &account.origin {
        Origin::Kept { is_organisation: true, last_updated } => ("organization", last_updated.as_deref()),
        Origin::Kept { is_organisation: false, last_updated } => ("workspace", last_updated.as_deref()),
        Origin::Token => ("workspace", None),
    }
}

impl LoginOptions {
    pub(super) async fn run(self, session: &Session) -> Result<u8, Failure> {
        let account = if session.settings.token.is_some() {
            account::login_with_token(session).await?
        } else {
            match self.ticket.confirmed(session, Purpose::Person, "login").await? {
                Some((ticket, challenge)) => account::login(session, &ticket, &challenge).await?,
                None => return Ok(exit::OK),
            }
        };
        session.talk.say(&format!("signed in to {} ({}) as {}", account.team_domain, account.team, account.user));
        let file = session.config_directory()?.join("credentials.json");
        session.talk.say(&format!("the account is kept in {}", file.display()));
        Ok(exit::OK)
    }
}

async fn token(options: TicketOptions, session: &Session) -> Result<u8, Failure> {
    if let Some((ticket, challenge)) = options.confirmed(session, Purpose::Service, "auth token").await? {
        let token = account::service_token(session, &ticket, &challenge).await?;
        output::data(token.expose_secret());
        session.talk.say("keep it secret: whoever has it can manage your apps; it does not expire");
    }
    Ok(exit::OK)
}

impl TicketOptions {
    /// A ticket and the challenge that a person was shown for it; `None` where they come back with it later.
    async fn confirmed(
        self,
        session: &Session,
        purpose: Purpose,
        command: &str,
    ) -> Result<Option<(Ticket, String)>, Failure> {
        if let (Some(ticket), Some(challenge)) = (self.ticket, self.challenge) {
            return Ok(Some((Ticket::known(ticket), challenge)));
        }
        let ticket = account::ticket(session, purpose).await?;
        session.talk.say("write this in any channel of the team that you want to sign in to, and confirm it there:");
        output::data(&ticket.command());
        let answer = if self.no_prompt { None } else { session.talk.ask("the challenge code that Slack shows:") };
        if let Some(challenge) = answer.filter(|answer| !answer.is_empty()) {
            return Ok(Some((ticket, challenge)));
        }
        let ticket = ticket.text();
        session.talk.say(&format!("then run: countersign slack {command} --ticket {ticket} --challenge CODE"));
        Ok(None)
    }
}

impl LogoutOptions {
    pub(super) async fn run(self, session: &Session) -> Result<u8, Failure> {
        let accounts = if self.all { Account::all(session).await? } else { vec![Account::choose(session).await?] };
        if accounts.is_empty() {
            return Err(Failure::new(Code::NotAuthed, "nobody is signed in"));
        }
        for account in accounts {
            account::logout(session, &account).await?;
            session.talk.say(&format!("signed out of {} ({})", account.team_domain, account.team));
        }
        Ok(exit::OK)
    }
}
