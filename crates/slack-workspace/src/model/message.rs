//! A message: the JSON object as Slack has it, with its key fields typed.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::packed::Packed;
use super::{AppId, Ts, UserId};

/// A message of a channel, or one that a single person sees.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Message {
    /// Identity in the channel.
    pub ts: Ts,
    /// The thread it belongs to; a parent with replies carries its own timestamp.
    pub thread_ts: Option<Ts>,
    /// The user it is shown as coming from.
    pub user: UserId,
    /// The app that posted it: who may update it and who receives its actions.
    pub app: Option<AppId>,
    /// The replies of its thread, oldest first.
    pub replies: Vec<Ts>,
    body: Packed,
}

impl Message {
    pub(crate) fn new(ts: Ts, user: UserId, app: Option<AppId>, body: Map<String, Value>) -> Self {
        Self { ts, thread_ts: None, user, app, replies: Vec::new(), body: Packed::new(Value::Object(body)) }
    }

    /// A message whose object is JSON already, of no thread.
    pub(super) fn from_text(ts: Ts, user: UserId, app: Option<AppId>, body: &str) -> Self {
        Self { ts, thread_ts: None, user, app, replies: Vec::new(), body: Packed::from_text(body) }
    }

    /// The object as Slack has it; cheap to clone.
    pub fn body(&self) -> &Arc<Value> {
        self.body.value()
    }

    /// The object to be kept or given out as it is.
    pub(crate) fn packed(&self) -> &Packed {
        &self.body
    }

    /// One field of the object.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.body().get(name)
    }

    /// The message's `text`.
    pub fn text(&self) -> &str {
        self.field("text").and_then(Value::as_str).unwrap_or_default()
    }

    /// The message's `blocks`.
    pub fn blocks(&self) -> &[Value] {
        self.field("blocks").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// True for what answers another message in its thread.
    pub(crate) fn is_reply(&self) -> bool {
        self.thread_ts.is_some_and(|thread| thread != self.ts)
    }

    /// True unless it is a reply that lives in its thread only.
    pub fn is_shown_in_channel(&self) -> bool {
        self.thread_ts.is_none_or(|thread| thread == self.ts)
            || self.field("subtype").and_then(Value::as_str) == Some("thread_broadcast")
    }

    /// True for what Slack itself writes, such as "has joined the channel".
    pub fn is_notice(&self) -> bool {
        let subtype = self.field("subtype").and_then(Value::as_str);
        subtype.is_some_and(|subtype| subtype.starts_with("channel_"))
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.change(|body| {
            body.insert(name.to_owned(), value.into());
        });
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.change(|body| {
            body.remove(name);
        });
    }

    fn change(&mut self, change: impl FnOnce(&mut Map<String, Value>)) {
        self.body.change(|body| {
            if let Value::Object(body) = body {
                change(body);
            }
        });
    }

    /// Whether somebody has looked at the object since it was put away.
    pub(super) fn is_open(&self) -> bool {
        self.body.is_open()
    }

    /// Puts the object away until somebody looks at it again.
    pub(super) fn pack(&mut self) {
        self.body.pack();
    }

    /// Puts the message into a thread.
    pub(crate) fn join_thread(&mut self, parent: Ts) {
        self.thread_ts = Some(parent);
        self.set("thread_ts", parent);
    }
}
