//! The parts of a page that are replaced while it is open.
//!
//! The page and the live updates draw them with the same functions; a version tells whether
//! what the browser shows is still right.

use maud::{Markup, PreEscaped, Render as _, html};
use serde_json::{Map, Value, json};

use super::text::fingerprint;

/// A named part of the page.
#[derive(Clone, Debug)]
pub(super) struct Region {
    /// The value of its `data-region`.
    pub(super) name: &'static str,
    pub(super) content: Content,
}

/// What a region holds.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// Replaced as a whole when its version changes.
    Whole { version: String, markup: Markup },
    /// Items that come, change and go one by one.
    List(Vec<Item>),
}

/// An entry of a list: one `<li>`.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) key: String,
    pub(super) version: String,
    markup: Markup,
}

impl Item {
    /// An entry; `class`, `ts` and the rest of the tag are attributes of the `<li>`.
    pub(super) fn new(key: String, class: &str, ts: Option<&str>, inner: &Markup) -> Self {
        let version = fingerprint(&[class, &inner.0]);
        let testid = ts.map(|_| "message");
        let markup = html! {
            li.(class) data-key=(key) data-version=(version) data-ts=[ts] data-testid=[testid] { (inner) }
        };
        Self { key, version, markup }
    }
}

impl Item {
    /// It still changes: readers wait with telling it until it is done.
    pub(super) fn busy(self) -> Self {
        let markup = self.markup.0.replacen("<li ", "<li aria-busy=\"true\" ", 1);
        Self { markup: PreEscaped(markup), ..self }
    }

    /// Addresses can lead to it by this name, which is fit for an attribute as it is.
    pub(super) fn called(self, name: &str) -> Self {
        let markup = self.markup.0.replacen("<li ", &format!("<li id=\"{name}\" "), 1);
        Self { markup: PreEscaped(markup), ..self }
    }
}

impl Region {
    /// A region replaced as a whole, whose version is its markup.
    pub(super) fn whole(name: &'static str, markup: Markup) -> Self {
        let version = fingerprint(&[&markup.0]);
        Self { name, content: Content::Whole { version, markup } }
    }

    /// A region replaced as a whole when this version changes.
    pub(super) fn versioned(name: &'static str, version: String, markup: Markup) -> Self {
        Self { name, content: Content::Whole { version, markup } }
    }

    /// A list.
    pub(super) fn list(name: &'static str, items: Vec<Item>) -> Self {
        Self { name, content: Content::List(items) }
    }

    /// The inside of a region.
    pub(super) fn inner(&self) -> Markup {
        match &self.content {
            Content::Whole { markup, .. } => markup.clone(),
            Content::List(items) => {
                let mut out = String::new();
                for item in items {
                    item.markup.render_to(&mut out);
                }
                PreEscaped(out)
            }
        }
    }

    /// The version of a whole region, for its `data-version`.
    pub(super) fn version(&self) -> &str {
        match &self.content {
            Content::Whole { version, .. } => version,
            Content::List(_) => "",
        }
    }
}

/// What one browser was sent last, to send it only what differs.
#[derive(Debug, Default)]
pub(super) struct Sent {
    regions: Map<String, Value>,
}

impl Sent {
    /// The update that brings the browser up to date, if it needs one.
    pub(super) fn update(&mut self, region: &Region) -> Option<Value> {
        let (state, update) = match &region.content {
            Content::Whole { version, markup } => {
                (json!(version), json!({"region": region.name, "version": version, "html": markup.0}))
            }
            Content::List(items) => {
                let order: Vec<_> = items.iter().map(|item| json!([item.key, item.version])).collect();
                let changed = self.changed(region.name, items);
                (json!(order), json!({"region": region.name, "order": order, "items": changed}))
            }
        };
        let before = self.regions.insert(region.name.to_owned(), state.clone());
        (before.as_ref() != Some(&state)).then_some(update)
    }

    fn changed(&self, name: &str, items: &[Item]) -> Map<String, Value> {
        let known: std::collections::HashSet<(&str, &str)> = self
            .regions
            .get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|pair| Some((pair.get(0)?.as_str()?, pair.get(1)?.as_str()?)))
            .collect();
        items
            .iter()
            .filter(|item| !known.contains(&(item.key.as_str(), item.version.as_str())))
            .map(|item| (item.key.clone(), json!(item.markup.0)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: &[(&str, &str)]) -> Region {
        let item = |(key, text): &(&str, &str)| Item::new((*key).to_owned(), "msg", Some(key), &html! { (text) });
        Region::list("messages", items.iter().map(item).collect())
    }

    #[test]
    fn only_what_changed_is_sent_again() {
        let mut sent = Sent::default();
        assert!(sent.update(&list(&[("1", "a"), ("2", "b")])).is_some());
        assert_eq!(sent.update(&list(&[("1", "a"), ("2", "b")])), None);
        let update = sent.update(&list(&[("2", "B"), ("3", "c")])).unwrap();
        assert_eq!(update["order"].as_array().unwrap().len(), 2);
        let items: Vec<_> = update["items"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(items, ["2", "3"]);
    }

    #[test]
    fn a_whole_region_is_sent_when_its_version_changes() {
        let mut sent = Sent::default();
        let region = |text: &str| Region::whole("sidebar", html! { (text) });
        assert!(sent.update(&region("a")).is_some());
        assert_eq!(sent.update(&region("a")), None);
        assert_eq!(sent.update(&region("b")).unwrap()["html"], "b");
    }
}
