//! User groups, such as `@oncall`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{ChangeKind, ChannelId, ModelError, State, TeamId, UserGroupId, UserId};
use crate::events::{self, Audience};

/// The longest name or handle.
const MAX_NAME: usize = 255;

/// A group of people who can be mentioned together.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct UserGroup {
    /// `S…`.
    pub id: UserGroupId,
    /// The name as displayed.
    pub name: String,
    /// The name in mentions, without `@`.
    pub handle: String,
    /// What it is for.
    pub description: String,
    /// Who is in it.
    pub users: BTreeSet<UserId>,
    /// Channels that its people join.
    pub channels: Vec<ChannelId>,
    /// Who made it.
    pub creator: UserId,
    /// Who changed it last.
    pub updater: UserId,
    /// Seconds since the epoch.
    pub created: u64,
    /// Seconds since the epoch.
    pub updated: u64,
    /// Seconds since the epoch at which it was disabled, and by whom.
    pub disabled: Option<(u64, UserId)>,
}

/// What is to be different about a user group; what is left out stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct UserGroupChange {
    pub(crate) name: Option<String>,
    pub(crate) handle: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) channels: Option<Vec<ChannelId>>,
}

impl UserGroup {
    /// The object of `usergroups.list`.
    pub fn to_json(&self, team: &TeamId) -> Value {
        json!({
            "id": self.id, "team_id": team, "is_usergroup": true, "is_subteam": true, "name": self.name,
            "description": self.description, "handle": self.handle, "is_external": false,
            "date_create": self.created, "date_update": self.updated,
            "date_delete": self.disabled.as_ref().map_or(0, |(at, _)| *at), "auto_type": null,
            "auto_provision": false, "enterprise_subteam_id": "", "created_by": self.creator,
            "updated_by": self.updater, "deleted_by": self.disabled.as_ref().map(|(_, by)| by),
            "prefs": {"channels": self.channels, "groups": []}, "users": self.users,
            "user_count": self.users.len(), "channel_count": self.channels.len(),
        })
    }
}

impl State {
    /// Makes a user group without people.
    pub(crate) fn create_usergroup(
        &mut self,
        by: &UserId,
        change: UserGroupChange,
        now_ms: u64,
    ) -> Result<UserGroup, ModelError> {
        self.check_usergroup(&change, None)?;
        let name = change.name.unwrap_or_default();
        let handle = change.handle.unwrap_or_else(|| handle_of(&name));
        let group = UserGroup {
            id: UserGroupId::from(self.mint.id('S')),
            name,
            handle,
            description: change.description.unwrap_or_default(),
            users: BTreeSet::new(),
            channels: change.channels.unwrap_or_default(),
            creator: by.clone(),
            updater: by.clone(),
            created: now_ms / 1000,
            updated: now_ms / 1000,
            disabled: None,
        };
        self.usergroups.insert(group.id.clone(), group.clone());
        self.tell_usergroup("subteam_created", &group, now_ms);
        Ok(group)
    }

    /// Changes a user group.
    pub(crate) fn update_usergroup(
        &mut self,
        id: &str,
        by: &UserId,
        change: UserGroupChange,
        now_ms: u64,
    ) -> Result<UserGroup, ModelError> {
        self.check_usergroup(&change, Some(id))?;
        self.touch_usergroup(id, by, now_ms, |group| {
            group.name = change.name.unwrap_or_else(|| group.name.clone());
            group.handle = change.handle.unwrap_or_else(|| group.handle.clone());
            group.description = change.description.unwrap_or_else(|| group.description.clone());
            group.channels = change.channels.unwrap_or_else(|| group.channels.clone());
        })
    }

    /// Disables a user group, or enables it again.
    pub(crate) fn set_usergroup_enabled(
        &mut self,
        id: &str,
        by: &UserId,
        is_enabled: bool,
        now_ms: u64,
    ) -> Result<UserGroup, ModelError> {
        let disabled = (!is_enabled).then(|| (now_ms / 1000, by.clone()));
        self.touch_usergroup(id, by, now_ms, |group| group.disabled = disabled)
    }

    /// Replaces the people of a user group.
    pub(crate) fn set_usergroup_users(
        &mut self,
        id: &str,
        by: &UserId,
        users: BTreeSet<UserId>,
        now_ms: u64,
    ) -> Result<UserGroup, ModelError> {
        if users.iter().any(|user| self.user(user.as_str()).is_none_or(super::User::is_bot)) {
            return Err(ModelError::new("invalid_users"));
        }
        let before = self.usergroups.get(id).cloned().ok_or(ModelError::new("no_such_subteam"))?;
        let group = self.touch_usergroup(id, by, now_ms, |group| group.users = users)?;
        let added: Vec<&UserId> = group.users.difference(&before.users).collect();
        let removed: Vec<&UserId> = before.users.difference(&group.users).collect();
        let event = json!({
            "type": "subteam_members_changed", "subteam_id": group.id, "team_id": self.team.id,
            "date_previous_update": before.updated, "date_update": group.updated,
            "added_users": added, "added_users_count": added.len(),
            "removed_users": removed, "removed_users_count": removed.len(),
        });
        events::emit(self, Audience::Everyone, event, now_ms);
        Ok(group)
    }

    fn touch_usergroup(
        &mut self,
        id: &str,
        by: &UserId,
        now_ms: u64,
        change: impl FnOnce(&mut UserGroup),
    ) -> Result<UserGroup, ModelError> {
        let group = self.usergroups.get_mut(id).ok_or(ModelError::new("no_such_subteam"))?;
        change(group);
        group.updater = by.clone();
        group.updated = now_ms / 1000;
        let group = group.clone();
        self.tell_usergroup("subteam_updated", &group, now_ms);
        Ok(group)
    }

    fn tell_usergroup(&mut self, kind: &str, group: &UserGroup, now_ms: u64) {
        let event = json!({"type": kind, "subteam": group.to_json(&self.team.id)});
        events::emit(self, Audience::Everyone, event, now_ms);
        self.changed(ChangeKind::Directory);
    }

    fn check_usergroup(&self, change: &UserGroupChange, except: Option<&str>) -> Result<(), ModelError> {
        let is_long = |text: &Option<String>| text.as_ref().is_some_and(|text| text.chars().count() > MAX_NAME);
        if is_long(&change.name) {
            return Err(ModelError::new("name_too_long"));
        }
        let is_fine = |c: char| c.is_alphanumeric() && !c.is_uppercase() || matches!(c, '-' | '_' | '.');
        if change.handle.as_ref().is_some_and(|handle| handle.is_empty() || !handle.chars().all(is_fine)) {
            return Err(ModelError::new("bad_handle"));
        }
        let channels = change.channels.iter().flatten();
        if channels.into_iter().any(|id| !self.channels.contains_key(id)) {
            return Err(ModelError::new("invalid_channel_provided"));
        }
        let mut others = self.usergroups.values().filter(|group| except != Some(group.id.as_str()));
        let handle_taken = |handle: &str| {
            self.usergroups.values().any(|group| except != Some(group.id.as_str()) && group.handle == handle)
                || self.user_named(handle).is_some()
        };
        if change.name.as_ref().is_some_and(|name| others.any(|group| group.name == *name)) {
            return Err(ModelError::new("name_already_exists"));
        }
        if change.handle.as_deref().is_some_and(handle_taken) {
            return Err(ModelError::new("handle_already_exists"));
        }
        Ok(())
    }
}

/// The handle that a name makes.
fn handle_of(name: &str) -> String {
    let fits = |c: char| if c.is_alphanumeric() { c.to_lowercase().next().unwrap_or(c) } else { '-' };
    name.chars().map(fits).collect()
}
