//! Shortcuts, global ones and those of messages.

use serde_json::{Value, json};

use super::answer::{Answer, PersonError};
use super::click::seen;
use super::payload;
use crate::Workspace;
use crate::model::{AppId, ChannelId, RESPONSE_URL_MS, ResponseSource, ResponseUrl, State, Ts, UserId};
use crate::socket::EnvelopeKind;

/// A shortcut that is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortcut {
    /// Who chooses it.
    pub user: UserId,
    /// The app's name for it.
    pub callback_id: String,
    /// Whose it is; may be left out where there is one app.
    pub app: Option<AppId>,
    /// The message it is chosen on, if it is a message's.
    pub message: Option<(ChannelId, Ts)>,
}

impl Workspace {
    /// Chooses a shortcut.
    pub async fn shortcut(&self, shortcut: Shortcut) -> Result<Answer, PersonError> {
        let details = json!({"callback_id": shortcut.callback_id, "app_id": shortcut.app, "message": shortcut.message});
        self.note_person("shortcut", shortcut.user.as_str(), details);
        let (app, payload) = self.update(|state, now| prepare(state, &shortcut, now))?;
        Ok(self.ask(&app, EnvelopeKind::Interactive, &payload).await)
    }
}

fn prepare(state: &mut State, shortcut: &Shortcut, now: u64) -> Result<(AppId, Value), PersonError> {
    payload::person(state, &shortcut.user)?;
    let app = match &shortcut.app {
        Some(app) => app.clone(),
        None => only_app(state)?,
    };
    let app = payload::app(state, Some(&app))?.clone();
    let kind = if shortcut.message.is_some() { "message_action" } else { "shortcut" };
    let mut payload = payload::common(state, kind, &app, &shortcut.user);
    payload.insert("callback_id".to_owned(), shortcut.callback_id.as_str().into());
    let action_ts = Ts::from_micros(now.saturating_mul(1000));
    payload.insert("action_ts".to_owned(), action_ts.into());
    if let Some((channel, ts)) = &shortcut.message {
        let (message, is_ephemeral) = seen(state, &shortcut.user, channel, *ts)?;
        let room = payload::room(state, &shortcut.user, channel.as_str())?;
        payload.insert("channel".to_owned(), payload::channel(room));
        payload.insert("message".to_owned(), (**message.body()).clone());
        payload.insert("message_ts".to_owned(), ts.to_string().into());
        let url = ResponseUrl {
            app: app.id.clone(),
            user: shortcut.user.clone(),
            channel: channel.clone(),
            source: ResponseSource::of(&message, is_ephemeral, &app.id),
            thread: message.thread_ts,
            uses: 0,
            expires_at: now.saturating_add(RESPONSE_URL_MS),
        };
        payload.insert("response_url".to_owned(), state.mint_response_url("app", url).into());
    }
    let trigger = state.mint_trigger(&app.id, &shortcut.user, None, now);
    payload.insert("trigger_id".to_owned(), trigger.into());
    Ok((app.id, Value::Object(payload)))
}

fn only_app(state: &State) -> Result<AppId, PersonError> {
    let mut apps = state.apps();
    match (apps.next(), apps.next()) {
        (Some(app), None) => Ok(app.id.clone()),
        _ => Err(PersonError::new("app_missing", "there are several apps: say whose shortcut it is")),
    }
}
