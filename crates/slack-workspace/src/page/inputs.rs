//! What a person types, picks and attaches: text, numbers, dates, files.

use maud::{Markup, html};

use super::elements::Control;
use super::json::{flag, items, label, number, string};
use super::text::{text, visible};

impl Control<'_> {
    pub(super) fn text_input(&self) -> Markup {
        let placeholder = self.placeholder();
        let value = self.chosen().into_iter().next().unwrap_or_default();
        let (min, max) = (number(self.element, "min_length"), number(self.element, "max_length"));
        html! {
            @if flag(self.element, "multiline") {
                textarea.input id=(self.id) name=(self.name) rows="4" placeholder=(placeholder) minlength=[min] maxlength=[max]
                    aria-label=[self.spoken_here()] aria-describedby=[self.described_by()] aria-invalid=[self.invalid()]
                    data-action-id=(self.action_id) data-acts=[self.acts()] data-when=[self.when()]
                    autofocus[self.focuses()] { (value) }
            } @else {
                input.input type="text" id=(self.id) name=(self.name) value=(value) placeholder=(placeholder) minlength=[min]
                    maxlength=[max] aria-label=[self.spoken_here()] aria-describedby=[self.described_by()]
                    aria-invalid=[self.invalid()] data-action-id=(self.action_id) data-acts=[self.acts()]
                    data-when=[self.when()] autofocus[self.focuses()];
            }
        }
    }

    fn placeholder(&self) -> String {
        visible(label(self.element, "placeholder"))
    }

    /// When typing is told to the app (docs.slack.dev, "Dispatch action configuration").
    fn when(&self) -> Option<&'static str> {
        self.acts()?;
        let config = self.element.get("dispatch_action_config");
        let told = config.map_or(&[][..], |config| items(config, "trigger_actions_on"));
        let has = |wanted: &str| told.iter().any(|on| on == wanted);
        Some(match (has("on_character_entered"), has("on_enter_pressed")) {
            (true, true) => "both",
            (true, false) => "character",
            (false, _) => "enter",
        })
    }

    /// A text in which the marks of Slack's message box count.
    pub(super) fn rich_text_input(&self) -> Markup {
        let value = self.chosen().into_iter().next().unwrap_or_default();
        html! {
            textarea.input id=(self.id) name=(self.name) rows="4" placeholder=(self.placeholder())
                aria-label=[self.spoken_here()] aria-describedby=[self.described_by()] aria-invalid=[self.invalid()]
                data-action-id=(self.action_id) data-acts=[self.acts()] data-when=[self.when()] data-complete
                autofocus[self.focuses()] { (value) }
            div.hint.marks { "*bold*  _italic_  ~struck~  `code`  > quote  - list  @name  #channel" }
        }
    }

    pub(super) fn number_input(&self) -> Markup {
        let value = self.chosen().into_iter().next().unwrap_or_default();
        let step = if flag(self.element, "is_decimal_allowed") { "any" } else { "1" };
        let bound =
            |name: &str| self.element.get(name).map(|bound| bound.as_str().map_or(bound.to_string(), str::to_owned));
        html! {
            input.input type="number" id=(self.id) name=(self.name) value=(value) step=(step)
                min=[bound("min_value")] max=[bound("max_value")] placeholder=(self.placeholder())
                aria-label=[self.spoken_here()] aria-describedby=[self.described_by()] aria-invalid=[self.invalid()]
                data-action-id=(self.action_id) data-acts=[self.acts()] data-when=[self.when()] autofocus[self.focuses()];
        }
    }

    pub(super) fn input(&self, kind: &str) -> Markup {
        let value = self.chosen().into_iter().next().unwrap_or_default();
        let is_typed = matches!(kind, "email" | "url");
        html! {
            input.input type=(kind) id=(self.id) name=(self.name) value=(value) placeholder=(self.placeholder())
                aria-label=[self.spoken_here()] aria-describedby=[self.described_by()] aria-invalid=[self.invalid()]
                data-action-id=(self.action_id) data-acts=[self.acts()] data-confirm=[self.confirm_id().as_deref()]
                data-when=[self.when().filter(|_| is_typed)] autofocus[self.focuses()];
        }
    }

    /// Files that were chosen before stay, as long as their box is ticked.
    pub(super) fn file_input(&self) -> Markup {
        let types = items(self.element, "filetypes").iter().filter_map(serde_json::Value::as_str);
        let accept: Vec<String> = types.map(|kind| format!(".{}", kind.trim_start_matches('.'))).collect();
        let accept = Some(accept.join(",")).filter(|accept| !accept.is_empty());
        let most = number(self.element, "max_files").unwrap_or(10);
        html! {
            @for file in self.held_files() {
                label.choice.held-file {
                    input type="checkbox" name=(self.name) value=(string(file, "id")) checked;
                    span { (text(string(file, "name"))) " " span.muted { "uploaded" } }
                }
            }
            input.input type="file" id=(self.id) name=(self.name) multiple[most > 1] accept=[accept] data-most=(most)
                aria-label=[self.spoken_here()] aria-describedby=[self.described_by()] aria-invalid=[self.invalid()]
                data-action-id=(self.action_id) data-acts=[self.acts()];
        }
    }

    fn held_files(&self) -> &[serde_json::Value] {
        let held = self.surface.values.get(self.block_id).and_then(|block| block.get(self.action_id));
        held.map_or(&[], |held| items(held, "files"))
    }
}
