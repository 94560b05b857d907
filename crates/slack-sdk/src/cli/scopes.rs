//! Which scope an event needs.
//!
//! Source: docs.slack.dev, the pages of the events, as of 2026-11.

/// Events and the scope each of them needs; what is not listed needs none, or is not known.
const EVENTS: &[(&str, &str)] = &[
    ("app_context_changed", "assistant:write"),
    ("app_mention", "app_mentions:read"),
    ("assistant_thread_context_changed", "assistant:write"),
    ("assistant_thread_started", "assistant:write"),
    ("channel_archive", "channels:read"),
    ("channel_created", "channels:read"),
    ("channel_deleted", "channels:read"),
    ("channel_left", "channels:read"),
    ("channel_rename", "channels:read"),
    ("channel_shared", "channels:read"),
    ("channel_unarchive", "channels:read"),
    ("channel_unshared", "channels:read"),
    ("channel_history_changed", "channels:history"),
    ("dnd_updated", "dnd:read"),
    ("dnd_updated_user", "dnd:read"),
    ("email_domain_changed", "team:read"),
    ("emoji_changed", "emoji:read"),
    ("file_change", "files:read"),
    ("file_comment_added", "files:read"),
    ("file_comment_deleted", "files:read"),
    ("file_comment_edited", "files:read"),
    ("file_created", "files:read"),
    ("file_deleted", "files:read"),
    ("file_public", "files:read"),
    ("file_shared", "files:read"),
    ("file_unshared", "files:read"),
    ("group_archive", "groups:read"),
    ("group_close", "groups:read"),
    ("group_deleted", "groups:read"),
    ("group_left", "groups:read"),
    ("group_open", "groups:read"),
    ("group_rename", "groups:read"),
    ("group_unarchive", "groups:read"),
    ("group_history_changed", "groups:history"),
    ("im_close", "im:read"),
    ("im_created", "im:read"),
    ("im_history_changed", "im:history"),
    ("im_open", "im:read"),
    ("link_shared", "links:read"),
    ("member_joined_channel", "channels:read"),
    ("member_left_channel", "channels:read"),
    ("message.channels", "channels:history"),
    ("message.groups", "groups:history"),
    ("message.im", "im:history"),
    ("message.mpim", "mpim:history"),
    ("message_metadata_deleted", "metadata.message:read"),
    ("message_metadata_posted", "metadata.message:read"),
    ("message_metadata_updated", "metadata.message:read"),
    ("pin_added", "pins:read"),
    ("pin_removed", "pins:read"),
    ("reaction_added", "reactions:read"),
    ("reaction_removed", "reactions:read"),
    ("star_added", "stars:read"),
    ("star_removed", "stars:read"),
    ("subteam_created", "usergroups:read"),
    ("subteam_members_changed", "usergroups:read"),
    ("subteam_self_added", "usergroups:read"),
    ("subteam_self_removed", "usergroups:read"),
    ("subteam_updated", "usergroups:read"),
    ("team_domain_change", "team:read"),
    ("team_join", "users:read"),
    ("team_rename", "team:read"),
    ("user_change", "users:read"),
    ("user_huddle_changed", "users:read"),
    ("user_profile_changed", "users:read"),
    ("user_status_changed", "users:read"),
];

/// The kinds of conversation in which messages are posted, each an event of its own.
pub(super) const MESSAGES: [&str; 4] = ["message.channels", "message.groups", "message.im", "message.mpim"];

/// The scope that an event needs.
pub(super) fn of_event(event: &str) -> Option<&'static str> {
    EVENTS.iter().find(|(name, _)| *name == event).map(|(_, scope)| *scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_message_has_its_scope() {
        let scopes = MESSAGES.map(|event| of_event(event).unwrap());
        assert_eq!(scopes, ["channels:history", "groups:history", "im:history", "mpim:history"]);
        assert_eq!(of_event("app_home_opened"), None);
    }

    #[test]
    fn a_name_is_listed_once_and_no_scope_is_asked_for_that_only_admins_can_give() {
        for (at, (event, scope)) in EVENTS.iter().enumerate() {
            assert!(EVENTS.iter().skip(at + 1).all(|(other, _)| other != event), "{event}");
            assert!(!scope.starts_with("admin") && *scope != "conversations.connect:manage", "{event}");
        }
        assert_eq!(of_event("shared_channel_invite_approved"), None);
        assert_eq!(of_event("user_profile_changed"), Some("users:read"));
    }
}
