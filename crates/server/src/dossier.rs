//! A request as people are to see it.

use std::borrow::Cow;

use countersign_approval::{Blob, Request, RequestId, StoreError, Subject, port::Dossier};
use regex::bytes::Regex;

use crate::core::Core;

/// A request with everything that is shown of it: with its requester, and without what nobody is to read in Slack.
pub(crate) async fn read(core: &Core, id: RequestId) -> Result<Option<Dossier>, StoreError> {
    let Some(mut dossier) = core.approvals().store().dossier(id).await? else { return Ok(None) };
    if let Some(person) = dossier.request.requester.person()
        && dossier.people.iter().all(|known| known.id != *person)
        && let Some(requester) = core.approvals().store().person(person).await?
    {
        dossier.people.push(requester);
    }
    dossier.request = shown(core, dossier.request);
    Ok(Some(dossier))
}

/// The request without what nobody is to read in Slack. Its digest stays that of the whole.
pub(crate) fn shown(core: &Core, mut request: Request) -> Request {
    let redactions = core.gateway().map(|gateway| gateway.settings().redactions.as_slice()).unwrap_or_default();
    if !redactions.is_empty() {
        redact(&mut request.subject, redactions);
    }
    request
}

/// Takes out of the texts that a requester chose what matches.
pub(crate) fn redact(subject: &mut Subject, redactions: &[Regex]) {
    match subject {
        Subject::Command(command) => {
            redact_all(&mut command.argv, redactions);
            if let Some(input) = redacted(command.input.as_bytes(), redactions) {
                command.input = Blob::from(input);
            }
        }
        Subject::Local(local) => redact_all(&mut local.argv, redactions),
        _ => {}
    }
}

fn redact_all(argv: &mut [String], redactions: &[Regex]) {
    for argument in argv {
        if let Some(redacted) = redacted(argument.as_bytes(), redactions) {
            *argument = String::from_utf8_lossy(&redacted).into_owned();
        }
    }
}

/// The text with a mark in each place that matches; `None` when nothing does.
fn redacted(text: &[u8], redactions: &[Regex]) -> Option<Vec<u8>> {
    let mut changed = None::<Vec<u8>>;
    for redaction in redactions {
        let now = changed.as_deref().unwrap_or(text);
        let mark = |found: &regex::bytes::Captures<'_>| {
            let bytes = found.get(0).map_or(0, |found| found.len());
            format!("⟦redacted: {bytes} bytes⟧").into_bytes()
        };
        if let Cow::Owned(replaced) = redaction.replace_all(now, mark) {
            changed = Some(replaced);
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matches_is_marked_and_counted() {
        let redactions = [Regex::new("hunter[0-9]+").unwrap(), Regex::new("(?i)token=[^ ]*").unwrap()];
        let text = redacted(b"login -p hunter22 TOKEN=abc", &redactions).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), "login -p ⟦redacted: 8 bytes⟧ ⟦redacted: 9 bytes⟧");
        assert_eq!(redacted(b"ls", &redactions), None);
    }
}
