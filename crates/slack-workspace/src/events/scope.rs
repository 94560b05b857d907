//! Which scopes an event takes: what an app subscribed to without them, Slack does not send.
//!
//! docs.slack.dev, "Required scopes" on the page of each event.

use crate::model::App;

/// Whether an app subscribed to an event and its bot was granted what the event takes.
pub(super) fn hears(app: &App, event: &str) -> bool {
    app.events.contains(event) && missing(event, |scope| app.bot_scopes.contains(scope)).is_none()
}

/// The scopes of which an event takes one, if none of them is there.
pub(crate) fn missing(event: &str, has: impl Fn(&str) -> bool) -> Option<&'static [&'static str]> {
    let scopes = scopes_of(event);
    (!scopes.is_empty() && !scopes.iter().any(|scope| has(scope))).then_some(scopes)
}

/// Any one of these is enough; an event that takes none, or is not known, is heard by whoever subscribed.
fn scopes_of(event: &str) -> &'static [&'static str] {
    match event {
        "app_mention" => &["app_mentions:read"],
        "message.channels" | "channel_history_changed" => &["channels:history"],
        "message.groups" | "group_history_changed" => &["groups:history"],
        "message.im" | "im_history_changed" => &["im:history"],
        "message.mpim" => &["mpim:history"],
        "assistant_thread_context_changed" | "assistant_thread_started" => &["assistant:write"],
        "emoji_changed" => &["emoji:read"],
        "link_shared" => &["links:read"],
        "pin_added" | "pin_removed" => &["pins:read"],
        "reaction_added" | "reaction_removed" => &["reactions:read"],
        "subteam_created" | "subteam_members_changed" | "subteam_updated" => &["usergroups:read"],
        "team_domain_change" | "team_rename" => &["team:read"],
        "team_join" | "user_change" | "user_huddle_changed" => &["users:read"],
        "user_profile_changed" | "user_status_changed" => &["users.profile:read"],
        "im_close" | "im_created" | "im_open" => &["im:read"],
        "channel_shared" | "channel_unshared" | "member_joined_channel" | "member_left_channel" => {
            &["channels:read", "groups:read"]
        }
        file if file.starts_with("file_") => &["files:read"],
        channel if channel.starts_with("channel_") => &["channels:read"],
        group if group.starts_with("group_") => &["groups:read"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{BOT_SCOPES, EVENTS};

    #[test]
    fn a_usual_app_may_hear_everything_it_subscribes_to() {
        for event in EVENTS {
            assert_eq!(missing(event, |scope| BOT_SCOPES.contains(&scope)), None, "{event}");
        }
    }

    #[test]
    fn one_of_several_scopes_is_enough() {
        assert_eq!(missing("member_joined_channel", |scope| scope == "groups:read"), None);
        assert!(missing("member_joined_channel", |scope| scope == "im:read").is_some());
        assert_eq!(missing("app_uninstalled", |_| false), None);
    }
}
