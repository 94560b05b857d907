//! `event_callback`: what an event is sent in; docs.slack.dev, "Events API".

use secrecy::ExposeSecret;
use serde::Serialize;

use crate::model::{App, Packed, TeamId, UserId};

/// What is said beside the event itself.
pub(super) struct Frame<'a> {
    pub(super) team: &'a TeamId,
    pub(super) app: &'a App,
    pub(super) event_id: String,
    /// Hexadecimal digits.
    pub(super) context: String,
    pub(super) now_ms: u64,
}

#[derive(Serialize)]
struct Callback<'a> {
    token: &'a str,
    team_id: &'a TeamId,
    context_team_id: &'a TeamId,
    context_enterprise_id: Option<()>,
    api_app_id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    event_id: &'a str,
    event_time: u64,
    authorizations: [Authorization<'a>; 1],
    is_ext_shared_channel: bool,
    event_context: String,
}

#[derive(Serialize)]
struct Authorization<'a> {
    enterprise_id: Option<()>,
    team_id: &'a TeamId,
    user_id: &'a UserId,
    is_bot: bool,
    is_enterprise_install: bool,
}

/// The payload around an event, which is JSON.
///
/// Written once, as text: most events of a busy channel are for nobody, or are passed on as they are.
pub(super) fn around(event: &str, frame: &Frame<'_>) -> Packed {
    let Frame { team, app, event_id, context, now_ms } = frame;
    let callback = Callback {
        token: app.secrets.verification_token.expose_secret(),
        team_id: team,
        context_team_id: team,
        context_enterprise_id: None,
        api_app_id: app.id.as_str(),
        kind: "event_callback",
        event_id,
        event_time: now_ms / 1000,
        authorizations: [Authorization {
            enterprise_id: None,
            team_id: team,
            user_id: &app.bot_user,
            is_bot: true,
            is_enterprise_install: false,
        }],
        is_ext_shared_channel: false,
        event_context: format!("4-{context}"),
    };
    // Values have string keys: serialising them cannot fail.
    let mut text = serde_json::to_string(&callback).unwrap_or_default();
    text.pop();
    text.reserve(event.len() + 16);
    text.push_str(",\"event\":");
    text.push_str(event);
    text.push('}');
    Packed::from_text(&text)
}
