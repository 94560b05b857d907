//! An app: a client, a token, handlers, and perhaps an inbox.

use std::fmt;
use std::sync::Arc;

use countersign_slack::blocks::Choice;
use countersign_slack::client::{Client, Reply, Token};
use countersign_slack::payload::{
    BlockActions, BlockSuggestion, EventCallback, Interaction, Shortcut, SlashCommand, ViewClosed, ViewSubmission,
};

use crate::routes::Routes;
use crate::{Constraint, Handler, Inbox, ViewResponse};

/// A Slack app, ready to be served.
pub struct App {
    pub(crate) client: Client,
    pub(crate) token: Token,
    pub(crate) routes: Routes,
    pub(crate) inbox: Option<Arc<dyn Inbox>>,
}

/// An app that is being put together. Of handlers whose constraints match the same id, the first is taken.
#[must_use]
pub struct AppBuilder {
    app: App,
}

impl App {
    /// An app that acts with a bot's token.
    pub fn builder(client: Client, bot_token: Token) -> AppBuilder {
        AppBuilder { app: Self { client, token: bot_token, routes: Routes::default(), inbox: None } }
    }
}

impl AppBuilder {
    /// Handles clicks and choices, by action id. They are acknowledged before the handler runs.
    pub fn action(mut self, action_id: impl Into<Constraint>, handler: impl Handler<BlockActions, ()>) -> Self {
        self.app.routes.actions.add(action_id.into(), handler);
        self
    }

    /// Handles submitted modals, by callback id. Slack waits for the answer, 2.5 s at most.
    pub fn view_submission(
        mut self,
        callback_id: impl Into<Constraint>,
        handler: impl Handler<ViewSubmission, ViewResponse>,
    ) -> Self {
        self.app.routes.submissions.add(callback_id.into(), handler);
        self
    }

    /// Handles modals closed without being submitted, by callback id.
    pub fn view_closed(mut self, callback_id: impl Into<Constraint>, handler: impl Handler<ViewClosed, ()>) -> Self {
        self.app.routes.closed.add(callback_id.into(), handler);
        self
    }

    /// Handles shortcuts, by callback id.
    pub fn shortcut(mut self, callback_id: impl Into<Constraint>, handler: impl Handler<Shortcut, ()>) -> Self {
        self.app.routes.shortcuts.add(callback_id.into(), handler);
        self
    }

    /// Gives the options of menus that ask for them, by action id. Slack waits for them, 2.5 s at most.
    pub fn options(
        mut self,
        action_id: impl Into<Constraint>,
        handler: impl Handler<BlockSuggestion, Vec<Choice>>,
    ) -> Self {
        self.app.routes.options.add(action_id.into(), handler);
        self
    }

    /// Handles slash commands, by the command with its slash. They are acknowledged before the handler runs.
    pub fn command(mut self, command: impl Into<Constraint>, handler: impl Handler<SlashCommand, ()>) -> Self {
        self.app.routes.commands.add(command.into(), handler);
        self
    }

    /// Handles slash commands whose reply is their acknowledgement; Slack waits for it, 2.5 s at most.
    ///
    /// A later reply goes to the command's response address. Where [`Self::command`] matches as well, that one is taken.
    pub fn command_with_reply(
        mut self,
        command: impl Into<Constraint>,
        handler: impl Handler<SlashCommand, Option<Reply<'static>>>,
    ) -> Self {
        self.app.routes.replies.add(command.into(), handler);
        self
    }

    /// Handles events, by type. They are acknowledged before the handler runs; what the app itself did is left out.
    pub fn event(mut self, kind: impl Into<Constraint>, handler: impl Handler<EventCallback, ()>) -> Self {
        self.app.routes.events.add(kind.into(), handler);
        self
    }

    /// Handles every interaction that no other handler is for. A modal is closed before it runs.
    pub fn fallback(mut self, handler: impl Handler<Interaction, ()>) -> Self {
        self.app.routes.fallback = Some(Arc::new(handler));
        self
    }

    /// Keeps what is acknowledged until it is handled.
    pub fn inbox(mut self, inbox: Arc<dyn Inbox>) -> Self {
        self.app.inbox = Some(inbox);
        self
    }

    /// The app, as put together.
    pub fn build(self) -> App {
        self.app
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let routes = &self.routes;
        f.debug_struct("App")
            .field("actions", &routes.actions.len())
            .field("commands", &(routes.commands.len() + routes.replies.len()))
            .field("events", &routes.events.len())
            .field("views", &(routes.submissions.len() + routes.closed.len()))
            .field("inbox", &self.inbox.is_some())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AppBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.app.fmt(f)
    }
}
