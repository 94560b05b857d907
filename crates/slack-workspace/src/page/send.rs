//! What a person does with the app's forms: messages, modals and Home tabs.

use axum::http::HeaderValue;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::answers::{self, Fields, Press, field_name};
use super::confirm::{confirm_body, confirm_class, confirm_word};
use super::filled::{fill, keep_files, suggest};
use super::json::items;
use super::message::{problem, unanswered};
use super::modal::Refused;
use super::sent::Sent;
use super::shell;
use super::visit::{Outcome, Visit, Wants, known_theme};
use crate::Workspace;
use crate::model::{AppId, Ts, UserId, ViewId};
use crate::person::{Answer, Click, Closing, PersonError, Submission, Surface};

/// `POST …/act`: a button, a menu or a choice in a message.
pub(super) async fn act(visit: Visit, mut sent: Sent) -> Response {
    let ts = sent.fields.get("ts").and_then(Ts::parse);
    let Some((surface, blocks, app)) = ts.and_then(|ts| in_message(&visit, ts)) else {
        return visit.finish(Outcome::note(problem("This message is gone: the app deleted or replaced it.")));
    };
    if let Err(error) = keep_files(&visit, app.as_ref(), &blocks, &mut sent) {
        return visit.finish(failed(&error));
    }
    let fields = &sent.fields;
    let values = fill(&visit.workspace, &visit.place.user, answers::state(&blocks, fields));
    if let Some(press) = fields.get("find").and_then(Press::parse) {
        enter_in_message(&visit.workspace, &visit.place.user, &surface, values);
        let outcome = suggest(&visit, surface, &press, fields).await;
        return visit.finish(outcome);
    }
    match pressed(&visit, &blocks, fields, "/act") {
        Pressed::Ask(page) => page,
        Pressed::Nothing => visit.finish(Outcome::note(problem("This button is gone: the message has changed."))),
        Pressed::Click(press, value) => {
            let value = value.map(|value| filled_value(&values, &press, value));
            enter_in_message(&visit.workspace, &visit.place.user, &surface, values);
            let answer = visit.workspace.click(click(&visit.place.user, surface, press, value)).await;
            visit.finish(told(answer))
        }
    }
}

type InMessage = (Surface, Vec<Value>, Option<AppId>);

/// A message the person sees: where it is, its blocks with those of its attachments, and whose it is.
pub(super) fn in_message(visit: &Visit, ts: Ts) -> Option<InMessage> {
    let place = &visit.place;
    let message = visit.workspace.read(|state| {
        let seen = state.message_seen_by(&place.user, place.channel.as_str(), ts);
        seen.map(|(message, _)| message.clone())
    })?;
    let attached = items(message.body(), "attachments").iter().flat_map(|one| items(one, "blocks"));
    let blocks: Vec<Value> = message.blocks().iter().chain(attached).cloned().collect();
    Some((Surface::Message { channel: place.channel.clone(), ts }, blocks, message.app))
}

/// Remembers what stands in a message's inputs, so that the app hears of it with the click.
fn enter_in_message(workspace: &Workspace, user: &UserId, surface: &Surface, values: Map<String, Value>) {
    if let (Surface::Message { channel, ts }, false) = (surface, values.is_empty()) {
        let key = (user.clone(), channel.clone(), *ts);
        workspace.update(|state, _| state.inputs.insert(key, values));
    }
}

/// `POST …/view`: a modal is submitted, or something in it or in a Home tab acts.
pub(super) async fn view(visit: Visit, mut sent: Sent) -> Response {
    let view_id = ViewId::from(sent.fields.get("view_id").unwrap_or_default().to_owned());
    let user = visit.place.user.clone();
    let found = visit.workspace.read(|state| {
        let view = state.open_view(&user, view_id.as_str())?;
        Some((view.blocks().to_vec(), view.app.clone()))
    });
    let Some((blocks, app)) = found else {
        return visit.finish(Outcome::note(problem("This window was closed by the app.")));
    };
    if let Err(error) = keep_files(&visit, Some(&app), &blocks, &mut sent) {
        return visit.finish(failed(&error));
    }
    let fields = &sent.fields;
    let values = fill(&visit.workspace, &user, answers::state(&blocks, fields));
    let surface = Surface::View { view_id: view_id.clone() };
    if let Some(press) = fields.get("find").and_then(Press::parse) {
        visit.workspace.update(|state, _| state.enter(&user, view_id.as_str(), values));
        let outcome = suggest(&visit, surface, &press, fields).await;
        return visit.finish(outcome);
    }
    if fields.get("press").or(fields.get("confirmed")).is_none() {
        let submission = Submission { user, view_id, values: values.clone() };
        let answer = visit.workspace.submit_view(submission).await;
        return visit.finish(submitted(answer, values));
    }
    match pressed(&visit, &blocks, fields, "/view") {
        Pressed::Ask(page) => page,
        Pressed::Nothing => visit.finish(Outcome::note(problem("This button is gone: the window has changed."))),
        Pressed::Click(press, value) => {
            let value = value.map(|value| filled_value(&values, &press, value));
            visit.workspace.update(|state, _| state.enter(&user, view_id.as_str(), values));
            let answer = visit.workspace.click(click(&user, surface, press, value)).await;
            visit.finish(told(answer))
        }
    }
}

/// What an element holds once files and rich text are what apps get.
fn filled_value(values: &Map<String, Value>, press: &Press, value: Value) -> Value {
    let held = values.get(&press.block_id).and_then(|block| block.get(&press.action_id));
    match held {
        Some(held) if value.is_object() => held.clone(),
        _ => value,
    }
}

/// `POST …/close`: a modal is closed.
pub(super) async fn close(visit: Visit, sent: Sent) -> Response {
    let view_id = sent.fields.get("view_id").map(|id| ViewId::from(id.to_owned()));
    // A window that is gone already is closed: there is nothing to say.
    let _ = visit.workspace.close_view(&visit.place.user, view_id.as_ref(), Closing::Top).await;
    visit.finish(Outcome::done())
}

/// `POST …/theme`: the colours, kept in a cookie.
pub(super) async fn theme(visit: Visit, sent: Sent) -> Response {
    let theme = known_theme(sent.fields.get("theme").unwrap_or_default());
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

/// What is told of something that could not be done.
pub(super) fn failed(error: &PersonError) -> Outcome {
    let what = error.to_string();
    let mut letters = what.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    Outcome::note(problem(&format!("{first}{}.", letters.as_str())))
}

/// What is told after something was done that can only fail.
pub(super) fn done(result: Result<(), PersonError>) -> Outcome {
    match result {
        Ok(()) => Outcome::done(),
        Err(error) => failed(&error),
    }
}

/// What is told after something was sent to an app.
pub(super) fn told(answer: Result<Answer, PersonError>) -> Outcome {
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
            Outcome::refused(Refused { values: Some(values), errors, note: None })
        }
        None if answer.acked => Outcome::done(),
        None => Outcome::refused(Refused { values: Some(values), note: silence(&answer), ..Refused::default() }),
    }
}
