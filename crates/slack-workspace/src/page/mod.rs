//! The web page: a Slack-like client for the people of the workspace.
//!
//! The server draws everything ([`maud`], two stylesheets, small scripts). A page is copied out
//! of the state ([`scene`]), drawn as regions ([`fragment`]), and kept up to date by server-sent
//! events that carry whole regions or list entries again ([`live`]). Without the scripts, forms and
//! redirects do the same: an app's forms ([`send`]), deeds with messages ([`deeds`]), ways from place to place
//! ([`moves`]). What needs a page of its own is a sheet ([`sheet`]), which the scripts show over the conversation. Whatever comes from apps and people passes through [`text`],
//! which escapes it and draws invisible characters as chips; remote content is never loaded.

mod address;
mod advice;
mod agent;
mod answers;
mod assets;
mod attached;
mod blocks;
mod card;
mod complete;
mod composer;
mod confirm;
mod deeds;
mod developer;
mod elements;
mod files;
mod filled;
mod fragment;
mod guard;
mod head;
mod held;
mod home;
mod inputs;
mod json;
mod line;
mod live;
mod markdown;
mod media;
mod message;
mod modal;
mod moves;
mod mrkdwn;
mod permalink;
mod place;
mod reader;
mod reference;
mod rich_text;
mod rooms;
mod routes;
mod scan;
mod scene;
mod search;
mod selects;
mod send;
mod sent;
mod sheet;
mod shell;
mod sidebar;
mod table;
mod tail;
mod text;
mod unknown;
mod visit;
mod when;
mod work;

pub(crate) use routes::routes;

#[cfg(test)]
mod kinds;
#[cfg(test)]
mod tests;
