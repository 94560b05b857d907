//! Whoever acts in Slack: who they are as far as Slack proves it, and what is kept of those who are none of ours.

use countersign_approval::{SlackIdentity, audit::AuditRow};
use countersign_slack::{
    ids::{AppId, TeamId},
    payload::Origin,
};

use crate::core::Core;

/// Longest part of a stranger's own words that is kept, in characters: ids are a dozen.
const KEPT_CHARS: usize = 64;

/// The identity of whoever acted: by the user's own team, never by what else the payload says of team and enterprise.
///
/// `None` when Slack does not say whose user it is. Before the first `auth.test` it is the user's own team that counts, which
/// is right everywhere but on Enterprise Grid; there the click is refused and can be repeated a second later.
pub(crate) fn actor(core: &Core, origin: &Origin) -> Option<SlackIdentity> {
    let (user, team) = (origin.user_id.as_str(), origin.user_team_id.as_ref().map(TeamId::as_str));
    match core.installation_now() {
        Some(installation) => installation.identity_of_actor(user, team),
        None => team.map(|team| SlackIdentity { org: team.to_owned(), user: user.to_owned() }),
    }
}

/// Keeps that something was refused before any request was touched: in the log, and in the audit trail.
///
/// In the background: whoever clicked is told at once.
pub(crate) fn refused(core: &Core, origin: &Origin, why: &'static str) {
    let text = |id: Option<&str>| id.unwrap_or("unknown").chars().take(KEPT_CHARS).collect::<String>();
    let app = text(origin.api_app_id.as_ref().map(AppId::as_str));
    let team = text(origin.user_team_id.as_ref().or(origin.team_id.as_ref()).map(TeamId::as_str));
    let user = text(Some(origin.user_id.as_str()));
    tracing::warn!(slack.app = app, slack.team = team, slack.user = user, "refused an interaction: {why}");
    let row = AuditRow {
        at: core.approvals().now(),
        kind: "interaction.refused".to_owned(),
        request: None,
        actor: format!("slack:{team}/{user}"),
        detail: serde_json::json!({ "app": app, "why": why }).to_string(),
    };
    let own = core.clone();
    core.tasks().spawn(async move {
        if let Err(error) = own.approvals().store().audit(row).await {
            tracing::error!(error = &error as &dyn std::error::Error, "could not record a refused interaction");
        }
    });
}
