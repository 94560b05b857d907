//! People's hands: what a test lets a person do, in few words.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::model::{AppTab, ChannelId, Ts, UserId, ViewId};
use crate::person::{
    Answer, Click, Closing, Invocation, NewMessage, PersonError, Reacting, Shortcut, Submission, Surface,
};
use crate::running::{Running, WaitError};

/// A message somebody can see: where it is, and what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The channel.
    pub channel: ChannelId,
    /// Which of its messages.
    pub ts: Ts,
    /// The message's object, as it was when it was seen.
    pub message: Value,
}

impl Seen {
    /// The message's text.
    pub fn text(&self) -> &str {
        self.message.get("text").and_then(Value::as_str).unwrap_or_default()
    }
}

/// A person of a running workspace, in whose name a test acts.
///
/// ```
/// use countersign_slack_workspace::{Config, Workspace};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let workspace = Workspace::start(Config::default()).await?;
/// let (alice, bob) = (workspace.person("alice")?, workspace.person("bob")?);
///
/// let question = alice.type_in("general", "May I deploy?")?;
/// bob.reply(&question, "Yes.")?;
/// bob.react(&question, "rocket")?;
/// assert_eq!(alice.sees("general", "Yes.").await?.text(), "Yes.");
///
/// // Nobody is connected: what wants an app's answer gets none.
/// let answer = alice.command("general", "/countersign", "help").await?;
/// assert!(!answer.acked);
/// workspace.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    running: &'a Running,
    name: &'a str,
}

/// How long something is waited for that an app is about to do.
const SOON: Duration = Duration::from_secs(20);

impl Running {
    /// A person of the first team, by handle.
    pub fn person<'a>(&'a self, name: &'a str) -> Result<Person<'a>, PersonError> {
        let person = Person { running: self, name: name.trim_start_matches('@') };
        person.id().map(|_| person)
    }
}

impl Person<'_> {
    /// The person's id.
    pub fn id(&self) -> Result<UserId, PersonError> {
        let found = self.running.workspace().read(|state| state.user_named(self.name).map(|user| user.id.clone()));
        found.ok_or_else(|| PersonError::new("user_not_found", format!("there is no user {}", self.name)))
    }

    /// Types a message into a channel, by name or id; the name of a person or bot is the direct message with them.
    pub fn type_in(&self, place: &str, text: &str) -> Result<Seen, PersonError> {
        self.post(self.place(place)?, text, None)
    }

    /// Replies in a message's thread.
    pub fn reply(&self, to: &Seen, text: &str) -> Result<Seen, PersonError> {
        self.post(to.channel.clone(), text, Some(to.ts))
    }

    /// Clicks a button of a message.
    pub async fn click(&self, on: &Seen, action_id: &str) -> Result<Answer, PersonError> {
        self.touch(surface(on), action_id, None).await
    }

    /// Chooses in a menu of a message: an option's value, an id, a date, or a list of them.
    pub async fn select(&self, on: &Seen, action_id: &str, value: impl Into<Value>) -> Result<Answer, PersonError> {
        self.touch(surface(on), action_id, Some(value.into())).await
    }

    /// Clicks an element of the modal on top.
    pub async fn click_in_modal(&self, action_id: &str) -> Result<Answer, PersonError> {
        self.touch(Surface::View { view_id: self.top()? }, action_id, None).await
    }

    /// Chooses in a menu of the modal on top.
    pub async fn select_in_modal(&self, action_id: &str, value: impl Into<Value>) -> Result<Answer, PersonError> {
        self.touch(Surface::View { view_id: self.top()? }, action_id, Some(value.into())).await
    }

    /// Submits the modal on top with `{block_id: {action_id: value}}`; what is left out keeps its initial value.
    pub async fn submit(&self, values: Value) -> Result<Answer, PersonError> {
        let values: Map<String, Value> = values.as_object().cloned().unwrap_or_default();
        let submission = Submission { user: self.id()?, view_id: self.top()?, values };
        self.running.workspace().submit_view(submission).await
    }

    /// Closes the modal on top.
    pub async fn close(&self) -> Result<Answer, PersonError> {
        self.running.workspace().close_view(&self.id()?, None, Closing::Top).await
    }

    /// Runs a slash command.
    pub async fn command(&self, place: &str, command: &str, text: &str) -> Result<Answer, PersonError> {
        let (command, text) = (command.to_owned(), text.to_owned());
        let invocation = Invocation { user: self.id()?, channel: self.place(place)?, command, text };
        self.running.workspace().command(invocation).await
    }

    /// Chooses a global shortcut of the app that is there from the start.
    pub async fn shortcut(&self, callback_id: &str) -> Result<Answer, PersonError> {
        self.choose(callback_id, None).await
    }

    /// Chooses a shortcut of the app that is there from the start, on a message.
    pub async fn shortcut_on(&self, on: &Seen, callback_id: &str) -> Result<Answer, PersonError> {
        self.choose(callback_id, Some((on.channel.clone(), on.ts))).await
    }

    /// Puts an emoji below a message.
    pub fn react(&self, to: &Seen, emoji: &str) -> Result<(), PersonError> {
        self.running.workspace().react(&self.id()?, (&to.channel, to.ts), emoji, Reacting::Add)
    }

    /// Takes an emoji away again.
    pub fn unreact(&self, to: &Seen, emoji: &str) -> Result<(), PersonError> {
        self.running.workspace().react(&self.id()?, (&to.channel, to.ts), emoji, Reacting::Remove)
    }

    /// Opens the Home tab of the app that is there from the start, and returns what it has published.
    pub fn open_home(&self) -> Result<Option<Value>, PersonError> {
        let workspace = self.running.workspace();
        let view = workspace.open_app(&self.id()?, &self.running.ready().app_id, AppTab::Home)?;
        Ok(view.map(|view| workspace.read(|state| view.to_json(&state.team().id))))
    }

    /// Waits for a message whose text contains this, the newest first; ephemeral ones of this person count too.
    pub async fn sees(&self, place: &str, text: &str) -> Result<Seen, SeeError> {
        let (user, channel) = (self.id()?, self.place(place)?);
        let fits = |message: &Value| message.get("text").and_then(Value::as_str).is_some_and(|of| of.contains(text));
        let look = |running: &Running| {
            let all = running.messages(&channel).into_iter().chain(running.ephemerals(&channel, &user));
            let message = all.filter(|message| fits(message)).last()?;
            let ts = message.get("ts").and_then(Value::as_str).and_then(Ts::parse)?;
            Some(Seen { channel: channel.clone(), ts, message: (*message).clone() })
        };
        match self.running.wait(look, SOON).await {
            Some(seen) => Ok(seen),
            None => Err(SeeError::Nothing(self.running.wait_error(&channel, SOON))),
        }
    }

    /// Waits until a modal is open, and returns the one on top.
    pub async fn sees_modal(&self) -> Result<Value, PersonError> {
        let view = self.running.wait_for_view(&self.id()?, |_| true, SOON).await;
        view.ok_or_else(|| PersonError::new("view_not_found", format!("{} has no open view", self.name)))
    }

    fn post(&self, channel: ChannelId, text: &str, thread_ts: Option<Ts>) -> Result<Seen, PersonError> {
        let workspace = self.running.workspace();
        let user = self.id()?;
        let new = NewMessage { user: user.clone(), channel: channel.clone(), text: text.to_owned(), thread_ts };
        let message = workspace.post_message(new)?;
        let ts = message.get("ts").and_then(Value::as_str).and_then(Ts::parse).unwrap_or_default();
        let other = UserId::from(channel.as_str());
        let im = workspace.read(|state| state.im_between(&user, &other).map(|room| room.id.clone()));
        Ok(Seen { channel: im.unwrap_or(channel), ts, message: (*message).clone() })
    }

    async fn touch(&self, surface: Surface, action_id: &str, value: Option<Value>) -> Result<Answer, PersonError> {
        let (user, action_id) = (self.id()?, action_id.to_owned());
        self.running.workspace().click(Click { user, surface, action_id, block_id: None, value }).await
    }

    async fn choose(&self, callback_id: &str, message: Option<(ChannelId, Ts)>) -> Result<Answer, PersonError> {
        let (app, callback_id) = (Some(self.running.ready().app_id.clone()), callback_id.to_owned());
        self.running.workspace().shortcut(Shortcut { user: self.id()?, callback_id, app, message }).await
    }

    /// The modal on top.
    fn top(&self) -> Result<ViewId, PersonError> {
        let user = self.id()?;
        let top = self.running.workspace().read(|state| state.views(&user).last().map(|view| view.id.clone()));
        top.ok_or_else(|| PersonError::new("view_not_found", format!("{} has no open view", self.name)))
    }

    /// A channel by id or name, or a user, who is a place to write to.
    fn place(&self, place: &str) -> Result<ChannelId, PersonError> {
        let name = place.trim_start_matches(['#', '@']);
        let found = self.running.workspace().read(|state| {
            let room = state.channel(place).or_else(|| state.channel_named(name)).map(|room| room.id.clone());
            let user = || state.user(place).or_else(|| state.user_named(name));
            room.or_else(|| user().map(|user| ChannelId::from(user.id.as_str())))
        });
        found.ok_or_else(|| PersonError::new("channel_not_found", format!("there is no place {place}")))
    }
}

/// Why something was not seen.
#[derive(Debug, thiserror::Error)]
pub enum SeeError {
    /// There is no such place or person.
    #[error(transparent)]
    Nowhere(#[from] PersonError),
    /// It did not come in time.
    #[error(transparent)]
    Nothing(WaitError),
}

fn surface(on: &Seen) -> Surface {
    Surface::Message { channel: on.channel.clone(), ts: on.ts }
}
