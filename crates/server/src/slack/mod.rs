//! The Slack app: clicks come in, decisions go to the engine, people are told what became of their click.
//!
//! A click is never silently ignored: it changes state, or whoever clicked sees why not.

mod click;
mod decide;
mod inbox;
mod review;
mod run;
mod words;

use std::sync::{Mutex, PoisonError};

use countersign_slack::{
    client::{Client, Token},
    socket_mode::{Config, SocketMode, Status},
};
use tokio::sync::watch;

pub(crate) use self::run::{give_up, learn_installation, recall_installation, run};
pub(crate) use self::{click::identity_of_command, words::how_to_link};

/// The app's client, tokens and connections.
#[derive(Debug)]
pub struct SlackApp {
    client: Client,
    bot: Token,
    /// The app that the app token belongs to, where the token says it.
    app_id: Option<countersign_slack::ids::AppId>,
    status: watch::Receiver<Status>,
    /// Taken once, when serving begins.
    socket_mode: Mutex<Option<SocketMode>>,
}

impl SlackApp {
    /// An app that is not connected yet.
    pub fn new(client: Client, bot: Token, app: Token) -> Self {
        let app_id = app.app_id();
        let socket_mode = SocketMode::new(client.clone(), app, Config::default());
        Self { client, bot, app_id, status: socket_mode.status(), socket_mode: Mutex::new(Some(socket_mode)) }
    }

    /// The client and the bot's token.
    pub(crate) fn bot(&self) -> (&Client, &Token) {
        (&self.client, &self.bot)
    }

    /// Open Socket Mode connections.
    pub(crate) fn connections(&self) -> usize {
        self.status.borrow().connected
    }

    /// Connections of this app that are not ours: another program may get our clicks.
    pub(crate) fn connections_elsewhere(&self) -> usize {
        self.status.borrow().foreign
    }

    fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    fn take_socket_mode(&self) -> Option<SocketMode> {
        self.socket_mode.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
