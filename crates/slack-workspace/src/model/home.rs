//! The Home tabs that apps publish.

use serde_json::{Map, Value, json};

use super::{AppId, ChangeKind, ModelError, State, UserId, View, ViewId};
use crate::blocks;
use crate::events::{self, Audience};

/// The tab of an app that a person looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppTab {
    /// What the app published.
    Home,
    /// The direct message with the bot.
    Messages,
}

impl State {
    /// What an app shows a person on its Home tab.
    pub fn home(&self, app: &AppId, user: &UserId) -> Option<&View> {
        self.homes.get(&(app.clone(), user.clone()))
    }

    /// Shows a person a Home tab; the view keeps its id when another is published.
    pub(crate) fn publish_home(
        &mut self,
        app: &AppId,
        user: &UserId,
        content: Map<String, Value>,
        hash: Option<&str>,
    ) -> Result<View, ModelError> {
        if self.user(user.as_str()).is_none_or(super::User::is_bot) {
            return Err(ModelError::new("user_not_found"));
        }
        let before = self.home(app, user).cloned();
        if let (Some(hash), Some(before)) = (hash, &before)
            && hash != before.hash
        {
            return Err(ModelError::new("hash_conflict"));
        }
        let id = before.as_ref().map_or_else(|| ViewId::from(self.mint.id('V')), |view| view.id.clone());
        self.check_external_id(app, &content, Some(&id))?;
        let mut values = blocks::initial_values(&content);
        if let Some(before) = &before {
            blocks::keep_entered(&mut values, &before.values);
        }
        let view = View {
            root: id.clone(),
            previous: None,
            app: app.clone(),
            bot: self.apps.get(app).ok_or(ModelError::new("account_inactive"))?.bot.clone(),
            user: user.clone(),
            hash: self.next_hash(),
            values,
            content,
            id,
        };
        self.homes.insert((app.clone(), user.clone()), view.clone());
        self.changed(ChangeKind::View { user: user.clone() });
        Ok(view)
    }

    /// Tells an app that a person looks at it, and gives what it published.
    pub(crate) fn open_app(
        &mut self,
        app: &AppId,
        user: &UserId,
        tab: AppTab,
        now_ms: u64,
    ) -> Result<Option<View>, ModelError> {
        let bot = self.apps.get(app).ok_or(ModelError::new("app_not_found"))?.bot_user.clone();
        let (channel, _) = self.open_im(user, &bot, now_ms)?;
        let view = self.home(app, user).cloned();
        let name = if tab == AppTab::Home { "home" } else { "messages" };
        let mut event = json!({"type": "app_home_opened", "user": user, "channel": channel, "tab": name});
        if let Some(view) = view.as_ref().filter(|_| tab == AppTab::Home) {
            event["view"] = view.to_json(&self.team.id);
        }
        events::emit(self, Audience::App(app), event, now_ms);
        Ok(view)
    }
}
