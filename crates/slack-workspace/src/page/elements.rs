//! Block Kit's interactive elements as form controls (docs.slack.dev, "Block elements").

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::address::Address;
use super::answers::{Errors, field_name, option_name, options};
use super::confirm::{confirm_body, confirm_class, confirm_word};
use super::held::{entered, initial};
use super::json::{flag, items, label, number, string};
use super::mrkdwn::{mrkdwn, plain};
use super::reader::Reader;
use super::text::{fingerprint, text, visible};

/// Where blocks are drawn: for whom, in what, and with which answers already given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surface<'a> {
    pub(super) reader: &'a Reader,
    /// Tells apart what is drawn on one page: a message's channel and ts, or a view's id.
    pub(super) id: &'a str,
    /// What was entered before: block id, action id, state object.
    pub(super) values: &'a Map<String, Value>,
    pub(super) errors: &'a Errors,
}

/// What happens when an element is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The app hears of it at once.
    Acts,
    /// It waits for the form to be submitted.
    Answers,
}

/// An element together with the names it goes by on the page.
struct Control<'a> {
    element: &'a Value,
    surface: &'a Surface<'a>,
    block_id: &'a str,
    action_id: &'a str,
    name: String,
    id: String,
    role: Role,
    /// Text that names it for screen readers where no label does.
    spoken: String,
}

/// An element of a block.
pub(super) fn element(element: &Value, block_id: &str, role: Role, surface: &Surface<'_>) -> Markup {
    let action_id = string(element, "action_id");
    let control = Control {
        element,
        surface,
        block_id,
        action_id,
        name: field_name(block_id, action_id),
        id: element_id(surface, block_id, action_id),
        role,
        spoken: spoken_name(element),
    };
    match string(element, "type") {
        "button" | "workflow_button" => control.button(),
        "overflow" => control.overflow(),
        "checkboxes" => control.choices("checkbox"),
        "radio_buttons" => control.choices("radio"),
        "image" => image(element),
        _ => control.field(),
    }
}

/// The page-wide id of an element, which labels refer to.
pub(super) fn element_id(surface: &Surface<'_>, block_id: &str, action_id: &str) -> String {
    format!("e-{}", fingerprint(&[surface.id, block_id, action_id]))
}

/// A remote image is never loaded: its description and address stand in for it.
pub(super) fn image(block: &Value) -> Markup {
    let address = string(block, "image_url");
    let alt = string(block, "alt_text");
    html! {
        span.imagecard data-testid="image" {
            span.imagecard-mark aria-hidden="true" { "▧" }
            span {
                (text(if alt.is_empty() { "Image without a description" } else { alt }))
                @if let Some(url) = Address::parse(address) {
                    " " a href=(url.href) target="_blank" rel="noopener noreferrer nofollow" title=(url.href) { "Open image" }
                }
            }
        }
    }
}

fn spoken_name(element: &Value) -> String {
    let placeholder = label(element, "placeholder");
    let given = string(element, "accessibility_label");
    let name = [given, placeholder].into_iter().find(|name| !name.is_empty());
    name.unwrap_or_else(|| match string(element, "type") {
        "overflow" => "More actions",
        "datepicker" => "Pick a date",
        "timepicker" => "Pick a time",
        "checkboxes" | "radio_buttons" => "Options",
        "plain_text_input" => "Text",
        _ => "Choose an option",
    })
    .to_owned()
}

impl Control<'_> {
    fn button(&self) -> Markup {
        let class = match string(self.element, "style") {
            "primary" => "btn btn-primary",
            "danger" => "btn btn-danger",
            _ => "btn",
        };
        let shown = plain(self.element.get("text").unwrap_or(&Value::Null));
        let spoken = Some(string(self.element, "accessibility_label")).filter(|name| !name.is_empty());
        let confirm = self.confirm_id();
        let link = Address::parse(string(self.element, "url"));
        html! {
            @if let Some(link) = link {
                a.(class) href=(link.href) target="_blank" rel="noopener noreferrer nofollow" data-press=(self.name)
                    data-testid="button" data-action-id=(self.action_id) aria-label=[spoken] { (shown) " ↗" }
            } @else {
                button.(class) type="submit" name="press" value=(self.name) data-press=(self.name) data-testid="button"
                    data-action-id=(self.action_id) data-block-id=(self.block_id) data-confirm=[confirm.as_deref()]
                    aria-label=[spoken] { span.btn-text { (shown) } }
                (self.confirm_dialog())
            }
        }
    }

    fn confirm_id(&self) -> Option<String> {
        let has = self.element.get("confirm").is_some_and(Value::is_object);
        has.then(|| format!("{}-confirm", self.id))
    }

    /// Asks before the app hears of it; shown by the script, and without it as a page of its own.
    fn confirm_dialog(&self) -> Markup {
        let Some(id) = self.confirm_id() else {
            return html! {};
        };
        html! {
            dialog.confirm id=(id) aria-labelledby=(format!("{id}-title")) data-testid="confirm" {
                (confirm_body(self.element, &id))
                div.dialog-foot {
                    button.btn type="button" data-dismiss { (confirm_word(self.element, "deny", "Cancel")) }
                    button.(confirm_class(self.element)) type="submit" name="confirmed" value=(self.name) data-press=(self.name)
                        data-testid="confirm-yes" { span.btn-text { (confirm_word(self.element, "confirm", "Yes")) } }
                }
            }
        }
    }

    fn overflow(&self) -> Markup {
        html! {
            details.menu data-testid="overflow" data-action-id=(self.action_id) {
                summary.btn.btn-square aria-label=(self.spoken) title=(self.spoken) { span aria-hidden="true" { "⋯" } }
                div.menu-list {
                    @for option in options(self.element) {
                        @let key = option_name(self.block_id, self.action_id, string(option, "value"));
                        button.menu-item type="submit" name="press" value=(key) data-press=(key)
                            data-confirm=[self.confirm_id().as_deref()] {
                            (plain(option.get("text").unwrap_or(&Value::Null)))
                            (described(option, self.surface.reader))
                        }
                    }
                }
                (self.confirm_dialog())
            }
        }
    }

    fn choices(&self, kind: &str) -> Markup {
        let chosen = self.chosen();
        html! {
            div.choices role=(if kind == "radio" { "radiogroup" } else { "group" }) id=(self.id)
                aria-label=[(self.role == Role::Acts).then_some(self.spoken.as_str())] data-action-id=(self.action_id) {
                @for option in options(self.element) {
                    @let value = string(option, "value");
                    label.choice {
                        input type=(kind) name=(self.name) value=(value) checked[chosen.iter().any(|one| one == value)]
                            data-acts=[self.acts()];
                        span {
                            (text_of(option.get("text").unwrap_or(&Value::Null), self.surface.reader))
                            (described(option, self.surface.reader))
                        }
                    }
                }
            }
            (self.without_script())
        }
    }

    fn field(&self) -> Markup {
        let inner = match string(self.element, "type") {
            "plain_text_input" => self.text_input(),
            "email_text_input" => self.input("email"),
            "url_text_input" => self.input("url"),
            "number_input" => self.number_input(),
            "datepicker" => self.input("date"),
            "timepicker" => self.input("time"),
            "datetimepicker" => self.input("datetime-local"),
            "external_select" | "multi_external_select" => self.input("text"),
            "static_select" | "multi_static_select" => self.select(&self.static_options()),
            "users_select" | "multi_users_select" => self.select(&self.people()),
            "conversations_select" | "multi_conversations_select" | "channels_select" | "multi_channels_select" => {
                self.select(&self.conversations())
            }
            other => return html! { span.unknown { "Element of an unknown type: " code { (text(other)) } } },
        };
        html! { (inner) (self.without_script()) @if self.role == Role::Acts { (self.confirm_dialog()) } }
    }

    /// The key that the script sends when the element changes.
    fn acts(&self) -> Option<&str> {
        (self.role == Role::Acts).then_some(self.name.as_str())
    }

    /// Without the script a change is sent by a button of its own.
    fn without_script(&self) -> Markup {
        html! {
            @if self.role == Role::Acts {
                noscript { button.btn type="submit" name="press" value=(self.name) { "Send" } }
            }
        }
    }

    /// A placeholder is no name: in an input block the label above is one, elsewhere this is.
    fn spoken_here(&self) -> Option<&str> {
        self.acts().map(|_| self.spoken.as_str())
    }

    fn text_input(&self) -> Markup {
        let placeholder = label(self.element, "placeholder");
        let value = self.chosen().into_iter().next().unwrap_or_default();
        let (min, max) = (number(self.element, "min_length"), number(self.element, "max_length"));
        html! {
            @if flag(self.element, "multiline") {
                textarea.input id=(self.id) name=(self.name) rows="4" placeholder=(placeholder) minlength=[min] maxlength=[max]
                    aria-label=[self.spoken_here()] aria-describedby=[self.described_by()] aria-invalid=[self.invalid()]
                    data-action-id=(self.action_id) autofocus[self.focuses()] { (value) }
            } @else {
                input.input type="text" id=(self.id) name=(self.name) value=(value) placeholder=(placeholder) minlength=[min]
                    maxlength=[max] aria-label=[self.spoken_here()] aria-describedby=[self.described_by()]
                    aria-invalid=[self.invalid()] data-action-id=(self.action_id) data-acts=[self.acts()]
                    autofocus[self.focuses()];
            }
        }
    }

    fn number_input(&self) -> Markup {
        let value = self.chosen().into_iter().next().unwrap_or_default();
        let step = if flag(self.element, "is_decimal_allowed") { "any" } else { "1" };
        html! {
            input.input type="number" id=(self.id) name=(self.name) value=(value) step=(step)
                min=[number(self.element, "min_value")] max=[number(self.element, "max_value")]
                aria-label=[self.spoken_here()] aria-describedby=[self.described_by()] aria-invalid=[self.invalid()]
                data-action-id=(self.action_id) data-acts=[self.acts()];
        }
    }

    fn input(&self, kind: &str) -> Markup {
        let value = self.chosen().into_iter().next().unwrap_or_default();
        html! {
            input.input type=(kind) id=(self.id) name=(self.name) value=(value) placeholder=(label(self.element, "placeholder"))
                aria-label=[self.spoken_here()] aria-describedby=[self.described_by()] aria-invalid=[self.invalid()]
                data-action-id=(self.action_id) data-acts=[self.acts()] data-confirm=[self.confirm_id().as_deref()];
        }
    }

    fn select(&self, entries: &[Entry<'_>]) -> Markup {
        let chosen = self.chosen();
        let many = string(self.element, "type").starts_with("multi_");
        html! {
            select.input id=(self.id) name=(self.name) multiple[many] data-action-id=(self.action_id) data-acts=[self.acts()]
                aria-label=[self.spoken_here()] aria-describedby=[self.described_by()] aria-invalid=[self.invalid()]
                data-confirm=[self.confirm_id().as_deref()] {
                @if !many { option value="" { (visible(&self.spoken)) } }
                @for group in entries.chunk_by(|a, b| a.group == b.group) {
                    @match group.first().and_then(|entry| entry.group) {
                        Some(name) => optgroup label=(visible(name)) { (entry_options(group, &chosen)) },
                        None => (entry_options(group, &chosen)),
                    }
                }
            }
        }
    }

    fn static_options(&self) -> Vec<Entry<'_>> {
        let grouped = items(self.element, "option_groups").iter().flat_map(|group| {
            let name = label(group, "label");
            items(group, "options").iter().map(move |option| (Some(name), option))
        });
        items(self.element, "options")
            .iter()
            .map(|option| (None, option))
            .chain(grouped)
            .map(|(group, option)| Entry {
                group,
                value: string(option, "value"),
                shown: label(option, "text").to_owned(),
            })
            .collect()
    }

    fn people(&self) -> Vec<Entry<'_>> {
        let users = self.surface.reader.users.iter();
        let mut people: Vec<_> =
            users.map(|(id, name)| Entry { group: None, value: id, shown: format!("@{name}") }).collect();
        people.sort_by(|a, b| a.shown.cmp(&b.shown));
        people
    }

    fn conversations(&self) -> Vec<Entry<'_>> {
        let channels = self.surface.reader.channels.iter();
        channels.map(|(id, name)| Entry { group: None, value: id, shown: format!("#{name}") }).collect()
    }

    /// What the control holds: what was entered before, else its initial value.
    fn chosen(&self) -> Vec<String> {
        let block = self.surface.values.get(self.block_id);
        let held = block.and_then(|block| block.get(self.action_id));
        held.map_or_else(|| initial(self.element), entered)
    }

    fn invalid(&self) -> Option<&'static str> {
        self.surface.errors.contains_key(self.block_id).then_some("true")
    }

    fn described_by(&self) -> Option<String> {
        (self.role == Role::Answers).then(|| format!("{}-note", self.id))
    }

    fn focuses(&self) -> bool {
        flag(self.element, "focus_on_load")
    }
}

/// An entry of a select.
struct Entry<'a> {
    group: Option<&'a str>,
    value: &'a str,
    shown: String,
}

fn entry_options(entries: &[Entry<'_>], chosen: &[String]) -> Markup {
    html! {
        @for entry in entries {
            option value=(entry.value) selected[chosen.iter().any(|one| one == entry.value)] { (visible(&entry.shown)) }
        }
    }
}

fn described(option: &Value, reader: &Reader) -> Markup {
    html! {
        @if let Some(description) = option.get("description").filter(|text| text.is_object()) {
            span.muted.below { (text_of(description, reader)) }
        }
    }
}

/// A text object, mrkdwn or plain.
pub(super) fn text_of(object: &Value, reader: &Reader) -> Markup {
    if string(object, "type") == "mrkdwn" { mrkdwn(string(object, "text"), reader) } else { plain(object) }
}
