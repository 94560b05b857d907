//! What a person does, told to an app's address; the answer's body is the app's answer.

use std::sync::Arc;

use serde_json::{Value, json};

use super::post::{Attempt, FORM, Post};
use crate::Workspace;
use crate::model::{App, AppId};
use crate::socket::{Acked, EnvelopeKind};

impl Workspace {
    /// Tells an app over HTTP, if it is reached that way for this kind of request.
    ///
    /// The inner option is empty when the app did not answer well within three seconds.
    pub(crate) async fn request_over_http(
        &self,
        app: &AppId,
        kind: EnvelopeKind,
        payload: &Value,
    ) -> Option<Option<Acked>> {
        let app = self.read(|state| state.app(app.as_str()).cloned())?;
        let post = request_post(&app, address(&app, kind, payload)?, kind, payload);
        let Some(client) = self.outbox().client() else { return Some(None) };
        let taken = post.send(client, self.recorder(), Attempt::default()).await;
        Some(taken.ok().map(|taken| Acked { ms: taken.ms, payload: answer(kind, &taken.body) }))
    }
}

/// Where the app wants to be told.
fn address<'a>(app: &'a App, kind: EnvelopeKind, payload: &Value) -> Option<&'a str> {
    let endpoints = &app.endpoints;
    let address = match kind {
        EnvelopeKind::Event => endpoints.events.as_ref(),
        EnvelopeKind::Command => {
            let name = payload.get("command").and_then(Value::as_str);
            let command = app.commands.iter().find(|command| Some(command.name.as_str()) == name);
            command.and_then(|command| command.url.as_ref()).or(endpoints.interactivity.as_ref())
        }
        EnvelopeKind::InteractiveWithResponse | EnvelopeKind::Interactive => {
            let is_menu = payload.get("type").and_then(Value::as_str) == Some("block_suggestion");
            if is_menu { endpoints.options.as_ref() } else { endpoints.interactivity.as_ref() }
        }
    };
    address.map(String::as_str)
}

fn request_post(app: &App, url: &str, kind: EnvelopeKind, payload: &Value) -> Post {
    let fields: Vec<(String, String)> = if kind == EnvelopeKind::Command {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let fields = payload.as_object().into_iter().flatten();
        fields.map(|(name, value)| (name.clone(), text(value))).collect()
    } else {
        vec![("payload".to_owned(), payload.to_string())]
    };
    Post {
        what: kind.name(),
        app: app.id.clone(),
        url: url.to_owned(),
        secret: app.secrets.signing_secret.clone(),
        content_type: FORM,
        // Pairs of texts: writing them as a form cannot fail.
        body: serde_urlencoded::to_string(fields).unwrap_or_default().into(),
        payload: Arc::new(payload.clone()),
    }
}

/// What the body of an answer says; a command may be answered with mere text.
fn answer(kind: EnvelopeKind, body: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    match serde_json::from_str::<Value>(text).ok().filter(crate::depth::is_fine) {
        Some(Value::Object(object)) => (!object.is_empty()).then_some(Value::Object(object)),
        _ if kind == EnvelopeKind::Command && !text.is_empty() => Some(json!({"text": text})),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_answered_with_text_and_a_click_cannot() {
        assert_eq!(answer(EnvelopeKind::Command, b"done"), Some(json!({"text": "done"})));
        assert_eq!(answer(EnvelopeKind::Interactive, b"ok"), None);
        assert_eq!(answer(EnvelopeKind::Command, b" "), None);
        assert_eq!(answer(EnvelopeKind::InteractiveWithResponse, b"{}"), None);
        assert_eq!(answer(EnvelopeKind::InteractiveWithResponse, br#"{"a":1}"#), Some(json!({"a": 1})));
    }
}
