//! Uploading and sharing files: announce, upload, complete.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};

use super::file::file_type;
use super::{
    AppId, Author, ChangeKind, Channel, ChannelId, Draft, File, FileId, Message, ModelError, State, Ts, UserId,
};
use crate::events::{self, Audience};

/// A file that was announced and waits for its bytes.
#[derive(Clone, Debug)]
pub(crate) struct Announced {
    pub(crate) id: FileId,
    pub(crate) upload_url: String,
}

/// Where the bytes of an announced file go.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    file: FileId,
    /// How many bytes it may have.
    pub(crate) length: u64,
}

impl State {
    /// Makes room for a file and the address its bytes go to.
    pub(crate) fn announce_file(
        &mut self,
        app: &AppId,
        user: &UserId,
        (name, length): (&str, u64),
        now_ms: u64,
    ) -> Announced {
        let id = FileId::from(self.mint.id('F'));
        let secret = self.mint.word(32);
        let (mimetype, filetype) = file_type(name);
        let file = File {
            id: id.clone(),
            name: name.to_owned(),
            title: name.to_owned(),
            alt_txt: None,
            mimetype,
            filetype,
            user: user.clone(),
            app: app.clone(),
            created: now_ms / 1000,
            content: None,
            is_complete: false,
            shares: BTreeMap::new(),
        };
        self.files.insert(id.clone(), file);
        let upload_url = format!("{}/upload/v1/{secret}", self.base);
        self.uploads.insert(secret, Upload { file: id.clone(), length });
        Announced { id, upload_url }
    }

    /// Says what a picture shows.
    pub(crate) fn describe_file(&mut self, id: &FileId, alt: &str) {
        if let Some(file) = self.files.get_mut(id) {
            file.alt_txt = Some(alt.to_owned());
        }
    }

    /// Takes the bytes of an announced file; its address works once.
    pub(crate) fn receive_file(&mut self, secret: &str, content: Bytes) -> Result<(), ModelError> {
        let upload = self.uploads.remove(secret).ok_or(ModelError::new("file_not_found"))?;
        let file = self.files.get_mut(&upload.file).ok_or(ModelError::new("file_not_found"))?;
        file.content = Some(content);
        Ok(())
    }

    /// Makes an uploaded file visible.
    pub(crate) fn complete_file(&mut self, app: &AppId, id: &FileId, title: Option<&str>) -> Result<(), ModelError> {
        let file = self.files.get_mut(id).filter(|file| file.app == *app);
        let file = file.filter(|file| file.content.is_some() && !file.is_complete);
        let file = file.ok_or(ModelError::new("file_not_found"))?;
        file.is_complete = true;
        if let Some(title) = title {
            title.clone_into(&mut file.title);
        }
        Ok(())
    }

    /// Tells the app that its file is there.
    pub(crate) fn tell_file_created(&mut self, id: &FileId, now_ms: u64) {
        let Some(file) = self.files.get(id) else { return };
        let app = file.app.clone();
        let event = json!({"type": "file_created", "file_id": id, "user_id": file.user, "file": {"id": id}});
        events::emit(self, Audience::App(&app), event, now_ms);
    }

    /// Posts completed files into a channel.
    pub(crate) fn share_files(
        &mut self,
        channel: &ChannelId,
        author: &Author,
        ids: &[FileId],
        mut draft: Draft,
        now_ms: u64,
    ) -> Result<Message, ModelError> {
        draft.files = ids.iter().filter_map(|id| self.file_json(id)).collect();
        let message = self.post(channel, author, draft, now_ms)?;
        let kind = self.channels.get(channel).ok_or(ModelError::new("channel_not_found"))?.kind;
        for id in ids {
            if let Some(file) = self.files.get_mut(id) {
                file.shares.entry(channel.clone()).or_insert((kind, Vec::new())).1.push(message.ts);
            }
        }
        for id in ids {
            let event = json!({
                "type": "file_shared", "channel_id": channel, "file_id": id, "user_id": author.user, "file": {"id": id},
            });
            events::emit(self, Audience::Members(channel), event, now_ms);
        }
        self.changed(ChangeKind::Message { channel: channel.clone() });
        Ok(message)
    }

    /// Gives a message that is there already other files: those of the app that are complete.
    pub(crate) fn replace_files(
        &mut self,
        (channel, ts): (&ChannelId, Ts),
        app: &AppId,
        ids: &[FileId],
    ) -> Result<(), ModelError> {
        let is_fine = |id: &FileId| self.files.get(id).is_some_and(|file| file.is_complete && file.app == *app);
        if !ids.iter().all(is_fine) {
            return Err(ModelError::new("file_not_found"));
        }
        let kind = self.channels.get(channel).ok_or(ModelError::new("channel_not_found"))?.kind;
        for file in self.files.values_mut() {
            let shares = file.shares.entry(channel.clone()).or_insert((kind, Vec::new()));
            shares.1.retain(|shared| *shared != ts);
            if ids.contains(&file.id) {
                shares.1.push(ts);
            }
            file.shares.retain(|_, (_, messages)| !messages.is_empty());
        }
        let files: Vec<Value> = ids.iter().filter_map(|id| self.file_json(id)).collect();
        let room = self.channels.get_mut(channel).ok_or(ModelError::new("channel_not_found"))?;
        let message = room.message_mut(ts).ok_or(ModelError::new("message_not_found"))?;
        if files.is_empty() {
            message.unset("files");
        } else {
            message.set("files", files);
        }
        Ok(())
    }

    /// Removes a file: messages that carried it say that it is gone.
    pub(crate) fn delete_file(&mut self, id: &FileId, now_ms: u64) -> Result<(), ModelError> {
        let file = self.files.remove(id).ok_or(ModelError::new("file_not_found"))?;
        for (channel, (_, messages)) in &file.shares {
            for ts in messages {
                // A message that is gone has nothing to say any more.
                let _ = self.amend(channel, *ts, now_ms, |message| bury(message, id));
            }
        }
        let event = json!({"type": "file_deleted", "file_id": id});
        let channels: Vec<&ChannelId> = file.shares.keys().collect();
        if channels.is_empty() {
            events::emit(self, Audience::App(&file.app), event, now_ms);
        } else {
            events::emit(self, Audience::ReadersOfAny(&channels), event, now_ms);
        }
        Ok(())
    }

    /// The workspace is reached at another address: so are the files of messages.
    pub(crate) fn move_to(&mut self, base: &str) {
        if self.base == base {
            return;
        }
        base.clone_into(&mut self.base);
        let (files, team) = (&self.files, &self.team.id);
        let moved = |old: &Value| {
            let id = old.get("id").and_then(Value::as_str).unwrap_or_default();
            let file = files.get(id).filter(|file| file.is_complete && old.get("url_private").is_some());
            file.map_or_else(|| old.clone(), |file| file.to_json(team, base))
        };
        let of_channels = self.channels.values_mut().flat_map(Channel::messages_mut);
        for message in of_channels.chain(self.ephemerals.values_mut().flatten()) {
            if let Some(Value::Array(old)) = message.field("files") {
                let files: Vec<Value> = old.iter().map(moved).collect();
                message.set("files", files);
            }
        }
    }

    /// The file object of a completed file.
    pub(crate) fn file_json(&self, id: &FileId) -> Option<Value> {
        let file = self.files.get(id).filter(|file| file.is_complete)?;
        Some(file.to_json(&self.team.id, &self.base))
    }

    /// Whether a user can see a file: its owner, or someone who reads where it was shared.
    pub fn can_see_file(&self, user: &UserId, file: &File) -> bool {
        file.user == *user
            || file.shares.keys().filter_map(|id| self.channels.get(id)).any(|room| self.can_read(user, room))
    }
}

/// Puts a tombstone in the place of a message's file.
fn bury(message: &mut Message, id: &FileId) {
    let files = message.field("files").and_then(Value::as_array).cloned().unwrap_or_default();
    let buried = |file: Value| if file["id"] == id.as_str() { json!({"id": id, "mode": "tombstone"}) } else { file };
    message.set("files", files.into_iter().map(buried).collect::<Vec<_>>());
}
