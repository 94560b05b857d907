//! An app that is being put together.

use std::fmt;
use std::sync::Arc;

use countersign_slack::client::{Client as Api, Token};
use tower::Layer;

use crate::layer::{BoxService, Fitted, Layers};
use crate::routes::{Always, Routes};
use crate::when::{ByAction, ByCommand, ByEvent, ByMenu, ByView};
use crate::{
    ActionRegistration, Assistant, Authorizer, Clock, Constraint, ErrorHandler, EventRegistration, Handler, Inbox,
    MetadataStore, OnAction, OnEvent, OnMessage, OnShortcut, Registration, Registrations, Request,
    ShortcutRegistration, SingleToken, SystemClock, ThreadContextStore,
};

/// A Slack app: handlers, and what they need. Of handlers of one kind whose constraints match, the first is taken.
///
/// `S` is the state that handlers still miss; [`App::state`] gives it. Only an `App<()>` can be served.
#[must_use]
pub struct App<S = ()> {
    pub(crate) routes: Routes<S>,
    pub(crate) layers: Layers,
    pub(crate) settings: Settings,
}

/// What an app is beside its handlers.
pub(crate) struct Settings {
    pub(crate) client: Option<Api>,
    pub(crate) authorizer: Option<Arc<dyn Authorizer>>,
    pub(crate) inbox: Option<Arc<dyn Inbox>>,
    pub(crate) on_error: Option<Arc<dyn ErrorHandler>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) contexts: Arc<dyn ThreadContextStore>,
    pub(crate) most_at_once: usize,
    pub(crate) has_assistant: bool,
}

/// Handlers that run at once unless it is set otherwise; what comes beyond that is not acknowledged.
///
/// A handler that waits holds its payload's text, a kilobyte where messages are short, and one or two kilobytes beside that: this
/// many are some 700 MB. Handlers of a second come to as many when 250,000 payloads arrive in one second.
const MOST_AT_ONCE: usize = 250_000;

impl Default for Settings {
    fn default() -> Self {
        Self {
            client: None,
            authorizer: None,
            inbox: None,
            on_error: None,
            clock: Arc::new(SystemClock),
            contexts: Arc::new(MetadataStore),
            most_at_once: MOST_AT_ONCE,
            has_assistant: false,
        }
    }
}

impl<S> Default for App<S> {
    fn default() -> Self {
        Self { routes: Routes::default(), layers: Layers::default(), settings: Settings::default() }
    }
}

impl<S: Clone + Send + Sync + 'static> App<S> {
    /// An app without handlers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Handles events, by type. They are acknowledged before the handler runs; what the app itself did is left out.
    pub fn event<M: 'static>(mut self, on: impl Into<OnEvent>, handler: impl Handler<M, S>) -> Self {
        self.routes.events.add(ByEvent::Event(on.into()), handler);
        self
    }

    /// Handles messages that somebody wrote, by what they say: a text stands for all that contain it.
    pub fn message<M: 'static>(mut self, on: impl Into<OnMessage>, handler: impl Handler<M, S>) -> Self {
        self.routes.events.add(ByEvent::Message(on.into()), handler);
        self
    }

    /// Handles slash commands, by the command with its slash.
    ///
    /// Where the handler answers, or takes an [`Ack`](crate::Ack), Slack waits for that, 2.5 s at most; otherwise the
    /// command is acknowledged before the handler runs.
    pub fn command<M: 'static>(mut self, command: impl Into<Constraint>, handler: impl Handler<M, S>) -> Self {
        self.routes.commands.add(ByCommand(command.into()), handler);
        self
    }

    /// Handles clicks and choices, by action id. They are acknowledged before the handler runs.
    pub fn action<M: 'static>(mut self, on: impl Into<OnAction>, handler: impl Handler<M, S>) -> Self {
        self.routes.actions.add(ByAction(on.into()), handler);
        self
    }

    /// Handles submitted modals, by callback id. Slack waits for the answer, 2.5 s at most.
    pub fn view<M: 'static>(mut self, callback_id: impl Into<Constraint>, handler: impl Handler<M, S>) -> Self {
        self.routes.submissions.add(ByView(callback_id.into()), handler);
        self
    }

    /// Handles modals closed without being submitted, by callback id.
    pub fn view_closed<M: 'static>(mut self, callback_id: impl Into<Constraint>, handler: impl Handler<M, S>) -> Self {
        self.routes.closed.add(ByView(callback_id.into()), handler);
        self
    }

    /// Handles shortcuts, by callback id. They are acknowledged before the handler runs.
    pub fn shortcut<M: 'static>(mut self, on: impl Into<OnShortcut>, handler: impl Handler<M, S>) -> Self {
        self.routes.shortcuts.add(on.into(), handler);
        self
    }

    /// Gives the options of menus that ask for them, by action id. Slack waits for them, 2.5 s at most.
    pub fn options<M: 'static>(mut self, on: impl Into<OnAction>, handler: impl Handler<M, S>) -> Self {
        self.routes.options.add(ByMenu(on.into()), handler);
        self
    }

    /// Handles custom functions, by callback id; [`Function`](crate::Function) completes them.
    pub fn function<M: 'static>(mut self, callback_id: impl Into<Constraint>, handler: impl Handler<M, S>) -> Self {
        self.routes.events.add(ByEvent::Function(callback_id.into()), handler);
        self
    }

    /// Talks with people in the assistant's threads.
    pub fn assistant(mut self, assistant: Assistant<S>) -> Self {
        assistant.register(&mut self.routes.events);
        self.settings.has_assistant = true;
        self
    }

    /// Handles every interaction that no other handler is for. A modal is closed before it runs.
    pub fn fallback<M: 'static>(mut self, handler: impl Handler<M, S>) -> Self {
        self.routes.fallback.add(Always, handler);
        self
    }

    /// Puts a tower layer around all handlers; of several, the first sees a request first.
    ///
    /// Layers run after routing, and where the acknowledgement does not wait for the handler, after that: they cannot make
    /// it late. What they answer in the handler's place is taken as the handler's answer.
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<BoxService> + Send + Sync + 'static,
        L::Service: Fitted<Request>,
    {
        self.layers.add(layer);
        self
    }

    /// Is called with every failure of a handler, in place of the log and of what the person is told.
    pub fn on_error(mut self, handler: impl ErrorHandler) -> Self {
        self.settings.on_error = Some(Arc::new(handler));
        self
    }

    /// Keeps what is acknowledged until it is handled.
    pub fn inbox(mut self, inbox: Arc<dyn Inbox>) -> Self {
        self.settings.inbox = Some(inbox);
        self
    }

    /// Acts with one bot's token: an app that is installed in one workspace.
    pub fn bot(self, client: Api, token: Token) -> Self {
        let authorizer = SingleToken::new(client.clone(), token);
        self.authorizer(client, authorizer)
    }

    /// Acts with the token that the authorizer gives for each workspace.
    pub fn authorizer(mut self, client: Api, authorizer: impl Authorizer) -> Self {
        self.settings.client = Some(client);
        self.settings.authorizer = Some(Arc::new(authorizer));
        self
    }

    /// Lets the app hear of what it did itself.
    pub fn hear_self(mut self) -> Self {
        self.routes.ignores_self = false;
        self
    }

    /// Where the contexts of assistants' threads are kept; in the threads themselves unless set.
    pub fn thread_contexts(mut self, store: impl ThreadContextStore) -> Self {
        self.settings.contexts = Arc::new(store);
        self
    }

    /// The clock of signatures, response addresses and streams.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.settings.clock = Arc::new(clock);
        self
    }

    /// How many handlers run at once, 250,000 unless set; what comes beyond that is not acknowledged, and Slack delivers
    /// events again.
    ///
    /// It bounds memory: a handler that waits holds the text of its payload (a kilobyte, where messages are short), and one or
    /// two kilobytes beside that with what it took out of the payload.
    pub fn most_at_once(mut self, handlers: usize) -> Self {
        self.settings.most_at_once = handlers;
        self
    }

    /// Gives the handlers their state.
    ///
    /// ```
    /// # use countersign_slack_sdk::{App, State};
    /// async fn count(State(visits): State<std::sync::Arc<std::sync::atomic::AtomicU32>>) {
    ///     visits.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    /// }
    ///
    /// let app: App = App::new().event("app_home_opened", count).state(Default::default());
    /// ```
    pub fn state<S2>(self, state: S) -> App<S2> {
        App { routes: self.routes.bind(&state), layers: self.layers, settings: self.settings }
    }
}

impl<S> App<S> {
    /// What the app has handlers for; a manifest is made of it. No state is needed for that.
    pub fn describe(&self) -> Registrations {
        let routes = &self.routes;
        let events = routes.events.0.iter().map(|route| &route.when);
        Registrations {
            commands: routes.commands.0.iter().map(|route| Registration::of(&route.when.0)).collect(),
            events: events.clone().map(EventRegistration::of).collect(),
            shortcuts: routes.shortcuts.0.iter().map(|route| ShortcutRegistration::of(&route.when)).collect(),
            functions: events.filter_map(ByEvent::function).collect(),
            actions: routes.actions.0.iter().map(|route| ActionRegistration::of(&route.when.0)).collect(),
            options: routes.options.0.iter().map(|route| ActionRegistration::of(&route.when.0)).collect(),
            views: routes.submissions.0.iter().map(|route| Registration::of(&route.when.0)).collect(),
            closed_views: routes.closed.0.iter().map(|route| Registration::of(&route.when.0)).collect(),
            has_fallback: !routes.fallback.0.is_empty(),
            has_assistant: self.settings.has_assistant,
        }
    }

    /// The Web API client that the app acts with, where it has one.
    pub fn api(&self) -> Option<&Api> {
        self.settings.client.as_ref()
    }
}

impl Registration {
    fn of(constraint: &Constraint) -> Self {
        Self { id: constraint.id().map(str::to_owned), constraint: format!("{constraint:?}") }
    }
}

impl EventRegistration {
    fn of(on: &ByEvent) -> Self {
        let (kind, constraint) = match on {
            ByEvent::Event(on) => (on.kind.id().map(str::to_owned), format!("{on:?}")),
            ByEvent::Message(on) => (Some("message".to_owned()), format!("{on:?}")),
            ByEvent::Function(_) => (Some("function_executed".to_owned()), format!("{on:?}")),
            ByEvent::AssistantMessage => (Some("message".to_owned()), "an assistant's thread".to_owned()),
        };
        Self { kind, constraint }
    }
}

impl ShortcutRegistration {
    fn of(on: &OnShortcut) -> Self {
        let id = on.callback_id.id().map(str::to_owned);
        Self { id, scope: on.scope, constraint: format!("{:?}", on.callback_id) }
    }
}

impl ActionRegistration {
    fn of(on: &OnAction) -> Self {
        let id = |constraint: &Option<Constraint>| constraint.as_ref()?.id().map(str::to_owned);
        Self { action_id: id(&on.action_id), block_id: id(&on.block_id), constraint: format!("{on:?}") }
    }
}

impl ByEvent {
    fn function(&self) -> Option<Registration> {
        match self {
            Self::Function(constraint) => Some(Registration::of(constraint)),
            _ => None,
        }
    }
}

impl<S> fmt::Debug for App<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("routes", &self.routes)
            .field("inbox", &self.settings.inbox.is_some())
            .finish_non_exhaustive()
    }
}
