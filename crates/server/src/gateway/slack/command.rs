//! `/countersign`: what waits, one request, how to link an account. Everything is said to whoever asks, and to nobody else.

use std::fmt::Write as _;

use countersign_approval::{Person, Request, RequestId, StoreError, Verdict};
use countersign_slack::{
    blocks::{Block, Mrkdwn},
    client::Reply,
    payload::{BlockActions, SlashCommand},
};
use countersign_slack_sdk::{HandlerError, Respond, State};

use super::super::{page, state::Gateway};
use crate::{
    core::Core,
    dossier,
    render::{self, Content, Standings, visible},
    slack::{how_to_link, identity_of_command},
    strangers,
};

/// Pending requests that are looked at, and listed.
const LOOK_AT: u32 = 200;
const LISTED: usize = 20;

/// Characters of a request's title in a list.
const TITLE_CHARS: usize = 120;

/// Whoever typed the command.
struct Asker<'a> {
    core: &'a Core,
    gateway: &'a Gateway,
    user: &'a str,
    person: Option<Person>,
}

/// The command was typed.
pub(super) async fn command(
    State(core): State<Core>,
    respond: Respond,
    command: SlashCommand,
) -> Result<(), HandlerError> {
    let Some(gateway) = core.gateway() else { return Ok(()) };
    let person = match identity_of_command(&core, &command.origin).await {
        Some(identity) => core.approvals().store().person_by_identity(&identity).await?,
        None => None,
    };
    let asker = Asker { core: &core, gateway, user: command.origin.user_id.as_str(), person };
    let mut words = command.text.split_whitespace();
    let reply = match (words.next().unwrap_or("help"), words.next()) {
        ("pending", None) => asker.pending().await?,
        ("show", Some(id)) => asker.show(id).await?,
        ("show", None) => {
            said("Which one? `/countersign show ID`, with the digits that a message names its request by.")
        }
        ("link", None) => said(&asker.link()),
        _ => said(HELP),
    };
    Ok(respond.reply(&reply).await?)
}

const HELP: &str = "/countersign pending — what waits for you, and what you are waiting for\n\
     /countersign show ID — one request\n\
     /countersign link — how to link your Slack account";

fn said(text: &str) -> Reply<'static> {
    Reply::ephemeral(Mrkdwn::text(text).as_str().to_owned())
}

impl Asker<'_> {
    fn link(&self) -> String {
        let how = how_to_link(&self.gateway.settings().public_url, self.user);
        match &self.person {
            Some(person) => {
                format!("Your Slack account is linked to {}. To link it to another: {how}", visible(person.id.as_str()))
            }
            None => format!("Your Slack account is not linked to anybody here. {how}"),
        }
    }

    fn unknown(&self) -> Reply<'static> {
        said(&self.link())
    }

    async fn pending(&self) -> Result<Reply<'static>, StoreError> {
        let Some(person) = &self.person else { return Ok(self.unknown()) };
        let store = self.core.approvals().store();
        let mut text = String::new();
        let mut count = 0;
        for listed in store.pending(LOOK_AT).await? {
            let Some(dossier) = dossier::read(self.core, listed.id).await? else { continue };
            let Some(role) = role(&dossier.request, person) else { continue };
            count += 1;
            if count > LISTED {
                continue;
            }
            let title: String = Content::of(&dossier.request).title.chars().take(TITLE_CHARS).collect();
            let missing = Standings::of(&dossier).missing().join(", ");
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}  {title} — {role}; needs {missing}", dossier.request.id.short());
        }
        Ok(match count {
            0 => said("Nothing waits for you, and you wait for nothing."),
            count if count > LISTED => said(&format!("{text}and {} more", count - LISTED)),
            _ => said(&text),
        })
    }

    async fn show(&self, text: &str) -> Result<Reply<'static>, HandlerError> {
        let Some(person) = &self.person else { return Ok(self.unknown()) };
        let request = match self.find(text).await? {
            Found::One(id) => dossier::read(self.core, id).await?,
            Found::None => None,
            Found::Several(count) => {
                return Ok(said(&format!("{count} requests have an id that ends so: give more digits.")));
            }
        };
        // Whoever has nothing to do with a request is not told that it exists.
        let Some(dossier) = request.filter(|dossier| role(&dossier.request, person).is_some()) else {
            return Ok(said("There is no such request among those that you asked for or may decide."));
        };
        let message = render::message(&dossier)?;
        let mut blocks: Vec<Block> =
            message.blocks.into_iter().filter(|block| !matches!(block, Block::Actions(_))).collect();
        blocks.push(link_block(self.gateway, person, dossier.request.id).await?);
        Ok(Reply { text: message.text.as_str().to_owned().into(), blocks: blocks.into(), ..Reply::ephemeral("") })
    }

    /// The request with an id: whole, or by its last digits.
    async fn find(&self, text: &str) -> Result<Found, StoreError> {
        let text = text.trim().to_ascii_lowercase();
        if let Ok(id) = text.parse::<RequestId>() {
            return Ok(Found::One(id));
        }
        let store = self.core.approvals().store();
        let mut ids: Vec<RequestId> = store.pending(LOOK_AT).await?.iter().map(|request| request.id).collect();
        ids.extend(store.recent(LOOK_AT).await?.iter().map(|request| request.id));
        ids.sort_unstable();
        ids.dedup();
        ids.retain(|id| !text.is_empty() && id.to_string().ends_with(&text));
        Ok(match ids.as_slice() {
            [] => Found::None,
            [id] => Found::One(*id),
            several => Found::Several(several.len()),
        })
    }
}

enum Found {
    None,
    One(RequestId),
    Several(usize),
}

/// What somebody has to do with a request.
fn role(request: &Request, person: &Person) -> Option<&'static str> {
    if request.requester.person() == Some(&person.id) {
        return Some("you asked");
    }
    request.policy.eligibility(&request.requester, person, Verdict::Deny).is_ok().then_some("you may decide")
}

/// A link to a request's page, good once and for this person.
async fn link_block(gateway: &Gateway, person: &Person, request: RequestId) -> Result<Block, HandlerError> {
    use countersign_slack::blocks::{RichElement, RichPart, RichText, Style};
    let url = page::link_for(gateway, &person.id, &format!("/requests/{request}")).await?;
    let link = RichElement::Link { url, text: Some("Open the request's page".to_owned()), style: Style::PLAIN };
    let hint = RichElement::text(" (this link is yours alone, works once, and for ten minutes)");
    Ok(RichText::new(vec![RichPart::section(vec![link, hint])])?.into())
}

/// *Open…* was pressed: a link of their own for whoever did.
pub(super) async fn open(State(core): State<Core>, respond: Respond, click: BlockActions) -> Result<(), HandlerError> {
    let Some(gateway) = core.gateway() else { return Ok(()) };
    let store = core.approvals().store();
    let token = click.action().and_then(|action| action.value.as_deref()).and_then(|value| value.parse().ok());
    let request = match token {
        Some(token) => store.request_by_token(token).await?,
        None => None,
    };
    let person = match strangers::actor(&core, &click.origin) {
        Some(identity) => store.person_by_identity(&identity).await?,
        None => None,
    };
    let reply = match (request, person) {
        (None, _) => said("This request belongs to another Countersign, or to one that has forgotten it."),
        (Some(_), None) => {
            let how = how_to_link(&gateway.settings().public_url, click.origin.user_id.as_str());
            said(&format!("Your Slack account is not linked to anybody here. {how}"))
        }
        (Some(request), Some(person)) if role(&request, &person).is_none() => {
            said("You have not asked for this, and are in none of the groups that can decide it.")
        }
        (Some(request), Some(person)) => Reply {
            text: "Open the request's page".into(),
            blocks: vec![link_block(gateway, &person, request.id).await?].into(),
            ..Reply::ephemeral("")
        },
    };
    Ok(respond.reply(&reply).await?)
}
