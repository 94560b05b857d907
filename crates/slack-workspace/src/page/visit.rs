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
use super::place::{Place, Query, find_person};
use super::scene::Scene;
use super::selects::Suggested;
use super::shell;
use super::tail::Tail;
use crate::Workspace;
use crate::model::TeamId;

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
    /// The workspace, as the person's team.
    pub(super) workspace: Workspace,
    pub(super) place: Place,
    pub(super) query: Query,
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
        let found = path.ok().and_then(|Path((user, channel))| {
            let workspace = of_person(workspace, &user)?;
            let place = workspace.read(|state| Place::find(state, &user, &channel, &query))?;
            Some((workspace, place))
        });
        let (workspace, place) = found.ok_or_else(|| gone(theme))?;
        let wants = if parts.headers.contains_key("x-fragment") { Wants::Fragment } else { Wants::Page };
        Ok(Self { workspace, place, query, theme, wants })
    }
}

/// The workspace as the first team that has this person.
pub(super) fn of_person(workspace: &Workspace, user: &str) -> Option<Workspace> {
    let of = |id: &TeamId| workspace.team(id);
    teams(workspace).iter().filter_map(of).find(|team| team.read(|state| find_person(state, user).is_some()))
}

fn teams(workspace: &Workspace) -> Vec<TeamId> {
    workspace.teams().iter().map(|state| state.team().id.clone()).collect()
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
    /// Where the person is now.
    pub(super) goto: Option<String>,
    /// What an app offers for a menu.
    pub(super) suggested: Option<Suggested>,
}

impl Outcome {
    /// Nothing to say.
    pub(super) fn done() -> Self {
        Self::default()
    }

    /// Something to say.
    pub(super) fn note(note: Markup) -> Self {
        Self { note: Some(note), ..Self::default() }
    }

    /// Somewhere else to be.
    pub(super) fn goto(address: String) -> Self {
        Self { goto: Some(address), ..Self::default() }
    }

    /// A form to show again.
    pub(super) fn refused(refused: Refused) -> Self {
        Self { note: refused.note.clone(), refused: Some(refused), ..Self::default() }
    }
}

impl Visit {
    /// Answers a form: fragments for the script, else a page or the way back to it.
    pub(super) fn finish(self, outcome: Outcome) -> Response {
        if self.wants == Wants::Fragment {
            return axum::Json(self.fragments(outcome)).into_response();
        }
        match &outcome.goto {
            Some(address) => Redirect::to(address).into_response(),
            None if outcome.note.is_none() && outcome.refused.is_none() && outcome.suggested.is_none() => {
                Redirect::to(&self.place.path()).into_response()
            }
            None => self.page(&outcome),
        }
    }

    /// The whole page.
    pub(super) fn page(&self, outcome: &Outcome) -> Response {
        let Some(scene) = self.scene() else {
            return gone(self.theme);
        };
        let mut tail = Tail::default();
        if scene.place.shows_journal() {
            tail.extend(self.workspace.journal(0));
            tail.forget_before(self.workspace.recorder().journal.oldest());
        }
        let nothing = Refused::default();
        let refused = outcome.refused.as_ref().unwrap_or(&nothing);
        let regions = shell::regions(&scene, &tail, refused, outcome.suggested.as_ref());
        shell::page(&scene, &regions, self.theme, outcome.note.as_ref())
    }

    /// What the person sees now.
    pub(super) fn scene(&self) -> Option<Scene> {
        let now_ms = self.workspace.clock().now_ms();
        let mut scene = self.workspace.read(|state| Scene::of(state, self.place.clone(), now_ms))?;
        scene.teams = self.teams();
        Some(scene)
    }

    /// The same without the messages, for what stands around them.
    pub(super) fn surroundings(&self) -> Option<Scene> {
        let now_ms = self.workspace.clock().now_ms();
        let mut scene = self.workspace.read(|state| Scene::without_messages(state, self.place.clone(), now_ms))?;
        scene.teams = self.teams();
        Some(scene)
    }

    /// The other teams, each with somebody one can be there; nothing where there is one team.
    fn teams(&self) -> Vec<(String, String)> {
        let own = self.workspace.read(|state| state.team().id.clone());
        let others = self.workspace.teams();
        let person = |state: &crate::model::State| {
            let person = state.users().filter(|user| !user.is_bot()).max_by_key(|user| user.is_owner)?;
            Some((state.team().name.clone(), format!("/u/{}", person.id)))
        };
        others.iter().filter(|state| state.team().id != own).filter_map(person).collect()
    }

    fn fragments(&self, outcome: Outcome) -> Value {
        let mut answer = json!({});
        if let Some(note) = outcome.note {
            answer["note"] = note.0.into();
        }
        if let Some(address) = outcome.goto {
            answer["goto"] = address.into();
        }
        let scene = outcome.refused.as_ref().and_then(|_| self.scene());
        if let (Some(refused), Some(scene)) = (&outcome.refused, &scene)
            && let Content::Whole { version, markup } = modal::region(scene, refused, None).content
        {
            answer["modal"] = json!({"version": version, "html": markup.0});
        }
        answer
    }
}
