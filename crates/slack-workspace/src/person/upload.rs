//! Files that a person uploads: with a message, or into a form of an app.

use bytes::Bytes;
use serde_json::json;

use super::answer::PersonError;
use super::payload;
use crate::Workspace;
use crate::model::{AppId, FileId, UserId};

/// The largest file a person can upload, in bytes; what the Web API takes.
const MAX_FILE: usize = 64 * 1024 * 1024;
/// The longest name of a file, in characters.
const MAX_NAME: usize = 255;

impl Workspace {
    /// Keeps a file that a person chose; nobody else sees it until it is shared.
    pub fn upload_file(&self, user: &UserId, app: &AppId, name: &str, content: Bytes) -> Result<FileId, PersonError> {
        if content.len() > MAX_FILE {
            return Err(PersonError::new("file_too_large", format!("{name} is larger than {MAX_FILE} bytes")));
        }
        // Browsers may say the whole path; only its end is a name.
        let name = name.rsplit(['/', '\\']).next().filter(|name| !name.is_empty()).unwrap_or("file");
        let name: String = name.chars().take(MAX_NAME).collect();
        self.note_person("upload", user.as_str(), json!({"name": name, "bytes": content.len()}));
        self.update(|state, now| {
            payload::person(state, user)?;
            let announced = state.announce_file(app, user, (&name, content.len() as u64), now);
            let secret = announced.upload_url.rsplit('/').next().unwrap_or_default();
            state.receive_file(secret, content)?;
            state.complete_file(app, &announced.id, None)?;
            Ok(announced.id)
        })
    }
}
