//! Writing messages.

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::PersonError;
use super::payload;
use crate::Workspace;
use crate::model::{Author, ChannelId, ChannelKind, Draft, State, Ts, UserId, shared};

/// A message that a person writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// Who writes.
    pub user: UserId,
    /// Where; a user's id is the direct message with them.
    pub channel: ChannelId,
    /// As it is typed; `@handle` and `<@U…>` mention.
    pub text: String,
    /// The thread to reply in.
    pub thread_ts: Option<Ts>,
}

/// The longest text a person can send.
const MAX_TEXT: usize = 40_000;

impl Workspace {
    /// Posts what a person typed and returns the message.
    pub fn post_message(&self, new: NewMessage) -> Result<Arc<Value>, PersonError> {
        let details = json!({"channel": new.channel, "text": new.text, "thread_ts": new.thread_ts});
        self.note_person("message", new.user.as_str(), details);
        self.update(|state, now| post(state, new, now))
    }

    /// Opens the direct message between a person and another user, and returns its id.
    pub fn open_im(&self, user: &UserId, with: &UserId) -> Result<ChannelId, PersonError> {
        self.update(|state, now| {
            payload::person(state, user)?;
            Ok(state.open_im(user, with, now)?.0)
        })
    }
}

fn post(state: &mut State, new: NewMessage, now: u64) -> Result<Arc<Value>, PersonError> {
    payload::person(state, &new.user)?;
    if new.text.trim().is_empty() {
        return Err(PersonError::new("no_text", "the message has no text"));
    }
    if new.text.chars().count() > MAX_TEXT {
        return Err(PersonError::new("msg_too_long", format!("the message has more than {MAX_TEXT} characters")));
    }
    let channel = match state.user(new.channel.as_str()).map(|user| user.id.clone()) {
        Some(other) => state.open_im(&new.user, &other, now)?.0,
        None => new.channel,
    };
    let room = payload::room(state, &new.user, channel.as_str())?;
    if room.is_archived {
        return Err(PersonError::new("is_archived", format!("{channel} is archived")));
    }
    if room.kind == ChannelKind::Public && !room.members.contains(&new.user) {
        return Err(PersonError::new("not_in_channel", format!("{} is not in {channel}", new.user)));
    }
    let text = compose(state, &new.text);
    let blocks = Some(vec![rich_text(state, &new.text)]);
    let draft = Draft { text, blocks, thread: new.thread_ts, ..Draft::default() };
    let author = Author { user: new.user, app: None };
    Ok(shared(&state.post(&channel, &author, draft, now)?))
}

/// A piece of what was typed.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Plain(&'a str),
    /// Markup in angle brackets, without them: a mention, a channel, a link.
    Markup(&'a str),
    /// `@handle` of someone who is there.
    Mention(UserId),
}

/// The text as Slack sends it: `&`, `<` and `>` escaped, handles turned into mentions.
fn compose(state: &State, typed: &str) -> String {
    let mut text = String::with_capacity(typed.len());
    for piece in pieces(state, typed) {
        match piece {
            Piece::Plain(plain) => {
                text.push_str(&plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
            }
            Piece::Markup(markup) => text.extend(["<", markup, ">"]),
            Piece::Mention(user) => text.extend(["<@", user.as_str(), ">"]),
        }
    }
    text
}

/// The same as the `rich_text` block that Slack's client sends along.
fn rich_text(state: &mut State, typed: &str) -> Value {
    let elements: Vec<Value> = pieces(state, typed).iter().map(rich_element).collect();
    let block_id = state.mint.word(5);
    json!({
        "type": "rich_text", "block_id": block_id,
        "elements": [{"type": "rich_text_section", "elements": elements}],
    })
}

fn rich_element(piece: &Piece<'_>) -> Value {
    match piece {
        Piece::Plain(plain) => json!({"type": "text", "text": plain}),
        Piece::Mention(user) => json!({"type": "user", "user_id": user}),
        Piece::Markup(markup) => {
            let name = |text: &str| text.split('|').next().unwrap_or_default().to_owned();
            match (markup.get(..1), markup.get(1..)) {
                (Some("@"), Some(rest)) => json!({"type": "user", "user_id": name(rest)}),
                (Some("#"), Some(rest)) => json!({"type": "channel", "channel_id": name(rest)}),
                (Some("!"), Some(rest)) => json!({"type": "broadcast", "range": name(rest)}),
                _ => json!({"type": "link", "url": name(markup)}),
            }
        }
    }
}

fn pieces<'a>(state: &State, typed: &'a str) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut plain_from = 0;
    let mut at = 0;
    while let Some(rest) = typed.get(at..).filter(|rest| !rest.is_empty()) {
        let before = typed.get(..at).and_then(|before| before.chars().next_back());
        let special = if rest.starts_with('<') {
            markup(rest)
        } else if rest.starts_with('@') && before.is_none_or(|c| !c.is_alphanumeric()) {
            mention(state, rest)
        } else {
            None
        };
        let Some((piece, length)) = special else {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        };
        pieces.extend(typed.get(plain_from..at).filter(|plain| !plain.is_empty()).map(Piece::Plain));
        pieces.push(piece);
        at += length;
        plain_from = at;
    }
    pieces.extend(typed.get(plain_from..).filter(|plain| !plain.is_empty()).map(Piece::Plain));
    pieces
}

/// `<@U…>`, `<#C…>`, `<!here>` or `<https://…>` at the beginning of the text.
fn markup(text: &str) -> Option<(Piece<'_>, usize)> {
    let end = text.find('>')?;
    let inner = text.get(1..end)?;
    let is_id = |rest: &str| {
        let id = rest.split('|').next().unwrap_or_default();
        !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    let is_markup = match inner.split_at_checked(1)? {
        ("@" | "#", rest) => is_id(rest),
        ("!", rest) => matches!(rest.split('|').next(), Some("here" | "channel" | "everyone")),
        _ => inner.starts_with("https://") || inner.starts_with("http://"),
    };
    (is_markup && !inner.contains('<')).then_some((Piece::Markup(inner), end + 1))
}

/// `@handle` at the beginning of the text.
fn mention<'a>(state: &State, text: &str) -> Option<(Piece<'a>, usize)> {
    let is_handle = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let handle = text.get(1..)?;
    let handle = handle.get(..handle.find(|c| !is_handle(c)).unwrap_or(handle.len()))?;
    let handle = handle.trim_end_matches('.');
    let user = state.user_named(&handle.to_lowercase())?;
    Some((Piece::Mention(user.id.clone()), handle.len() + 1))
}
