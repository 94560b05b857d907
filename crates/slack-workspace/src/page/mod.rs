//! The web page: a Slack-like client for the people of the workspace.
//!
//! The server draws everything ([`maud`], one stylesheet, one small script). A page is copied out
//! of the state ([`scene`]), drawn as regions ([`fragment`]), and kept up to date by server-sent
//! events that carry whole regions or list entries again ([`live`]). Without the script, forms and
//! redirects do the same ([`send`]). Whatever comes from apps and people passes through [`text`],
//! which escapes it and draws invisible characters as chips; remote content is never loaded.

mod address;
mod advice;
mod answers;
mod assets;
mod blocks;
mod confirm;
mod developer;
mod elements;
mod emoji;
mod fragment;
mod guard;
mod held;
mod json;
mod live;
mod markdown;
mod message;
mod modal;
mod mrkdwn;
mod place;
mod reader;
mod reference;
mod rich_text;
mod routes;
mod scan;
mod scene;
mod send;
mod shell;
mod sidebar;
mod tail;
mod text;
mod visit;
mod when;

pub(crate) use routes::routes;

#[cfg(test)]
mod tests;
