//! Channels by their names: looked up at Slack, remembered for a while.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use countersign_approval::{Destination, Timestamp};
use countersign_slack::client::{Channel, Error};
use serde::Deserialize;
use serde_json::json;

use crate::{chain, core::Core};

/// How long a name stands for the same channel without being looked up again.
const FRESH: Duration = Duration::from_mins(5);

/// A name that was not found is not looked up again sooner than this: a misspelt one must not cost a call each time.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Channels on one page, the most that Slack recommends (docs.slack.dev, conversations.list).
const PAGE: u32 = 200;

/// Pages that are read at most.
const PAGES: usize = 100;

/// Names and ids of the channels that the app sees.
#[derive(Debug, Default)]
pub(super) struct Directory {
    /// Locked for a look-up only.
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    ids: BTreeMap<String, String>,
    read_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Listed {
    channels: Vec<Channel>,
    #[serde(default)]
    response_metadata: Cursor,
}

#[derive(Default, Deserialize)]
struct Cursor {
    #[serde(default)]
    next_cursor: String,
}

impl Directory {
    /// Forgets everything: another app sees other channels.
    pub(super) fn clear(&self) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Known::default();
    }

    /// The channels that these names and ids stand for, and what is wrong with the others, for people.
    pub(super) async fn resolve(&self, core: &Core, wanted: &BTreeSet<String>) -> (Vec<Destination>, Vec<String>) {
        let names: Vec<&str> = wanted.iter().map(|wanted| bare(wanted)).filter(|name| !is_id(name)).collect();
        let trouble = if self.needs_reading(core, &names) { self.read(core).await.err() } else { None };
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = BTreeSet::new();
        let mut warnings = Vec::new();
        for name in wanted.iter().map(|wanted| bare(wanted)) {
            match known.ids.get(&name.to_lowercase()) {
                _ if is_id(name) => {
                    found.insert(Destination::new(name));
                }
                Some(id) => {
                    found.insert(Destination::new(id));
                }
                None => warnings.push(not_found(name, trouble.as_ref())),
            }
        }
        (found.into_iter().collect(), warnings)
    }

    fn needs_reading(&self, core: &Core, names: &[&str]) -> bool {
        if names.is_empty() {
            return false;
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(read_at) = known.read_at else { return true };
        let age = core.approvals().now().since(read_at);
        let all_known = names.iter().all(|name| known.ids.contains_key(&name.to_lowercase()));
        age > if all_known { FRESH } else { LOOK_AGAIN }
    }

    async fn read(&self, core: &Core) -> Result<(), Error> {
        // Private channels can only be listed with a scope of their own.
        let sees_private = core.installation_now().is_some_and(|known| known.has_scope("groups:read"));
        let types = if sees_private { "public_channel,private_channel" } else { "public_channel" };
        let (client, token) = core.slack().bot();
        let mut ids = BTreeMap::new();
        let mut cursor = String::new();
        for _ in 0..PAGES {
            let args = json!({ "types": types, "exclude_archived": true, "limit": PAGE, "cursor": cursor });
            let page: Listed = client.call(token, "conversations.list", &args).await?.body;
            ids.extend(page.channels.into_iter().filter_map(|channel| Some((channel.name?, channel.id.into_string()))));
            cursor = page.response_metadata.next_cursor;
            if cursor.is_empty() {
                break;
            }
        }
        let read_at = Some(core.approvals().now());
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Known { ids, read_at };
        Ok(())
    }
}

/// The name without its sign.
fn bare(wanted: &str) -> &str {
    let wanted = wanted.trim();
    wanted.strip_prefix('#').unwrap_or(wanted)
}

/// Whether it is an id: Slack's names are never in capitals.
pub(super) fn is_id(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| matches!(first, 'C' | 'G' | 'D' | 'U' | 'W'))
        && text.len() >= 3
        && characters.all(|character| character.is_ascii_uppercase() || character.is_ascii_digit())
}

fn not_found(name: &str, trouble: Option<&Error>) -> String {
    let shown: String = crate::render::visible(name).chars().take(100).collect();
    match trouble {
        Some(error) if error.code() == Some("missing_scope") => format!(
            "#{shown} cannot be looked up in Slack: the app lacks the scope channels:read; give the channel's id (C…) instead"
        ),
        Some(error) => format!("#{shown} cannot be looked up in Slack: {}", chain(error)),
        None => format!(
            "there is no channel #{shown} in Slack that the app can see: a private one has to be named by its id (C…)"
        ),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("C0123456789", true)]
    #[case("U0123456789", true)]
    #[case("approvals", false)]
    #[case("C1", false)]
    #[case("C12", true)]
    #[case("Cafebabe12", false)]
    #[case("", false)]
    fn ids_are_told_from_names(#[case] text: &str, #[case] expected: bool) {
        assert_eq!(is_id(text), expected);
    }
}
