//! Slash commands.

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::answer::{Answer, PersonError};
use super::payload;
use crate::Workspace;
use crate::api::checked_reply;
use crate::model::{
    AppId, ChannelId, RESPONSE_URL_MS, Reply, ResponseSource, ResponseType, ResponseUrl, State, UserId,
};
use crate::socket::EnvelopeKind;

/// A slash command as it is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// Who types it.
    pub user: UserId,
    /// Where.
    pub channel: ChannelId,
    /// With or without the slash.
    pub command: String,
    /// What follows it.
    pub text: String,
}

/// Signs in a command line; every workspace has it.
const SIGN_IN: &str = "slackauthticket";

impl Workspace {
    /// Runs a slash command; what the app answers at once is shown.
    pub async fn command(&self, invocation: Invocation) -> Result<Answer, PersonError> {
        let is_sign_in = invocation.command.trim_start_matches('/') == SIGN_IN;
        // A ticket signs somebody in: it is not written down.
        let text = if is_sign_in { "[redacted]" } else { invocation.text.as_str() };
        let details = json!({"channel": invocation.channel, "command": invocation.command, "text": text});
        self.note_person("command", invocation.user.as_str(), details);
        if is_sign_in {
            self.fetch_sign_in(invocation.text.trim());
            return self.update(|state, now| confirm(state, &invocation, now));
        }
        let (url, payload) = self.update(|state, now| prepare(state, &invocation, now))?;
        let answer = self.ask(&url.app, EnvelopeKind::Command, &payload).await;
        if let Some(response) = &answer.response {
            self.update(|state, now| show(state, &url, response, now))?;
        }
        Ok(answer)
    }
}

impl Workspace {
    /// Brings a command line's ticket into the team that is looked at: only who confirms it says which team it is for.
    fn fetch_sign_in(&self, ticket: &str) {
        let from = self.where_is(|state| state.platform.sign_ins.contains_key(ticket));
        if let Some(sign_in) = from.update(|state, _| state.platform.sign_ins.remove(ticket)) {
            self.update(|state, _| state.platform.sign_ins.insert(ticket.to_owned(), sign_in));
        }
    }
}

/// Slack's own command: a person confirms that a command line signs in, and gets the code to type there.
fn confirm(state: &mut State, invocation: &Invocation, now: u64) -> Result<Answer, PersonError> {
    payload::person(state, &invocation.user)?;
    payload::room(state, &invocation.user, invocation.channel.as_str())?;
    let challenge = state.confirm_sign_in(invocation.text.trim(), &invocation.user, now);
    let challenge = challenge.ok_or_else(|| PersonError::new("ticket_not_found", "no command line waits for this"))?;
    let text = format!("Enter this challenge code in your terminal: {challenge}");
    Ok(Answer {
        acked: true,
        response: Some(json!({"response_type": "ephemeral", "text": text})),
        ..Answer::silence(0)
    })
}

fn prepare(state: &mut State, invocation: &Invocation, now: u64) -> Result<(ResponseUrl, Value), PersonError> {
    let Invocation { user, channel, command, text } = invocation;
    payload::person(state, user)?;
    let command = format!("/{}", command.trim_start_matches('/'));
    let channel_name = payload::room(state, user, channel.as_str())?.payload_name().to_owned();
    let owner = owner(state, &command);
    let app = owner.ok_or_else(|| PersonError::new("unknown_command", format!("no app has the command {command}")))?;
    let app = payload::app(state, Some(&app))?.clone();
    let url = ResponseUrl {
        app: app.id.clone(),
        user: user.clone(),
        channel: channel.clone(),
        source: ResponseSource::Command,
        thread: None,
        uses: 0,
        expires_at: now.saturating_add(RESPONSE_URL_MS),
    };
    let response_url = state.mint_response_url("commands", url.clone());
    let trigger_id = state.mint_trigger(&app.id, user, None, now);
    let user_name = state.user(user.as_str()).map_or("", |user| user.name.as_str());
    let payload = json!({
        "token": app.secrets.verification_token.expose_secret(), "team_id": state.team.id,
        "team_domain": state.team.domain, "channel_id": channel, "channel_name": channel_name,
        "user_id": user, "user_name": user_name, "command": command, "text": text,
        "api_app_id": app.id, "is_enterprise_install": "false", "response_url": response_url,
        "trigger_id": trigger_id,
    });
    Ok((url, payload))
}

fn owner(state: &State, command: &str) -> Option<AppId> {
    let owns = |name: &str| name == command;
    let app = state.apps().find(|app| app.commands.iter().any(|known| owns(&known.name)))?;
    Some(app.id.clone())
}

/// Shows what the acknowledgement carried.
fn show(state: &mut State, url: &ResponseUrl, response: &Value, now: u64) -> Result<(), PersonError> {
    let reply = checked_reply(state, response.clone()).map_err(|error| {
        let message = format!("the app's answer cannot be shown: {}", error.describe());
        PersonError::new("invalid_response", message)
    })?;
    let (kind, draft) = match reply {
        Reply::Post(kind, draft) => (kind, draft),
        Reply::ReplaceOriginal(draft) => (ResponseType::Ephemeral, draft),
        Reply::DeleteOriginal => return Ok(()),
    };
    Ok(state.post_response(url, kind, draft, now)?)
}
