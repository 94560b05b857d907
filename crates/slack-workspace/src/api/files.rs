//! `files.*`: upload in three steps, and looking at files.

use serde_json::{Value, json};

use super::body::{ApiError, Body};
use super::call::{Call, visible};
use super::content::checked_blocks;
use super::post::{author, may_post};
use super::reactions::page;
use super::transfer::MAX_FILE;
use crate::model::{ChannelId, Draft, File, FileId, State, Ts};

/// `files.getUploadURLExternal`.
pub(super) fn get_upload_url(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let name = call.args.text("filename").unwrap_or_default();
    let length = match call.args.number("length") {
        Some(Ok(length)) if length > 0 && length <= MAX_FILE as u64 => length,
        Some(Ok(0) | Err(())) | None => return Err(ApiError::new("invalid_arguments")),
        Some(Ok(_)) => return Err(ApiError::new("file_upload_size_restricted")),
    };
    let user = call.user()?;
    let announced = state.announce_file(&call.grant.app, user, (&name, length), now);
    // Slack spells it in both ways.
    if let Some(alt) = call.args.text("alt_txt").or_else(|| call.args.text("alt_text")) {
        state.describe_file(&announced.id, &alt);
    }
    Ok(Body::ok().with("upload_url", announced.upload_url).with("file_id", announced.id.as_str()))
}

/// `files.completeUploadExternal`.
pub(super) fn complete(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let wanted = wanted(call)?;
    let channels = channels(state, call)?;
    let draft = draft(state, call)?;
    for channel in &channels {
        state.thread_of(channel, draft.thread)?;
    }
    for (at, (id, _)) in wanted.iter().enumerate() {
        if wanted.iter().take(at).any(|(other, _)| other == id) {
            return Err(ApiError::new("invalid_arguments"));
        }
        let file = state.file(id.as_str()).filter(|file| file.app == call.grant.app);
        if file.is_none_or(|file| file.content.is_none() || file.is_complete) {
            return Err(ApiError::new("file_not_found"));
        }
    }
    for (id, title) in &wanted {
        state.complete_file(&call.grant.app, id, title.as_deref())?;
        state.tell_file_created(id, now);
    }
    let ids: Vec<FileId> = wanted.into_iter().map(|(id, _)| id).collect();
    for channel in &channels {
        state.share_files(channel, &author(call)?, &ids, draft.clone(), now)?;
    }
    let files: Vec<Value> = ids.iter().filter_map(|id| state.file_json(id)).collect();
    Ok(Body::ok().with("files", files))
}

/// `files.info`.
pub(super) fn info(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let id = call.args.text("file").unwrap_or_default();
    let user = call.user()?;
    let file = state.file(&id).filter(|file| state.can_see_file(user, file));
    let file = file.and_then(|file| state.file_json(&file.id)).ok_or(ApiError::new("file_not_found"))?;
    Ok(Body::ok().with("file", file).with("comments", Vec::<Value>::new()))
}

/// `files.list`: the latest first.
pub(super) fn list(state: &mut State, call: &Call<'_>, _now: u64) -> Result<Body, ApiError> {
    let me = call.user()?;
    let channel = call.args.text("channel");
    if let Some(id) = &channel {
        visible(state, call, id)?;
    }
    let user = call.args.text("user");
    if user.as_ref().is_some_and(|id| state.user(id).is_none()) {
        return Err(ApiError::new("user_not_found"));
    }
    let (from, to) = (seconds(call, "ts_from", 0)?, seconds(call, "ts_to", u64::MAX)?);
    let kinds = call.args.list("types");
    let fits = |file: &&File| {
        file.is_complete
            && state.can_see_file(me, file)
            && channel.as_ref().is_none_or(|id| file.shares.keys().any(|shared| shared.as_str() == id.as_ref()))
            && user.as_ref().is_none_or(|id| file.user.as_str() == id.as_ref())
            && (from..=to).contains(&file.created)
            && is_of_kind(file, &kinds)
    };
    let mut found: Vec<&File> = state.files.values().filter(fits).collect();
    found.sort_by_key(|file| (std::cmp::Reverse(file.created), file.id.clone()));
    let (range, mut paging, _) = page(call, found.len())?;
    paging["pages"] = json!(paging["pages"].as_u64().unwrap_or_default().max(1));
    let files: Vec<Value> =
        found.get(range).unwrap_or_default().iter().filter_map(|file| state.file_json(&file.id)).collect();
    Ok(Body::ok().with("files", files).with("paging", paging))
}

/// `files.delete`: only one's own.
pub(super) fn delete(state: &mut State, call: &Call<'_>, now: u64) -> Result<Body, ApiError> {
    let id = call.args.text("file").unwrap_or_default();
    let me = call.user()?;
    let file = state.file(&id).filter(|file| state.can_see_file(me, file)).ok_or(ApiError::new("file_not_found"))?;
    if file.user != *me {
        return Err(ApiError::new("cant_delete_file"));
    }
    let id = file.id.clone();
    state.delete_file(&id, now)?;
    Ok(Body::ok())
}

/// A moment in seconds; what comes after the dot does not matter.
fn seconds(call: &Call<'_>, name: &str, default: u64) -> Result<u64, ApiError> {
    let Some(text) = call.args.text(name) else { return Ok(default) };
    text.split('.').next().unwrap_or_default().parse().map_err(|_| ApiError::new("invalid_arguments"))
}

fn is_of_kind(file: &File, kinds: &[String]) -> bool {
    let is_image = file.mimetype.starts_with("image/");
    kinds.is_empty()
        || kinds.iter().any(|kind| match kind.as_str() {
            "all" => true,
            "images" => is_image,
            "snippets" => file.mimetype.starts_with("text/"),
            "pdfs" => file.filetype == "pdf",
            "zips" => file.filetype == "zip",
            _ => false,
        })
}

fn wanted(call: &Call<'_>) -> Result<Vec<(FileId, Option<String>)>, ApiError> {
    let invalid = || ApiError::new("invalid_arguments");
    let files = call.args.nested("files").ok_or_else(invalid)?.map_err(|()| invalid())?;
    let files = files.as_array().filter(|files| !files.is_empty()).ok_or_else(invalid)?;
    let one = |file: &Value| {
        let id = file.get("id")?.as_str()?;
        let title = file.get("title").and_then(Value::as_str).map(str::to_owned);
        Some((FileId::from(id), title))
    };
    files.iter().map(|file| one(file).ok_or_else(invalid)).collect()
}

fn channels(state: &State, call: &Call<'_>) -> Result<Vec<ChannelId>, ApiError> {
    let one = call.args.text("channel_id").map(|id| vec![id.into_owned()]);
    let ids = one.unwrap_or_else(|| call.args.list("channels"));
    let find = |id: &String| {
        let room = state.channel(id).ok_or(ApiError::new("channel_not_found"))?;
        may_post(state, call, room)
    };
    ids.iter().map(find).collect()
}

fn draft(state: &mut State, call: &Call<'_>) -> Result<Draft, ApiError> {
    let blocks = match call.args.nested("blocks") {
        None => None,
        Some(Ok(value)) => match value.into_owned() {
            Value::Array(blocks) => Some(checked_blocks(state, blocks)?),
            _ => return Err(ApiError::new("invalid_blocks")),
        },
        Some(Err(())) => return Err(ApiError::new("invalid_blocks")),
    };
    let thread = match call.args.text("thread_ts") {
        None => None,
        Some(ts) => Some(Ts::parse(&ts).ok_or(ApiError::new("invalid_thread_ts"))?),
    };
    let text = call.args.text("initial_comment").unwrap_or_default().into_owned();
    Ok(Draft { text, blocks, thread, ..Draft::default() })
}
