//! Messages and views as apps send them: checked whole, as Slack does, before anything happens.

use countersign_slack::blocks::{Surface, Violation, limits, validate_blocks, validate_view};
use serde_json::{Map, Value, json};

use super::args::Args;
use super::body::ApiError;
use crate::blocks;
use crate::depth;
use crate::model::{Draft, Reply, ResponseType, State, Ts};
use crate::person::with_names;

/// The longest `text`; docs.slack.dev, "chat.postMessage".
pub(super) const MAX_TEXT: usize = 40_000;
/// The longest `markdown_text`.
const MAX_MARKDOWN: usize = 12_000;
const MAX_ATTACHMENTS: usize = 100;
/// The largest metadata, in bytes; docs.slack.dev, "Message metadata".
const MAX_METADATA: usize = 8_000;

/// The content of a message from a call's arguments.
pub(super) fn draft(state: &mut State, args: &Args) -> Result<Draft, ApiError> {
    let draft = some_draft(state, args)?;
    not_empty(&draft)?;
    Ok(draft)
}

/// Fails for a message that would show nothing.
pub(super) fn not_empty(draft: &Draft) -> Result<(), ApiError> {
    let has = |items: &Option<Vec<Value>>| items.as_ref().is_some_and(|items| !items.is_empty());
    let is_empty = draft.text.is_empty() && !has(&draft.blocks) && !has(&draft.attachments);
    if is_empty { Err(ApiError::new("no_text")) } else { Ok(()) }
}

/// The same, were there nothing in it.
pub(super) fn some_draft(state: &mut State, args: &Args) -> Result<Draft, ApiError> {
    let markdown = args.text("markdown_text");
    let text = args.text("text").map(std::borrow::Cow::into_owned);
    let list = |name: &str, error: &'static str| -> Result<Option<Vec<Value>>, ApiError> {
        match args.nested(name) {
            None => Ok(None),
            Some(Ok(value)) => match value.into_owned() {
                Value::Array(items) => Ok(Some(items)),
                _ => Err(ApiError::new(error)),
            },
            Some(Err(())) => Err(ApiError::new(error)),
        }
    };
    let mut blocks = list("blocks", "invalid_blocks_format")?;
    let attachments = list("attachments", "invalid_attachments")?;
    let mut text = text.unwrap_or_default();
    if args.flag("link_names") || args.text("parse").as_deref() == Some("full") {
        text = with_names(state, &text);
    }
    if let Some(markdown) = markdown {
        if blocks.is_some() || !text.is_empty() {
            return Err(ApiError::new("markdown_text_conflict"));
        }
        if markdown.chars().count() > MAX_MARKDOWN {
            return Err(ApiError::new("msg_too_long"));
        }
        text = markdown.clone().into_owned();
        blocks = Some(vec![json!({"type": "markdown", "text": markdown})]);
    }
    let blocks = blocks.map(|blocks| checked_blocks(state, blocks)).transpose()?;
    let attachments = attachments.map(|list| checked_attachments(state, list)).transpose()?;
    Ok(Draft { text, blocks, attachments, metadata: metadata(args)?, ..Draft::default() })
}

/// Blocks of a message with every id filled in, or what is wrong with them.
pub(crate) fn checked_blocks(state: &mut State, blocks: Vec<Value>) -> Result<Vec<Value>, ApiError> {
    checked(state, blocks, |found| invalid("invalid_blocks", &found))
}

fn checked(
    state: &mut State,
    mut blocks: Vec<Value>,
    refuse: impl FnOnce(Vec<Violation>) -> ApiError,
) -> Result<Vec<Value>, ApiError> {
    if blocks.is_empty() {
        return Ok(blocks);
    }
    let given = Value::Array(blocks);
    validate_blocks(&given, Surface::Message).map_err(refuse)?;
    blocks = match given {
        Value::Array(blocks) => blocks,
        _ => Vec::new(),
    };
    blocks::fill_ids(&mut blocks, &mut state.mint);
    Ok(blocks)
}

fn checked_attachments(state: &mut State, mut list: Vec<Value>) -> Result<Vec<Value>, ApiError> {
    if list.len() > MAX_ATTACHMENTS {
        return Err(ApiError::new("too_many_attachments"));
    }
    for (attachment, number) in list.iter_mut().zip(1_u64..) {
        let Value::Object(fields) = attachment else { return Err(ApiError::new("invalid_attachments")) };
        fields.insert("id".to_owned(), Value::from(number));
        // Only an unfurl has these: they say which app hears of clicks.
        for name in ["app_id", "bot_id", "is_app_unfurl", "app_unfurl_url"] {
            fields.remove(name);
        }
        match fields.remove("blocks") {
            None | Some(Value::Null) => {}
            Some(Value::Array(blocks)) => {
                let at = format!("/attachments/{}", number - 1);
                let blocks = checked(state, blocks, |found| invalid_at(&at, "invalid_attachments", &found))?;
                fields.insert("blocks".to_owned(), Value::Array(blocks));
            }
            Some(_) => return Err(ApiError::new("invalid_attachments")),
        }
    }
    Ok(list)
}

pub(super) fn metadata(args: &Args) -> Result<Option<Value>, ApiError> {
    let Some(metadata) = args.nested("metadata") else { return Ok(None) };
    let metadata = metadata.map_err(|()| ApiError::new("invalid_metadata_format"))?;
    let has_type = metadata.get("event_type").is_some_and(Value::is_string);
    let has_payload = metadata.get("event_payload").is_some_and(Value::is_object);
    if metadata.to_string().len() > MAX_METADATA {
        return Err(ApiError::new("metadata_too_large"));
    }
    // Without anything in it the message has none.
    if metadata.as_object().is_some_and(Map::is_empty) {
        return Ok(Some(Value::Null));
    }
    if has_type && has_payload {
        Ok(Some(metadata.into_owned()))
    } else {
        Err(ApiError::new("invalid_metadata_schema"))
    }
}

/// A modal with every id filled in, or what is wrong with it.
pub(crate) fn checked_view(state: &mut State, view: Value) -> Result<Map<String, Value>, ApiError> {
    checked_surface(state, view, "modal")
}

/// A Home tab with every id filled in, or what is wrong with it.
pub(super) fn checked_home(state: &mut State, view: Value) -> Result<Map<String, Value>, ApiError> {
    checked_surface(state, view, "home")
}

fn checked_surface(state: &mut State, view: Value, kind: &str) -> Result<Map<String, Value>, ApiError> {
    let view = match view {
        Value::String(text) => serde_json::from_str(&text)
            .ok()
            .filter(depth::is_fine)
            .ok_or_else(|| ApiError::new("invalid_arguments").messages(&["[ERROR] view is not JSON".to_owned()]))?,
        other => other,
    };
    if view.to_string().len() > limits::VIEW_BYTES {
        return Err(ApiError::new("view_too_large"));
    }
    validate_view(&view).map_err(|found| invalid("invalid_arguments", &found))?;
    let Value::Object(mut content) = view else { return Err(ApiError::new("invalid_arguments")) };
    if content.get("type").and_then(Value::as_str) != Some(kind) {
        let message = format!("[ERROR] must be of type {kind} [json-pointer:/view/type]");
        return Err(ApiError::new("invalid_arguments").messages(&[message]));
    }
    if let Some(Value::Array(blocks)) = content.get_mut("blocks") {
        blocks::fill_ids(blocks, &mut state.mint);
    }
    Ok(content)
}

/// What an app sends to a response URL, or acknowledges a command with.
pub(crate) fn checked_reply(state: &mut State, body: Value) -> Result<Reply, ApiError> {
    let Value::Object(fields) = body else { return Err(ApiError::new("invalid_payload")) };
    let flag = |name: &str| match fields.get(name) {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => text == "true",
        _ => false,
    };
    if flag("delete_original") {
        return Ok(Reply::DeleteOriginal);
    }
    let kind = match fields.get("response_type").and_then(Value::as_str) {
        None | Some("ephemeral") => ResponseType::Ephemeral,
        Some("in_channel") => ResponseType::InChannel,
        Some(_) => return Err(ApiError::new("invalid_response_type")),
    };
    let replaces = flag("replace_original");
    let thread = fields.get("thread_ts").and_then(Value::as_str).and_then(Ts::parse);
    let mut draft = draft(state, &Args::of(fields))?;
    if draft.text.chars().count() > MAX_TEXT {
        return Err(ApiError::new("msg_too_long"));
    }
    draft.thread = thread;
    Ok(if replaces { Reply::ReplaceOriginal(draft) } else { Reply::Post(kind, draft) })
}

pub(super) fn invalid(code: &'static str, found: &[Violation]) -> ApiError {
    invalid_at("", code, found)
}

/// The same for what stands at this pointer.
fn invalid_at(at: &str, code: &'static str, found: &[Violation]) -> ApiError {
    let message = |one: &Violation| format!("[ERROR] {} [json-pointer:{at}{}]", one.message(), one.pointer());
    let messages: Vec<String> = found.iter().map(message).collect();
    let errors: Vec<&str> = found.iter().map(Violation::message).collect();
    ApiError::new(code).with("errors", errors).messages(&messages)
}
