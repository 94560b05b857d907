//! Which function performs which method.

use countersign_slack::method::Method;

use super::body::{ApiError, Body};
use super::call::Call;
use super::{
    agents, apps, assistant, bookmarks, channels, chat, conversations, files, functions, history, hosted, members,
    meta, oauth, openid, pins, reactions, scheduled, sessions, streaming, unfurl, usergroups, users, validate, views,
    workflows,
};
use crate::model::State;

/// Performs a method: the state, the call, and the time in milliseconds since the epoch.
pub(super) type Handler = fn(&mut State, &Call<'_>, u64) -> Result<Body, ApiError>;

/// The method with this name, if the workspace has it.
pub(super) fn find(name: &str) -> Option<(&'static Method, Handler)> {
    let handler = handler(name)?;
    Some((Method::find(name)?, handler))
}

fn handler(name: &str) -> Option<Handler> {
    core(name)
        .or_else(|| of_messages(name))
        .or_else(|| of_channels(name))
        .or_else(|| of_people(name))
        .or_else(|| of_developers(name))
}

fn of_messages(name: &str) -> Option<Handler> {
    Some(match name {
        "agents.sessions.rename" => agents::rename,
        "agents.sessions.setStatus" => agents::set_status,
        "assistant.threads.setStatus" => assistant::set_status,
        "assistant.threads.setSuggestedPrompts" => assistant::set_suggested_prompts,
        "assistant.threads.setTitle" => assistant::set_title,
        "blocks.validate" => validate::validate,
        "chat.appendStream" => streaming::append,
        "chat.deleteScheduledMessage" => scheduled::delete,
        "chat.meMessage" => chat::me_message,
        "chat.scheduleMessage" => scheduled::schedule,
        "chat.scheduledMessages.list" => scheduled::list,
        "chat.startStream" => streaming::start,
        "chat.stopStream" => streaming::stop,
        "chat.unfurl" => unfurl::unfurl,
        "files.delete" => files::delete,
        "files.list" => files::list,
        "pins.add" => pins::add,
        "pins.list" => pins::list,
        "pins.remove" => pins::remove,
        "reactions.add" => reactions::add,
        "reactions.get" => reactions::get,
        "reactions.list" => reactions::list,
        "reactions.remove" => reactions::remove,
        "views.publish" => views::publish,
        _ => return None,
    })
}

fn of_channels(name: &str) -> Option<Handler> {
    Some(match name {
        "bookmarks.add" => bookmarks::add,
        "bookmarks.edit" => bookmarks::edit,
        "bookmarks.list" => bookmarks::list,
        "bookmarks.remove" => bookmarks::remove,
        "conversations.archive" => channels::archive,
        "conversations.close" => channels::close,
        "conversations.create" => channels::create,
        "conversations.invite" => members::invite,
        "conversations.kick" => members::kick,
        "conversations.leave" => members::leave,
        "conversations.mark" => channels::mark,
        "conversations.rename" => channels::rename,
        "conversations.setPurpose" => channels::set_purpose,
        "conversations.setTopic" => channels::set_topic,
        "conversations.unarchive" => channels::unarchive,
        _ => return None,
    })
}

fn of_people(name: &str) -> Option<Handler> {
    Some(match name {
        "admin.users.session.invalidate" => sessions::invalidate,
        "admin.users.session.list" => sessions::list,
        "admin.users.session.reset" => sessions::reset,
        "admin.users.session.resetBulk" => sessions::reset_bulk,
        "auth.revoke" => meta::auth_revoke,
        "auth.teams.list" => meta::auth_teams,
        "emoji.list" => meta::emoji_list,
        "usergroups.create" => usergroups::create,
        "usergroups.disable" => usergroups::disable,
        "usergroups.enable" => usergroups::enable,
        "usergroups.list" => usergroups::list,
        "usergroups.update" => usergroups::update,
        "usergroups.users.list" => usergroups::users_list,
        "usergroups.users.update" => usergroups::users_update,
        "users.conversations" => users::conversations,
        "users.getPresence" => users::get_presence,
        "users.profile.get" => users::profile_get,
        "users.profile.set" => users::profile_set,
        "users.setPresence" => users::set_presence,
        _ => return None,
    })
}

fn of_developers(name: &str) -> Option<Handler> {
    Some(match name {
        "apps.activities.list" => apps::activities,
        "apps.delete" | "apps.manifest.delete" => apps::delete,
        "apps.developerInstall" => apps::install,
        "apps.developerUninstall" => apps::uninstall,
        "apps.hosted.generatePresignedPost" => hosted::sign,
        "apps.hosted.upload" => hosted::upload,
        "apps.hosted.variables.add" => apps::variables_add,
        "apps.hosted.variables.list" => apps::variables_list,
        "apps.hosted.variables.remove" => apps::variables_remove,
        "apps.manifest.create" => apps::create,
        "apps.manifest.export" => apps::export,
        "apps.manifest.update" => apps::update,
        "apps.manifest.validate" => apps::validate,
        "apps.status" => apps::status,
        "apps.uninstall" => apps::uninstall_self,
        "developer.apps.owners.list" => apps::owners,
        "functions.completeError" => functions::complete_error,
        "functions.completeSuccess" => functions::complete_success,
        "oauth.v2.exchange" => oauth::exchange,
        "openid.connect.userInfo" => openid::user_info,
        name if oauth::without_token(name).is_some() => oauth::unreachable,
        "workflows.triggers.create" => workflows::create,
        "workflows.triggers.delete" => workflows::delete,
        "workflows.triggers.info" => workflows::info,
        "workflows.triggers.list" => workflows::list,
        "workflows.triggers.permissions.add" => workflows::permissions_add,
        "workflows.triggers.permissions.list" => workflows::permissions,
        "workflows.triggers.permissions.remove" => workflows::permissions_remove,
        "workflows.triggers.permissions.set" => workflows::permissions_set,
        "workflows.triggers.update" => workflows::update,
        _ => return None,
    })
}

fn core(name: &str) -> Option<Handler> {
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
        let source = include_str!("dispatch.rs");
        let arms = source
            .lines()
            .filter_map(|line| line.trim().strip_prefix('"')?.split_once("\" => "))
            .flat_map(|(names, _)| names.split("\" | \"").collect::<Vec<_>>());
        let mut count = 0;
        for name in arms {
            assert!(find(name).is_some(), "{name} has a handler and no row in the table");
            count += 1;
        }
        assert!(count > 100, "{count}");
        assert!(find("no.such.method").is_none());
    }
}
