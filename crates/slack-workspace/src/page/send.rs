//! What a person does on the page, as forms.

use axum::Form;
use axum::extract::State as Shared;
use axum::http::HeaderValue;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::answers::{self, Fields, Press, field_name};
use super::confirm::{confirm_body, confirm_class, confirm_word};
use super::json::items;
use super::message::{problem, unanswered};
use super::modal::Refused;
use super::shell;
use super::visit::{Outcome, Visit, Wants, known_theme};
use crate::Workspace;
use crate::model::{Ts, UserId, ViewId};
use crate::person::{Answer, Click, Closing, Invocation, NewMessage, PersonError, Submission, Surface};

/// A form's fields, in order.
type Pairs = Form<Vec<(String, String)>>;

/// `POST …/post`: a message, or a slash command.
pub(super) async fn post(Shared(workspace): Shared<Workspace>, visit: Visit, Form(pairs): Pairs) -> Response {
    let fields = Fields::new(pairs);
    let text = fields.get("text").unwrap_or_default().trim_end().replace("\r\n", "\n");
    let outcome = match command(&text) {
        Some((name, rest)) => {
            let place = &visit.place;
            let invocation = Invocation {
                user: place.user.clone(),
                channel: place.channel.clone(),
                command: name.to_owned(),
                text: rest.to_owned(),
            };
            told(workspace.command(invocation).await)
        }
        None => said(&workspace, &visit, &fields, text),
    };
    visit.finish(&workspace, outcome)
}

/// The name and the rest of a slash command.
fn command(text: &str) -> Option<(&str, &str)> {
    let line = text.strip_prefix('/')?;
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    // A path such as /etc/hosts is no command.
    (!name.is_empty() && !name.contains('/')).then(|| (name, rest.trim()))
}

fn said(workspace: &Workspace, visit: &Visit, fields: &Fields, text: String) -> Outcome {
    if text.trim().is_empty() {
        return Outcome::done();
    }
    let message = NewMessage {
        user: visit.place.user.clone(),
        channel: visit.place.channel.clone(),
        text,
        thread_ts: fields.get("thread_ts").and_then(Ts::parse),
    };
    match workspace.post_message(message) {
        Ok(_) => Outcome::done(),
        Err(error) => failed(&error),
    }
}

/// `POST …/act`: a button, a menu or a choice in a message.
pub(super) async fn act(Shared(workspace): Shared<Workspace>, visit: Visit, Form(pairs): Pairs) -> Response {
    let fields = Fields::new(pairs);
    let place = &visit.place;
    let ts = fields.get("ts").and_then(Ts::parse);
    let seen = ts.and_then(|ts| {
        workspace.read(|state| {
            let seen = state.message_seen_by(&place.user, place.channel.as_str(), ts);
            seen.map(|(message, _)| message.clone())
        })
    });
    let (Some(ts), Some(message)) = (ts, seen) else {
        let note = problem("This message is gone: the app deleted or replaced it.");
        return visit.finish(&workspace, Outcome::note(note));
    };
    let attached = items(message.body(), "attachments").iter().flat_map(|one| items(one, "blocks"));
    let blocks: Vec<Value> = message.blocks().iter().chain(attached).cloned().collect();
    let surface = Surface::Message { channel: place.channel.clone(), ts };
    match pressed(&visit, &blocks, &fields, "/act") {
        Pressed::Ask(page) => page,
        Pressed::Nothing => {
            visit.finish(&workspace, Outcome::note(problem("This button is gone: the message has changed.")))
        }
        Pressed::Click(press, value) => {
            enter_in_message(&workspace, &place.user, &surface, answers::state(&blocks, &fields));
            let answer = workspace.click(click(&place.user, surface, press, value)).await;
            visit.finish(&workspace, told(answer))
        }
    }
}

/// Remembers what stands in a message's inputs, so that the app hears of it with the click.
fn enter_in_message(workspace: &Workspace, user: &UserId, surface: &Surface, values: Map<String, Value>) {
    if let (Surface::Message { channel, ts }, false) = (surface, values.is_empty()) {
        let key = (user.clone(), channel.clone(), *ts);
        workspace.update(|state, _| state.inputs.insert(key, values));
    }
}

/// `POST …/view`: a modal is submitted, or something in it acts.
pub(super) async fn view(Shared(workspace): Shared<Workspace>, visit: Visit, Form(pairs): Pairs) -> Response {
    let fields = Fields::new(pairs);
    let view_id = ViewId::from(fields.get("view_id").unwrap_or_default().to_owned());
    let user = visit.place.user.clone();
    let blocks = workspace.read(|state| {
        let view = state.views(&user).iter().find(|view| view.id == view_id);
        view.map(|view| view.blocks().to_vec())
    });
    let Some(blocks) = blocks else {
        return visit.finish(&workspace, Outcome::note(problem("This window was closed by the app.")));
    };
    let values = answers::state(&blocks, &fields);
    if fields.get("press").or(fields.get("confirmed")).is_none() {
        let submission = Submission { user, view_id, values: values.clone() };
        let answer = workspace.submit_view(submission).await;
        return visit.finish(&workspace, submitted(answer, values));
    }
    match pressed(&visit, &blocks, &fields, "/view") {
        Pressed::Ask(page) => page,
        Pressed::Nothing => {
            visit.finish(&workspace, Outcome::note(problem("This button is gone: the window has changed.")))
        }
        Pressed::Click(press, value) => {
            workspace.update(|state, _| state.enter(&user, view_id.as_str(), values));
            let surface = Surface::View { view_id };
            let answer = workspace.click(click(&user, surface, press, value)).await;
            visit.finish(&workspace, told(answer))
        }
    }
}

/// `POST …/close`: a modal is closed.
pub(super) async fn close(Shared(workspace): Shared<Workspace>, visit: Visit, Form(pairs): Pairs) -> Response {
    let fields = Fields::new(pairs);
    let view_id = fields.get("view_id").map(|id| ViewId::from(id.to_owned()));
    // A window that is gone already is closed: there is nothing to say.
    let _ = workspace.close_view(&visit.place.user, view_id.as_ref(), Closing::Top).await;
    visit.finish(&workspace, Outcome::done())
}

/// `POST …/open`: the direct message with somebody.
pub(super) async fn open(Shared(workspace): Shared<Workspace>, visit: Visit, Form(pairs): Pairs) -> Response {
    let fields = Fields::new(pairs);
    let with = UserId::from(fields.get("user").unwrap_or_default().to_owned());
    match workspace.open_im(&visit.place.user, &with) {
        Ok(im) => Redirect::to(&visit.place.at(&im)).into_response(),
        Err(error) => visit.finish(&workspace, failed(&error)),
    }
}

/// `POST …/join`: a public channel.
pub(super) async fn join(Shared(workspace): Shared<Workspace>, visit: Visit) -> Response {
    let joined = workspace.update(|state, now| state.join(visit.place.channel.as_str(), &visit.place.user, now));
    let outcome = match joined {
        Ok(_) => Outcome::done(),
        Err(error) => failed(&error.into()),
    };
    visit.finish(&workspace, outcome)
}

/// `POST …/theme`: the colours, kept in a cookie.
pub(super) async fn theme(visit: Visit, Form(pairs): Pairs) -> Response {
    let fields = Fields::new(pairs);
    let theme = known_theme(fields.get("theme").unwrap_or_default());
    let cookie = format!("countersign_theme={theme}; Path=/; Max-Age=31536000; SameSite=Strict");
    let mut response = Redirect::to(&visit.place.path()).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

/// What a form that acts asks for.
enum Pressed {
    Click(Press, Option<Value>),
    /// The person has to confirm first.
    Ask(Response),
    Nothing,
}

fn pressed(visit: &Visit, blocks: &[Value], fields: &Fields, verb: &str) -> Pressed {
    let confirmed = fields.get("confirmed").and_then(Press::parse);
    let is_confirmed = confirmed.is_some();
    let Some(press) = confirmed.or_else(|| fields.get("press").and_then(Press::parse)) else {
        return Pressed::Nothing;
    };
    let Some(element) = answers::find(blocks, &press) else {
        return Pressed::Nothing;
    };
    if !is_confirmed && element.get("confirm").is_some_and(Value::is_object) {
        return Pressed::Ask(confirmation(visit, element, fields, verb));
    }
    let name = field_name(&press.block_id, &press.action_id);
    let chosen = press.option.clone().map(Value::String);
    let value = chosen.or_else(|| answers::answer(element, &name, fields));
    Pressed::Click(press, value)
}

/// The question that the script would have asked on the page itself.
fn confirmation(visit: &Visit, element: &Value, fields: &Fields, verb: &str) -> Response {
    if visit.wants == Wants::Fragment {
        return axum::Json(serde_json::json!({"note": problem("This has to be confirmed first.").0})).into_response();
    }
    let press = fields.get("press").unwrap_or_default();
    let inner = html! {
        (confirm_body(element, "ask"))
        form method="post" action=(visit.place.path_to(verb)) {
            @for (name, value) in fields.pairs().filter(|(name, _)| *name != "press") {
                input type="hidden" name=(name) value=(value);
            }
            div.dialog-foot {
                a.btn href=(visit.place.path()) { (confirm_word(element, "deny", "Cancel")) }
                button.(confirm_class(element)) type="submit" name="confirmed" value=(press) { (confirm_word(element, "confirm", "Yes")) }
            }
        }
    };
    shell::bare("Confirm", visit.theme, &inner)
}

fn click(user: &UserId, surface: Surface, press: Press, value: Option<Value>) -> Click {
    Click { user: user.clone(), surface, action_id: press.action_id, block_id: Some(press.block_id), value }
}

fn failed(error: &PersonError) -> Outcome {
    let what = error.to_string();
    let mut letters = what.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    Outcome::note(problem(&format!("{first}{}.", letters.as_str())))
}

/// What is told after something was sent to an app.
fn told(answer: Result<Answer, PersonError>) -> Outcome {
    match answer {
        Ok(answer) => silence(&answer).map_or_else(Outcome::done, Outcome::note),
        Err(error) => failed(&error),
    }
}

fn silence(answer: &Answer) -> Option<Markup> {
    // An app without a connection is not waited for.
    (!answer.acked).then(|| unanswered(answer.ack_ms > 0))
}

fn submitted(answer: Result<Answer, PersonError>, values: Map<String, Value>) -> Outcome {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return failed(&error),
    };
    match &answer.errors {
        Some(errors) => {
            let errors = errors
                .iter()
                .map(|(block, error)| (block.clone(), error.as_str().unwrap_or("This is not accepted.").to_owned()))
                .collect();
            Outcome { note: None, refused: Some(Refused { values: Some(values), errors, note: None }) }
        }
        None if answer.acked => Outcome::done(),
        None => {
            let note = silence(&answer);
            let refused = Refused { values: Some(values), note: note.clone(), ..Refused::default() };
            Outcome { note, refused: Some(refused) }
        }
    }
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
