//! A manifest made of what an app handles.

use std::collections::BTreeSet;

use countersign_slack::manifest::{BotUser, Command, Interactivity, Manifest};
use serde_json::{Map, Value, json};

use super::scopes::{MESSAGES, of_event};
use crate::{Registrations, ShortcutScope};

/// How the handler of an assistant's messages reads.
const ASSISTANT: &str = "an assistant's thread";

/// What an app handles, as far as Slack has to know of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declared {
    /// Slash commands, each with its slash and what it does.
    pub commands: Vec<(String, Option<String>)>,
    /// Events by their types; `message` stands for messages of every kind.
    pub events: BTreeSet<String>,
    /// Global shortcuts, by callback id.
    pub shortcuts: Vec<String>,
    /// Shortcuts of messages, by callback id.
    pub message_shortcuts: Vec<String>,
    /// Custom functions, by callback id.
    pub functions: Vec<String>,
    /// Buttons, menus and views.
    pub has_interactions: bool,
    /// An assistant.
    pub has_assistant: bool,
    /// Scopes that it says it needs.
    pub scopes: Vec<String>,
    /// Handlers that Slack cannot be told of.
    pub undeclared: Vec<Undeclared>,
}

/// A handler that no manifest can name, because it decides when it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undeclared {
    /// What it handles, such as `command`.
    pub kind: &'static str,
    /// How it decides, such as the pattern.
    pub constraint: String,
}

impl Declared {
    /// What the handlers of an app say.
    pub fn by(registrations: &Registrations) -> Self {
        let mut declared = Self {
            has_interactions: registrations.is_interactive(),
            has_assistant: registrations.has_assistant,
            ..Self::default()
        };
        for command in &registrations.commands {
            let id = declared.one("command", command.id.as_ref(), &command.constraint);
            declared.commands.extend(id.map(|id| (id, None)));
        }
        for function in &registrations.functions {
            let id = declared.one("function", function.id.as_ref(), &function.constraint);
            declared.functions.extend(id);
        }
        // Those of an assistant come with the assistant.
        for event in registrations.events.iter().filter(|event| event.constraint != ASSISTANT) {
            let kind = declared.one("event", event.kind.as_ref(), &event.constraint);
            declared.events.extend(kind);
        }
        for shortcut in &registrations.shortcuts {
            let Some(id) = declared.one("shortcut", shortcut.id.as_ref(), &shortcut.constraint) else { continue };
            match shortcut.scope {
                ShortcutScope::Message => declared.message_shortcuts.push(id),
                ShortcutScope::Global | ShortcutScope::Any => declared.shortcuts.push(id),
            }
        }
        declared
    }

    /// The one id of a handler; a handler that decides by itself is noted.
    fn one(&mut self, kind: &'static str, id: Option<&String>, constraint: &str) -> Option<String> {
        if id.is_none() {
            self.undeclared.push(Undeclared { kind, constraint: constraint.to_owned() });
        }
        id.cloned()
    }
}

/// Makes a manifest: what `base` says, with everything added that the app handles.
///
/// What `base` has already is left as it is: a command's description, a shortcut's name.
pub fn derive(base: Manifest, name: &str, declared: &Declared) -> Manifest {
    let mut manifest = base;
    if manifest.display_information.name.is_empty() {
        name.clone_into(&mut manifest.display_information.name);
    }
    let shown = manifest.display_information.name.clone();
    manifest.features.bot_user.get_or_insert_with(|| BotUser {
        display_name: shown,
        always_online: true,
        ..BotUser::default()
    });
    manifest.settings.socket_mode_enabled = true;
    add_commands(&mut manifest, declared);
    add_shortcuts(&mut manifest, declared);
    add_functions(&mut manifest, declared);
    add_features(&mut manifest, declared);
    add_events(&mut manifest, declared);
    add_scopes(&mut manifest, declared);
    manifest
}

fn add_commands(manifest: &mut Manifest, declared: &Declared) {
    let commands = &mut manifest.features.slash_commands;
    for (command, description) in &declared.commands {
        if !commands.iter().any(|known| known.command == *command) {
            // Slack refuses a command without a description.
            let description = description.clone().unwrap_or_else(|| format!("Runs {command}"));
            commands.push(Command { command: command.clone(), description, ..Command::default() });
        }
    }
}

fn add_shortcuts(manifest: &mut Manifest, declared: &Declared) {
    let global = declared.shortcuts.iter().map(|id| (id, "global"));
    let all: Vec<_> = global.chain(declared.message_shortcuts.iter().map(|id| (id, "message"))).collect();
    if all.is_empty() {
        return;
    }
    let list = manifest.features.extra.entry("shortcuts").or_insert_with(|| json!([]));
    let Some(list) = list.as_array_mut() else { return };
    for (id, kind) in all {
        if !list.iter().any(|known| known.get("callback_id").and_then(Value::as_str) == Some(id)) {
            let title = title(id);
            list.push(json!({"name": title, "type": kind, "callback_id": id, "description": title}));
        }
    }
}

fn add_functions(manifest: &mut Manifest, declared: &Declared) {
    if declared.functions.is_empty() {
        return;
    }
    let functions = manifest.extra.entry("functions").or_insert_with(|| json!({}));
    let Some(functions) = functions.as_object_mut() else { return };
    for id in &declared.functions {
        functions.entry(id).or_insert_with(
            || json!({"title": title(id), "description": title(id), "input_parameters": {}, "output_parameters": {}}),
        );
    }
    // Without it Slack takes the functions for its own to run.
    manifest.settings.extra.entry("function_runtime").or_insert_with(|| json!("remote"));
    // Slack refuses functions in apps that whole organisations cannot install.
    manifest.settings.org_deploy_enabled = true;
}

fn add_features(manifest: &mut Manifest, declared: &Declared) {
    let shown = &manifest.display_information.name;
    if declared.has_assistant {
        let view = || json!({"assistant_description": shown, "suggested_prompts": []});
        manifest.features.extra.entry("assistant_view").or_insert_with(view);
    }
    if declared.events.contains("app_home_opened") {
        let home =
            || json!({"home_tab_enabled": true, "messages_tab_enabled": true, "messages_tab_read_only_enabled": false});
        manifest.features.extra.entry("app_home").or_insert_with(home);
    }
    let interacts =
        declared.has_interactions || !declared.shortcuts.is_empty() || !declared.message_shortcuts.is_empty();
    if interacts && manifest.settings.interactivity.is_none() {
        manifest.settings.interactivity = Some(Interactivity { is_enabled: true, extra: Map::new() });
    }
}

fn add_events(manifest: &mut Manifest, declared: &Declared) {
    let mut wanted: BTreeSet<String> = declared.events.clone();
    if wanted.remove("message") {
        wanted.extend(messages(manifest, declared));
    }
    if declared.has_assistant {
        wanted
            .extend(["assistant_thread_started", "assistant_thread_context_changed", "message.im"].map(str::to_owned));
    }
    if !declared.functions.is_empty() {
        wanted.insert("function_executed".to_owned());
    }
    if wanted.is_empty() {
        return;
    }
    let events = &mut manifest.settings.event_subscriptions.get_or_insert_default().bot_events;
    wanted.retain(|event| !events.contains(event));
    events.extend(wanted);
}

/// Which messages: those whose scopes were asked for by name, else all.
fn messages(manifest: &Manifest, declared: &Declared) -> Vec<String> {
    let asked = |event: &&str| {
        let Some(scope) = of_event(event) else { return false };
        declared.scopes.iter().chain(&manifest.oauth_config.scopes.bot).any(|known| known == scope)
    };
    let some: Vec<&str> = MESSAGES.into_iter().filter(asked).collect();
    let wanted = if some.is_empty() { MESSAGES.to_vec() } else { some };
    wanted.into_iter().map(str::to_owned).collect()
}

fn add_scopes(manifest: &mut Manifest, declared: &Declared) {
    let events = manifest.settings.event_subscriptions.iter().flat_map(|events| &events.bot_events);
    let mut wanted: BTreeSet<String> = events.filter_map(|event| of_event(event)).map(str::to_owned).collect();
    wanted.extend(declared.scopes.iter().cloned());
    // Every handler may answer.
    wanted.insert("chat:write".to_owned());
    if !manifest.features.slash_commands.is_empty() || manifest.features.extra.contains_key("shortcuts") {
        wanted.insert("commands".to_owned());
    }
    let scopes = &mut manifest.oauth_config.scopes.bot;
    wanted.retain(|scope| !scopes.contains(scope));
    scopes.extend(wanted);
}

/// What people read for a callback id.
fn title(id: &str) -> String {
    let words = id.replace(['_', '-', '.'], " ");
    let mut letters = words.trim().chars();
    letters.next().map_or_else(|| id.to_owned(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(events: &[&str]) -> Declared {
        Declared { events: events.iter().map(|&event| event.to_owned()).collect(), ..Declared::default() }
    }

    fn derived(declared: &Declared) -> Value {
        serde_json::to_value(derive(Manifest::default(), "demo", declared)).unwrap()
    }

    #[test]
    fn everything_an_app_handles_is_in_its_manifest() {
        let declared = Declared {
            commands: vec![("/deploy".to_owned(), Some("Deploys".to_owned())), ("/x".to_owned(), None)],
            shortcuts: vec!["new_ticket".to_owned()],
            message_shortcuts: vec!["quote".to_owned()],
            functions: vec!["greet".to_owned()],
            has_interactions: true,
            ..declared(&["app_mention", "reaction_added"])
        };
        let manifest = derived(&declared);
        assert_eq!(
            manifest,
            json!({
                "display_information": {"name": "demo"},
                "features": {
                    "bot_user": {"display_name": "demo", "always_online": true},
                    "slash_commands": [
                        {"command": "/deploy", "description": "Deploys", "should_escape": false},
                        {"command": "/x", "description": "Runs /x", "should_escape": false},
                    ],
                    "shortcuts": [
                        {"name": "New ticket", "type": "global", "callback_id": "new_ticket", "description": "New ticket"},
                        {"name": "Quote", "type": "message", "callback_id": "quote", "description": "Quote"},
                    ],
                },
                "functions": {"greet": {"title": "Greet", "description": "Greet", "input_parameters": {}, "output_parameters": {}}},
                "oauth_config": {"scopes": {"bot": ["app_mentions:read", "chat:write", "commands", "reactions:read"]}},
                "settings": {
                    "event_subscriptions": {"bot_events": ["app_mention", "function_executed", "reaction_added"]},
                    "interactivity": {"is_enabled": true},
                    "function_runtime": "remote",
                    "socket_mode_enabled": true, "org_deploy_enabled": true, "token_rotation_enabled": false,
                },
            })
        );
    }

    #[test]
    fn messages_are_those_whose_scopes_were_asked_for() {
        let all = derived(&declared(&["message"]));
        assert_eq!(all["settings"]["event_subscriptions"]["bot_events"], json!(MESSAGES));
        let narrow = Declared { scopes: vec!["im:history".to_owned()], ..declared(&["message"]) };
        let narrow = derived(&narrow);
        assert_eq!(narrow["settings"]["event_subscriptions"]["bot_events"], json!(["message.im"]));
        assert_eq!(narrow["oauth_config"]["scopes"]["bot"], json!(["chat:write", "im:history"]));
    }

    #[test]
    fn an_assistant_and_a_home_tab_bring_what_they_need() {
        let manifest = derived(&Declared { has_assistant: true, ..declared(&["app_home_opened"]) });
        assert_eq!(manifest["features"]["assistant_view"]["assistant_description"], "demo");
        assert_eq!(manifest["features"]["app_home"]["home_tab_enabled"], true);
        assert_eq!(manifest["oauth_config"]["scopes"]["bot"], json!(["assistant:write", "chat:write", "im:history"]));
    }

    #[test]
    fn handlers_say_what_they_are_for() {
        use crate::{App, Assistant, Constraint, OnShortcut};
        let app: App = App::new()
            .command("/deploy", async || {})
            .command(Constraint::prefix("/x-"), async || {})
            .event("app_mention", async || {})
            .shortcut(OnShortcut::of_messages("quote"), async || {})
            .shortcut("ticket", async || {})
            .function("greet", async || {})
            .assistant(Assistant::new())
            .action("a", async || {});
        let declared = Declared::by(&app.describe());
        assert_eq!(declared.commands, [("/deploy".to_owned(), None)]);
        assert!(
            declared.events.contains("app_mention") && !declared.events.contains("message"),
            "{:?}",
            declared.events
        );
        assert_eq!(
            (declared.message_shortcuts, declared.shortcuts),
            (vec!["quote".to_owned()], vec!["ticket".to_owned()])
        );
        assert_eq!(declared.functions, ["greet"]);
        assert!(declared.has_assistant && declared.has_interactions);
        assert_eq!(declared.undeclared.len(), 1);
        assert_eq!(declared.undeclared[0].kind, "command");
    }

    #[test]
    fn what_the_base_says_stays() {
        let base = Manifest::socket_mode("Named", &["users:read"]).command("/x", "Mine").event("app_mention");
        let declared = Declared { commands: vec![("/x".to_owned(), None)], ..declared(&["app_mention"]) };
        let manifest = derive(base, "other", &declared);
        assert_eq!(manifest.display_information.name, "Named");
        assert_eq!(manifest.features.slash_commands.len(), 1);
        assert_eq!(manifest.features.slash_commands[0].description, "Mine");
        assert_eq!(manifest.settings.event_subscriptions.unwrap().bot_events, ["app_mention"]);
        assert_eq!(manifest.oauth_config.scopes.bot, ["users:read", "app_mentions:read", "chat:write", "commands"]);
    }

    #[test]
    fn an_app_without_handlers_still_has_a_bot() {
        let manifest = derived(&Declared::default());
        assert_eq!(manifest["oauth_config"]["scopes"]["bot"], json!(["chat:write"]));
        assert_eq!(manifest["settings"].get("event_subscriptions"), None);
    }
}
