//! Uploading a file: ask for an address, send the bytes there, complete.

use bytes::Bytes;
use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::client::{Client, Error, Token};
use crate::ids::{ChannelId, FileId, Ts};

/// A file to upload.
#[derive(Debug, Clone)]
pub struct Upload<'a> {
    /// Its name, with the ending that says what it is.
    pub filename: &'a str,
    /// What people read.
    pub title: &'a str,
    /// What is in it.
    pub bytes: Bytes,
    /// Where it is shared; without, only the app sees it.
    pub channel: Option<&'a ChannelId>,
    /// The thread it is shared in.
    pub thread_ts: Option<&'a Ts>,
    /// What the message with it says.
    pub initial_comment: Option<&'a str>,
}

/// A file that was uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct UploadedFile {
    /// The file.
    pub id: FileId,
    /// Its address for people, where Slack says it.
    #[serde(default)]
    pub permalink: Option<String>,
}

#[derive(Serialize)]
struct Ask<'a> {
    filename: &'a str,
    length: usize,
}

#[derive(Deserialize)]
struct Address {
    upload_url: String,
    file_id: FileId,
}

#[derive(Serialize)]
struct Complete<'a> {
    files: [Titled<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_id: Option<&'a ChannelId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<&'a Ts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_comment: Option<&'a str>,
}

#[derive(Serialize)]
struct Titled<'a> {
    id: &'a FileId,
    title: &'a str,
}

#[derive(Deserialize)]
struct Completed {
    #[serde(default)]
    files: Vec<UploadedFile>,
}

impl Client {
    /// Uploads a file and shares it.
    pub async fn upload_file(&self, token: &Token, upload: Upload<'_>) -> Result<UploadedFile, Error> {
        const UPLOAD: &str = "file upload";
        let ask = Ask { filename: upload.filename, length: upload.bytes.len() };
        let address: Address = self.call(token, "files.getUploadURLExternal", &ask).await?.body;
        let url = Url::parse(&address.upload_url).ok().filter(|url| self.base().allows(url));
        let url = url.ok_or_else(|| Error::ForeignUrl { method: UPLOAD.to_owned() })?;
        self.post_plain(UPLOAD, url, "application/octet-stream", upload.bytes).await?;
        let complete = Complete {
            files: [Titled { id: &address.file_id, title: upload.title }],
            channel_id: upload.channel,
            thread_ts: upload.thread_ts,
            initial_comment: upload.initial_comment,
        };
        let done: Completed = self.call(token, "files.completeUploadExternal", &complete).await?.body;
        let file = done.files.into_iter().find(|file| file.id == address.file_id);
        Ok(file.unwrap_or(UploadedFile { id: address.file_id, permalink: None }))
    }
}
