//! The page's addresses.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State as Shared};
use axum::http::HeaderMap;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::html;

use super::place::{Place, word_of};
use super::sent::MAX_FORM;
use super::visit::{Outcome, Visit, gone, of_person, theme};
use super::{assets, complete, deeds, files, filled, guard, live, moves, permalink, send, sheet, shell};
use crate::Workspace;

/// Everything a person's browser asks for.
pub(crate) fn routes(workspace: Workspace) -> Router {
    Router::new()
        .route("/", get(front))
        .route("/page/{version}/{file}", get(assets::asset))
        .route("/u/{user}", get(home))
        .route("/u/{user}/file/{file}", get(files::download))
        .route("/u/{user}/file/{file}/image", get(files::image))
        .route("/archives/{channel}", get(permalink::room))
        .route("/archives/{channel}/{message}", get(permalink::message))
        .route("/files/{user}/{file}/{name}", get(permalink::file))
        .nest("/u/{user}/c/{channel}", place())
        .layer(DefaultBodyLimit::max(MAX_FORM))
        .layer(from_fn(guard::guard))
        .with_state(workspace)
}

/// What is to be seen and done in one conversation.
fn place() -> Router<Workspace> {
    Router::new()
        .route("/", get(room))
        .route("/live", get(live::live))
        .route("/sheet", get(sheet::sheet))
        .route("/complete", get(complete::complete))
        .route("/act", post(send::act))
        .route("/view", post(send::view))
        .route("/close", post(send::close))
        .route("/options", post(filled::offer))
        .route("/theme", post(send::theme))
        .route("/post", post(deeds::post))
        .route("/react", post(deeds::react))
        .route("/edit", post(deeds::edit))
        .route("/delete", post(deeds::delete))
        .route("/dismiss", post(deeds::dismiss))
        .route("/pin", post(deeds::pin))
        .route("/read", post(deeds::read))
        .route("/shortcut", post(deeds::shortcut))
        .route("/again", post(deeds::again))
        .route("/open", post(moves::open))
        .route("/app", post(moves::app))
        .route("/chat", post(moves::chat))
        .route("/stop", post(moves::stop))
        .route("/join", post(moves::join))
        .route("/leave", post(moves::leave))
        .route("/invite", post(moves::invite))
        .route("/create", post(moves::create))
}

/// `GET /`: the owner's first conversation.
async fn front(Shared(workspace): Shared<Workspace>, headers: HeaderMap) -> Response {
    let first = workspace.read(|state| {
        let mut people: Vec<_> = state.users().filter(|user| !user.is_bot()).collect();
        people.sort_by(|a, b| (!a.is_owner, &a.name).cmp(&(!b.is_owner, &b.name)));
        people.first().map(|user| word_of(state, user))
    });
    match first {
        Some(user) => Redirect::to(&format!("/u/{user}")).into_response(),
        None => nobody(theme(&headers)),
    }
}

fn nobody(theme: &str) -> Response {
    let inner = html! { p { "This workspace has no people yet. Make one with the control API: POST /control/users." } };
    shell::bare("An empty workspace", theme, &inner)
}

/// `GET /u/{user}`: that person's first conversation.
async fn home(Shared(workspace): Shared<Workspace>, Path(user): Path<String>, headers: HeaderMap) -> Response {
    let place = of_person(&workspace, &user).and_then(|team| team.read(|state| Place::home(state, &user)));
    match place {
        Some(place) => Redirect::to(&place.path()).into_response(),
        None => gone(theme(&headers)),
    }
}

/// `GET /u/{user}/c/{channel}`.
async fn room(visit: Visit) -> Response {
    visit.page(&Outcome::default())
}
