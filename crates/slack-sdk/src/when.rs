//! When a handler is called, of kinds where one id does not say it.

use countersign_slack::payload::Head;

use crate::{Constraint, Matches};

/// What decides whether a route is taken.
pub(crate) trait When {
    /// What of the payload fits, where the route is taken.
    fn check(&self, head: &Head<'_>) -> Option<Matches>;
}

/// Which elements a handler of clicks and choices, or of options, is for.
///
/// ```
/// # use countersign_slack_sdk::{App, Constraint, OnAction};
/// let app: App = App::new()
///     .action("approve", async || {})
///     .action(OnAction::id("delete").in_block(Constraint::prefix("row-")), async || {})
///     .action(OnAction::any_in_block("toolbar"), async || {});
/// ```
#[derive(Debug, Clone)]
pub struct OnAction {
    pub(crate) action_id: Option<Constraint>,
    pub(crate) block_id: Option<Constraint>,
}

impl OnAction {
    /// Elements with these action ids.
    pub fn id(action_id: impl Into<Constraint>) -> Self {
        Self { action_id: Some(action_id.into()), block_id: None }
    }

    /// Every element of these blocks.
    pub fn any_in_block(block_id: impl Into<Constraint>) -> Self {
        Self { action_id: None, block_id: Some(block_id.into()) }
    }

    /// Only in these blocks.
    #[must_use]
    pub fn in_block(mut self, block_id: impl Into<Constraint>) -> Self {
        self.block_id = Some(block_id.into());
        self
    }

    pub(crate) fn fits(&self, action_id: Option<&str>, block_id: Option<&str>) -> Option<Matches> {
        if let Some(block) = &self.block_id
            && !block.matches(block_id?)
        {
            return None;
        }
        match &self.action_id {
            Some(constraint) => constraint.check(action_id?),
            None => Some(Matches::default()),
        }
    }
}

impl<C: Into<Constraint>> From<C> for OnAction {
    fn from(action_id: C) -> Self {
        Self::id(action_id)
    }
}

/// Which events a handler is for.
///
/// A text is the event's type, with any subtype:
///
/// ```
/// # use countersign_slack_sdk::{App, OnEvent};
/// let app: App = App::new()
///     .event("reaction_added", async || {})
///     .event(OnEvent::kind("message").with_subtype("message_changed"), async || {})
///     .event(OnEvent::kind("message").without_subtype(), async || {});
/// ```
#[derive(Debug, Clone)]
pub struct OnEvent {
    pub(crate) kind: Constraint,
    subtype: Subtype,
}

#[derive(Debug, Clone)]
enum Subtype {
    Any,
    None,
    Is(Constraint),
}

impl OnEvent {
    /// Events of these types.
    pub fn kind(kind: impl Into<Constraint>) -> Self {
        Self { kind: kind.into(), subtype: Subtype::Any }
    }

    /// Only with these subtypes.
    #[must_use]
    pub fn with_subtype(mut self, subtype: impl Into<Constraint>) -> Self {
        self.subtype = Subtype::Is(subtype.into());
        self
    }

    /// Only without a subtype: of messages, new ones that a person wrote.
    #[must_use]
    pub fn without_subtype(mut self) -> Self {
        self.subtype = Subtype::None;
        self
    }
}

impl<C: Into<Constraint>> From<C> for OnEvent {
    fn from(kind: C) -> Self {
        Self::kind(kind)
    }
}

impl When for OnEvent {
    fn check(&self, head: &Head<'_>) -> Option<Matches> {
        let event = &head.event.0;
        let subtype = event.subtype.get();
        let fits = match &self.subtype {
            Subtype::Any => true,
            Subtype::None => subtype.is_none(),
            Subtype::Is(constraint) => subtype.is_some_and(|subtype| constraint.matches(subtype)),
        };
        fits.then(|| self.kind.check(event.kind.get()?))?
    }
}

/// Which messages a handler is for, by what they say.
///
/// A text stands for every message that contains it, the empty one for all; a `Regex` for every message that it finds a
/// match in.
#[derive(Debug, Clone)]
pub struct OnMessage {
    text: Saying,
}

#[derive(Debug, Clone)]
enum Saying {
    Contains(String),
    Fits(Constraint),
}

impl OnMessage {
    /// Messages whose text, in Slack's markup, fits.
    pub fn fitting(text: Constraint) -> Self {
        Self { text: Saying::Fits(text) }
    }

    /// Messages that contain a text.
    pub fn containing(text: impl Into<String>) -> Self {
        Self { text: Saying::Contains(text.into()) }
    }
}

impl From<&str> for OnMessage {
    fn from(text: &str) -> Self {
        Self::containing(text)
    }
}

impl From<String> for OnMessage {
    fn from(text: String) -> Self {
        Self::containing(text)
    }
}

impl From<Constraint> for OnMessage {
    fn from(text: Constraint) -> Self {
        Self::fitting(text)
    }
}

#[cfg(feature = "regex")]
impl From<regex::Regex> for OnMessage {
    fn from(text: regex::Regex) -> Self {
        Self::fitting(text.into())
    }
}

/// Subtypes of messages that somebody wrote; the others are about messages.
const WRITTEN: [&str; 4] = ["bot_message", "file_share", "me_message", "thread_broadcast"];

impl When for OnMessage {
    fn check(&self, head: &Head<'_>) -> Option<Matches> {
        let event = &head.event.0;
        let is_written = event.subtype.get().is_none_or(|subtype| WRITTEN.contains(&subtype));
        if event.kind.get() != Some("message") || !is_written {
            return None;
        }
        let text = event.text.get().unwrap_or_default();
        match &self.text {
            Saying::Contains(part) => text.contains(part.as_str()).then(Matches::default),
            Saying::Fits(constraint) => constraint.check(text),
        }
    }
}

/// Which shortcuts a handler is for.
///
/// ```
/// # use countersign_slack_sdk::{App, OnShortcut};
/// let app: App = App::new()
///     .shortcut(OnShortcut::of_messages("remember"), async || {})
///     .shortcut("anywhere", async || {});
/// ```
#[derive(Debug, Clone)]
pub struct OnShortcut {
    pub(crate) callback_id: Constraint,
    pub(crate) scope: ShortcutScope,
}

/// Where a shortcut can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ShortcutScope {
    /// Everywhere.
    Global,
    /// On a message.
    Message,
    /// The handler takes both.
    Any,
}

impl OnShortcut {
    /// Shortcuts that are used anywhere.
    pub fn global(callback_id: impl Into<Constraint>) -> Self {
        Self { callback_id: callback_id.into(), scope: ShortcutScope::Global }
    }

    /// Shortcuts that are used on a message.
    pub fn of_messages(callback_id: impl Into<Constraint>) -> Self {
        Self { callback_id: callback_id.into(), scope: ShortcutScope::Message }
    }
}

impl<C: Into<Constraint>> From<C> for OnShortcut {
    fn from(callback_id: C) -> Self {
        Self { callback_id: callback_id.into(), scope: ShortcutScope::Any }
    }
}

impl When for OnShortcut {
    fn check(&self, head: &Head<'_>) -> Option<Matches> {
        let fits = match self.scope {
            ShortcutScope::Any => true,
            ShortcutScope::Global => head.kind.get() == Some("shortcut"),
            ShortcutScope::Message => head.kind.get() == Some("message_action"),
        };
        fits.then(|| self.callback_id.check(head.callback_id.get()?))?
    }
}

macro_rules! by {
    ($($(#[$doc:meta])* $name:ident($kind:ty) = |$rule:ident, $head:ident| $check:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name(pub(crate) $kind);

        impl When for $name {
            fn check(&self, $head: &Head<'_>) -> Option<Matches> {
                let $rule = &self.0;
                $check
            }
        }
    )+};
}

by! {
    /// A click or choice.
    ByAction(OnAction) = |on, head| {
        let element = &head.actions.0;
        on.fits(element.action_id.get(), element.block_id.get())
    };
    /// A menu that asks for options.
    ByMenu(OnAction) = |on, head| on.fits(head.action_id.get(), head.block_id.get());
    /// A modal; one without a name has the empty one.
    ByView(Constraint) = |on, head| on.check(head.view.0.callback_id.get().unwrap_or_default());
    /// A command.
    ByCommand(Constraint) = |on, head| on.check(head.command.get()?);
}

/// Which events go to a handler, in the order of all handlers of events.
#[derive(Debug)]
pub(crate) enum ByEvent {
    Event(OnEvent),
    Message(OnMessage),
    Function(Constraint),
    /// A person's message in a conversation with an assistant.
    AssistantMessage,
}

impl When for ByEvent {
    fn check(&self, head: &Head<'_>) -> Option<Matches> {
        match self {
            Self::Event(on) => on.check(head),
            Self::Message(on) => on.check(head),
            Self::Function(callback_id) => {
                let event = &head.event.0;
                let is_function = event.kind.get() == Some("function_executed");
                is_function.then(|| callback_id.check(event.function.0.callback_id.get()?))?
            }
            Self::AssistantMessage => is_said_to_an_assistant(head).then(Matches::default),
        }
    }
}

/// Such messages are those of people in the threads of a direct message with the app.
pub(crate) fn is_said_to_an_assistant(head: &Head<'_>) -> bool {
    let event = &head.event.0;
    event.kind.get() == Some("message")
        && event.channel_type.get() == Some("im")
        && event.thread_ts.get().is_some()
        && event.subtype.get().is_none_or(|subtype| subtype == "file_share")
        && event.bot_id.get().is_none()
}
