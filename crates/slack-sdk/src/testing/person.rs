//! People, and what they do.

use std::sync::Arc;

use countersign_slack::ids::{ChannelId, UserId, ViewId};
use countersign_slack_workspace::Running;
use countersign_slack_workspace::model::{AppId, AppTab, Ts};
use countersign_slack_workspace::person::{
    Answer, Click, Invocation, NewMessage, OptionsQuery, PersonError, Reacting, Shortcut, Surface,
};
use serde_json::Value;

use super::Conversation;
use super::conversation::SOON;

/// A person of the workspace.
#[derive(Debug)]
pub struct Person<'c> {
    conversation: &'c Conversation,
    id: UserId,
}

/// A message, as the workspace has it.
#[derive(Debug, Clone)]
pub struct Message {
    channel: ChannelId,
    body: Arc<Value>,
}

impl Message {
    pub(super) fn new(channel: ChannelId, body: Arc<Value>) -> Self {
        Self { channel, body }
    }

    /// Where it is.
    pub fn channel(&self) -> &ChannelId {
        &self.channel
    }

    /// Its time stamp.
    pub fn ts(&self) -> &str {
        self.field("ts").unwrap_or_default()
    }

    /// What it says, in Slack's markup.
    pub fn text(&self) -> &str {
        self.field("text").unwrap_or_default()
    }

    /// The thread it is in.
    pub fn thread_ts(&self) -> Option<&str> {
        self.field("thread_ts")
    }

    /// Slack's object.
    pub fn body(&self) -> &Arc<Value> {
        &self.body
    }

    pub(super) fn author(&self) -> Option<&str> {
        self.field("user")
    }

    pub(super) fn contains(&self, text: &str) -> bool {
        self.text().contains(text) || self.body.get("blocks").is_some_and(|blocks| any_text(blocks, text))
    }

    pub(super) fn key(&self) -> String {
        format!("{} {}", self.channel, self.ts())
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.body.get(name).and_then(Value::as_str)
    }
}

/// Whether a text stands anywhere in blocks.
fn any_text(value: &Value, text: &str) -> bool {
    match value {
        Value::String(it) => it.contains(text),
        Value::Array(items) => items.iter().any(|item| any_text(item, text)),
        Value::Object(fields) => fields.values().any(|field| any_text(field, text)),
        _ => false,
    }
}

/// The block of an element, somewhere in blocks.
fn block_of<'v>(blocks: &'v Value, action_id: &str) -> Option<&'v Value> {
    let has = |block: &&Value| has_element(block, action_id);
    blocks.as_array()?.iter().find(has)
}

fn has_element(value: &Value, action_id: &str) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| has_element(item, action_id)),
        Value::Object(fields) => {
            fields.get("action_id").and_then(Value::as_str) == Some(action_id)
                || fields.values().any(|field| has_element(field, action_id))
        }
        _ => false,
    }
}

impl<'c> Person<'c> {
    pub(super) fn new(conversation: &'c Conversation, id: UserId) -> Self {
        Self { conversation, id }
    }

    /// Their id.
    pub fn id(&self) -> &UserId {
        &self.id
    }

    /// Writes into a channel (`#general`), or to the app (`@bot`).
    ///
    /// # Panics
    /// When they cannot.
    #[expect(clippy::unused_async, reason = "what people do is awaited, whatever it takes")]
    pub async fn says(&self, place: &str, text: &str) -> Message {
        self.post(place, text, None)
    }

    /// Writes into the thread of a message.
    ///
    /// # Panics
    /// When they cannot.
    #[expect(clippy::unused_async, reason = "what people do is awaited, whatever it takes")]
    pub async fn replies(&self, to: &Message, text: &str) -> Message {
        let thread = Ts::parse(to.thread_ts().unwrap_or(to.ts()));
        self.post(to.channel().as_str(), text, thread)
    }

    fn post(&self, place: &str, text: &str, thread_ts: Option<Ts>) -> Message {
        let channel = self.place(place);
        let new = NewMessage {
            user: self.id.clone(),
            channel: channel.clone(),
            text: self.conversation.meaning(text),
            thread_ts,
        };
        let body = done(self.workspace().post_message(new), "say that");
        let channel = if place == "@bot" { self.conversation.im(&self.id).unwrap_or(channel) } else { channel };
        Message::new(channel, body)
    }

    /// Clicks an element of the newest message that has it, or of the modal that is open; waits for it to be there.
    ///
    /// # Panics
    /// When it is not, in time.
    pub async fn clicks(&self, action_id: &str) -> Answer {
        self.chooses(action_id, Value::Null).await
    }

    /// Chooses or enters a value in an element: an option's value, a text, or a list.
    ///
    /// # Panics
    /// When there is no such element in time.
    pub async fn chooses(&self, action_id: &str, value: impl Into<Value>) -> Answer {
        let surface = self.surface_of(action_id).await.0;
        let value = Some(value.into()).filter(|value| !value.is_null());
        let click = Click { user: self.id.clone(), surface, action_id: action_id.to_owned(), block_id: None, value };
        done(self.workspace().click(click).await, "click that")
    }

    /// Types into a menu, and gets the app's options for that.
    ///
    /// # Panics
    /// When there is no such menu in time.
    pub async fn asks_options(&self, action_id: &str, typed: &str) -> Answer {
        let (surface, block_id) = self.surface_of(action_id).await;
        let (user, action_id, value) = (self.id.clone(), action_id.to_owned(), typed.to_owned());
        done(
            self.workspace().options(OptionsQuery { user, surface, block_id, action_id, value }).await,
            "ask for options",
        )
    }

    /// Uses a slash command in #general.
    ///
    /// # Panics
    /// When they cannot.
    pub async fn runs(&self, command: &str, text: &str) -> Answer {
        let (user, channel) = (self.id.clone(), self.place("#general"));
        let invocation =
            Invocation { user, channel, command: command.to_owned(), text: self.conversation.meaning(text) };
        done(self.workspace().command(invocation).await, "use that command")
    }

    /// Uses a shortcut, on a message where one is given.
    ///
    /// # Panics
    /// When they cannot.
    pub async fn uses_shortcut(&self, callback_id: &str, on: Option<&Message>) -> Answer {
        let message = on.and_then(|message| Some((message.channel().clone(), Ts::parse(message.ts())?)));
        let shortcut =
            Shortcut { user: self.id.clone(), callback_id: callback_id.to_owned(), app: Some(self.app()), message };
        done(self.workspace().shortcut(shortcut).await, "use that shortcut")
    }

    /// Puts an emoji below a message.
    ///
    /// # Panics
    /// When they cannot.
    pub fn reacts(&self, to: &Message, emoji: &str) {
        let ts = Ts::parse(to.ts()).unwrap_or_else(|| panic!("a message without a time stamp"));
        done(self.workspace().react(&self.id, (to.channel(), ts), emoji, Reacting::Add), "react");
    }

    /// Opens the app's Home tab, and gets what it shows by now.
    ///
    /// # Panics
    /// When they cannot.
    pub fn opens_home(&self) {
        done(self.workspace().open_app(&self.id, &self.app(), AppTab::Home), "open the app's home");
    }

    /// Begins a conversation with the assistant, with a channel open beside it; what they say goes there with
    /// [`Self::replies`].
    ///
    /// # Panics
    /// When they cannot.
    pub fn starts_assistant(&self, beside: Option<&str>) -> Message {
        let beside = beside.map(|place| self.place(place));
        let started = self.workspace().start_assistant_thread(&self.id, &self.app(), beside);
        let (channel, ts) = done(started, "talk with the assistant");
        let messages = self.conversation.running.messages(&channel);
        let body =
            messages.into_iter().find(|message| message.get("ts").and_then(Value::as_str) == Some(&ts.to_string()));
        Message::new(channel, body.unwrap_or_default())
    }

    /// Opens another channel beside a conversation with the assistant.
    ///
    /// # Panics
    /// When they cannot.
    pub fn looks_at(&self, thread: &Message, place: &str) {
        let ts = Ts::parse(thread.ts()).unwrap_or_else(|| panic!("a thread without a time stamp"));
        let beside = Some(self.place(place));
        let changed = self.workspace().change_assistant_context(&self.id, (thread.channel(), ts), beside);
        done(changed, "look at that");
    }

    /// Waits for the modal on top to show a text, as a title or anywhere else.
    ///
    /// # Panics
    /// When it does not, in time.
    pub async fn sees_modal(&self, text: &str) -> Value {
        let seen = self.conversation.running.wait_for_view(&self.id, |view| any_text(view, text), SOON).await;
        let views = || self.conversation.running.views(&self.id);
        seen.unwrap_or_else(|| panic!("no modal shows {text:?}; open are {:?}", views()))
    }

    /// Submits the modal on top. Values are by block id, then by action id; the rest keeps what it has.
    ///
    /// # Panics
    /// When there is none in time.
    pub async fn submits(&self, values: Value) -> Answer {
        let view = self.top_view().await;
        let Value::Object(values) = values else { panic!("values are an object by block id") };
        let running = &self.conversation.running;
        done(running.submit_view(&self.id, &view, values).await, "submit that")
    }

    /// Closes the modal on top.
    ///
    /// # Panics
    /// When there is none in time.
    pub async fn closes(&self) -> Answer {
        let view = self.top_view().await;
        done(self.conversation.running.close_view(&self.id, &view).await, "close that")
    }

    /// How many modals are open.
    pub fn open_modals(&self) -> usize {
        self.conversation.running.views(&self.id).len()
    }

    /// Waits for a message that only they see.
    ///
    /// # Panics
    /// When there is none in time.
    pub async fn is_told(&self, text: &str) -> Message {
        let wanted = self.conversation.meaning(text);
        let find = |_: &Running| self.whispers().into_iter().rev().find(|message| message.contains(&wanted));
        let found = self.conversation.running.wait(find, SOON).await;
        found.unwrap_or_else(|| panic!("nobody told them {wanted:?}; they were told {:?}", self.whispers()))
    }

    fn whispers(&self) -> Vec<Message> {
        let running = &self.conversation.running;
        let channels = running.ready().channels.values().cloned().chain(self.conversation.im(&self.id));
        let of = |channel: ChannelId| {
            let messages = running.ephemerals(&channel, &self.id);
            messages.into_iter().map(move |body| Message::new(channel.clone(), body))
        };
        channels.flat_map(of).collect()
    }

    async fn top_view(&self) -> ViewId {
        let view = self.conversation.running.wait_for_view(&self.id, |_| true, SOON).await;
        let id = view.as_ref().and_then(|view| view.get("id")).and_then(Value::as_str);
        id.map_or_else(|| panic!("no modal is open"), ViewId::from)
    }

    /// Where an element is, and its block.
    async fn surface_of(&self, action_id: &str) -> (Surface, String) {
        let find = |running: &Running| {
            let id = |block: &Value| block.get("block_id").and_then(Value::as_str).unwrap_or_default().to_owned();
            if let Some(view) = running.views(&self.id).pop()
                && let Some(block) = view.get("blocks").and_then(|blocks| block_of(blocks, action_id))
            {
                let view_id = ViewId::from(view.get("id")?.as_str()?);
                return Some((Surface::View { view_id }, id(block)));
            }
            let messages = self.conversation.messages().into_iter().chain(self.whispers());
            let messages: Vec<Message> = messages.collect();
            messages.iter().rev().find_map(|message| {
                let block = block_of(message.body().get("blocks")?, action_id)?;
                let surface = Surface::Message { channel: message.channel().clone(), ts: Ts::parse(message.ts())? };
                Some((surface, id(block)))
            })
        };
        let found = self.conversation.running.wait(find, SOON).await;
        found.unwrap_or_else(|| {
            panic!("there is no {action_id} to click; what was said:\n{}", self.conversation.transcript())
        })
    }

    fn place(&self, place: &str) -> ChannelId {
        if place == "@bot" {
            return ChannelId::from(self.conversation.bot_user.as_str());
        }
        let Some(name) = place.strip_prefix('#') else { return ChannelId::from(place) };
        let channel = self.conversation.running.channel(name);
        channel.unwrap_or_else(|| panic!("there is no channel {place} in the workspace"))
    }

    fn app(&self) -> AppId {
        AppId::from(self.conversation.app_id.as_str())
    }

    fn workspace(&self) -> &countersign_slack_workspace::Workspace {
        self.conversation.running.workspace()
    }
}

fn done<T>(result: Result<T, PersonError>, what: &str) -> T {
    result.unwrap_or_else(|error| panic!("they cannot {what}: {error}"))
}
