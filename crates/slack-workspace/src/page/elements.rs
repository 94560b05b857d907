//! Block Kit's interactive elements as form controls (docs.slack.dev, "Block elements").
//!
//! Here are those that are pressed; what is entered is in [`super::inputs`], menus with search in [`super::selects`].

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::address::Address;
use super::answers::{Errors, field_name, option_name, options};
use super::confirm::{confirm_body, confirm_class, confirm_word};
use super::held::{entered, initial};
use super::json::{flag, label, string};
use super::media::image;
use super::mrkdwn::{mrkdwn, plain};
use super::reader::Reader;
use super::selects::Suggested;
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
    /// What an app answered to a search, for a browser without the script.
    pub(super) suggested: Option<&'a Suggested>,
}

/// What happens when an element is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The app hears of it at once.
    Acts,
    /// An input with a label of which the app hears at once.
    Dispatches,
    /// It waits for the form to be submitted.
    Answers,
}

impl Role {
    /// Whether the app hears of it at once.
    fn acts(self) -> bool {
        self != Self::Answers
    }
}

/// An element together with the names it goes by on the page.
pub(super) struct Control<'a> {
    pub(super) element: &'a Value,
    pub(super) surface: &'a Surface<'a>,
    pub(super) block_id: &'a str,
    pub(super) action_id: &'a str,
    pub(super) name: String,
    pub(super) id: String,
    pub(super) role: Role,
    /// Text that names it for screen readers where no label does.
    pub(super) spoken: String,
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
        "icon_button" => control.icon_button(),
        "feedback_buttons" => control.feedback(),
        "overflow" => control.overflow(),
        "checkboxes" => control.choices("checkbox"),
        "radio_buttons" => control.choices("radio"),
        "image" => image(element, surface.reader),
        _ => control.field(),
    }
}

/// The page-wide id of an element, which labels refer to.
pub(super) fn element_id(surface: &Surface<'_>, block_id: &str, action_id: &str) -> String {
    format!("e-{}", fingerprint(&[surface.id, block_id, action_id]))
}

fn spoken_name(element: &Value) -> String {
    let placeholder = label(element, "placeholder");
    let given = string(element, "accessibility_label");
    let name = [given, placeholder].into_iter().find(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| match string(element, "type") {
        "overflow" => "More actions",
        "datepicker" => "Pick a date",
        "timepicker" => "Pick a time",
        "datetimepicker" => "Pick a date and a time",
        "checkboxes" | "radio_buttons" => "Options",
        "file_input" => "Files",
        "users_select" => "Choose a person",
        "multi_users_select" => "Choose people",
        "channels_select" | "conversations_select" => "Choose a conversation",
        "multi_channels_select" | "multi_conversations_select" => "Choose conversations",
        "multi_static_select" | "multi_external_select" => "Choose options",
        "plain_text_input" | "rich_text_input" => "Text",
        _ => "Choose an option",
    });
    visible(name)
}

impl Control<'_> {
    fn button(&self) -> Markup {
        let class = match string(self.element, "style") {
            "primary" => "btn btn-primary",
            "danger" => "btn btn-danger",
            _ => "btn",
        };
        let shown = plain(self.element.get("text").unwrap_or(&Value::Null));
        let link = Address::parse(string(self.element, "url"));
        html! {
            @if let Some(link) = link {
                a.(class) href=(link.href) target="_blank" rel="noopener noreferrer nofollow" data-press=(self.name)
                    data-testid="button" data-action-id=(self.action_id) aria-label=[self.given_name()] { (shown) " ↗" }
            } @else {
                (self.press(class, &self.name, &html! { span.btn-text { (shown) } }))
                (self.confirm_dialog())
            }
        }
    }

    /// The one icon there is means "delete"; its words stand beside it.
    fn icon_button(&self) -> Markup {
        let shown = plain(self.element.get("text").unwrap_or(&Value::Null));
        html! {
            (self.press("btn btn-small", &self.name, &html! {
                span aria-hidden="true" { "🗑" } span.btn-text { (shown) }
            }))
            (self.confirm_dialog())
        }
    }

    fn feedback(&self) -> Markup {
        html! {
            span.feedback role="group" aria-label="Feedback" {
                @for (which, icon) in [("positive_button", "👍"), ("negative_button", "👎")] {
                    @if let Some(button) = self.element.get(which) {
                        @let key = option_name(self.block_id, self.action_id, which);
                        (self.press("btn btn-small", &key, &html! {
                            span aria-hidden="true" { (icon) }
                            span.btn-text { (plain(button.get("text").unwrap_or(&Value::Null))) }
                        }))
                    }
                }
            }
        }
    }

    fn press(&self, class: &str, key: &str, inner: &Markup) -> Markup {
        html! {
            button.(class) type="submit" name="press" value=(key) data-press=(key) data-testid="button"
                data-action-id=(self.action_id) data-block-id=(self.block_id) data-confirm=[self.confirm_id().as_deref()]
                aria-label=[self.given_name()] { (inner) }
        }
    }

    fn given_name(&self) -> Option<String> {
        Some(visible(string(self.element, "accessibility_label"))).filter(|name| !name.is_empty())
    }

    pub(super) fn confirm_id(&self) -> Option<String> {
        let has = self.element.get("confirm").is_some_and(Value::is_object);
        has.then(|| format!("{}-confirm", self.id))
    }

    /// Asks before the app hears of it; shown by the script, and without it as a page of its own.
    pub(super) fn confirm_dialog(&self) -> Markup {
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
                        (self.overflow_option(option))
                    }
                }
                (self.confirm_dialog())
            }
        }
    }

    /// An option with an address opens it, and the app hears of it too.
    fn overflow_option(&self, option: &Value) -> Markup {
        let key = option_name(self.block_id, self.action_id, string(option, "value"));
        let shown = html! {
            (plain(option.get("text").unwrap_or(&Value::Null)))
            (described(option, self.surface.reader))
        };
        let link = Address::parse(string(option, "url"));
        html! {
            @if let Some(link) = link {
                a.menu-item href=(link.href) target="_blank" rel="noopener noreferrer nofollow" data-press=(key) { (shown) " ↗" }
            } @else {
                button.menu-item type="submit" name="press" value=(key) data-press=(key)
                    data-confirm=[self.confirm_id().as_deref()] { (shown) }
            }
        }
    }

    fn choices(&self, kind: &str) -> Markup {
        let chosen = self.chosen();
        html! {
            div.choices role=(if kind == "radio" { "radiogroup" } else { "group" }) id=(self.id)
                aria-label=[self.spoken_here()] aria-labelledby=[self.labelled_by()] data-action-id=(self.action_id) {
                @for option in options(self.element) {
                    @let value = string(option, "value");
                    label.choice {
                        input type=(kind) name=(self.name) value=(value) checked[chosen.iter().any(|one| one == value)]
                            data-acts=[self.acts()] data-confirm=[self.confirm_id().as_deref()];
                        span {
                            (text_of(option.get("text").unwrap_or(&Value::Null), self.surface.reader))
                            (described(option, self.surface.reader))
                        }
                    }
                }
            }
            (self.without_script())
            @if self.role.acts() { (self.confirm_dialog()) }
        }
    }

    fn field(&self) -> Markup {
        let inner = match string(self.element, "type") {
            "plain_text_input" => self.text_input(),
            "rich_text_input" => self.rich_text_input(),
            "email_text_input" => self.input("email"),
            "url_text_input" => self.input("url"),
            "number_input" => self.number_input(),
            "datepicker" => self.input("date"),
            "timepicker" => self.input("time"),
            "datetimepicker" => self.input("datetime-local"),
            "file_input" => self.file_input(),
            _ => self.select().unwrap_or_else(|| self.unknown()),
        };
        html! { (inner) (self.without_script()) @if self.role.acts() { (self.confirm_dialog()) } }
    }

    fn unknown(&self) -> Markup {
        super::unknown::unknown("element", self.element)
    }

    /// The key that the script sends when the element changes.
    pub(super) fn acts(&self) -> Option<&str> {
        self.role.acts().then_some(self.name.as_str())
    }

    /// Without the script a change is sent by a button of its own.
    pub(super) fn without_script(&self) -> Markup {
        html! {
            @if self.role.acts() {
                noscript { button.btn type="submit" name="press" value=(self.name) { "Send" } }
            }
        }
    }

    /// A placeholder is no name: in an input block the label above is one, elsewhere this is.
    pub(super) fn spoken_here(&self) -> Option<&str> {
        (!self.has_label()).then_some(self.spoken.as_str())
    }

    /// Groups are named by the label above them, which `for` cannot do.
    fn labelled_by(&self) -> Option<String> {
        self.has_label().then(|| format!("{}-label", self.id))
    }

    /// Only inputs have a label of their own, whether they act at once or not.
    fn has_label(&self) -> bool {
        self.role != Role::Acts
    }

    /// What the control holds: what was entered before, else its initial value.
    pub(super) fn chosen(&self) -> Vec<String> {
        let block = self.surface.values.get(self.block_id);
        let held = block.and_then(|block| block.get(self.action_id));
        held.map_or_else(|| initial(self.element), entered)
    }

    pub(super) fn invalid(&self) -> Option<&'static str> {
        self.surface.errors.contains_key(self.block_id).then_some("true")
    }

    pub(super) fn described_by(&self) -> Option<String> {
        self.has_label().then(|| format!("{}-note", self.id))
    }

    pub(super) fn focuses(&self) -> bool {
        flag(self.element, "focus_on_load")
    }
}

pub(super) fn described(option: &Value, reader: &Reader) -> Markup {
    html! {
        @if let Some(description) = option.get("description").filter(|text| text.is_object()) {
            span.muted.below { (text_of(description, reader)) }
        }
    }
}

/// A text object, mrkdwn or plain; a mere string is plain too.
pub(super) fn text_of(object: &Value, reader: &Reader) -> Markup {
    match object {
        Value::String(raw) => text(raw),
        _ if string(object, "type") == "mrkdwn" => mrkdwn(string(object, "text"), reader),
        _ if string(object, "type") == "rich_text" => super::rich_text::rich_text(object, reader),
        _ => plain(object),
    }
}
