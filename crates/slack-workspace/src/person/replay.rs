//! Doing again what stands in the journal: an envelope is sent to its app once more, a call is made once more.

use axum::body::Body;
use axum::extract::{Path, State as Shared};
use countersign_slack::method::Method;
use http::{Request, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::answer::{Answer, PersonError};
use super::payload;
use crate::Workspace;
use crate::journal::is_cut;
use crate::model::{App, ChannelId, Effect, Packed, RESPONSE_URL_MS, ResponseSource, ResponseUrl, State, Ts, UserId};
use crate::socket::EnvelopeKind;

/// What a journal's line can be done again.
enum Again {
    Event { app: App, payload: Value },
    Request { app: App, kind: EnvelopeKind, payload: Value },
    Call { method: String, args: Value, app: Option<String> },
}

impl Workspace {
    /// Does again what one line of the journal tells of.
    ///
    /// An envelope is a new one with the payload of the old; a `trigger_id` in it is new too, since the old one has
    /// been used or has expired. A call is made with the token of its app: the journal keeps none.
    pub async fn again(&self, seq: u64) -> Result<Answer, PersonError> {
        match self.line(seq)? {
            Again::Event { app, payload } => {
                self.update(|state, now| happen(state, &app, payload, now))?;
                Ok(Answer { acked: true, ..Answer::silence(0) })
            }
            Again::Request { app, kind, payload } => {
                let payload = self.refreshed(&app, payload);
                Ok(self.ask(&app.id, kind, &payload).await)
            }
            Again::Call { method, args, app } => self.call_again(method, &args, app.as_deref()).await,
        }
    }

    fn line(&self, seq: u64) -> Result<Again, PersonError> {
        let gone = || PersonError::new("entry_not_found", "the journal has forgotten this entry");
        let line = self.recorder().journal.line(seq).ok_or_else(gone)?;
        let entry: Value = serde_json::from_str(&line).map_err(|_| gone())?;
        if ["args", "payload"].iter().any(|name| is_cut(&entry[*name])) {
            return Err(PersonError::new("not_repeatable", "it was too long to be kept whole"));
        }
        let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
        if text("kind") == "api" {
            let app = entry.get("app_id").and_then(Value::as_str).map(str::to_owned);
            let args = entry.get("args").cloned().unwrap_or_default();
            return Ok(Again::Call { method: text("method").to_owned(), args, app });
        }
        let name = if text("kind") == "http" { text("request") } else { text("type") };
        let not_sent = || PersonError::new("not_repeatable", "only calls and what was sent to an app can be repeated");
        let payload = entry.get("payload").filter(|payload| payload.is_object()).ok_or_else(not_sent)?;
        let app = self.read(|state| state.app(text("app_id")).cloned());
        let app = app.ok_or_else(|| PersonError::new("app_not_found", "the app is no longer installed"))?;
        let mut payload = payload.clone();
        if payload.get("token").is_some() {
            payload["token"] = app.secrets.verification_token.expose_secret().into();
        }
        Ok(match name {
            "events_api" => Again::Event { app, payload },
            "slash_commands" => Again::Request { app, kind: EnvelopeKind::Command, payload },
            "interactive" => Again::Request { app, kind: kind_of(&payload), payload },
            _ => return Err(not_sent()),
        })
    }

    /// The payload with a trigger and a response URL that work: the old ones are used up, and not in the journal.
    fn refreshed(&self, app: &App, mut payload: Value) -> Value {
        let user = payload.pointer("/user/id").or_else(|| payload.get("user_id")).and_then(Value::as_str);
        let Some(user) = user.map(|user| UserId::from(user.to_owned())) else { return payload };
        let view = payload.pointer("/view/id").and_then(Value::as_str).map(|id| id.to_owned().into());
        self.update(|state, now| {
            if payload::person(state, &user).is_err() {
                return;
            }
            if payload.get("trigger_id").is_some() {
                payload["trigger_id"] = state.mint_trigger(&app.id, &user, view, now).into();
            }
            if payload.get("response_url").is_some() {
                payload["response_url"] = response_url(state, app, &user, &payload, now).into();
            }
        });
        payload
    }

    async fn call_again(&self, method: String, args: &Value, app: Option<&str>) -> Result<Answer, PersonError> {
        let token = app.and_then(|id| self.read(|state| state.app(id).map(|app| token_for(&method, app))));
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let fields = args.as_object().into_iter().flatten().filter(|(name, _)| *name != "token");
        let fields: Vec<(&str, String)> = fields.map(|(name, value)| (name.as_str(), text(value))).collect();
        // Pairs of texts: writing them as a form cannot fail.
        let body = serde_urlencoded::to_string(fields).unwrap_or_default();
        let mut request = Request::post("/").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", token.expose_secret()));
        }
        let request = request.body(Body::from(body));
        let request =
            request.map_err(|_| PersonError::new("not_repeatable", "this call cannot be written down again"))?;
        drop(crate::api::call(Shared(self.clone()), Path(method), request).await);
        Ok(Answer { acked: true, ..Answer::silence(0) })
    }
}

/// Lets an event happen again; a step runs anew, for its token is not in the journal.
fn happen(state: &mut State, app: &App, payload: Value, now: u64) -> Result<(), PersonError> {
    let event = payload.get("event").unwrap_or(&Value::Null);
    if event.get("type").and_then(Value::as_str) != Some("function_executed") {
        state.effects.push(Effect::Event { app: app.id.clone(), payload: Packed::new(payload) });
        return Ok(());
    }
    let name = event.pointer("/function/callback_id").and_then(Value::as_str).unwrap_or_default();
    let inputs = event.get("inputs").and_then(Value::as_object).cloned().unwrap_or_default();
    state.run_function(&app.id, name, inputs, now)?;
    Ok(())
}

/// A response URL as the interaction had one.
fn response_url(state: &mut State, app: &App, user: &UserId, payload: &Value, now: u64) -> String {
    let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str);
    let channel = text("/channel/id").or_else(|| text("/channel_id")).unwrap_or_default().to_owned();
    let ts = text("/container/message_ts").or_else(|| text("/message_ts")).and_then(Ts::parse);
    let seen = ts.and_then(|ts| state.message_seen_by(user, &channel, ts));
    let (source, thread) = match seen {
        Some((message, is_ephemeral)) => {
            let thread = message.thread_ts.filter(|thread| *thread != message.ts);
            (ResponseSource::of(message, is_ephemeral, &app.id), thread)
        }
        None => (ResponseSource::Command, None),
    };
    let kind = match text("/type") {
        Some("block_actions") => "actions",
        Some(_) => "app",
        None => "commands",
    };
    let expires_at = now.saturating_add(RESPONSE_URL_MS);
    let (app, user, channel) = (app.id.clone(), user.clone(), ChannelId::from(channel));
    state.mint_response_url(kind, ResponseUrl { app, user, channel, source, thread, uses: 0, expires_at })
}

fn kind_of(payload: &Value) -> EnvelopeKind {
    match payload.get("type").and_then(Value::as_str) {
        Some("view_submission" | "block_suggestion") => EnvelopeKind::InteractiveWithResponse,
        _ => EnvelopeKind::Interactive,
    }
}

/// The journal keeps no token: the app's own of the kind that the method takes.
fn token_for(method: &str, app: &App) -> SecretString {
    let known = Method::find(method);
    let is_users_only = known.is_some_and(|of| of.bot_scopes().next().is_none() && of.user_scopes().next().is_some());
    match method {
        "apps.connections.open" => app.secrets.app_token.clone(),
        _ if is_users_only => app.secrets.user_token.clone(),
        _ => app.secrets.bot_token.clone(),
    }
}
