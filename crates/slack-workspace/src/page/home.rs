//! An app's Home tab, and the tabs of an app.

use maud::{Markup, html};

use super::answers::Errors;
use super::blocks::blocks;
use super::elements::Surface;
use super::fragment::Region;
use super::place::Tab;
use super::scene::{Partner, Scene};
use super::selects::Suggested;
use super::text::{fingerprint, text};

/// The region of the Home tab.
///
/// Its version is the view's own: what a person types changes the stored values, not the form.
pub(super) fn region(scene: &Scene, app: &Partner, suggested: Option<&Suggested>) -> Region {
    let Some(view) = &app.home else {
        return Region::versioned("home", "none".to_owned(), nothing(app));
    };
    let errors = Errors::new();
    let id = view.id.as_str();
    let surface = Surface { reader: &scene.reader, id, values: &view.values, errors: &errors, suggested };
    let markup = html! {
        form.kit.home-kit id=(format!("form-{id}")) method="post" action=(scene.place.path_to("/view"))
            enctype="multipart/form-data" data-fetch="view" data-surface=(id) data-view-id=(id) {
            // The first submit button is what Enter presses: here it must press nothing.
            button type="submit" disabled hidden {}
            input type="hidden" name="view_id" value=(id);
            (blocks(view.blocks(), &surface))
            div data-status role="status" aria-live="polite" {}
        }
    };
    Region::versioned("home", fingerprint(&[id, &view.hash]), markup)
}

fn nothing(app: &Partner) -> Markup {
    html! {
        div.empty {
            strong { (text(&app.name)) " shows nothing here yet" }
            "It hears app_home_opened when you open this tab, and shows something with views.publish. Its manifest has to enable the Home tab and subscribe to the event."
        }
    }
}

/// The tabs of an app; opening one tells the app, so they are buttons.
pub(super) fn tabs(scene: &Scene, app: &Partner) -> Markup {
    html! {
        nav.tabs.app-tabs aria-label=(format!("Tabs of {}", super::text::visible(&app.name))) {
            @for (tab, word, name) in [(Tab::Home, "home", "Home"), (Tab::Messages, "messages", "Messages")] {
                form method="post" action=(scene.place.path_to("/app")) {
                    input type="hidden" name="app" value=(app.id.as_str());
                    button type="submit" name="tab" value=(word) aria-current=[(scene.place.tab == tab).then_some("page")]
                        data-testid=(format!("tab-{word}")) { (name) }
                }
            }
            @if app.is_agent {
                form method="post" action=(scene.place.path_to("/chat")) {
                    input type="hidden" name="app" value=(app.id.as_str());
                    button type="submit" data-testid="new-chat" { "+ New chat" }
                }
            }
        }
    }
}
