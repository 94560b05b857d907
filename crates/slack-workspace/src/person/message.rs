//! Writing messages.

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::PersonError;
use super::compose;
use super::payload;
use crate::Workspace;
use crate::model::{Author, ChannelId, ChannelKind, Draft, FileId, State, Ts, UserId, shared};

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

/// What a person sends along with a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extras {
    /// A reply that is shown in the channel too.
    pub broadcast: bool,
    /// Their own files, which everybody of the conversation sees from then on.
    pub files: Vec<FileId>,
}

/// The longest text a person can send.
const MAX_TEXT: usize = 40_000;

impl Workspace {
    /// Posts what a person typed and returns the message.
    pub fn post_message(&self, new: NewMessage) -> Result<Arc<Value>, PersonError> {
        let details = json!({"channel": new.channel, "text": new.text, "thread_ts": new.thread_ts});
        self.post_noted(new, Extras::default(), details)
    }

    /// Posts what a person typed with files, or a reply that the channel sees too.
    pub fn post_message_with(&self, new: NewMessage, extras: Extras) -> Result<Arc<Value>, PersonError> {
        let details = json!({
            "channel": new.channel, "text": new.text, "thread_ts": new.thread_ts,
            "reply_broadcast": extras.broadcast, "files": extras.files,
        });
        self.post_noted(new, extras, details)
    }

    /// Posts, and writes it down with what it became before any app hears of it.
    fn post_noted(&self, new: NewMessage, extras: Extras, mut details: Value) -> Result<Arc<Value>, PersonError> {
        let user = new.user.clone();
        self.update(|state, now| {
            let posted = post(state, new, extras, now);
            if let Ok(posted) = &posted {
                details["ts"] = posted["ts"].clone();
            }
            self.note_person("message", user.as_str(), details);
            posted
        })
    }

    /// Opens the direct message between a person and another user, and returns its id.
    pub fn open_im(&self, user: &UserId, with: &UserId) -> Result<ChannelId, PersonError> {
        self.update(|state, now| {
            payload::person(state, user)?;
            Ok(state.open_im(user, with, now)?.0)
        })
    }
}

fn post(state: &mut State, new: NewMessage, extras: Extras, now: u64) -> Result<Arc<Value>, PersonError> {
    let Extras { broadcast, files } = extras;
    payload::person(state, &new.user)?;
    if files.is_empty() || !new.text.trim().is_empty() {
        check_text(&new.text)?;
    }
    let is_own = |id: &FileId| state.file(id.as_str()).is_some_and(|file| file.user == new.user && file.is_complete);
    if !files.iter().all(is_own) {
        return Err(PersonError::new("file_not_found", "only one's own files can be shared"));
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
    let blocks = (!new.text.trim().is_empty()).then(|| vec![rich_block(state, &new.text)]);
    let text = compose::text(state, &new.text);
    let draft = Draft { text, blocks, thread: new.thread_ts, broadcast, ..Draft::default() };
    let author = Author { user: new.user, app: None };
    let posted = if files.is_empty() {
        state.post(&channel, &author, draft, now)?
    } else {
        state.share_files(&channel, &author, &files, draft, now)?
    };
    // Who writes has read what was there.
    if let Some(room) = state.channels.get_mut(&channel) {
        room.last_read.insert(author.user, posted.ts);
    }
    Ok(shared(&posted))
}

pub(super) fn check_text(text: &str) -> Result<(), PersonError> {
    if text.trim().is_empty() {
        return Err(PersonError::new("no_text", "the message has no text"));
    }
    if text.chars().count() > MAX_TEXT {
        return Err(PersonError::new("msg_too_long", format!("the message has more than {MAX_TEXT} characters")));
    }
    Ok(())
}

/// The `rich_text` block that Slack's client sends along.
pub(super) fn rich_block(state: &mut State, typed: &str) -> Value {
    let elements = compose::rich_text(state, typed);
    json!({"type": "rich_text", "block_id": state.mint.word(5), "elements": elements})
}

/// What was typed into a rich text input, as its state has it.
pub(crate) fn rich_text_value(state: &State, typed: &str) -> Value {
    json!({"type": "rich_text", "elements": compose::rich_text(state, typed)})
}
