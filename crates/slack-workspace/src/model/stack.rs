//! Modals: opening, stacking, updating and closing them.

use serde_json::{Map, Value};

use super::ticket::TRIGGER_MS;
use super::{AppId, ChangeKind, Effect, ModelError, State, Trigger, UserId, View, ViewId};
use crate::blocks;

/// How many modals can lie on each other; docs.slack.dev, "Modals".
const MAX_VIEWS: usize = 3;

/// How a view finds the place it is to be shown at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// As the first of a new stack.
    Open,
    /// On top of those that are open.
    Push,
}

/// The view that an update is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ViewKey<'a> {
    /// By Slack's id.
    Id(&'a str),
    /// By the app's own key.
    External(&'a str),
}

impl State {
    /// Makes a trigger: permission to open a modal, for three seconds.
    pub(crate) fn mint_trigger(&mut self, app: &AppId, user: &UserId, view: Option<ViewId>, now_ms: u64) -> String {
        let id = format!("{}.{}.{}", self.mint.digits(13), self.mint.digits(12), self.mint.hex(32));
        let trigger = Trigger {
            app: app.clone(),
            user: user.clone(),
            view,
            expires_at: now_ms.saturating_add(TRIGGER_MS),
            is_used: false,
        };
        self.triggers.insert(id.clone(), trigger);
        id
    }

    /// Opens or pushes a view with a trigger, which is used up.
    pub(crate) fn show_view(
        &mut self,
        app: &AppId,
        trigger: &str,
        content: Map<String, Value>,
        placement: Placement,
        now_ms: u64,
    ) -> Result<View, ModelError> {
        let trigger_id = trigger;
        let trigger = self.triggers.get(trigger_id).filter(|trigger| trigger.app == *app);
        let trigger = trigger.cloned().ok_or(ModelError::new("invalid_trigger_id"))?;
        if trigger.is_used {
            return Err(ModelError::new("exchanged_trigger_id"));
        }
        if now_ms >= trigger.expires_at {
            return Err(ModelError::new("expired_trigger_id"));
        }
        self.check_external_id(app, &content, None)?;
        if placement == Placement::Push {
            self.check_push(&trigger)?;
        } else {
            self.apps.get(app).ok_or(ModelError::new("account_inactive"))?;
            let closed = self.stacks.remove(&trigger.user).unwrap_or_default();
            for view in closed.into_iter().rev().filter(View::notify_on_close) {
                self.effects.push(Effect::Closed { view: Box::new(view) });
            }
        }
        let view = self.place(app, &trigger.user, content)?;
        if let Some(trigger) = self.triggers.get_mut(trigger_id) {
            trigger.is_used = true;
        }
        Ok(view)
    }

    /// Puts a view on top of a person's stack.
    pub(crate) fn place(
        &mut self,
        app: &AppId,
        user: &UserId,
        content: Map<String, Value>,
    ) -> Result<View, ModelError> {
        let bot = self.apps.get(app).ok_or(ModelError::new("account_inactive"))?.bot.clone();
        let id = ViewId::from(self.mint.id('V'));
        let hash = self.next_hash();
        let stack = self.stacks.entry(user.clone()).or_default();
        if stack.len() >= MAX_VIEWS {
            return Err(ModelError::new("push_limit_reached"));
        }
        let view = View {
            root: stack.first().map_or_else(|| id.clone(), |root| root.id.clone()),
            previous: stack.last().map(|below| below.id.clone()),
            app: app.clone(),
            bot,
            user: user.clone(),
            hash,
            values: blocks::initial_values(&content),
            content,
            id,
        };
        stack.push(view.clone());
        self.changed(ChangeKind::View { user: user.clone() });
        Ok(view)
    }

    /// Replaces the content of an open view.
    pub(crate) fn update_view(
        &mut self,
        app: &AppId,
        key: ViewKey<'_>,
        content: Map<String, Value>,
        hash: Option<&str>,
    ) -> Result<View, ModelError> {
        let (user, id) = self.find_view(app, key).ok_or(ModelError::new("not_found"))?;
        self.check_external_id(app, &content, Some(&id))?;
        let next = self.next_hash();
        let view = self.view_mut(&user, id.as_str()).ok_or(ModelError::new("not_found"))?;
        // A Home tab cannot become a modal, nor the other way round.
        if content.get("type").and_then(Value::as_str) != Some(view.kind()) {
            return Err(ModelError::new("invalid_arguments"));
        }
        if hash.is_some_and(|hash| hash != view.hash) {
            return Err(ModelError::new("hash_conflict"));
        }
        let mut values = blocks::initial_values(&content);
        blocks::keep_entered(&mut values, &view.values);
        view.values = values;
        view.content = content;
        view.hash = next;
        let view = view.clone();
        self.changed(ChangeKind::View { user });
        Ok(view)
    }

    /// An open modal of a person, or a Home tab they see.
    pub(crate) fn open_view(&self, user: &UserId, id: &str) -> Option<&View> {
        let homes = self.homes.values().filter(|view| view.user == *user);
        self.views(user).iter().chain(homes).find(|view| view.id.as_str() == id)
    }

    fn view_mut(&mut self, user: &UserId, id: &str) -> Option<&mut View> {
        let homes = self.homes.values_mut().filter(|view| view.user == *user);
        let stack = self.stacks.get_mut(user).map_or(&mut [][..], Vec::as_mut_slice);
        stack.iter_mut().chain(homes).find(|view| view.id.as_str() == id)
    }

    /// Changes what a person has entered in a view.
    pub(crate) fn enter(&mut self, user: &UserId, id: &str, values: Map<String, Value>) {
        if let Some(view) = self.view_mut(user, id) {
            view.values = values;
        }
    }

    /// Takes a view and those above it off a person's stack.
    pub(crate) fn close_view(&mut self, user: &UserId, id: &str) {
        if let Some(stack) = self.stacks.get_mut(user) {
            let keep = stack.iter().position(|view| view.id.as_str() == id).unwrap_or(stack.len());
            stack.truncate(keep);
            self.changed(ChangeKind::View { user: user.clone() });
        }
    }

    /// Takes every view off a person's stack.
    pub(crate) fn clear_views(&mut self, user: &UserId) {
        self.stacks.remove(user);
        self.changed(ChangeKind::View { user: user.clone() });
    }

    fn check_push(&self, trigger: &Trigger) -> Result<(), ModelError> {
        let stack = self.views(&trigger.user);
        let from = trigger.view.as_ref().ok_or(ModelError::new("invalid_trigger_id"))?;
        if !stack.iter().any(|view| view.id == *from) {
            return Err(ModelError::new("not_found"));
        }
        if stack.len() >= MAX_VIEWS {
            return Err(ModelError::new("push_limit_reached"));
        }
        Ok(())
    }

    pub(super) fn check_external_id(
        &self,
        app: &AppId,
        content: &Map<String, Value>,
        except: Option<&ViewId>,
    ) -> Result<(), ModelError> {
        let wanted = content.get("external_id").and_then(Value::as_str).unwrap_or_default();
        let mut views = self.stacks.values().flatten().chain(self.homes.values()).filter(|view| view.app == *app);
        if !wanted.is_empty() && views.any(|view| view.external_id() == wanted && Some(&view.id) != except) {
            return Err(ModelError::new("duplicate_external_id"));
        }
        Ok(())
    }

    fn find_view(&self, app: &AppId, key: ViewKey<'_>) -> Option<(UserId, ViewId)> {
        let matches = |view: &&View| {
            view.app == *app
                && match key {
                    ViewKey::Id(id) => view.id.as_str() == id,
                    ViewKey::External(id) => view.external_id() == id,
                }
        };
        self.stacks
            .values()
            .flatten()
            .chain(self.homes.values())
            .find(matches)
            .map(|view| (view.user.clone(), view.id.clone()))
    }

    pub(super) fn next_hash(&mut self) -> String {
        format!("{}.{}", self.mint.digits(10), self.mint.word(8))
    }
}
