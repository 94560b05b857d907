//! Links and mentions: whatever leads somewhere else.

use maud::{Markup, html};

use super::address::Address;
use super::reader::Reader;
use super::text::text;

/// A link that may be followed, or its text when it may not.
pub(super) fn link(address: &str, label: Option<&str>) -> Markup {
    let shown = label.filter(|label| !label.is_empty()).unwrap_or(address);
    let Some(address) = Address::parse(address) else {
        return html! { span.nolink title="this address cannot be opened from here" { (text(shown)) } };
    };
    let real = address.host.as_deref().filter(|_| label.is_some_and(|label| address.is_disguised_by(label)));
    html! {
        a href=(address.href) target="_blank" rel=(relation(&address)) title=(address.href) { (text(shown)) }
        @if let Some(host) = real { span.host title="where this link really leads" { " (" (text(host)) ")" } }
    }
}

/// A permalink has to know whose page it was followed from; no other origin is told, for the page's policy says so.
fn relation(address: &Address) -> &'static str {
    let is_here = matches!(address.host.as_deref(), Some("127.0.0.1" | "localhost" | "[::1]"));
    let is_permalink = ["/archives/", "/files/"].iter().any(|path| address.href.contains(path));
    if is_here && is_permalink { "noopener nofollow" } else { "noopener noreferrer nofollow" }
}

/// A mention of a person, marked when it is the reader.
pub(super) fn mention_user(id: &str, reader: &Reader) -> Markup {
    let mine = id == reader.id;
    html! { span.mention.mine[mine] title=(id) { "@" (text(reader.user(id))) } }
}

/// A mention of a conversation, a link where the reader may see it.
pub(super) fn mention_channel(id: &str, label: Option<&str>, reader: &Reader) -> Markup {
    html! {
        @if let Some(name) = reader.channels.get(id) {
            a.mention href=(reader.page(&format!("/c/{id}"))) { "#" (text(name)) }
        } @else {
            span.mention { "#" (text(label.unwrap_or(id))) }
        }
    }
}

/// A mention of everybody, such as `here`.
pub(super) fn mention_all(range: &str) -> Markup {
    html! { span.mention.mine { "@" (text(range)) } }
}
