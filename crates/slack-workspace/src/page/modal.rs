//! The modal on top of a person's stack.

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::answers::Errors;
use super::blocks::blocks;
use super::elements::Surface;
use super::fragment::Region;
use super::json::{flag, label};
use super::mrkdwn::plain;
use super::scene::Scene;
use super::selects::Suggested;
use super::text::{fingerprint, text};
use crate::model::View;

/// What is shown again after a submission that the app refused.
#[derive(Clone, Debug, Default)]
pub(super) struct Refused {
    pub(super) values: Option<Map<String, Value>>,
    pub(super) errors: Errors,
    pub(super) note: Option<Markup>,
}

/// The region that holds the modal, or nothing.
///
/// Its version is the view's own: what a person types changes the stored values, not the form.
pub(super) fn region(scene: &Scene, refused: &Refused, suggested: Option<&Suggested>) -> Region {
    let Some((view, app)) = &scene.view else {
        return Region::versioned("modal", "none".to_owned(), html! {});
    };
    let errors = format!("{:?}", refused.errors);
    let errors = if refused.errors.is_empty() { "" } else { errors.as_str() };
    let version = fingerprint(&[view.id.as_str(), &view.hash, errors]);
    Region::versioned("modal", version, dialog(view, app, scene, (refused, suggested)))
}

fn dialog(view: &View, app: &str, scene: &Scene, (refused, suggested): (&Refused, Option<&Suggested>)) -> Markup {
    let content = Value::Object(view.content.clone());
    let id = view.id.as_str();
    let values = refused.values.as_ref().unwrap_or(&view.values);
    let surface = Surface { reader: &scene.reader, id, values, errors: &refused.errors, suggested };
    let title_id = format!("title-{id}");
    html! {
        dialog.modal open data-view-id=(id) data-testid="modal" aria-labelledby=(title_id) {
            div.dialog-head {
                h2 id=(title_id) { (plain(content.get("title").unwrap_or(&Value::Null))) }
                span.dialog-by { (text(app)) }
                (close_form(id, scene))
            }
            form id=(format!("form-{id}")) method="post" action=(scene.place.path_to("/view")) enctype="multipart/form-data"
                data-fetch="view" data-surface=(id) {
                // What Enter in a text field presses.
                button.sr type="submit" tabindex="-1" aria-hidden="true" disabled[!submits(&content)] {}
                input type="hidden" name="view_id" value=(id);
                div.dialog-body { (blocks(view.blocks(), &surface)) }
                (foot(&content, id, scene, refused))
            }
        }
    }
}

fn submits(content: &Value) -> bool {
    !label(content, "submit").is_empty() && !flag(content, "submit_disabled")
}

fn foot(content: &Value, id: &str, scene: &Scene, refused: &Refused) -> Markup {
    let submit = label(content, "submit");
    let close = match label(content, "close") {
        "" if submit.is_empty() => "Close",
        "" => "Cancel",
        given => given,
    };
    let back = if scene.views_below > 0 && label(content, "close").is_empty() { "Back" } else { close };
    html! {
        div.dialog-foot {
            div data-status role="status" aria-live="polite" { @if let Some(note) = &refused.note { (note) } }
            button.btn type="submit" form=(format!("close-{id}")) formnovalidate { (text(back)) }
            @if !submit.is_empty() {
                button.btn.btn-primary type="submit" name="submit" value="1" data-press="submit" data-testid="submit"
                    disabled[!submits(content)] { span.btn-text { (text(submit)) } }
            }
        }
    }
}

fn close_form(id: &str, scene: &Scene) -> Markup {
    html! {
        form id=(format!("close-{id}")) method="post" action=(scene.place.path_to("/close")) data-fetch="close" data-close {
            input type="hidden" name="view_id" value=(id);
            button.icon-btn type="submit" { span aria-hidden="true" { "✕" } span.sr { "Close" } }
        }
    }
}
