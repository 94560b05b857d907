//! What a person does with messages: write, react, change, keep.

use axum::response::Response;

use super::answers::Fields;
use super::message::problem;
use super::send::{done, failed, told};
use super::sent::Sent;
use super::visit::{Outcome, Visit};
use crate::model::{AppId, FileId, Ts};
use crate::person::{Extras, Invocation, NewMessage, PersonError, Pinning, Reacting, Shortcut};

/// `POST …/post`: a message, or a slash command.
pub(super) async fn post(visit: Visit, sent: Sent) -> Response {
    let text = sent.fields.get("text").unwrap_or_default().trim_end().to_owned();
    let outcome = match command(&text).filter(|_| sent.files.is_empty()) {
        Some((name, rest)) => {
            let place = &visit.place;
            let invocation = Invocation {
                user: place.user.clone(),
                channel: place.channel.clone(),
                command: name.to_owned(),
                text: rest.to_owned(),
            };
            told(visit.workspace.command(invocation).await)
        }
        None => said(&visit, sent, text),
    };
    visit.finish(outcome)
}

/// The name and the rest of a slash command.
fn command(text: &str) -> Option<(&str, &str)> {
    let line = text.strip_prefix('/')?;
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    // A path such as /etc/hosts is no command.
    (!name.is_empty() && !name.contains('/')).then(|| (name, rest.trim()))
}

fn said(visit: &Visit, sent: Sent, text: String) -> Outcome {
    if text.trim().is_empty() && sent.files.is_empty() {
        return Outcome::done();
    }
    let user = visit.place.user.clone();
    let app: AppId = visit.workspace.ready().app_id;
    let kept: Result<Vec<FileId>, PersonError> =
        sent.files.into_iter().map(|file| visit.workspace.upload_file(&user, &app, &file.name, file.content)).collect();
    let files = match kept {
        Ok(files) => files,
        Err(error) => return failed(&error),
    };
    let thread_ts = sent.fields.get("thread_ts").and_then(Ts::parse);
    let broadcast = thread_ts.is_some() && sent.fields.get("broadcast").is_some();
    let message = NewMessage { user, channel: visit.place.channel.clone(), text, thread_ts };
    done(visit.workspace.post_message_with(message, Extras { broadcast, files }).map(drop))
}

/// The message a form is about.
fn about(visit: &Visit, fields: &Fields, deed: impl FnOnce(Ts) -> Result<(), PersonError>) -> Outcome {
    let seen = |ts: &Ts| {
        let place = &visit.place;
        visit.workspace.read(|state| state.message_seen_by(&place.user, place.channel.as_str(), *ts).is_some())
    };
    match fields.get("ts").and_then(Ts::parse).filter(seen) {
        Some(ts) => done(deed(ts)),
        None => Outcome::note(problem("This message is gone.")),
    }
}

/// `POST …/react`: an emoji is put below a message, or taken away.
pub(super) async fn react(visit: Visit, sent: Sent) -> Response {
    let place = &visit.place;
    let name = |field: &str| sent.fields.get(field).map(|name| name.trim().trim_matches(':').to_owned());
    let outcome = about(&visit, &sent.fields, |ts| {
        let (name, reacting) = match (name("add"), name("remove")) {
            (_, Some(name)) => (name, Reacting::Remove),
            (name, None) => (name.unwrap_or_default(), Reacting::Add),
        };
        match visit.workspace.react(&place.user, (&place.channel, ts), &name, reacting) {
            // Two tabs may press the same button: what was wanted is so.
            Err(error) if matches!(error.code, "already_reacted" | "no_reaction") => Ok(()),
            result => result,
        }
    });
    visit.finish(outcome)
}

/// `POST …/edit`.
pub(super) async fn edit(visit: Visit, sent: Sent) -> Response {
    let place = &visit.place;
    let text = sent.fields.get("text").unwrap_or_default().trim_end().to_owned();
    let of = |ts| visit.workspace.edit_message(&place.user, (&place.channel, ts), &text);
    let outcome = about(&visit, &sent.fields, of);
    visit.finish(outcome)
}

/// `POST …/delete`.
pub(super) async fn delete(visit: Visit, sent: Sent) -> Response {
    let place = &visit.place;
    let of = |ts| visit.workspace.delete_message(&place.user, (&place.channel, ts));
    let outcome = about(&visit, &sent.fields, of);
    visit.finish(outcome)
}

/// `POST …/dismiss`: a message that only this person sees goes.
pub(super) async fn dismiss(visit: Visit, sent: Sent) -> Response {
    let place = &visit.place;
    let of = |ts| visit.workspace.dismiss_message(&place.user, (&place.channel, ts));
    let outcome = about(&visit, &sent.fields, of);
    visit.finish(outcome)
}

/// `POST …/pin`, also to take a pin off.
pub(super) async fn pin(visit: Visit, sent: Sent) -> Response {
    let place = &visit.place;
    let pinning = if sent.fields.get("off").is_some() { Pinning::Unpin } else { Pinning::Pin };
    let of = |ts| visit.workspace.pin_message(&place.user, (&place.channel, ts), pinning);
    let outcome = about(&visit, &sent.fields, of);
    visit.finish(outcome)
}

/// `POST …/read`: everything up to a message was read.
pub(super) async fn read(visit: Visit, sent: Sent) -> Response {
    let outcome = match sent.fields.get("ts").and_then(Ts::parse) {
        Some(ts) => done(visit.workspace.mark_read(&visit.place.user, &visit.place.channel, ts)),
        None => Outcome::done(),
    };
    visit.finish(outcome)
}

/// `POST …/shortcut`: a shortcut is chosen, on a message or anywhere.
pub(super) async fn shortcut(visit: Visit, sent: Sent) -> Response {
    let place = &visit.place;
    let message = sent.fields.get("ts").and_then(Ts::parse).map(|ts| (place.channel.clone(), ts));
    let callback_id = sent.fields.get("callback_id").unwrap_or_default().trim().to_owned();
    if callback_id.is_empty() {
        return visit.finish(Outcome::note(problem("A shortcut needs its callback_id.")));
    }
    let app = sent.fields.get("app").map(|id| AppId::from(id.to_owned()));
    let chosen = Shortcut { user: place.user.clone(), callback_id, app, message };
    let answer = visit.workspace.shortcut(chosen).await;
    visit.finish(told(answer))
}

/// `POST …/again`: a line of the developer pane is done once more.
pub(super) async fn again(visit: Visit, sent: Sent) -> Response {
    let seq = sent.fields.get("seq").and_then(|seq| seq.parse().ok()).unwrap_or_default();
    let answer = visit.workspace.again(seq).await;
    visit.finish(told(answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_begins_a_command_unless_it_is_a_path() {
        assert_eq!(command("/deploy now please "), Some(("deploy", "now please")));
        assert_eq!(command("/help"), Some(("help", "")));
        for text in ["hello /deploy", "/", "/etc/hosts is missing", "// comment"] {
            assert_eq!(command(text), None, "{text}");
        }
    }
}
