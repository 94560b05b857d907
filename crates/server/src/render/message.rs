//! The message that shows a request, in every state.

use countersign_approval::{Request, Timestamp, port::Dossier};
use countersign_slack::blocks::{
    Actions, Block, Button, ButtonStyle, Context, ContextElement, Header, LimitError, Mrkdwn, PlainText, RichElement,
    RichPart, RichText, Style,
};

use super::{
    RenderError,
    content::{Content, Field},
    elide::{Elided, elide},
    ids,
    status::{Status, status},
};

/// Characters of content that a message shows. Slack folds longer messages behind "See more", where nobody looks.
const MESSAGE_CHARS: usize = 2800;

/// Lines of content that a message shows: about two screens of a phone.
const MESSAGE_LINES: usize = 60;

/// Fields that a message shows.
const MESSAGE_FIELDS: usize = 20;

/// Characters of one line about the place, e.g. the directory.
const PLACE_CHARS: usize = 200;

/// Slack's limit for a header is 150; a title has to be read at a glance.
const TITLE_CHARS: usize = 120;

/// A message for Slack: the fallback text of notifications, and blocks.
#[derive(Clone, Debug)]
pub struct Message {
    /// What notifications and screen readers say, in Slack's markup.
    pub text: Mrkdwn,
    /// What is shown.
    pub blocks: Vec<Block>,
    /// Characters of content that are not shown; then *Review…* stands where Approve would.
    pub left_out: usize,
}

/// The message of a request as it stands.
pub fn message(dossier: &Dossier) -> Result<Message, RenderError> {
    draw(dossier).map_err(|source| RenderError { request: dossier.request.id, source })
}

/// Characters of a request's content that its message does not show.
pub(crate) fn left_out(request: &Request) -> usize {
    content_parts(&Content::of(&request.subject)).1
}

fn draw(dossier: &Dossier) -> Result<Message, LimitError> {
    let request = &dossier.request;
    let content = Content::of(&request.subject);
    let (parts, left_out) = content_parts(&content);
    let title = elide_line(&content.title, TITLE_CHARS);
    let mut blocks: Vec<Block> = vec![
        Header::new(title.as_str())?.into(),
        RichText::new(parts)?.block_id("content")?.into(),
        digest_line(request)?.into(),
    ];
    let text = if let Some(status) = status(dossier) {
        blocks.push(status_block(&status)?.into());
        blocks.push(ended_line(status.at)?.into());
        Mrkdwn::text(&format!("{}{}: {title}", status.word, status.more))
    } else {
        blocks.push(buttons(request, left_out)?.into());
        Mrkdwn::text(&format!("Approval needed: {title}"))
    };
    Ok(Message { text, blocks, left_out })
}

/// The content within the message's bounds, and how many characters are left out.
fn content_parts(content: &Content) -> (Vec<RichPart>, usize) {
    let mut left_out = 0;
    let mut parts = Vec::new();
    let shown = content.fields.iter().take(MESSAGE_FIELDS);
    let allowances = allowances(&content.fields);
    for (field, allowance) in shown.zip(allowances) {
        let label = elide_line(&field.label, 60);
        // A single field, or the leading one, speaks for itself.
        if !parts.is_empty() || label != "command" {
            parts.push(RichPart::section(vec![RichElement::styled(or_blank(&label), Style::BOLD)]));
        }
        let Elided { text, left_out: more } = elide(&field.text, allowance, MESSAGE_LINES);
        left_out += more + hidden_label(&field.label, &label);
        parts.push(RichPart::preformatted(or_blank(&text)));
    }
    for field in content.fields.iter().skip(MESSAGE_FIELDS) {
        left_out += field.label.chars().count() + field.text.chars().count();
    }
    let (place, hidden) = place_part(&content.place);
    left_out += hidden;
    parts.extend(place);
    if left_out > 0 {
        let note = format!("{left_out} characters are not shown here. Review shows everything.");
        parts.push(RichPart::section(vec![RichElement::styled(note, Style::BOLD)]));
    }
    (parts, left_out)
}

/// The place on one line, and how many of its characters are left out.
fn place_part(place: &[Field]) -> (Option<RichPart>, usize) {
    let mut left_out = 0;
    let mut elements = Vec::new();
    for field in place {
        let text = elide_line(&field.text, PLACE_CHARS);
        left_out += hidden_label(&field.text, &text);
        let gap = if elements.is_empty() { "" } else { "   " };
        elements.push(RichElement::text(format!("{gap}{} ", field.label)));
        elements.push(RichElement::styled(or_blank(&text), Style::CODE));
    }
    ((!elements.is_empty()).then(|| RichPart::section(elements)), left_out)
}

/// What each field may take of the message: short ones what they need, long ones an equal share of the rest.
fn allowances(fields: &[Field]) -> Vec<usize> {
    let lengths: Vec<usize> = fields.iter().take(MESSAGE_FIELDS).map(|field| field.text.chars().count()).collect();
    let mut by_length: Vec<usize> = lengths.clone();
    by_length.sort_unstable();
    let mut budget = MESSAGE_CHARS;
    let mut share = MESSAGE_CHARS;
    for (index, length) in by_length.iter().enumerate() {
        share = budget / (by_length.len() - index);
        if *length > share {
            break;
        }
        budget -= length;
    }
    lengths.into_iter().map(|length| length.min(share.max(1))).collect()
}

/// One line, cut in the middle where it is too long.
pub(super) fn elide_line(text: &str, max_chars: usize) -> String {
    elide(text, max_chars, 1).text.replace('\n', " ")
}

/// Characters of the original that a shortened line does not show.
fn hidden_label(original: &str, shown: &str) -> usize {
    if original == shown { 0 } else { original.chars().count().saturating_sub(shown.chars().count()).max(1) }
}

/// Slack refuses empty texts.
pub(super) fn or_blank(text: &str) -> String {
    if text.is_empty() { "(empty)".to_owned() } else { text.to_owned() }
}

fn digest_line(request: &Request) -> Result<Context, LimitError> {
    let digest = PlainText::new(format!("Digest {}", request.digest.short()));
    let id = PlainText::new(format!("Request {}", request.id.short()));
    let until = Mrkdwn::trusted(format!("Open until {}", slack_date(request.expires_at)));
    let mut elements = vec![ContextElement::from(digest), ContextElement::from(id)];
    if !request.state.is_final() {
        elements.push(ContextElement::from(until));
    }
    Context::new(elements)
}

/// Slack writes the time in each reader's own time zone.
fn slack_date(at: Timestamp) -> String {
    let fallback = jiff::Timestamp::from_second(at.as_secs()).map(|at| at.to_string()).unwrap_or_default();
    format!("<!date^{}^{{date_short_pretty}} {{time_secs}}|{fallback}>", at.as_secs())
}

fn buttons(request: &Request, left_out: usize) -> Result<Actions, LimitError> {
    let button = |id: &str, text: &str| Button::new(id, text)?.value(request.token.to_string());
    let first = if left_out == 0 {
        button(ids::APPROVE, "Approve")?.style(ButtonStyle::Primary)
    } else {
        button(ids::REVIEW, "Review…")?.style(ButtonStyle::Primary)
    };
    let deny = button(ids::DENY, "Deny")?.style(ButtonStyle::Danger);
    let deny_why = button(ids::DENY_WHY, "Deny with reason…")?;
    Actions::new(vec![first.into(), deny.into(), deny_why.into()])?.block_id("decide")
}

fn status_block(status: &Status) -> Result<RichText, LimitError> {
    let mut parts = vec![RichPart::section(vec![
        RichElement::styled(status.word, Style::BOLD),
        RichElement::text(or_blank(&elide_line(&status.more, 500))),
    ])];
    if let Some(reason) = &status.reason {
        parts.push(RichPart::Quote { elements: vec![RichElement::text(or_blank(reason))] });
    }
    if let Some(note) = &status.note {
        parts.push(RichPart::section(vec![RichElement::text(elide_line(note, 500))]));
    }
    RichText::new(parts)?.block_id("status")
}

fn ended_line(at: Timestamp) -> Result<Context, LimitError> {
    Context::new(vec![ContextElement::from(Mrkdwn::trusted(slack_date(at)))])
}
