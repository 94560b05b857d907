//! Linking a Slack account to a person: somebody signed in asks, the account gets a code, the code is entered where they asked.
//!
//! The code never travels from Slack to us, so whoever can read the account's messages and whoever is signed in are the same
//! person. It is good for ten minutes and five tries, and the message has a button for whoever did not ask.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use countersign_approval::{PersonId, SlackIdentity, StoreError, Timestamp, audit::AuditRow};
use countersign_gateway::{
    TokenHash,
    port::{Account, LinkCode, Linked},
};
use countersign_slack::{
    blocks::{Actions, Block, Button, LimitError, Mrkdwn, PlainText, Section},
    client::Message,
    ids::ChannelId,
    payload::BlockActions,
};
use countersign_slack_sdk::{HandlerError, Respond, State};

use super::super::state::Gateway;
use crate::{
    chain,
    core::Core,
    render::{ids, visible},
    strangers,
};

/// How long a code is good.
const GOOD_FOR: Duration = Duration::from_mins(10);

/// Codes that one person may have sent within [`GOOD_FOR`]: each is a message to somebody.
const MOST_CODES: usize = 5;

/// Who has lately had codes sent.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// Locked for a look-up only.
    by_person: Mutex<HashMap<PersonId, Vec<Timestamp>>>,
}

/// Why no code was sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    /// Slack is not there.
    #[error("Slack does not work here: {0}")]
    NoSlack(String),
    /// It is no user id.
    #[error("a Slack user id is needed, such as U0123ABCD: in Slack, open your profile, press ⋮, then Copy member ID")]
    NoUser,
    /// Enough.
    #[error("{MOST_CODES} codes were sent in the last ten minutes: use the latest, or wait")]
    TooMany,
    /// Slack did not take the message.
    #[error("the code could not be sent: {0}")]
    NotSent(String),
    /// Wrong.
    #[error("this is not the code; {0} more tries, then a new one is needed")]
    Wrong(u32),
    /// None, or not any more.
    #[error("there is no code for you, or it is older than ten minutes: ask for a new one")]
    NoCode,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Sent {
    /// Counts one more, unless it is one too many.
    fn count(&self, person: &PersonId, now: Timestamp) -> bool {
        let mut sent = self.by_person.lock().unwrap_or_else(PoisonError::into_inner);
        sent.retain(|_, times| {
            times.retain(|at| now.since(*at) < GOOD_FOR);
            !times.is_empty()
        });
        let times = sent.entry(person.clone()).or_default();
        let may = times.len() < MOST_CODES;
        if may {
            times.push(now);
        }
        may
    }
}

/// Sends a code to a Slack user, for the account that asks. Answers until when it is good.
pub(crate) async fn send_code(gateway: &Gateway, account: &Account, user: &str) -> Result<Timestamp, LinkError> {
    let user = user.trim();
    if !super::channels::is_id(user) || !user.starts_with(['U', 'W']) {
        return Err(LinkError::NoUser);
    }
    let desk = gateway.slack();
    let app = desk.core().ok_or_else(|| LinkError::NoSlack(desk.why_not()))?;
    let installation = app.installation_now().ok_or_else(|| LinkError::NoSlack(desk.why_not()))?;
    let now = gateway.now();
    if !desk.sent.count(&account.person.id, now) {
        return Err(LinkError::TooMany);
    }
    let code = new_code(gateway);
    let expires_at = now.plus(GOOD_FOR);
    let person = account.person.id.clone();
    let hash = hash_of(&person, &code);
    gateway.store().put_link_code(LinkCode { hash, person, identity: installation.identity(user), expires_at }).await?;
    let blocks = code_message(gateway, account, &code).map_err(|error| LinkError::NotSent(chain(&error)))?;
    let text = format!("Is this you? A code to link this Slack account to {}", visible(account.person.id.as_str()));
    let text = Mrkdwn::text(&text);
    let (client, token) = app.slack().bot();
    let message = Message::new(text.as_str(), blocks.as_slice());
    client
        .post_message(token, &ChannelId::from(user), &message)
        .await
        .map_err(|error| LinkError::NotSent(chain(&error)))?;
    Ok(expires_at)
}

/// Tries a code. The Slack account is told when it is linked.
pub(crate) async fn try_code(gateway: &Gateway, account: &Account, code: &str) -> Result<SlackIdentity, LinkError> {
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    let person = &account.person.id;
    match gateway.store().try_link_code(person, hash_of(person, &digits), gateway.now()).await? {
        Linked::Now(identity) => {
            congratulate(gateway, account, &identity).await;
            Ok(identity)
        }
        Linked::Wrong { left } if left > 0 => Err(LinkError::Wrong(left)),
        Linked::Wrong { .. } | Linked::NoCode => Err(LinkError::NoCode),
    }
}

async fn congratulate(gateway: &Gateway, account: &Account, identity: &SlackIdentity) {
    let Some(core) = gateway.slack().core() else { return };
    let text = format!("This Slack account is now linked to {}.", visible(account.person.id.as_str()));
    let text = Mrkdwn::text(&text);
    let (client, token) = core.slack().bot();
    let (to, message) = (ChannelId::from(identity.user.as_str()), Message::text(text.as_str()));
    if let Err(error) = client.post_message(token, &to, &message).await {
        tracing::warn!("could not tell a Slack user that their account is linked: {}", chain(&error));
    }
}

/// Eight digits: with five tries in ten minutes nobody guesses them.
fn new_code(gateway: &Gateway) -> String {
    let number = u128::from_be_bytes(gateway.entropy().bytes16()) % 100_000_000;
    format!("{number:08}")
}

/// Bound to who asked: a code that somebody else was sent is nothing to anybody else.
fn hash_of(person: &PersonId, code: &str) -> TokenHash {
    TokenHash::of(&format!("link\0{person}\0{code}"))
}

fn code_message(gateway: &Gateway, account: &Account, code: &str) -> Result<Vec<Block>, LimitError> {
    let (front, back) = code.split_at_checked(4).unwrap_or((code, ""));
    let text = format!(
        "{} ({}) asks to link this Slack account to their account at {}.\n\nIf that is you, enter this code there: {front}-{back}\n\n\
         It is good for ten minutes. Never type it into Slack, and tell nobody. If it is not you, press the button.",
        visible(&account.person.name),
        visible(account.person.id.as_str()),
        gateway.settings().public_url,
    );
    let not_me = Button::new(ids::NOT_ME, "Not me")?.value(account.person.id.as_str())?;
    Ok(vec![
        Section::new(PlainText::new(text.chars().take(2900).collect::<String>()))?.into(),
        Actions::new(vec![not_me.into()])?.into(),
    ])
}

/// *Not me* was pressed: the code is worth nothing any more.
pub(super) async fn not_me(
    State(core): State<Core>,
    respond: Respond,
    click: BlockActions,
) -> Result<(), HandlerError> {
    let (Some(gateway), Some(identity)) = (core.gateway(), strangers::actor(&core, &click.origin)) else {
        return Ok(());
    };
    let Some(person) = click.action().and_then(|action| action.value.clone()) else { return Ok(()) };
    let now = gateway.now();
    let person = PersonId::new(person);
    let worthless = TokenHash::of(&format!("{:032x}", u128::from_be_bytes(gateway.entropy().bytes16())));
    let none = LinkCode { hash: worthless, person: person.clone(), identity: identity.clone(), expires_at: now };
    gateway.store().put_link_code(none).await?;
    let row = AuditRow {
        at: now,
        kind: "link.refused".to_owned(),
        request: None,
        actor: format!("slack:{}/{}", identity.org, identity.user),
        detail: serde_json::json!({ "asked_by": person }).to_string(),
    };
    core.approvals().store().audit(row).await?;
    tracing::warn!(slack.user = identity.user, "a Slack user refused to be linked to {person}");
    let text = Mrkdwn::text("Thank you: the code is worth nothing any more, and this has been recorded.");
    Ok(respond.replace_original(Message::text(text.as_str())).await?)
}
