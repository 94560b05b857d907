//! Which function performs which method.

use countersign_slack::method::Method;

use super::body::{ApiError, Body};
use super::call::Call;
use super::{chat, conversations, files, history, meta, users, views};
use crate::model::State;

/// Performs a method: the state, the call, and the time in milliseconds since the epoch.
pub(super) type Handler = fn(&mut State, &Call<'_>, u64) -> Result<Body, ApiError>;

/// The method with this name, if the workspace has it.
pub(super) fn find(name: &str) -> Option<(&'static Method, Handler)> {
    let handler = handler(name)?;
    Some((Method::find(name)?, handler))
}

fn handler(name: &str) -> Option<Handler> {
    Some(match name {
        "api.test" | "auth.test" => meta::auth_test,
        "apps.connections.open" => meta::connections_open,
        "bots.info" => meta::bots_info,
        "team.info" => meta::team_info,
        "chat.delete" => chat::delete,
        "chat.getPermalink" => chat::get_permalink,
        "chat.postEphemeral" => chat::post_ephemeral,
        "chat.postMessage" => chat::post_message,
        "chat.update" => chat::update,
        "conversations.history" => history::history,
        "conversations.info" => conversations::info,
        "conversations.join" => conversations::join,
        "conversations.list" => conversations::list,
        "conversations.members" => conversations::members,
        "conversations.open" => conversations::open,
        "conversations.replies" => history::replies,
        "files.completeUploadExternal" => files::complete,
        "files.getUploadURLExternal" => files::get_upload_url,
        "files.info" => files::info,
        "users.info" => users::info,
        "users.list" => users::list,
        "users.lookupByEmail" => users::lookup_by_email,
        "views.open" => views::open,
        "views.push" => views::push,
        "views.update" => views::update,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_stands_in_the_table() {
        let performed = Method::all().iter().filter(|method| handler(method.name()).is_some()).count();
        assert_eq!(performed, 26);
        assert!(find("no.such.method").is_none());
    }
}
