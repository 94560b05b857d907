//! `link_shared`: a message contains links that an app wants to show more of.

use serde_json::{Map, Value, json};

use super::{deliver, listeners};
use crate::model::{AppId, ChannelId, Message, State};

/// How many links of a message an app hears of.
const MAX_LINKS: usize = 20;

/// Tells the apps of the links in a message that was posted.
pub(super) fn shared(state: &mut State, channel: &ChannelId, message: &Message, now_ms: u64) {
    if !message.packed().text().contains("://") || !message.text().contains("://") {
        return;
    }
    for app in listeners(state, channel, Some("link_shared")) {
        let links: Vec<Value> = links(message.text())
            .filter_map(|url| Some((url, domain(url)?)))
            .filter(|(_, domain)| is_wanted(state, &app, domain))
            .take(MAX_LINKS)
            .map(|(url, domain)| json!({"domain": domain, "url": url.replace("&amp;", "&")}))
            .collect();
        // An app is not asked to unfurl its own messages.
        if links.is_empty() || message.app.as_ref() == Some(&app) {
            continue;
        }
        let event = event(state, channel, message, links);
        deliver(state, &app, event, now_ms);
    }
}

fn event(state: &mut State, channel: &ChannelId, message: &Message, links: Vec<Value>) -> Map<String, Value> {
    let secret = unfurl_secret(state);
    state.unfurls.insert(secret.clone(), (channel.clone(), message.ts));
    let mut event = Map::new();
    let mut put = |name: &str, value: Value| event.insert(name.to_owned(), value);
    put("type", "link_shared".into());
    put("channel", channel.as_str().into());
    put("is_bot_user_member", true.into());
    put("user", message.user.as_str().into());
    put("message_ts", message.ts.into());
    if let Some(thread) = message.thread_ts {
        put("thread_ts", thread.into());
    }
    put("unfurl_id", secret.into());
    put("source", "conversations_history".into());
    put("links", links.into());
    put("event_ts", message.ts.into());
    event
}

/// A new `unfurl_id`.
fn unfurl_secret(state: &mut State) -> String {
    format!("C{}.{}.{}", state.mint.digits(12), state.mint.digits(12), state.mint.hex(64))
}

/// The addresses in a text, bare or in angle brackets.
pub(crate) fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '|'))
        .filter(|word| word.starts_with("https://") || word.starts_with("http://"))
}

fn domain(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#', ':']).next()?;
    (!host.is_empty()).then_some(host)
}

/// Whether an app registered the domain or one above it; one that registered none gets every link.
fn is_wanted(state: &State, app: &AppId, domain: &str) -> bool {
    let manifest = state.platform.registrations.get(app).map(|registration| &registration.manifest);
    let domains = manifest.and_then(|manifest| manifest.pointer("/features/unfurl_domains")?.as_array());
    let fits = |of: &str| domain == of || domain.strip_suffix(of).is_some_and(|rest| rest.ends_with('.'));
    domains.is_none_or(|domains| domains.iter().filter_map(Value::as_str).any(fits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_bare_and_in_brackets() {
        let text = "see <https://a.example/x?y=1&amp;z=2|here> and http://b.example:80/ and ftp://c";
        let found: Vec<&str> = links(text).collect();
        assert_eq!(found, ["https://a.example/x?y=1&amp;z=2", "http://b.example:80/"]);
        let domains: Vec<&str> = found.into_iter().filter_map(domain).collect();
        assert_eq!(domains, ["a.example", "b.example"]);
        assert_eq!(domain("https://"), None);
    }
}
