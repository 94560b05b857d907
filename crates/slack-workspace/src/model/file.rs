//! Uploaded files.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};

use super::{AppId, ChannelId, ChannelKind, FileId, TeamId, Ts, UserId};

/// A text of this program. Under a name of its own, for a derived reader would borrow a reference from the file.
type Known = &'static str;

/// A file: announced, uploaded, completed and shared.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct File {
    /// `F…`.
    pub id: FileId,
    /// The file's name.
    pub name: String,
    /// The title shown above it.
    pub title: String,
    /// What a picture shows, for those who do not see it.
    #[serde(default)]
    pub alt_txt: Option<String>,
    /// The type guessed from the name.
    #[serde(deserialize_with = "known_mimetype")]
    pub mimetype: Known,
    /// Slack's short type, such as `text` or `png`.
    pub filetype: String,
    /// Who uploads it.
    pub user: UserId,
    /// The app through which it is uploaded.
    pub app: AppId,
    /// Seconds since the epoch.
    pub created: u64,
    /// The bytes, once they arrived.
    #[serde(with = "super::saved::content")]
    pub content: Option<Bytes>,
    /// Visible to others: its upload was completed.
    pub is_complete: bool,
    /// The messages that carry it.
    pub shares: BTreeMap<ChannelId, (ChannelKind, Vec<Ts>)>,
}

impl File {
    /// The file object of `files.info` and of messages.
    pub fn to_json(&self, team: &TeamId, base: &str) -> Value {
        let size = self.content.as_ref().map_or(0, Bytes::len);
        let private = format!("{base}/files-pri/{team}-{}/{}", self.id, url_name(&self.name));
        let download = format!("{base}/files-pri/{team}-{}/download/{}", self.id, url_name(&self.name));
        let channels = |kind: ChannelKind| -> Vec<&ChannelId> {
            self.shares.iter().filter(|(_, (of, _))| *of == kind).map(|(id, _)| id).collect()
        };
        let mut file = json!({
            "id": self.id, "created": self.created, "timestamp": self.created, "name": self.name,
            "title": self.title, "mimetype": self.mimetype, "filetype": self.filetype,
            "pretty_type": self.filetype.to_uppercase(), "user": self.user, "user_team": team,
            "editable": false, "size": size, "mode": "hosted", "is_external": false,
            "external_type": "", "is_public": !channels(ChannelKind::Public).is_empty(),
            "public_url_shared": false, "display_as_bot": false, "username": "",
            "url_private": private, "url_private_download": download,
            "permalink": format!("{base}/files/{}/{}/{}", self.user, self.id, url_name(&self.name)),
            "channels": channels(ChannelKind::Public), "groups": channels(ChannelKind::Private),
            "ims": channels(ChannelKind::Im), "comments_count": 0,
            "shares": self.shares_json(), "has_rich_preview": false, "file_access": "visible",
        });
        if let Some(alt) = &self.alt_txt {
            file["alt_txt"] = alt.as_str().into();
        }
        file
    }

    fn shares_json(&self) -> Value {
        let mut shares = json!({});
        for (channel, (kind, messages)) in &self.shares {
            let visibility = if *kind == ChannelKind::Public { "public" } else { "private" };
            let rows: Vec<Value> = messages.iter().map(|ts| json!({"ts": ts})).collect();
            shares[visibility][channel.as_str()] = Value::Array(rows);
        }
        shares
    }
}

/// The file's name as a path segment of its URL.
fn url_name(name: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    name.chars().map(|c| if safe(c) { c.to_ascii_lowercase() } else { '_' }).collect()
}

/// The media type and Slack's short type for a file's name.
pub(crate) fn file_type(name: &str) -> (&'static str, String) {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    let mimetype = match extension.as_str() {
        "txt" | "log" | "text" | "diff" | "patch" | "sh" | "rs" | "py" | "toml" | "md" => "text/plain",
        "json" => "application/json",
        "csv" => "text/csv",
        "html" => "text/html",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    };
    let filetype = match extension.as_str() {
        "" => "binary".to_owned(),
        "txt" | "log" => "text".to_owned(),
        _ => extension,
    };
    (mimetype, filetype)
}

/// The type as it was guessed when the file was made; what is not known any more is mere bytes.
fn known_mimetype<'de, D: serde::Deserializer<'de>>(from: D) -> Result<&'static str, D::Error> {
    const KNOWN: [&str; 9] = [
        "text/plain",
        "application/json",
        "text/csv",
        "text/html",
        "image/png",
        "image/jpeg",
        "image/gif",
        "application/pdf",
        "application/zip",
    ];
    let text = <String as serde::Deserialize>::deserialize(from)?;
    Ok(KNOWN.into_iter().find(|known| *known == text).unwrap_or("application/octet-stream"))
}
