//! Links that stand below a channel's name.

use serde_json::{Value, json};

use super::{AppId, BookmarkId, ChangeKind, ChannelId, ModelError, State, TeamId, UserId};

/// How many bookmarks a channel can have.
const MAX_BOOKMARKS: usize = 100;

/// A bookmark of a channel.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Bookmark {
    /// `Bk…`.
    pub id: BookmarkId,
    /// What it is called.
    pub title: String,
    /// Where it leads.
    pub link: String,
    /// Such as `:tada:`.
    pub emoji: Option<String>,
    /// Seconds since the epoch.
    pub created: u64,
    /// Seconds since the epoch; nothing until it was edited.
    pub updated: Option<u64>,
    /// Who changed it last.
    pub user: UserId,
    /// The app through which it was made.
    pub app: AppId,
}

/// What is to be different about a bookmark; what is left out stays.
#[derive(Clone, Debug, Default)]
pub(crate) struct BookmarkChange {
    pub(crate) title: Option<String>,
    pub(crate) link: Option<String>,
    pub(crate) emoji: Option<String>,
}

impl BookmarkChange {
    fn check(&self) -> Result<(), ModelError> {
        let is_link = |link: &String| link.starts_with("https://") || link.starts_with("http://");
        if self.link.as_ref().is_some_and(|link| !is_link(link)) {
            return Err(ModelError::new("invalid_link"));
        }
        let is_emoji = |emoji: &String| emoji.len() > 2 && emoji.starts_with(':') && emoji.ends_with(':');
        if self.emoji.as_ref().is_some_and(|emoji| !is_emoji(emoji)) {
            return Err(ModelError::new("invalid_emoji"));
        }
        Ok(())
    }
}

impl Bookmark {
    /// The object of `bookmarks.list`.
    pub fn to_json(&self, channel: &ChannelId, team: &TeamId) -> Value {
        json!({
            "id": self.id, "channel_id": channel, "title": self.title, "link": self.link,
            "emoji": self.emoji, "icon_url": null, "type": "link", "entity_id": null,
            "date_created": self.created, "date_updated": self.updated.unwrap_or_default(), "rank": "i",
            "last_updated_by_user_id": self.user, "last_updated_by_team_id": team, "shortcut_id": null,
            "app_id": self.app, "app_action_id": null,
        })
    }
}

impl State {
    /// Adds a bookmark to a channel.
    pub(crate) fn add_bookmark(
        &mut self,
        channel: &ChannelId,
        (user, app): (&UserId, &AppId),
        change: BookmarkChange,
        now_ms: u64,
    ) -> Result<Bookmark, ModelError> {
        change.check()?;
        let id = BookmarkId::from(self.mint.id('B').replacen('B', "Bk", 1));
        let room = self.channels.get_mut(channel).ok_or(ModelError::new("channel_not_found"))?;
        if room.bookmarks.len() >= MAX_BOOKMARKS {
            return Err(ModelError::new("too_many_bookmarks"));
        }
        let bookmark = Bookmark {
            id,
            title: change.title.unwrap_or_default(),
            link: change.link.ok_or(ModelError::new("invalid_link"))?,
            emoji: change.emoji,
            created: now_ms / 1000,
            updated: None,
            user: user.clone(),
            app: app.clone(),
        };
        room.bookmarks.push(bookmark.clone());
        self.changed(ChangeKind::Directory);
        Ok(bookmark)
    }

    /// Changes a bookmark.
    pub(crate) fn edit_bookmark(
        &mut self,
        channel: &ChannelId,
        id: &str,
        user: &UserId,
        change: BookmarkChange,
        now_ms: u64,
    ) -> Result<Bookmark, ModelError> {
        change.check()?;
        let room = self.channels.get_mut(channel).ok_or(ModelError::new("channel_not_found"))?;
        let bookmark = room.bookmarks.iter_mut().find(|bookmark| bookmark.id.as_str() == id);
        let bookmark = bookmark.ok_or(ModelError::new("not_found"))?;
        bookmark.title = change.title.unwrap_or_else(|| bookmark.title.clone());
        bookmark.link = change.link.unwrap_or_else(|| bookmark.link.clone());
        bookmark.emoji = change.emoji.or_else(|| bookmark.emoji.clone());
        bookmark.user = user.clone();
        bookmark.updated = Some(now_ms / 1000);
        let bookmark = bookmark.clone();
        self.changed(ChangeKind::Directory);
        Ok(bookmark)
    }

    /// Removes a bookmark.
    pub(crate) fn remove_bookmark(&mut self, channel: &ChannelId, id: &str) -> Result<(), ModelError> {
        let room = self.channels.get_mut(channel).ok_or(ModelError::new("channel_not_found"))?;
        let position = room.bookmarks.iter().position(|bookmark| bookmark.id.as_str() == id);
        room.bookmarks.remove(position.ok_or(ModelError::new("not_found"))?);
        self.changed(ChangeKind::Directory);
        Ok(())
    }
}
