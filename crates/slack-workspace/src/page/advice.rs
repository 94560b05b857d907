//! What to do about Slack's errors, for the developer pane.

/// One sentence that says how to get rid of an error.
pub(super) fn advice(error: &str) -> &'static str {
    ADVICE
        .iter()
        .find(|(code, _)| *code == error)
        .map_or("Look at the response below; docs.slack.dev lists the errors of each method.", |(_, fix)| fix)
}

const ADVICE: &[(&str, &str)] = &[
    (
        "account_inactive",
        "The token belongs to an app or user that is gone. Use the tokens this workspace printed at its start.",
    ),
    ("already_reacted", "The reaction is there already. Treat this as success."),
    ("app_not_hosted", "Slack runs only apps whose manifest says settings.function_runtime: slack."),
    ("cant_delete_message", "An app deletes only its own messages, with the token that posted them."),
    ("cant_invite_self", "The caller is the one who acts: it joins with conversations.join."),
    ("cant_update_message", "An app updates only its own messages, with the token that posted them."),
    ("channel_not_found", "Pass a channel id the app can see, from conversations.list or from the event."),
    ("duplicate_external_id", "Another open view has this external_id. Choose one that is unique."),
    ("exchanged_trigger_id", "A trigger_id works once. Open one view with it, then use views.update or views.push."),
    ("expired_trigger_id", "A trigger_id lives three seconds. Open the view before any slow work."),
    ("file_rejected", "The archive is a zip with manifest.json at its top; errors says what is wrong with it."),
    ("hash_conflict", "The view changed in between. Take the newest view and its hash, then update again."),
    ("internal_error", "The workspace was told to fail, or has a fault of its own. Try again with back-off."),
    ("invalid_arguments", "An argument is missing or of the wrong type; response_metadata.messages names it."),
    ("invalid_auth", "The token is unknown here. Use the bot token that this workspace printed at its start."),
    ("invalid_blocks", "A block breaks a rule or a limit; response_metadata.messages points at it."),
    ("invalid_json", "The body is not JSON. Check the Content-Type header and the body's encoding."),
    ("invalid_name", "An emoji's name is lower case and has no colons around it: tada, not :tada:."),
    (
        "invalid_s3_key",
        "Pass the file_name of apps.hosted.generatePresignedPost for the same app; it is deployed once.",
    ),
    ("invalid_trigger_id", "Use the trigger_id of the interaction that was just received, for this same app."),
    ("is_archived", "The channel is archived: nobody can post to it."),
    ("message_not_found", "No such message: channel and ts must both be those that chat.postMessage returned."),
    ("missing_argument", "A required argument is missing; the response names it."),
    ("missing_scope", "The token lacks a scope: the response names it as needed. Add it to the app and install again."),
    (
        "message_not_in_streaming_state",
        "The stream has ended: Slack ends them after five minutes. Begin another, or use chat.update.",
    ),
    ("msg_blocks_too_long", "The blocks hold too much text. Send several messages, or upload a file."),
    ("msg_too_long", "Text is limited to 40,000 characters. Shorten it or upload a file."),
    ("no_ack", "The app has three seconds: send the envelope_id back (or answer the request) before any slow work."),
    ("no_file", "Send the archive to the signed address first: nothing has arrived there."),
    ("no_reaction", "The reaction is not there. Treat this as success."),
    ("no_text", "A message needs text, blocks or attachments."),
    (
        "not_allowed_token_type",
        "This method takes another kind of token: xapp- for connections, xoxb- or xoxp- for the rest.",
    ),
    ("not_authed", "No token came with the call. Send Authorization: Bearer with the bot token."),
    ("not_enabled", "The Home tab is off: set features.app_home.home_tab_enabled in the manifest."),
    ("not_found", "No such view is open: it was closed, or the id belongs to another app."),
    ("not_in_channel", "Invite the bot to the channel, or give it chat:write.public for public channels."),
    ("push_limit_reached", "At most three views lie on each other. Close or update one."),
    ("ratelimited", "Wait as many seconds as the Retry-After header says, then send the call again."),
    ("runtime_not_supported", "Slack runs apps of the Deno SDK alone: the runtime is deno."),
    ("thread_not_found", "No message of the channel has this thread_ts."),
    (
        "unknown_method",
        "No such method here. Check its spelling; this workspace lists what it lacks in its documentation.",
    ),
    ("user_not_found", "No such user. Ids come from users.list or from events."),
    ("user_not_in_channel", "An ephemeral message can only be shown to a member of the channel."),
    ("users_not_found", "Nobody has this e-mail address."),
    ("token_expired", "Refresh the token with oauth.v2.access and grant_type=refresh_token."),
    ("token_revoked", "The token was revoked or the app was removed. Install the app again."),
    ("view_too_large", "A view is limited to 250 kB. Show less, or upload a file."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_advice() {
        assert!(advice("missing_scope").contains("scope"));
        assert!(advice("never_heard_of").contains("docs.slack.dev"));
    }
}
