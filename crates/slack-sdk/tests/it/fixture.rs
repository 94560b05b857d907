//! An app that runs against a workspace of its own.

use std::sync::Arc;
use std::time::Duration;

use countersign_slack::blocks::{Actions, Block, Button};
use countersign_slack::client::{Client, Message, Posted, Token};
use countersign_slack::ids::{ChannelId, UserId};
use countersign_slack::socket_mode::{Config, SocketMode};
use countersign_slack_sdk::{App, ServeError};
use countersign_slack_workspace::model::Ts;
use countersign_slack_workspace::person::{Answer, Invocation};
use countersign_slack_workspace::{Config as WorkspaceConfig, Running, Workspace};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) const SOON: Duration = Duration::from_mins(1);

/// A workspace, and what an app needs for it.
pub(crate) struct World {
    pub(crate) workspace: Running,
    pub(crate) client: Client,
    pub(crate) token: Token,
    pub(crate) channel: ChannelId,
    pub(crate) alice: UserId,
}

/// An app that is being served; it stops when dropped.
pub(crate) struct Serving {
    cancel: CancellationToken,
    done: JoinHandle<Result<(), ServeError>>,
}

impl World {
    pub(crate) async fn start() -> Self {
        let workspace = Workspace::start(WorkspaceConfig::default()).await.unwrap();
        let client = Client::new(workspace.ready().api_url.parse().unwrap()).unwrap();
        let token = Token::new(&workspace.ready().bot_token).unwrap();
        let (channel, alice) = (workspace.channel("approvals").unwrap(), workspace.user("alice").unwrap());
        Self { workspace, client, token, channel, alice }
    }

    pub(crate) fn app(&self) -> App {
        App::new().bot(self.client.clone(), self.token.clone())
    }

    /// Serves an app and waits until it is connected.
    pub(crate) async fn serve(&self, app: App) -> Serving {
        let token = Token::new(&self.workspace.ready().app_token).unwrap();
        let mode = SocketMode::new(self.client.clone(), token, Config::default());
        let (mut status, cancel) = (mode.status(), CancellationToken::new());
        let done = TaskTracker::new().spawn(app.serve(mode, cancel.clone()));
        tokio::time::timeout(SOON, status.wait_for(|status| status.connected > 0)).await.unwrap().unwrap();
        Serving { cancel, done }
    }

    /// Posts a message with one button as the app.
    pub(crate) async fn button(&self, action_id: &str) -> Ts {
        let button = Button::new(action_id, "Press").unwrap().value("value").unwrap();
        let blocks: Vec<Block> = vec![Actions::new(vec![button.into()]).unwrap().into()];
        let message = Message::new("a button", blocks);
        let posted: Posted = self.client.post_message(&self.token, &self.channel, &message).await.unwrap();
        Ts::parse(posted.ts.as_str()).unwrap()
    }

    pub(crate) async fn click(&self, ts: Ts, action_id: &str) -> Answer {
        self.workspace.click(&self.alice, &self.channel, ts, action_id).await.unwrap()
    }

    pub(crate) async fn command(&self, text: &str) -> Answer {
        let (user, channel) = (self.alice.clone(), self.channel.clone());
        let invocation = Invocation { user, channel, command: "/countersign".to_owned(), text: text.to_owned() };
        self.workspace.workspace().command(invocation).await.unwrap()
    }

    /// Waits for a message in the channel.
    pub(crate) async fn said(&self, text: &str) -> Arc<Value> {
        let holds = |message: &Value| message["text"].as_str().is_some_and(|said| said.contains(text));
        self.workspace.wait_for_message(&self.channel, holds, SOON).await.unwrap()
    }

    /// Waits for what only alice sees.
    pub(crate) async fn whispered(&self, text: &str) -> Arc<Value> {
        let holds = |message: &Value| message["text"].as_str().is_some_and(|said| said.contains(text));
        self.workspace.wait_for_ephemeral(&self.channel, &self.alice, holds, SOON).await.unwrap()
    }
}

impl Serving {
    /// Stops the app and waits for its end.
    pub(crate) async fn stop(self) -> Result<(), ServeError> {
        self.cancel.cancel();
        self.end().await
    }

    /// Waits for its end.
    pub(crate) async fn end(mut self) -> Result<(), ServeError> {
        tokio::time::timeout(SOON, &mut self.done).await.expect("an end in time").unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}
