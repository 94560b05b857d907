//! Which handler a request goes to: the first whose constraint matches.

use std::fmt;
use std::sync::Arc;

use countersign_slack::blocks::escape;
use countersign_slack::payload::Head;
use countersign_slack::socket_mode::EnvelopeKind;
use serde_json::Value;

use crate::handler::{Endpoint, Free, Unbound};
use crate::response::reply_notice;
use crate::when::{ByAction, ByCommand, ByEvent, ByMenu, ByView, OnShortcut, When};
use crate::{Handler, Matches, RequestKind};

/// A handler, with or without its state.
enum To<S> {
    Unbound(Box<dyn Unbound<S>>),
    Bound(Arc<dyn Endpoint>),
}

/// A constraint with its handler.
pub(crate) struct Route<W, S> {
    pub(crate) when: W,
    waits: bool,
    to: To<S>,
}

/// Handlers of one kind, in the order they were given.
pub(crate) struct Table<W, S>(pub(crate) Vec<Route<W, S>>);

/// All handlers of an app.
pub(crate) struct Routes<S> {
    pub(crate) actions: Table<ByAction, S>,
    pub(crate) submissions: Table<ByView, S>,
    pub(crate) closed: Table<ByView, S>,
    pub(crate) shortcuts: Table<OnShortcut, S>,
    pub(crate) options: Table<ByMenu, S>,
    pub(crate) events: Table<ByEvent, S>,
    pub(crate) commands: Table<ByCommand, S>,
    pub(crate) fallback: Table<Always, S>,
    pub(crate) ignores_self: bool,
}

/// The constraint of what is for everything.
pub(crate) struct Always;

impl When for Always {
    fn check(&self, _: &Head<'_>) -> Option<Matches> {
        Some(Matches::default())
    }
}

/// A request's way.
pub(crate) struct Way {
    pub(crate) kind: RequestKind,
    pub(crate) endpoint: Arc<dyn Endpoint>,
    pub(crate) matches: Matches,
    /// Whether the acknowledgement waits for the answer.
    pub(crate) waits: bool,
}

/// Where something goes.
pub(crate) enum Routed {
    /// To a handler.
    To(Way),
    /// Nowhere; it is acknowledged with this.
    Nowhere(Option<Value>),
}

/// Events of the app's own doing that it is told of.
const MEMBERSHIP: [&str; 2] = ["member_joined_channel", "member_left_channel"];

impl<S: 'static> Routes<S> {
    /// Gives every handler that has none a state.
    pub(crate) fn bind<S2>(self, state: &S) -> Routes<S2>
    where
        S: Clone,
    {
        Routes {
            actions: self.actions.bind(state),
            submissions: self.submissions.bind(state),
            closed: self.closed.bind(state),
            shortcuts: self.shortcuts.bind(state),
            options: self.options.bind(state),
            events: self.events.bind(state),
            commands: self.commands.bind(state),
            fallback: self.fallback.bind(state),
            ignores_self: self.ignores_self,
        }
    }
}

impl<S> Default for Routes<S> {
    fn default() -> Self {
        Self {
            actions: Table::default(),
            submissions: Table::default(),
            closed: Table::default(),
            shortcuts: Table::default(),
            options: Table::default(),
            events: Table::default(),
            commands: Table::default(),
            fallback: Table::default(),
            ignores_self: true,
        }
    }
}

impl<W, S> Default for Table<W, S> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<W, S> Table<W, S> {
    /// Adds a handler; it is asked after those before it.
    pub(crate) fn add<H, M>(&mut self, when: W, handler: H)
    where
        H: Handler<M, S>,
        M: 'static,
        S: Clone + Send + Sync + 'static,
    {
        self.0.push(Route { when, waits: H::WAITS, to: To::Unbound(Box::new(Free::new(handler))) });
    }

    fn bind<S2>(self, state: &S) -> Table<W, S2>
    where
        S: Clone,
    {
        let bind = |route: Route<W, S>| {
            let endpoint = match route.to {
                To::Bound(endpoint) => endpoint,
                To::Unbound(handler) => handler.bind(state.clone()),
            };
            Route { when: route.when, waits: route.waits, to: To::Bound(endpoint) }
        };
        Table(self.0.into_iter().map(bind).collect())
    }

    fn find(&self, kind: RequestKind, head: &Head<'_>) -> Option<Way>
    where
        W: When,
    {
        self.0.iter().find_map(|route| {
            let To::Bound(endpoint) = &route.to else { return None };
            let matches = route.when.check(head)?;
            let waits = match kind {
                RequestKind::ViewSubmission | RequestKind::Options => true,
                RequestKind::Command => route.waits,
                _ => false,
            };
            Some(Way { kind, endpoint: Arc::clone(endpoint), matches, waits })
        })
    }
}

impl Routes<()> {
    /// Finds the handler of a payload.
    pub(crate) fn route(&self, kind: &EnvelopeKind, head: &Head<'_>) -> Routed {
        match kind {
            EnvelopeKind::Interactive => self.interaction(head),
            EnvelopeKind::SlashCommands => self.command(head),
            EnvelopeKind::EventsApi => self.event(head),
            EnvelopeKind::Unknown(name) => {
                tracing::warn!(slack.kind = name, "Slack delivered something unknown; acknowledged and ignored");
                Routed::Nowhere(None)
            }
        }
    }

    fn interaction(&self, head: &Head<'_>) -> Routed {
        let (kind, way) = match head.kind.get() {
            Some("block_actions") => (RequestKind::Action, self.actions.find(RequestKind::Action, head)),
            Some("view_submission") => {
                (RequestKind::ViewSubmission, self.submissions.find(RequestKind::ViewSubmission, head))
            }
            Some("view_closed") => (RequestKind::ViewClosed, self.closed.find(RequestKind::ViewClosed, head)),
            Some("shortcut" | "message_action") => {
                (RequestKind::Shortcut, self.shortcuts.find(RequestKind::Shortcut, head))
            }
            Some("block_suggestion") => (RequestKind::Options, self.options.find(RequestKind::Options, head)),
            _ => (RequestKind::Unknown, None),
        };
        if let Some(way) = way.or_else(|| self.fallback.find(kind, head).map(|way| Way { waits: false, ..way })) {
            return Routed::To(way);
        }
        let kind = head.kind.get().unwrap_or_default();
        tracing::warn!(slack.interaction = kind, "an interaction has no handler; acknowledged and ignored");
        Routed::Nowhere(None)
    }

    fn command(&self, head: &Head<'_>) -> Routed {
        if let Some(way) = self.commands.find(RequestKind::Command, head) {
            return Routed::To(way);
        }
        let command = head.command.get().unwrap_or_default();
        tracing::warn!(slack.command = command, "a command has no handler");
        Routed::Nowhere(Some(reply_notice(&format!("This app does not know {}.", escape(command)))))
    }

    fn event(&self, head: &Head<'_>) -> Routed {
        // An app that hears itself would answer itself, without end. That it joined or left somewhere is news.
        let is_news = || head.event.0.kind.get().is_some_and(|kind| MEMBERSHIP.contains(&kind));
        if self.ignores_self && head.is_own() && !is_news() {
            return Routed::Nowhere(None);
        }
        self.events.find(RequestKind::Event, head).map_or(Routed::Nowhere(None), Routed::To)
    }
}

impl<S> fmt::Debug for Routes<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Routes")
            .field("actions", &self.actions.0.len())
            .field("commands", &self.commands.0.len())
            .field("events", &self.events.0.len())
            .field("views", &(self.submissions.0.len() + self.closed.0.len()))
            .finish_non_exhaustive()
    }
}
