//! What an app has handlers for.

use serde::Serialize;

use crate::ShortcutScope;

/// What an app has handlers for, in the order of registration: what a manifest is made of.
///
/// Ids are there where a handler is for one id only; handlers for patterns and predicates have `None`, and what they stand
/// for has to be said elsewhere. The same id may stand twice, where two handlers share it under different constraints.
///
/// ```
/// # use countersign_slack_sdk::{App, ShortcutScope};
/// let app: App = App::new().command("/deploy", async || {}).event("app_mention", async || {});
/// let registrations = app.describe();
/// assert_eq!(registrations.commands[0].id.as_deref(), Some("/deploy"));
/// assert_eq!(registrations.event_types().collect::<Vec<_>>(), ["app_mention"]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Registrations {
    /// Slash commands, with their slash.
    pub commands: Vec<Registration>,
    /// Events.
    pub events: Vec<EventRegistration>,
    /// Shortcuts, by callback id.
    pub shortcuts: Vec<ShortcutRegistration>,
    /// Custom functions, by callback id.
    pub functions: Vec<Registration>,
    /// Clicks and choices.
    pub actions: Vec<ActionRegistration>,
    /// Menus that ask for options.
    pub options: Vec<ActionRegistration>,
    /// Modals that are submitted, by callback id.
    pub views: Vec<Registration>,
    /// Modals that are closed, by callback id.
    pub closed_views: Vec<Registration>,
    /// Whether it takes every interaction that no other handler is for.
    pub has_fallback: bool,
    /// Whether it is an assistant.
    pub has_assistant: bool,
}

/// A handler for one kind of id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Registration {
    /// The id, where it is for one only.
    pub id: Option<String>,
    /// How the constraint reads.
    pub constraint: String,
}

/// A handler of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventRegistration {
    /// The event's type, where it is for one only.
    pub kind: Option<String>,
    /// How the constraint reads.
    pub constraint: String,
}

/// A handler of shortcuts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShortcutRegistration {
    /// The callback id, where it is for one only.
    pub id: Option<String>,
    /// Where the shortcut is used.
    pub scope: ShortcutScope,
    /// How the constraint reads.
    pub constraint: String,
}

/// A handler of clicks, choices or menus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActionRegistration {
    /// The action id, where it is for one only.
    pub action_id: Option<String>,
    /// The block id, where it is for one only.
    pub block_id: Option<String>,
    /// How the constraint reads.
    pub constraint: String,
}

impl Registrations {
    /// The types of events to subscribe to, each once, in the order of registration.
    ///
    /// `message` is a type of its own here; which `message.*` a manifest names depends on the kinds of conversations.
    pub fn event_types(&self) -> impl Iterator<Item = &str> {
        let kinds = self.events.iter().enumerate();
        kinds.filter_map(|(index, event)| {
            let kind = event.kind.as_deref()?;
            let is_first = self.events.iter().take(index).all(|before| before.kind.as_deref() != Some(kind));
            is_first.then_some(kind)
        })
    }

    /// Whether anything that people click or submit is handled: interactivity has to be on.
    pub fn is_interactive(&self) -> bool {
        let lists = [self.actions.len(), self.options.len(), self.views.len(), self.closed_views.len()];
        self.has_fallback || !self.shortcuts.is_empty() || lists.iter().any(|count| *count > 0)
    }
}
