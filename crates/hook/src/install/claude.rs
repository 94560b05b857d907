//! What is in Claude Code's settings, and what should be.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::HookCommand;
use super::edit::{Document, Item};
use super::file::{Change, SettingsError, SettingsFile};
use crate::host::Mode;
use crate::input::{Event, Role};
use crate::text::one_line;

/// How much longer than the hook Claude Code waits, in seconds: starting a process on a busy machine takes a while,
/// and a hook that is killed by the host has no say in what happens.
const TIMEOUT_MARGIN_S: u64 = 30;

/// How long Claude Code waits for an observer, in seconds. It takes milliseconds; an explicit value also lifts the
/// 1.5 seconds that all hooks of SessionEnd share otherwise.
const OBSERVER_TIMEOUT_S: u64 = 5;

/// What is to be installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaudeHooks {
    /// The program, an absolute path.
    pub exe: PathBuf,
    /// The configuration it is pinned to, an absolute path.
    pub config: PathBuf,
    /// How long the hook waits for a decision.
    pub wait: Duration,
    /// Whether tool calls are gated.
    pub mode: Mode,
}

/// One entry of ours in a settings file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The event it stands at.
    pub event: String,
    /// Its command.
    pub command: HookCommand,
    /// Its timeout in seconds, when it has one.
    pub timeout_s: Option<u64>,
    /// Whether the program exists.
    pub exe_exists: bool,
    /// Whether the configuration exists.
    pub config_exists: bool,
}

impl ClaudeHooks {
    /// The handler for an event; `None` where nothing belongs.
    fn handler(&self, event: Event) -> Result<Option<Value>, SettingsError> {
        let asks_at = match self.mode {
            Mode::Advise => Event::PermissionRequest,
            Mode::Gate => Event::PreToolUse,
        };
        let observes = event.role() == Role::Observe;
        if event != asks_at && !observes {
            return Ok(None);
        }
        let gates = self.mode == Mode::Gate && !observes;
        let mut handler = json!({
            "type": "command",
            "command": self.command(gates)?,
            "timeout": if observes { OBSERVER_TIMEOUT_S } else { self.wait.as_secs() + TIMEOUT_MARGIN_S },
        });
        if let (true, Some(fields)) = (gates, handler.as_object_mut()) {
            fields.insert("onFailure".to_owned(), json!("block"));
        }
        Ok(Some(handler))
    }

    fn command(&self, gates: bool) -> Result<String, SettingsError> {
        let command = HookCommand {
            exe: self.exe.clone(),
            config: self.config.clone(),
            flags: if gates { vec!["--gate".to_owned()] } else { Vec::new() },
        };
        let line = command.to_shell().filter(|line| HookCommand::from_shell(line).is_some());
        line.ok_or_else(|| SettingsError::Path(self.exe.clone()))
    }
}

/// Plans to install: afterwards every event has exactly the entry that belongs there.
///
/// An entry of ours that is already right stays where it is, matcher and neighbours included.
pub fn plan_install(settings: &Path, hooks: &ClaudeHooks) -> Result<Change, SettingsError> {
    let file = SettingsFile::read(settings)?;
    let mut summary = Vec::new();
    let mut settings = Settings::new(&file);
    settings.check()?;
    for event in Event::ALL {
        let wanted = hooks.handler(event)?;
        let present = settings.ours(event.name())?;
        if present.iter().map(|found| &found.handler).eq(wanted.iter()) {
            continue;
        }
        settings.remove_ours(event.name())?;
        if let Some(handler) = &wanted {
            settings.add(event, handler)?;
        }
        let what = match (present.is_empty(), wanted.is_some()) {
            (true, _) => "add",
            (false, true) => "replace",
            (false, false) => "remove",
        };
        summary.push(format!("{what} {event}"));
    }
    let document = settings.document;
    Ok(file.change(document, summary))
}

/// Plans to remove every entry of ours, at whatever event, and the containers that are empty then.
pub fn plan_uninstall(settings: &Path) -> Result<Change, SettingsError> {
    let file = SettingsFile::read(settings)?;
    let mut summary = Vec::new();
    let mut settings = Settings::new(&file);
    settings.check()?;
    for event in settings.events()? {
        if settings.remove_ours(&event)? {
            summary.push(format!("remove {event}"));
        }
    }
    let document = settings.document;
    Ok(file.change(document, summary))
}

/// Lists what of ours is in a settings file.
pub fn status(settings: &Path) -> Result<Vec<Installed>, SettingsError> {
    let file = SettingsFile::read(settings)?;
    let settings = Settings::new(&file);
    settings.check()?;
    let mut installed = Vec::new();
    for event in settings.events()? {
        for found in settings.ours(&event)? {
            installed.push(Installed {
                event: event.clone(),
                timeout_s: found.handler.get("timeout").and_then(Value::as_u64),
                exe_exists: found.command.exe.is_file(),
                config_exists: found.command.config.is_file(),
                command: found.command,
            });
        }
    }
    Ok(installed)
}

/// One of our handlers, and where it is.
struct Found {
    group: usize,
    index: usize,
    handler: Value,
    command: HookCommand,
}

/// A settings text with the names of Claude Code's structure.
struct Settings {
    path: PathBuf,
    document: Document,
}

/// A container and what is in it.
type Container = (Range<usize>, Vec<Item>);

impl Settings {
    fn new(file: &SettingsFile) -> Self {
        Self { path: file.path.clone(), document: file.document() }
    }

    fn shape(&self, what: String) -> SettingsError {
        SettingsError::Shape { path: self.path.clone(), what }
    }

    /// Refuses what cannot be edited without guessing, before anything is edited.
    fn check(&self) -> Result<(), SettingsError> {
        for event in self.events()? {
            self.groups(&event)?;
        }
        Ok(())
    }

    fn root(&self) -> Result<Container, SettingsError> {
        let root = self.document.root();
        let items = self.document.members(&root);
        let items = items.ok_or_else(|| self.shape("the file is not a JSON object".to_owned()))?;
        Ok((root, items))
    }

    /// The object `hooks`.
    fn hooks(&self) -> Result<Option<Container>, SettingsError> {
        let (_, members) = self.root()?;
        let Some(index) = self.find(&members, "hooks")? else {
            return Ok(None);
        };
        let place = value_of(&members, index);
        let items = self.document.members(&place);
        let items = items.ok_or_else(|| self.shape("`hooks` is not an object".to_owned()))?;
        Ok(Some((place, items)))
    }

    /// The array of groups of an event.
    fn groups(&self, event: &str) -> Result<Option<Container>, SettingsError> {
        let Some((_, events)) = self.hooks()? else {
            return Ok(None);
        };
        let Some(index) = self.find(&events, event)? else {
            return Ok(None);
        };
        let place = value_of(&events, index);
        let groups = self.document.elements(&place);
        let groups = groups.ok_or_else(|| self.shape(format!("`hooks.{}` is not a list", one_line(event, 80))))?;
        Ok(Some((place, groups)))
    }

    /// The handlers of a group; what has another shape is not ours and has none.
    fn handlers(&self, group: &Item) -> Option<Container> {
        let members = self.document.members(&group.value)?;
        let hooks = members.iter().rfind(|item| item.key == "hooks")?;
        let handlers = self.document.elements(&hooks.value)?;
        Some((hooks.value.clone(), handlers))
    }

    /// The names of all events in the file.
    fn events(&self) -> Result<Vec<String>, SettingsError> {
        let events = self.hooks()?.map(|(_, events)| events).unwrap_or_default();
        Ok(events.into_iter().map(|item| item.key).collect())
    }

    /// Where a key is; twice is two meanings.
    fn find(&self, items: &[Item], key: &str) -> Result<Option<usize>, SettingsError> {
        let mut places = (0..items.len()).filter(|&at| items.get(at).is_some_and(|i| i.key == key));
        match (places.next(), places.next()) {
            (_, Some(_)) => Err(self.shape(format!("`{}` occurs twice", one_line(key, 80)))),
            (place, None) => Ok(place),
        }
    }

    /// Our handlers at an event, in order.
    fn ours(&self, event: &str) -> Result<Vec<Found>, SettingsError> {
        let groups = self.groups(event)?.map(|(_, groups)| groups);
        let mut found = Vec::new();
        for (group, item) in groups.unwrap_or_default().iter().enumerate() {
            let handlers = self.handlers(item).map(|(_, handlers)| handlers);
            for (index, item) in handlers.unwrap_or_default().iter().enumerate() {
                if let Some((handler, command)) = self.as_ours(item) {
                    found.push(Found { group, index, handler, command });
                }
            }
        }
        Ok(found)
    }

    fn as_ours(&self, handler: &Item) -> Option<(Value, HookCommand)> {
        let handler: Value = serde_json::from_str(self.document.slice(&handler.value)).ok()?;
        let command = HookCommand::from_shell(handler.get("command")?.as_str()?)?;
        Some((handler, command))
    }

    /// Removes our handlers at an event, the last first; says whether there were any.
    fn remove_ours(&mut self, event: &str) -> Result<bool, SettingsError> {
        let found = self.ours(event)?;
        for ours in found.iter().rev() {
            self.remove_one(event, ours)?;
        }
        Ok(!found.is_empty())
    }

    /// Removes one handler, and upwards every container that is empty then.
    fn remove_one(&mut self, event: &str, ours: &Found) -> Result<(), SettingsError> {
        let Some((list, groups)) = self.groups(event)? else {
            return Ok(());
        };
        let Some((place, handlers)) = groups.get(ours.group).and_then(|group| self.handlers(group)) else {
            return Ok(());
        };
        if handlers.len() > 1 {
            self.document.remove(&place, &handlers, ours.index);
        } else if groups.len() > 1 {
            self.document.remove(&list, &groups, ours.group);
        } else {
            self.remove_event(event)?;
        }
        Ok(())
    }

    fn remove_event(&mut self, event: &str) -> Result<(), SettingsError> {
        let Some((place, events)) = self.hooks()? else {
            return Ok(());
        };
        let (root, members) = self.root()?;
        if events.len() > 1 {
            if let Some(index) = self.find(&events, event)? {
                self.document.remove(&place, &events, index);
            }
        } else if let Some(index) = self.find(&members, "hooks")? {
            self.document.remove(&root, &members, index);
        }
        Ok(())
    }

    /// Adds a group with one handler, making the containers that are missing.
    fn add(&mut self, event: Event, handler: &Value) -> Result<(), SettingsError> {
        if self.hooks()?.is_none() {
            let (root, members) = self.root()?;
            self.document.append(&root, &members, 0, &[(0, "\"hooks\": {}".to_owned())]);
        }
        if self.groups(event.name())?.is_none()
            && let Some((place, events)) = self.hooks()?
        {
            let member = format!("\"{event}\": []");
            self.document.append(&place, &events, 1, &[(0, member)]);
        }
        if let Some((list, groups)) = self.groups(event.name())? {
            self.document.append(&list, &groups, 2, &group_lines(event, handler));
        }
        Ok(())
    }
}

fn value_of(items: &[Item], index: usize) -> Range<usize> {
    items.get(index).map_or(0..0, |item| item.value.clone())
}

/// A group with one handler, line by line; the fields in the order a person reads them.
fn group_lines(event: Event, handler: &Value) -> Vec<(usize, String)> {
    let mut lines = vec![(0, "{".to_owned())];
    if event.is_about_a_tool() {
        lines.push((1, "\"matcher\": \"*\",".to_owned()));
    }
    lines.push((1, "\"hooks\": [".to_owned()));
    lines.push((2, "{".to_owned()));
    let fields: Vec<String> = ["type", "command", "timeout", "onFailure"]
        .into_iter()
        .filter_map(|name| Some(format!("\"{name}\": {}", handler.get(name)?)))
        .collect();
    let last = fields.len().saturating_sub(1);
    for (at, field) in fields.into_iter().enumerate() {
        let comma = if at < last { "," } else { "" };
        lines.push((3, format!("{field}{comma}")));
    }
    lines.extend([(2, "}".to_owned()), (1, "]".to_owned()), (0, "}".to_owned())]);
    lines
}
