//! Menus: of the app's options, of people, of conversations, and of what the app finds while one types.
//!
//! Each is a `<select>`, which works by itself; the script puts a field with search in front of the long ones.

use maud::{Markup, html};
use serde_json::{Value, json};

use super::elements::Control;
use super::json::{flag, items, label, number, string};
use super::reader::Known;
use super::text::{text, visible};
use crate::model::ChannelKind;

/// A menu with more entries than these gets a field to search in.
const SEARCHED: usize = 8;

/// What an app answered when it was asked for the options of a menu.
#[derive(Clone, Debug, Default)]
pub(super) struct Suggested {
    /// The surface the menu is on.
    pub(super) surface: String,
    /// The menu's field.
    pub(super) name: String,
    /// What was searched for.
    pub(super) query: String,
    /// `options` or `option_groups`.
    pub(super) answer: Value,
}

/// An entry of a menu.
pub(super) struct Entry {
    pub(super) group: Option<String>,
    pub(super) value: String,
    pub(super) shown: String,
    pub(super) description: String,
}

/// The options of an element or of an app's answer; those of menus that the app fills carry themselves as value.
pub(super) fn entries(of: &Value, is_external: bool) -> Vec<Entry> {
    let entry = |group: Option<&str>, option: &Value| Entry {
        group: group.map(str::to_owned),
        value: if is_external { packed(option) } else { string(option, "value").to_owned() },
        shown: label(option, "text").to_owned(),
        description: label(option, "description").to_owned(),
    };
    let grouped = items(of, "option_groups").iter().flat_map(|group| {
        let name = label(group, "label");
        items(group, "options").iter().map(move |option| entry(Some(name), option))
    });
    items(of, "options").iter().map(|option| entry(None, option)).chain(grouped).collect()
}

/// An option of a menu that the app fills, as a form can carry it: the workspace does not keep what it was offered.
pub(super) fn packed(option: &Value) -> String {
    let mut whole = json!({"text": option.get("text"), "value": option.get("value")});
    if let Some(description) = option.get("description").filter(|text| text.is_object()) {
        whole["description"] = description.clone();
    }
    whole.to_string()
}

impl Control<'_> {
    /// The menu; nothing for a kind that does not exist.
    pub(super) fn select(&self) -> Option<Markup> {
        let kind = string(self.element, "type");
        Some(match kind.strip_prefix("multi_").unwrap_or(kind) {
            "static_select" => self.menu(&entries(self.element, false)),
            "users_select" => self.menu(&self.people()),
            "conversations_select" => self.menu(&self.conversations()),
            "channels_select" => self.menu(&self.channels()),
            "external_select" => self.external(),
            _ => return None,
        })
    }

    fn menu(&self, entries: &[Entry]) -> Markup {
        self.drawn(entries, entries.len() > SEARCHED || self.is_multi(), None)
    }

    fn is_multi(&self) -> bool {
        string(self.element, "type").starts_with("multi_")
    }

    /// The app is asked while one types; without the script, after *Search* is pressed.
    fn external(&self) -> Markup {
        let held = self.chosen().into_iter().map(|option| {
            let parsed: Value = serde_json::from_str(&option).unwrap_or_default();
            let shown = label(&parsed, "text").to_owned();
            Entry { group: None, value: option, shown, description: String::new() }
        });
        let found = self.surface.suggested.filter(|of| of.surface == self.surface.id && of.name == self.name);
        let mut all: Vec<Entry> = held.collect();
        let new = found.map(|of| entries(&of.answer, true)).unwrap_or_default();
        all.extend(new.into_iter().filter(|entry| !self.chosen().contains(&entry.value)));
        let query = found.map(|of| of.query.as_str()).unwrap_or_default();
        let min = number(self.element, "min_query_length").unwrap_or(3).max(0);
        html! {
            (self.drawn(&all, true, Some(min)))
            noscript {
                span.search {
                    input.input type="search" name=(format!("search {}", self.name)) value=(query)
                        aria-label=(format!("Search: {}", self.spoken));
                    button.btn type="submit" name="find" value=(self.name) { "Search" }
                }
                @if found.is_some() && all.is_empty() { span.muted { "The app found nothing." } }
            }
        }
    }

    fn drawn(&self, entries: &[Entry], is_searched: bool, min_query: Option<i64>) -> Markup {
        let chosen = self.chosen();
        let many = self.is_multi();
        html! {
            select.input id=(self.id) name=(self.name) multiple[many] data-action-id=(self.action_id) data-acts=[self.acts()]
                aria-label=[self.spoken_here()] aria-describedby=[self.described_by()] aria-invalid=[self.invalid()]
                data-confirm=[self.confirm_id().as_deref()] autofocus[self.focuses()]
                data-combo=[is_searched.then_some(self.spoken.as_str())] data-external=[min_query]
                data-most=[number(self.element, "max_selected_items")] {
                @if !many { option value="" { (visible(&self.spoken)) } }
                @for group in entries.chunk_by(|a, b| a.group == b.group) {
                    @match group.first().and_then(|entry| entry.group.as_deref()) {
                        Some(name) => optgroup label=(visible(name)) { (entry_options(group, &chosen)) },
                        None => (entry_options(group, &chosen)),
                    }
                }
            }
        }
    }

    fn people(&self) -> Vec<Entry> {
        let users = self.surface.reader.users.iter();
        sorted(users.map(|(id, name)| entry(id, format!("@{name}"))).collect())
    }

    fn channels(&self) -> Vec<Entry> {
        let channels = self.surface.reader.channels.iter();
        sorted(channels.map(|(id, name)| entry(id, format!("#{name}"))).collect())
    }

    /// Conversations that pass the element's filter (docs.slack.dev, "Conversation filter object").
    fn conversations(&self) -> Vec<Entry> {
        let filter = self.element.get("filter");
        let included: Vec<&str> =
            filter.map_or(&[][..], |filter| items(filter, "include")).iter().filter_map(Value::as_str).collect();
        let without_bots = filter.is_some_and(|filter| flag(filter, "exclude_bot_users"));
        let passes = |known: &&Known| {
            let kind = match known.kind {
                ChannelKind::Public => "public",
                ChannelKind::Private => "private",
                ChannelKind::Im => "im",
                ChannelKind::Mpim => "mpim",
            };
            (included.is_empty() || included.contains(&kind)) && !(without_bots && known.is_with_bot)
        };
        let known = self.surface.reader.conversations.iter().filter(passes);
        sorted(known.map(|known| entry(&known.id, known.shown())).collect())
    }
}

fn entry(id: &str, shown: String) -> Entry {
    Entry { group: None, value: id.to_owned(), shown, description: String::new() }
}

fn sorted(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by(|a, b| a.shown.cmp(&b.shown));
    entries
}

fn entry_options(entries: &[Entry], chosen: &[String]) -> Markup {
    html! {
        @for entry in entries {
            option value=(entry.value) selected[chosen.contains(&entry.value)]
                data-description=[Some(visible(&entry.description)).filter(|text| !text.is_empty())] { (visible(&entry.shown)) }
        }
    }
}

/// What was found, as the script puts it into its list.
pub(super) fn found(answer: &Value) -> Markup {
    let entries = entries(answer, true);
    html! {
        @for group in entries.chunk_by(|a, b| a.group == b.group) {
            @if let Some(name) = group.first().and_then(|entry| entry.group.as_deref()) {
                li.combo-group role="presentation" { (text(name)) }
            }
            @for entry in group {
                li.combo-option role="option" data-value=(entry.value) data-shown=(visible(&entry.shown)) {
                    (text(&entry.shown))
                    @if !entry.description.is_empty() { span.muted.below { (text(&entry.description)) } }
                }
            }
        }
    }
}
