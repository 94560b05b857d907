//! What is said around a request's own message: to its requester, and in the message's thread.

use countersign_approval::{Grant, RequestState, Subject, port::Dossier};
use countersign_slack::blocks::{Block, Context, ContextElement, LimitError, Mrkdwn, PlainText, Section};

use super::{
    Message, RenderError,
    content::Content,
    message::elide_line,
    status::{Status, grant_note, status},
};

/// Characters of a title in a notice.
const TITLE_CHARS: usize = 200;

/// What its requester is told once a request is decided, and again as it goes on. `None` while it is open.
pub fn notice(dossier: &Dossier) -> Option<Result<Message, RenderError>> {
    let status = status(dossier)?;
    Some(told(dossier, &status).map_err(|source| RenderError { request: dossier.request.id, source }))
}

fn told(dossier: &Dossier, status: &Status) -> Result<Message, LimitError> {
    let title = elide_line(&Content::of(&dossier.request).title, TITLE_CHARS);
    let mut lines = vec![format!("{}{}", status.word, status.more)];
    lines.extend(status.reason.as_ref().map(|reason| format!("“{}”", elide_line(reason, 500))));
    lines.extend(status.note.as_ref().filter(|note| note.at.is_none()).map(|note| note.text.clone()));
    lines.extend(next_step(dossier));
    said(dossier, &title, &lines)
}

/// What the requester can do now.
fn next_step(dossier: &Dossier) -> Option<String> {
    let id = dossier.request.id;
    match (&dossier.request.subject, dossier.grant.as_ref()?) {
        (Subject::Command(command), Grant::Issued { .. }) => {
            Some(format!("If you no longer wait for it: countersign exec {} --resume {id}", command.connection))
        }
        (Subject::Access(access), Grant::Active { .. }) => {
            Some(format!("Your access has begun: countersign connect {}", access.connection))
        }
        _ => None,
    }
}

/// What is said in a message's thread when something was done with an approval. `None` as long as nothing was.
pub fn ran_notice(dossier: &Dossier) -> Option<Result<Message, RenderError>> {
    let is_approved = matches!(dossier.request.state, RequestState::Approved { .. });
    let grant = dossier.grant.as_ref().filter(|_| is_approved)?;
    if !is_over(grant) {
        return None;
    }
    let note = grant_note(&dossier.request.subject, grant)?;
    let title = elide_line(&Content::of(&dossier.request).title, TITLE_CHARS);
    Some(said(dossier, &title, &[note.text]).map_err(|source| RenderError { request: dossier.request.id, source }))
}

fn is_over(grant: &Grant) -> bool {
    match grant {
        Grant::Issued { .. } | Grant::Active { .. } | Grant::Claimed { .. } => false,
        Grant::Finished { .. }
        | Grant::Unknown { .. }
        | Grant::Ended { .. }
        | Grant::Lapsed { .. }
        | Grant::Revoked { .. } => true,
    }
}

fn said(dossier: &Dossier, title: &str, lines: &[String]) -> Result<Message, LimitError> {
    let request = &dossier.request;
    let first = lines.first().map_or("", String::as_str);
    let marks = format!("Request {} · Digest {}", request.id.short(), request.digest.short());
    let blocks: Vec<Block> = vec![
        Section::new(PlainText::new(elide_lines(lines)))?.into(),
        Context::new(vec![ContextElement::from(PlainText::new(title)), ContextElement::from(PlainText::new(marks))])?
            .into(),
    ];
    Ok(Message { text: Mrkdwn::text(&format!("{}: {title}", elide_line(first, 300))), blocks, left_out: 0 })
}

/// Lines that fit a section, each shortened.
fn elide_lines(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| elide_line(line, 600)).collect();
    lines.join("\n")
}
