//! A workspace that serves, with what tests want to do with it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::task::JoinHandle;

use crate::control::FaultError;
use crate::model::{ChannelId, Message, Ts, UserId, ViewId};
use crate::person::{Answer, Click, Closing, NewMessage, PersonError, Submission, Surface};
use crate::{ClockError, JournalEntry, Ready, Workspace};

/// A workspace that answers on an address of 127.0.0.1. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    workspace: Workspace,
    ready: Ready,
    served: JoinHandle<std::io::Result<()>>,
}

/// What was waited for did not happen in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing of the kind in {channel} within {timeout_ms} ms; last message: {last}")]
pub struct WaitError {
    channel: ChannelId,
    timeout_ms: u128,
    last: String,
}

impl Running {
    pub(crate) fn new(workspace: Workspace, served: JoinHandle<std::io::Result<()>>) -> Self {
        let ready = workspace.ready();
        Self { workspace, ready, served }
    }

    /// Everything the readiness line says.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// The handle.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// Stops serving and waits until everything has ended.
    pub async fn stop(mut self) {
        self.workspace.stopping().cancel();
        // A server that failed has nothing left to stop.
        let _ = (&mut self.served).await;
        self.workspace.tasks().close();
        self.workspace.tasks().wait().await;
    }

    /// A person by handle.
    pub fn user(&self, name: &str) -> Option<UserId> {
        self.ready.users.get(name).cloned()
    }

    /// A channel by name.
    pub fn channel(&self, name: &str) -> Option<ChannelId> {
        self.ready.channels.get(name).cloned()
    }

    /// Clicks an element of a message.
    pub async fn click(
        &self,
        user: &UserId,
        channel: &ChannelId,
        ts: Ts,
        action_id: &str,
    ) -> Result<Answer, PersonError> {
        let surface = Surface::Message { channel: channel.clone(), ts };
        let (user, action_id) = (user.clone(), action_id.to_owned());
        self.workspace.click(Click { user, surface, action_id, block_id: None, value: None }).await
    }

    /// Clicks an element of an open modal.
    pub async fn click_view(&self, user: &UserId, view_id: &ViewId, action_id: &str) -> Result<Answer, PersonError> {
        let surface = Surface::View { view_id: view_id.clone() };
        let (user, action_id) = (user.clone(), action_id.to_owned());
        self.workspace.click(Click { user, surface, action_id, block_id: None, value: None }).await
    }

    /// Submits a modal with these values; what is left out keeps its initial value.
    pub async fn submit_view(
        &self,
        user: &UserId,
        view_id: &ViewId,
        values: Map<String, Value>,
    ) -> Result<Answer, PersonError> {
        let submission = Submission { user: user.clone(), view_id: view_id.clone(), values };
        self.workspace.submit_view(submission).await
    }

    /// Closes the modal on top.
    pub async fn close_view(&self, user: &UserId, view_id: &ViewId) -> Result<Answer, PersonError> {
        self.workspace.close_view(user, Some(view_id), Closing::Top).await
    }

    /// Writes a message as a person and returns its object.
    pub fn post_message(&self, user: &UserId, channel: &ChannelId, text: &str) -> Result<Arc<Value>, PersonError> {
        let (user, channel, text) = (user.clone(), channel.clone(), text.to_owned());
        self.workspace.post_message(NewMessage { user, channel, text, thread_ts: None })
    }

    /// The direct message between the app's bot and a person, once there is one.
    pub fn im(&self, user: &UserId) -> Option<ChannelId> {
        let bot = &self.ready.bot_user_id;
        self.workspace.read(|state| state.im_between(bot, user).map(|room| room.id.clone()))
    }

    /// The messages of a channel, oldest first, replies included.
    pub fn messages(&self, channel: &ChannelId) -> Vec<Arc<Value>> {
        self.workspace.read(|state| {
            let room = state.channel(channel.as_str());
            let messages = room.map_or(&[][..], |room| room.messages());
            messages.iter().map(|message| Arc::clone(message.body())).collect()
        })
    }

    /// What one person alone sees in a channel, oldest first.
    pub fn ephemerals(&self, channel: &ChannelId, user: &UserId) -> Vec<Arc<Value>> {
        self.workspace
            .read(|state| state.ephemerals(channel, user).iter().map(|message| Arc::clone(message.body())).collect())
    }

    /// A person's open modals as Slack's view objects, the top one last.
    pub fn views(&self, user: &UserId) -> Vec<Value> {
        self.workspace.read(|state| state.views(user).iter().map(|view| view.to_json(&state.team().id)).collect())
    }

    /// Waits for a message of a channel that satisfies the predicate, the newest first.
    pub async fn wait_for_message(
        &self,
        channel: &ChannelId,
        predicate: impl Fn(&Value) -> bool,
        timeout: Duration,
    ) -> Result<Arc<Value>, WaitError> {
        let find = |running: &Self| {
            running.workspace.read(|state| {
                let fits = |message: &&Arc<Message>| predicate(message.body());
                let room = state.channel(channel.as_str())?;
                room.messages().iter().rev().find(fits).map(|message| Arc::clone(message.body()))
            })
        };
        self.wait(find, timeout).await.ok_or_else(|| self.wait_error(channel, timeout))
    }

    /// Waits for an ephemeral message that one person sees in a channel.
    pub async fn wait_for_ephemeral(
        &self,
        channel: &ChannelId,
        user: &UserId,
        predicate: impl Fn(&Value) -> bool,
        timeout: Duration,
    ) -> Result<Arc<Value>, WaitError> {
        let find =
            |running: &Self| running.ephemerals(channel, user).into_iter().rev().find(|message| predicate(message));
        self.wait(find, timeout).await.ok_or_else(|| self.wait_error(channel, timeout))
    }

    /// Waits until a person's topmost modal satisfies the predicate.
    pub async fn wait_for_view(
        &self,
        user: &UserId,
        predicate: impl Fn(&Value) -> bool,
        timeout: Duration,
    ) -> Option<Value> {
        self.wait(|running| running.views(user).pop().filter(&predicate), timeout).await
    }

    /// Waits for a line of the journal.
    pub async fn wait_for_journal(
        &self,
        predicate: impl Fn(&JournalEntry) -> bool,
        timeout: Duration,
    ) -> Option<JournalEntry> {
        self.wait(|running| running.journal().into_iter().find(&predicate), timeout).await
    }

    /// The whole journal.
    pub fn journal(&self) -> Vec<JournalEntry> {
        self.workspace.journal(0)
    }

    /// Makes something go wrong: the JSON of `POST /control/faults`.
    pub fn fault(&self, fault: &Value) -> Result<(), FaultError> {
        self.workspace.fault(fault)
    }

    /// Clears every fault.
    pub fn clear_faults(&self) {
        self.workspace.clear_faults();
    }

    /// Moves the workspace's clock forward.
    pub fn advance_clock(&self, by: Duration) -> Result<u64, ClockError> {
        self.workspace.advance_clock(u64::try_from(by.as_millis()).unwrap_or(u64::MAX))
    }

    /// Looks, then looks again after every change, until something is found or the time is over.
    /// Waits until a look at the workspace finds something; looks again after every change.
    pub async fn wait<T>(&self, look: impl Fn(&Self) -> Option<T>, timeout: Duration) -> Option<T> {
        let mut changes = self.workspace.changes();
        let found = async {
            loop {
                if let Some(found) = look(self) {
                    return Some(found);
                }
                // Whoever lags has missed changes, not the state: look again.
                if let Err(tokio::sync::broadcast::error::RecvError::Closed) = changes.recv().await {
                    return None;
                }
            }
        };
        tokio::time::timeout(timeout, found).await.ok().flatten()
    }

    pub(crate) fn wait_error(&self, channel: &ChannelId, timeout: Duration) -> WaitError {
        let last = self.messages(channel).pop();
        WaitError {
            channel: channel.clone(),
            timeout_ms: timeout.as_millis(),
            last: last.map_or_else(|| "none".to_owned(), |message| message.to_string()),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.workspace.stopping().cancel();
    }
}
