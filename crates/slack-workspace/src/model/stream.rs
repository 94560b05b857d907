//! Messages that grow while they are shown: started, appended to, stopped.

use std::collections::BTreeSet;

use countersign_slack::blocks::limits;
use serde_json::{Map, Value, json};

use super::{AppId, Author, ChangeKind, ChannelId, Draft, Effect, Message, ModelError, State, Ts};

/// How long a message can grow, unless a test says otherwise.
///
/// Slack ends a stream after about five minutes; a later append is refused.
pub(crate) const STREAM_TTL_MS: u64 = 300_000;
/// The longest text that a stream can grow to.
const MAX_TEXT: usize = 40_000;

/// A message that grows.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Stream {
    /// The app that streams.
    pub app: AppId,
    /// Milliseconds since the epoch.
    pub expires_at: u64,
    /// Tasks are shown as one plan, not each for itself.
    pub is_plan: bool,
    /// A person stopped it; the app learns so when it goes on.
    pub is_stopped: bool,
    /// A person can stop it, whatever the agent's session says.
    #[serde(default)]
    pub is_stoppable: bool,
    pub(crate) pieces: Vec<Piece>,
}

/// How a stream begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Begin {
    pub(crate) is_plan: bool,
    pub(crate) is_stoppable: bool,
    pub(crate) pieces: Vec<Piece>,
}

/// What an app adds to a stream.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Piece {
    /// Markdown, which continues the text before it.
    Text(String),
    /// A step of the work: its `id` and what is known of it.
    Task(Map<String, Value>),
    /// The title of the plan.
    Plan(String),
    /// Blocks, checked and with ids.
    Blocks(Vec<Value>),
}

impl State {
    /// Starts a message that grows.
    pub(crate) fn start_stream(
        &mut self,
        channel: &ChannelId,
        author: &Author,
        mut draft: Draft,
        Begin { is_plan, is_stoppable, pieces }: Begin,
        now_ms: u64,
    ) -> Result<Message, ModelError> {
        let app = author.app.clone().ok_or(ModelError::new("not_allowed_token_type"))?;
        let expires_at = now_ms.saturating_add(self.stream_ttl_ms);
        let mut stream = Stream { app, expires_at, is_plan, is_stopped: false, is_stoppable, pieces: Vec::new() };
        stream.add(pieces)?;
        draft.text = stream.text();
        draft.blocks = Some(stream.blocks());
        draft.fields.insert("streaming_state".to_owned(), "in_progress".into());
        let message = self.post(channel, author, draft, now_ms)?;
        self.streams.insert((channel.clone(), message.ts), stream);
        self.effects.push(Effect::Due);
        Ok(message)
    }

    /// Lets a message grow.
    pub(crate) fn append_stream(
        &mut self,
        channel: &ChannelId,
        ts: Ts,
        app: &AppId,
        pieces: Vec<Piece>,
    ) -> Result<(), ModelError> {
        let mut stream = self.stream_of(channel, ts, app)?;
        stream.add(pieces)?;
        let room = self.channels.get_mut(channel).ok_or(ModelError::new("channel_not_found"))?;
        let message = room.message_mut(ts).ok_or(ModelError::new("message_not_found"))?;
        stream.show(message);
        self.streams.insert((channel.clone(), ts), stream);
        self.changed(ChangeKind::Message { channel: channel.clone() });
        Ok(())
    }

    /// Ends a stream: the message is as any other from then on.
    pub(crate) fn stop_stream(
        &mut self,
        channel: &ChannelId,
        ts: Ts,
        app: &AppId,
        (pieces, metadata): (Vec<Piece>, Option<Value>),
        now_ms: u64,
    ) -> Result<Message, ModelError> {
        let mut stream = self.stream_of(channel, ts, app)?;
        stream.add(pieces)?;
        self.streams.remove(&(channel.clone(), ts));
        self.amend(channel, ts, now_ms, |message| {
            stream.show(message);
            message.set("streaming_state", "completed");
            if let Some(metadata) = metadata.filter(|metadata| !metadata.is_null()) {
                message.set("metadata", metadata);
            }
        })
    }

    /// Ends a stream because a person wants it to.
    pub(super) fn end_stream(&mut self, channel: &ChannelId, ts: Ts, now_ms: u64) -> Result<(), ModelError> {
        if let Some(stream) = self.streams.get_mut(&(channel.clone(), ts)) {
            stream.is_stopped = true;
        }
        self.amend(channel, ts, now_ms, |message| message.set("streaming_state", "completed"))?;
        Ok(())
    }

    /// Ends a stream that nobody stopped in time: its text stays unfinished.
    pub(super) fn expire_stream(&mut self, channel: &ChannelId, ts: Ts, now_ms: u64) {
        if self.streams.remove(&(channel.clone(), ts)).is_none_or(|stream| stream.is_stopped) {
            return;
        }
        // Whoever deleted the message meanwhile needs no news of it.
        let _ = self.amend(channel, ts, now_ms, |message| message.set("streaming_state", "errored"));
    }

    fn stream_of(&self, channel: &ChannelId, ts: Ts, app: &AppId) -> Result<Stream, ModelError> {
        let room = self.channels.get(channel).ok_or(ModelError::new("channel_not_found"))?;
        let message = room.message(ts).ok_or(ModelError::new("message_not_found"))?;
        if message.app.as_ref() != Some(app) {
            return Err(ModelError::new("message_not_owned_by_app"));
        }
        let stream = self.streams.get(&(channel.clone(), ts));
        let stream = stream.ok_or(ModelError::new("message_not_in_streaming_state"))?;
        if stream.is_stopped { Err(ModelError::new("stopped_by_user")) } else { Ok(stream.clone()) }
    }
}

impl Stream {
    fn add(&mut self, pieces: Vec<Piece>) -> Result<(), ModelError> {
        for piece in pieces {
            match (piece, self.pieces.last_mut()) {
                // What shows nothing is not kept: it would grow without a limit.
                (Piece::Text(text), _) if text.is_empty() => {}
                (Piece::Blocks(blocks), _) if blocks.is_empty() => {}
                (Piece::Text(more), Some(Piece::Text(text))) => text.push_str(&more),
                (Piece::Task(task), _) => self.update_task(task),
                (Piece::Plan(title), _) => {
                    self.pieces.retain(|piece| !matches!(piece, Piece::Plan(_)));
                    self.pieces.push(Piece::Plan(title));
                }
                (piece, _) => self.pieces.push(piece),
            }
        }
        self.check()
    }

    /// As a message it has limits, as any other.
    fn check(&self) -> Result<(), ModelError> {
        let blocks = self.blocks();
        let tasks = self.pieces.iter().filter(|piece| matches!(piece, Piece::Task(_))).count();
        let is_long = self.text().chars().count() > MAX_TEXT;
        if is_long || blocks.len() > limits::MESSAGE_BLOCKS || tasks > limits::MESSAGE_BLOCKS {
            return Err(ModelError::new("msg_blocks_too_long"));
        }
        let mut ids = BTreeSet::new();
        let is_unique = blocks.iter().filter_map(|block| block.get("block_id")?.as_str()).all(|id| ids.insert(id));
        if is_unique { Ok(()) } else { Err(ModelError::new("invalid_blocks")) }
    }

    /// A task that is there already gets what is new about it.
    fn update_task(&mut self, task: Map<String, Value>) {
        let known = self.pieces.iter_mut().find_map(|piece| match piece {
            Piece::Task(known) if known.get("task_id") == task.get("task_id") => Some(known),
            _ => None,
        });
        match known {
            Some(known) => known.extend(task),
            None => self.pieces.push(Piece::Task(task)),
        }
    }

    fn text(&self) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => Some(text.clone()),
            _ => None,
        };
        self.pieces.iter().filter_map(text).collect()
    }

    /// The blocks that show it; their ids stay the same while it grows.
    fn blocks(&self) -> Vec<Value> {
        let mut blocks = Vec::new();
        if self.is_plan {
            blocks.extend(self.plan());
        }
        for (piece, number) in self.pieces.iter().zip(1..) {
            match piece {
                Piece::Text(text) => {
                    blocks.push(json!({"type": "markdown", "block_id": format!("text-{number}"), "text": text}));
                }
                Piece::Task(task) if !self.is_plan => blocks.push(card(task)),
                Piece::Task(_) | Piece::Plan(_) => {}
                Piece::Blocks(own) => blocks.extend(own.iter().cloned()),
            }
        }
        blocks
    }

    fn plan(&self) -> Option<Value> {
        let tasks: Vec<Value> = self
            .pieces
            .iter()
            .filter_map(|piece| if let Piece::Task(task) = piece { Some(card(task)) } else { None })
            .collect();
        let title = self.pieces.iter().find_map(|piece| match piece {
            Piece::Plan(title) => Some(title.as_str()),
            _ => None,
        });
        let is_any = !tasks.is_empty() || title.is_some();
        is_any.then(|| {
            let title = title.unwrap_or("Plan");
            json!({"type": "plan", "block_id": "plan", "title": title, "tasks": tasks})
        })
    }

    fn show(&self, message: &mut Message) {
        message.set("text", self.text());
        let blocks = self.blocks();
        if blocks.is_empty() {
            message.unset("blocks");
        } else {
            message.set("blocks", blocks);
        }
    }
}

/// A task as a `task_card` block.
fn card(task: &Map<String, Value>) -> Value {
    let mut card = task.clone();
    card.insert("type".to_owned(), "task_card".into());
    let id = card.get("task_id").and_then(Value::as_str).unwrap_or_default();
    card.insert("block_id".to_owned(), format!("task-{id}").into());
    Value::Object(card)
}
