//! A request of a person's browser: where they are and how they want the answer.

use axum::extract::{FromRequestParts, Path, Query as Parameters};
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde_json::{Value, json};

use super::fragment::Content;
use super::modal::{self, Refused};
use super::place::{Place, Query};
use super::scene::Scene;
use super::shell;
use super::tail::Tail;
use crate::Workspace;

/// How the answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    /// A whole page, or the way to one.
    Page,
    /// The script asked: only what it has to put into the page.
    Fragment,
}

/// Somebody at a place.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) place: Place,
    pub(super) theme: &'static str,
    pub(super) wants: Wants,
}

impl FromRequestParts<Workspace> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, workspace: &Workspace) -> Result<Self, Response> {
        let theme = theme(&parts.headers);
        let path = Path::<(String, String)>::from_request_parts(parts, workspace).await;
        let query = Parameters::<Query>::from_request_parts(parts, workspace).await;
        let Parameters(query) = query.unwrap_or_default();
        let place = path
            .ok()
            .and_then(|Path((user, channel))| workspace.read(|state| Place::find(state, &user, &channel, &query)));
        let place = place.ok_or_else(|| gone(theme))?;
        let wants = if parts.headers.contains_key("x-fragment") { Wants::Fragment } else { Wants::Page };
        Ok(Self { place, theme, wants })
    }
}

/// The colours a person chose, from their cookie.
pub(super) fn theme(headers: &HeaderMap) -> &'static str {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let chosen =
        cookies.flat_map(|all| all.split(';')).find_map(|cookie| cookie.trim().strip_prefix("countersign_theme="));
    known_theme(chosen.unwrap_or_default())
}

/// One of the three themes.
pub(super) fn known_theme(word: &str) -> &'static str {
    match word {
        "light" => "light",
        "dark" => "dark",
        _ => "auto",
    }
}

/// The page for an address that leads nowhere, or not for this person.
pub(super) fn gone(theme: &str) -> Response {
    let inner = html! {
        p { "There is no such conversation for this person: it was removed, is private, or the address is mistyped." }
        p { a href="/" { "Go to the workspace" } }
    };
    let mut response = shell::bare("Not found", theme, &inner);
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// What a verb has to say to the person who used it.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    /// A sentence, drawn next to what was used.
    pub(super) note: Option<Markup>,
    /// The form to show again.
    pub(super) refused: Option<Refused>,
}

impl Outcome {
    /// Nothing to say.
    pub(super) fn done() -> Self {
        Self::default()
    }

    /// Something to say.
    pub(super) fn note(note: Markup) -> Self {
        Self { note: Some(note), refused: None }
    }
}

impl Visit {
    /// Answers a form: fragments for the script, else a page or the way back to it.
    pub(super) fn finish(self, workspace: &Workspace, outcome: Outcome) -> Response {
        match self.wants {
            Wants::Fragment => axum::Json(self.fragments(workspace, outcome)).into_response(),
            Wants::Page if outcome.note.is_none() && outcome.refused.is_none() => {
                Redirect::to(&self.place.path()).into_response()
            }
            Wants::Page => {
                let refused = outcome.refused.unwrap_or_default();
                self.page(workspace, outcome.note.as_ref(), &refused)
            }
        }
    }

    /// The whole page.
    pub(super) fn page(&self, workspace: &Workspace, notice: Option<&Markup>, refused: &Refused) -> Response {
        let Some(scene) = self.scene(workspace) else {
            return gone(self.theme);
        };
        let mut tail = Tail::default();
        if scene.place.shows_journal() {
            tail.extend(workspace.journal(0));
        }
        let regions = shell::regions(&scene, &tail, refused);
        shell::page(&scene, &regions, self.theme, notice)
    }

    /// What the person sees now.
    pub(super) fn scene(&self, workspace: &Workspace) -> Option<Scene> {
        let now_ms = workspace.clock().now_ms();
        workspace.read(|state| Scene::of(state, self.place.clone(), now_ms))
    }

    fn fragments(&self, workspace: &Workspace, outcome: Outcome) -> Value {
        let mut answer = json!({});
        if let Some(note) = outcome.note {
            answer["note"] = note.0.into();
        }
        let scene = outcome.refused.as_ref().and_then(|_| self.scene(workspace));
        if let (Some(refused), Some(scene)) = (&outcome.refused, &scene)
            && let Content::Whole { version, markup } = modal::region(scene, refused).content
        {
            answer["modal"] = json!({"version": version, "html": markup.0});
        }
        answer
    }
}
