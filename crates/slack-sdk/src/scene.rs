//! Who did something, where, and how they can be answered, as far as the payload says.

use countersign_slack::client::Token;
use countersign_slack::ids::{ChannelId, EnterpriseId, TeamId, TriggerId, Ts, UserId};
use countersign_slack::payload::{Head, ResponseUrl};
use serde_json::value::RawValue;

use crate::RequestKind;

/// Who, where, and how to answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scene {
    pub(crate) user: Option<UserId>,
    pub(crate) team: Option<TeamId>,
    pub(crate) enterprise: Option<EnterpriseId>,
    pub(crate) is_enterprise_install: bool,
    pub(crate) channel: Option<ChannelId>,
    pub(crate) ts: Option<Ts>,
    pub(crate) thread: Option<Ts>,
    pub(crate) trigger: Option<TriggerId>,
    pub(crate) response_url: Option<ResponseUrl>,
    pub(crate) bot_user: Option<UserId>,
    /// The token of a function's execution, which stands for the app while it runs.
    pub(crate) function_token: Option<Token>,
}

impl Scene {
    pub(crate) fn read(kind: RequestKind, payload: &RawValue) -> Self {
        let Some(head) = Head::read(payload.get()) else { return Self::default() };
        match kind {
            RequestKind::Event => Self::of_event(&head),
            RequestKind::Command => Self::of_command(&head),
            _ => Self::of_interaction(&head),
        }
    }

    fn of_event(head: &Head<'_>) -> Self {
        let (event, authorization) = (&head.event.0, &head.authorizations.0);
        let thread = &event.assistant_thread.0;
        Self {
            user: event.user.to().or_else(|| thread.user_id.to()),
            team: authorization.team_id.to().or_else(|| head.team_id.to()),
            enterprise: authorization.enterprise_id.to().or_else(|| head.enterprise_id.to()),
            is_enterprise_install: authorization.is_enterprise_install.0,
            channel: event
                .channel
                .to()
                .or_else(|| event.channel_id.to())
                .or_else(|| thread.channel_id.to())
                .or_else(|| event.item.0.channel.to()),
            ts: event.ts.to(),
            thread: event.thread_ts.to().or_else(|| thread.thread_ts.to()),
            bot_user: authorization.is_bot.0.then(|| authorization.user_id.to()).flatten(),
            function_token: token(event.bot_access_token.get()),
            ..Self::default()
        }
    }

    fn of_command(head: &Head<'_>) -> Self {
        Self {
            user: head.user_id.to(),
            team: head.team_id.to(),
            enterprise: head.enterprise_id.to(),
            is_enterprise_install: head.is_enterprise_install.0,
            channel: head.channel_id.to(),
            thread: head.thread_ts.to(),
            trigger: head.trigger_id.to(),
            response_url: head.response_url.get().map(ResponseUrl::from),
            ..Self::default()
        }
    }

    fn of_interaction(head: &Head<'_>) -> Self {
        let (container, message) = (&head.container.0, &head.message.0);
        let (team, enterprise, is_enterprise_install) = installed(head);
        Self {
            user: head.user.to(),
            team,
            enterprise,
            is_enterprise_install,
            channel: head.channel.to().or_else(|| container.channel_id.to()),
            thread: container.thread_ts.to().or_else(|| message.thread_ts.to()),
            trigger: head.trigger_id.to(),
            response_url: head.response_url.get().map(ResponseUrl::from),
            function_token: token(head.bot_access_token.get()),
            ..Self::default()
        }
    }
}

/// Where the app is installed with which a person interacts.
///
/// In Slack Connect a person may use a view that the app opened as it is installed elsewhere: `team` is then the person's
/// workspace, and the view names the app's (docs.slack.dev, Reference, view payloads). An organisation's installation is
/// named by the organisation.
fn installed(head: &Head<'_>) -> (Option<TeamId>, Option<EnterpriseId>, bool) {
    let team = &head.team.0;
    let enterprise = || head.enterprise.to().or_else(|| team.enterprise_id.to());
    let is_enterprise_install = head.is_enterprise_install.0;
    match head.view.0.app_installed_team_id.get() {
        Some(id) if id.starts_with('E') => (team.id.to(), Some(id.into()), true),
        // The organisation is the person's: another workspace need not be a part of it.
        Some(id) if team.id.get() != Some(id) && !is_enterprise_install => (Some(id.into()), None, false),
        Some(id) => (Some(id.into()), enterprise(), is_enterprise_install),
        None => (team.id.to(), enterprise(), is_enterprise_install),
    }
}

fn token(text: Option<&str>) -> Option<Token> {
    text?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_view_says_which_installation_it_belongs_to() {
        let place = |view: serde_json::Value, is_enterprise_install: bool| {
            let payload = json!({
                "type": "view_submission", "view": view, "is_enterprise_install": is_enterprise_install,
                "team": {"id": "T1", "enterprise_id": "E1"}, "enterprise": {"id": "E1"}, "user": {"id": "U1"},
            });
            let payload = serde_json::value::to_raw_value(&payload).unwrap();
            let scene = Scene::read(RequestKind::ViewSubmission, &payload);
            let text = |id: Option<String>| id.unwrap_or_default();
            let team = text(scene.team.map(|id| id.as_str().to_owned()));
            (team, text(scene.enterprise.map(|id| id.as_str().to_owned())), scene.is_enterprise_install)
        };
        let expected = |team: &str, enterprise: &str, is_whole| (team.to_owned(), enterprise.to_owned(), is_whole);
        let view = |id: &str| json!({"app_installed_team_id": id});
        assert_eq!(place(json!({}), false), expected("T1", "E1", false));
        assert_eq!(place(view("T1"), false), expected("T1", "E1", false));
        assert_eq!(place(view("T2"), false), expected("T2", "", false), "of Slack Connect");
        assert_eq!(place(view("T2"), true), expected("T2", "E1", true));
        assert_eq!(place(view("E2"), true), expected("T1", "E2", true));
        assert_eq!(place(json!({"app_installed_team_id": null}), true), expected("T1", "E1", true));
    }
}
