//! The modals: everything of a request with Approve, and the one that asks why not.

use countersign_approval::{MAX_REASON_CHARS, Request};
use countersign_slack::blocks::{
    Block, Context, ContextElement, Input, LimitError, PlainText, PlainTextInput, RichElement, RichPart, RichText,
    Section, Style, View,
};

use super::{
    RenderError,
    content::{Content, Field},
    ids,
    message::{elide_line, or_blank},
};

/// Characters of one block in a modal.
const CHUNK_CHARS: usize = 2500;

/// Blocks of content in a modal: Slack's 100, less what stands around them.
const MAX_CHUNKS: usize = 90;

/// Bytes of content in a modal as JSON: Slack's 250 kB, less the same.
const MAX_BYTES: usize = 200_000;

/// Hex digits that are asked for when the content is in a file: more than the message shows, so that they can only
/// come from the file's end.
const FILE_DIGITS: usize = 16;

/// How the whole of a request can be shown.
#[derive(Clone, Debug)]
pub enum Review {
    /// In a modal.
    Modal(Vec<Block>),
    /// In a file, since it is too long for a modal.
    File,
}

/// What can be said about the file that holds the whole content.
#[derive(Clone, Debug)]
pub enum FileOffer {
    /// It is being uploaded.
    Uploading,
    /// It is there, at this address.
    At(String),
    /// It cannot be had; the text says why. Then nothing can be approved here.
    Unavailable(String),
}

/// Whether the whole of a request fits into a modal, and the blocks that show it.
pub fn review(request: &Request) -> Result<Review, RenderError> {
    let content = Content::of(request);
    let blocks = content_blocks(&content).map_err(|source| RenderError { request: request.id, source })?;
    let bytes = serde_json::to_vec(&blocks).map_or(usize::MAX, |json| json.len());
    let fits = blocks.len() <= MAX_CHUNKS && bytes <= MAX_BYTES;
    Ok(if fits { Review::Modal(blocks) } else { Review::File })
}

fn content_blocks(content: &Content) -> Result<Vec<Block>, LimitError> {
    let mut blocks = Vec::new();
    let mut parts = Vec::new();
    let mut chars = 0;
    for (part, length) in content.fields.iter().chain(&content.place).flat_map(field_parts) {
        if chars + length > CHUNK_CHARS && !parts.is_empty() {
            blocks.push(RichText::new(std::mem::take(&mut parts))?.into());
            chars = 0;
        }
        // Far beyond what a modal holds: do not even begin to draw it.
        if blocks.len() > MAX_CHUNKS {
            return Ok(blocks);
        }
        parts.push(part);
        chars += length;
    }
    if !parts.is_empty() {
        blocks.push(RichText::new(parts)?.into());
    }
    Ok(blocks)
}

/// A field's label and its text in pieces, each with its length. A label is untrusted like the rest, and shown whole.
fn field_parts(field: &Field) -> Vec<(RichPart, usize)> {
    let label = RichElement::styled(or_blank(&field.label), Style::BOLD);
    let label = (RichPart::section(vec![label]), field.label.chars().count());
    let texts = chunks(&field.text).into_iter().take(MAX_CHUNKS + 1);
    let texts = texts.map(|chunk| (RichPart::preformatted(chunk.as_str()), chunk.chars().count()));
    std::iter::once(label).chain(texts).collect()
}

/// The text in pieces of at most [`CHUNK_CHARS`] characters; an empty text is one piece that says so.
fn chunks(text: &str) -> Vec<String> {
    let characters: Vec<char> = or_blank(text).chars().collect();
    let mut rest = characters.as_slice();
    let mut chunks = Vec::new();
    while !rest.is_empty() {
        let most = rest.get(..CHUNK_CHARS).unwrap_or(rest);
        let is_last = most.len() == rest.len();
        // Between two lines where that is not far.
        let line_end = most.iter().rposition(|character| *character == '\n').map(|at| at + 1);
        let length = line_end.filter(|at| !is_last && *at > CHUNK_CHARS / 2).unwrap_or(most.len());
        let (chunk, after) = rest.split_at(length);
        chunks.push(chunk.iter().collect());
        rest = after;
    }
    chunks
}

/// The modal that shows everything and holds Approve.
pub fn review_modal(request: &Request, offer: Option<&FileOffer>) -> Result<View, RenderError> {
    let draw = || -> Result<View, LimitError> {
        match (review(request), offer) {
            (Ok(Review::Modal(blocks)), _) => whole_modal(request, blocks),
            (_, offer) => file_modal(request, offer.unwrap_or(&FileOffer::Uploading)),
        }
    };
    draw().map_err(|source| RenderError { request: request.id, source })
}

fn whole_modal(request: &Request, mut blocks: Vec<Block>) -> Result<View, LimitError> {
    let title = Content::of(request).title;
    blocks.insert(0, Section::new(PlainText::new(elide_line(&title, 150)))?.into());
    blocks.push(digest_line(request)?);
    modal("Review", request, blocks)?.callback_id(ids::REVIEW_MODAL)?.submit("Approve")
}

fn file_modal(request: &Request, offer: &FileOffer) -> Result<View, LimitError> {
    let title = Content::of(request).title;
    let mut blocks: Vec<Block> = vec![Section::new(PlainText::new(elide_line(&title, 150)))?.into()];
    let say = |text: String| Ok::<Block, LimitError>(Section::new(PlainText::new(text))?.into());
    match offer {
        FileOffer::Uploading => {
            blocks.push(say("This is too long for a dialog. It is being uploaded as a file…".to_owned())?);
            modal("Review", request, blocks)
        }
        FileOffer::Unavailable(why) => {
            blocks.push(say(format!(
                "This is too long for a dialog, and it could not be uploaded as a file: {}. \
                 It cannot be approved here without being seen whole; it can be denied, or answered at the terminal.",
                elide_line(why, 500)
            ))?);
            modal("Review", request, blocks)
        }
        FileOffer::At(url) => {
            blocks.push(say(format!(
                "This is too long for a dialog. The whole is in this file: {}",
                elide_line(url, 2000)
            ))?);
            blocks.push(digest_input()?);
            modal("Review", request, blocks)?.callback_id(ids::REVIEW_MODAL)?.submit("Approve")
        }
    }
}

fn digest_input() -> Result<Block, LimitError> {
    let element = PlainTextInput::line(ids::DIGEST)?.length(FILE_DIGITS, 64)?;
    let hint = format!("The file's last line holds it: at least the first {FILE_DIGITS} digits.");
    Ok(Input::new("Digest of what you have read", element)?.hint(hint)?.block_id(ids::DIGEST)?.into())
}

/// Whether `typed` proves that the end of the file was seen.
pub(crate) fn digest_matches(request: &Request, typed: &str) -> bool {
    let typed = typed.trim().to_ascii_lowercase();
    typed.len() >= FILE_DIGITS && request.digest.to_string().starts_with(&typed)
}

/// The whole content as a text file, ending with the digest that has to be typed.
pub fn review_file(request: &Request) -> String {
    use std::fmt::Write as _;
    let content = Content::of(request);
    let mut file = format!("{}\n", content.title);
    for field in content.place.iter().chain(&content.fields) {
        // Writing to a String cannot fail.
        let _ = writeln!(file, "\n{}:", field.label.replace('\n', " "));
        // Behind a bar, so that no content can pose as a label or as the end.
        for line in field.text.split('\n') {
            let _ = writeln!(file, "| {line}");
        }
    }
    let digits: String = request.digest.to_string();
    let _ = write!(file, "\nThat was everything.\nDigest: {digits}\n");
    file
}

/// The modal that asks why.
pub fn deny_modal(request: &Request) -> Result<View, RenderError> {
    let draw = || -> Result<View, LimitError> {
        let title = Content::of(request).title;
        let reason = PlainTextInput::area(ids::REASON)?.length(0, MAX_REASON_CHARS)?.focus_on_load();
        let mut input = Input::new("Reason", reason)?
            .hint("The agent is told. It may try something else.")?
            .block_id(ids::REASON)?;
        if !request.policy.reason_required {
            input = input.optional();
        }
        let blocks =
            vec![Section::new(PlainText::new(elide_line(&title, 150)))?.into(), input.into(), digest_line(request)?];
        modal("Deny", request, blocks)?.callback_id(ids::DENY_MODAL)?.submit("Deny")
    };
    draw().map_err(|source| RenderError { request: request.id, source })
}

/// A modal that only says something: why a submission was not taken.
pub fn notice_modal(request: &Request, text: &str) -> Result<View, RenderError> {
    let draw = || -> Result<View, LimitError> {
        let blocks = vec![Section::new(PlainText::new(elide_line(text, 2000)))?.into(), digest_line(request)?];
        modal("Not taken", request, blocks)
    };
    draw().map_err(|source| RenderError { request: request.id, source })
}

/// A modal that only says something, about no request of ours.
pub fn plain_modal(text: &str) -> Option<View> {
    let blocks = vec![Section::new(PlainText::new(elide_line(text, 2000))).ok()?.into()];
    View::modal("Not taken", blocks).ok()?.close("Close").ok()
}

fn digest_line(request: &Request) -> Result<Block, LimitError> {
    let digest = PlainText::new(format!("Digest {}", request.digest.short()));
    Ok(Context::new(vec![ContextElement::from(digest)])?.into())
}

fn modal(title: &str, request: &Request, blocks: Vec<Block>) -> Result<View, LimitError> {
    View::modal(title, blocks)?.close("Close")?.private_metadata(request.token.to_string())
}
