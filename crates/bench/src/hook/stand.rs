//! A workspace with a home beside it, and one hook's way through both.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use countersign_slack_workspace::{
    Change, Config, Running, Workspace,
    model::{ChangeKind, ChannelId, Ts, UserId},
};
use serde_json::{Value, json};
use tokio::{
    io::AsyncWriteExt as _,
    process::{Child, Command},
    sync::broadcast::{Receiver, error::RecvError},
    time::timeout,
};

use crate::hook::home::{Home, Program};

/// Longest time for one step; what takes longer counts as hung. The original's own measurement waited as long.
pub(crate) const STEP_WITHIN: Duration = Duration::from_secs(12);

/// A workspace and a home in which nothing has run yet.
#[derive(Debug)]
pub(crate) struct Stand {
    // Dropped in this order: the daemon leaves while its Slack still answers.
    pub(crate) home: Home,
    workspace: Running,
    alice: UserId,
}

/// A hook that was started.
#[derive(Debug)]
pub(crate) struct Hook {
    pub(crate) child: Child,
    /// Taken before the process was made.
    pub(crate) started: Instant,
}

/// A message that asks, and when the workspace had it.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) channel: ChannelId,
    pub(crate) ts: Ts,
    pub(crate) at: Instant,
    /// The message as text, for finding out whose it is.
    pub(crate) text: String,
}

/// The messages that ask, in the order they come.
#[derive(Debug)]
pub(crate) struct Questions<'a> {
    stand: &'a Stand,
    changes: Receiver<Change>,
    seen: HashSet<Ts>,
}

impl Stand {
    /// A new workspace and a new home.
    pub(crate) async fn new(program: &Program) -> Result<Self> {
        let workspace = Workspace::start(Config::default()).await.context("could not start the workspace")?;
        let home = Home::new(program, workspace.ready()).context("could not make a home")?;
        let alice = workspace.user("alice").context("the workspace has an alice")?;
        Ok(Self { home, workspace, alice })
    }

    /// Starts the hook and hands it its input.
    pub(crate) async fn start(&self, command: &str) -> Result<Hook> {
        let mut hook: Command = self.home.hook()?;
        let input = input(command);
        let started = Instant::now();
        let mut child = hook.spawn().context("could not start the hook")?;
        let mut stdin = child.stdin.take().context("stdin is a pipe")?;
        stdin.write_all(&input).await.context("the hook did not take its input")?;
        Ok(Hook { child, started })
    }

    /// Watches for questions from now on.
    pub(crate) fn questions(&self) -> Questions<'_> {
        Questions { stand: self, changes: self.workspace.workspace().changes(), seen: HashSet::new() }
    }

    /// Waits until clicks can reach the app.
    pub(crate) async fn connected(&self) -> Result<()> {
        let app = self.workspace.ready().app_id.clone();
        let connected = |running: &Running| (running.workspace().connections(&app) > 0).then_some(());
        self.workspace.wait(connected, STEP_WITHIN).await.context("the app has no connection")
    }

    /// Alice presses the button that approves; returns when the app has acknowledged, or after Slack's three seconds.
    pub(crate) async fn approve(&self, asked: &Asked) -> Result<()> {
        self.workspace.click(&self.alice, &asked.channel, asked.ts, self.home.approve()).await?;
        Ok(())
    }

    /// Waits until a message has no buttons any more.
    pub(crate) async fn closed(&self, asked: &Asked) -> Result<()> {
        let approve = self.home.approve();
        let closed = |running: &Running| {
            let open = running.workspace().read(|state| {
                let messages = state.channel(asked.channel.as_str()).map_or(&[][..], |room| room.messages());
                messages.iter().any(|message| message.ts == asked.ts && has_action(message.body(), approve))
            });
            (!open).then_some(())
        };
        self.workspace.wait(closed, STEP_WITHIN).await.context("the message was not closed")
    }
}

impl Questions<'_> {
    /// Waits for the next question.
    pub(crate) async fn next(&mut self) -> Result<Asked> {
        timeout(STEP_WITHIN, self.wait()).await.context("no message came")?
    }

    async fn wait(&mut self) -> Result<Asked> {
        loop {
            let changed = self.changes.recv().await;
            let at = Instant::now();
            match changed {
                Ok(Change { kind: ChangeKind::Message { channel }, .. }) => {
                    if let Some(asked) = self.unseen(&channel, at) {
                        return Ok(asked);
                    }
                }
                Ok(_) => {}
                // Fell behind, which happens in crowds only, where this time is not used: look at what there is.
                Err(RecvError::Lagged(_)) => {
                    if let Some(channel) = self.stand.workspace.im(&self.stand.alice)
                        && let Some(asked) = self.unseen(&channel, at)
                    {
                        return Ok(asked);
                    }
                }
                Err(RecvError::Closed) => bail!("the workspace has ended"),
            }
        }
    }

    /// A question in a channel that was not there at the last look.
    fn unseen(&mut self, channel: &ChannelId, at: Instant) -> Option<Asked> {
        let approve = self.stand.home.approve();
        let found = self.stand.workspace.workspace().read(|state| {
            let messages = state.channel(channel.as_str()).map_or(&[][..], |room| room.messages());
            let new = messages.iter().rev().find(|message| !self.seen.contains(&message.ts))?;
            has_action(new.body(), approve).then(|| (new.ts, new.body().clone()))
        });
        let (ts, body) = found?;
        self.seen.insert(ts);
        Some(Asked { channel: channel.clone(), ts, at, text: body.to_string() })
    }

    /// Every question of a channel that was not there at the last look, however many.
    pub(crate) fn drain(&mut self) -> Vec<Asked> {
        let Some(channel) = self.stand.workspace.im(&self.stand.alice) else { return Vec::new() };
        let now = Instant::now();
        std::iter::from_fn(|| self.unseen(&channel, now)).collect()
    }
}

impl Hook {
    /// Waits for the hook's end: when that was, and whether it answered that the call may go on.
    pub(crate) async fn finish(self) -> Result<(Instant, bool)> {
        let output = self.child.wait_with_output().await?;
        let at = Instant::now();
        let answer: Option<Value> = serde_json::from_slice(&output.stdout).ok();
        let behavior = answer.as_ref().and_then(|answer| answer.pointer("/hookSpecificOutput/decision/behavior"));
        Ok((at, output.status.success() && behavior == Some(&Value::from("allow"))))
    }
}

/// An input as Claude Code sends it.
fn input(command: &str) -> Vec<u8> {
    let input = json!({
        "session_id": "0c9d6f5e-8d4b-4b39-9f0a-2f6f6d1c7a11",
        "transcript_path": "/home/alice/.claude/projects/app/session.jsonl",
        "cwd": "/srv/app",
        "permission_mode": "default",
        "hook_event_name": "PermissionRequest",
        "tool_name": "Bash",
        "tool_input": { "command": command, "description": "Measures" },
    });
    input.to_string().into_bytes()
}

/// Whether a message has an element with this action.
fn has_action(message: &Value, action_id: &str) -> bool {
    let blocks = message.get("blocks").and_then(Value::as_array);
    let elements = blocks.into_iter().flatten().filter_map(|block| block.get("elements")?.as_array()).flatten();
    elements.filter_map(|element| element.get("action_id")).any(|id| id == action_id)
}
