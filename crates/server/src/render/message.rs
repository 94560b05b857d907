//! The message that shows a request, in every state.

use countersign_approval::{Combine, PersonId, Request, Timestamp, port::Dossier};
use countersign_slack::blocks::{
    Actions, Block, Button, ButtonStyle, Context, ContextElement, Element, Header, LimitError, ListStyle, Mrkdwn,
    PlainText, RichElement, RichItem, RichPart, RichText, Style,
};

use super::{
    RenderError,
    content::{Content, Field},
    elide::{Elided, elide},
    ids,
    standing::{Standing, Standings},
    status::{Note, Status, is_a_persons, name, status},
    visible,
};

/// Characters of content that a message shows. Slack folds longer messages behind "See more", where nobody looks.
const MESSAGE_CHARS: usize = 2800;

/// Lines of content that a message shows: about two screens of a phone.
const MESSAGE_LINES: usize = 60;

/// Fields that a message shows.
const MESSAGE_FIELDS: usize = 20;

/// Characters of one line about the place, e.g. the directory.
const PLACE_CHARS: usize = 200;

/// Groups of approvers that a message names.
const GROUPS_SHOWN: usize = 20;

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
    content_parts(&Content::of(request)).1
}

fn draw(dossier: &Dossier) -> Result<Message, LimitError> {
    let request = &dossier.request;
    let content = Content::of(request);
    let (parts, left_out) = content_parts(&content);
    let title = elide_line(&content.title, TITLE_CHARS);
    let mut blocks: Vec<Block> =
        vec![Header::new(title.as_str())?.into(), RichText::new(parts)?.block_id("content")?.into()];
    if is_a_persons(&request.subject) {
        blocks.push(people_block(dossier)?.into());
    }
    blocks.push(digest_line(request)?.into());
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
    let mut buttons: Vec<Element> = vec![first.into(), deny.into(), deny_why.into()];
    if is_a_persons(&request.subject) {
        buttons.push(button(ids::OPEN, "Open…")?.into());
    }
    Actions::new(buttons)?.block_id("decide")
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
        parts.push(RichPart::section(note_elements(note)));
    }
    RichText::new(parts)?.block_id("status")
}

fn note_elements(note: &Note) -> Vec<RichElement> {
    let mut elements = vec![RichElement::text(or_blank(&elide_line(&note.text, 500)))];
    elements.extend(note.at.map(moment));
    elements
}

/// A moment, in each reader's own time zone.
fn moment(at: Timestamp) -> RichElement {
    let timestamp = u64::try_from(at.as_secs()).unwrap_or_default();
    let fallback = jiff::Timestamp::from_second(at.as_secs()).ok().map(|at| at.to_string());
    RichElement::Date { timestamp, format: "{date_short_pretty} {time_secs}".to_owned(), fallback }
}

/// Who asks, who has agreed, and who still has to.
fn people_block(dossier: &Dossier) -> Result<RichText, LimitError> {
    let standings = Standings::of(dossier);
    let mut parts = Vec::new();
    if let Some(requester) = dossier.request.requester.person() {
        parts.push(RichPart::section(vec![
            RichElement::styled("Asked by ", Style::BOLD),
            RichElement::text(elide_line(&requester_text(dossier, requester), 200)),
        ]));
    }
    let heading = match (standings.each.len(), standings.combine) {
        (0 | 1, _) => "Has to agree",
        (_, Combine::AllOf) => "All of these have to agree",
        (_, Combine::AnyOf) => "One of these has to agree",
    };
    parts.push(RichPart::section(vec![RichElement::styled(heading, Style::BOLD)]));
    let shown = standings.each.iter().take(GROUPS_SHOWN);
    let mut items: Vec<RichItem> = shown.map(|standing| RichItem::new(standing_elements(standing))).collect();
    if let Some(more) = standings.each.len().checked_sub(GROUPS_SHOWN).filter(|more| *more > 0) {
        items.push(RichItem::new(vec![RichElement::text(format!("and {more} more"))]));
    }
    let (needed, have) = standings.people;
    if needed > 1 {
        items.push(RichItem::new(vec![RichElement::text(format!("{needed} different people in all; {have} so far"))]));
    }
    parts.push(RichPart::list(ListStyle::Bullet, items));
    RichText::new(parts)?.block_id("people")
}

/// The requester's name and e-mail address.
fn requester_text(dossier: &Dossier, requester: &PersonId) -> String {
    let called = name(&dossier.people, requester);
    if called == visible(requester.as_str()) { called } else { format!("{called} ({})", visible(requester.as_str())) }
}

fn standing_elements(standing: &Standing) -> Vec<RichElement> {
    let missing = standing.missing();
    let sign = if missing == 0 { "✅ " } else { "⬜ " };
    let mut elements =
        vec![RichElement::text(sign), RichElement::styled(or_blank(&elide_line(&standing.who, 100)), Style::BOLD)];
    if !standing.agreed.is_empty() {
        let names = elide_line(&standing.agreed.join(", "), 300);
        elements.push(RichElement::text(format!(": {names}")));
    }
    if missing > 0 {
        let gap = if standing.agreed.is_empty() { ": " } else { "; " };
        let more = if standing.agreed.is_empty() { "" } else { " more" };
        elements.push(RichElement::text(format!("{gap}{missing}{more} needed")));
    }
    elements
}

fn ended_line(at: Timestamp) -> Result<Context, LimitError> {
    Context::new(vec![ContextElement::from(Mrkdwn::trusted(slack_date(at)))])
}
