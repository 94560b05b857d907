//! The page's addresses.

use axum::Router;
use axum::extract::{Path, State as Shared};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use maud::html;

use super::modal::Refused;
use super::place::{Place, find_person, word_of};
use super::visit::{Visit, gone, theme};
use super::{assets, guard, live, send, shell};
use crate::Workspace;

/// Everything a person's browser asks for.
pub(crate) fn routes(workspace: Workspace) -> Router {
    Router::new()
        .route("/", get(front))
        .route("/page/workspace.css", get(assets::style))
        .route("/page/workspace.js", get(assets::script))
        .route("/u/{user}", get(home))
        .route("/u/{user}/file/{file}", get(file))
        .route("/u/{user}/c/{channel}", get(room))
        .route("/u/{user}/c/{channel}/live", get(live::live))
        .route("/u/{user}/c/{channel}/post", post(send::post))
        .route("/u/{user}/c/{channel}/act", post(send::act))
        .route("/u/{user}/c/{channel}/view", post(send::view))
        .route("/u/{user}/c/{channel}/close", post(send::close))
        .route("/u/{user}/c/{channel}/open", post(send::open))
        .route("/u/{user}/c/{channel}/join", post(send::join))
        .route("/u/{user}/c/{channel}/theme", post(send::theme))
        .layer(from_fn(guard::guard))
        .with_state(workspace)
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
    match workspace.read(|state| Place::home(state, &user)) {
        Some(place) => Redirect::to(&place.path()).into_response(),
        None => gone(theme(&headers)),
    }
}

/// `GET /u/{user}/c/{channel}`.
async fn room(Shared(workspace): Shared<Workspace>, visit: Visit) -> Response {
    visit.page(&workspace, None, &Refused::default())
}

/// `GET /u/{user}/file/{file}`: always a download, never a page of this origin.
async fn file(
    Shared(workspace): Shared<Workspace>,
    Path((user, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let found = workspace.read(|state| {
        let person = find_person(state, &user)?;
        let file = state.file(&file)?;
        let seen = file.shares.keys().filter_map(|id| state.channel(id.as_str()));
        let is_seen = seen.into_iter().any(|room| state.can_read(&person.id, room));
        let content = file.content.clone().filter(|_| is_seen)?;
        Some((file.name.clone(), content))
    });
    let Some((name, content)) = found else {
        return gone(theme(&headers));
    };
    let mut response = (StatusCode::OK, content).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_DISPOSITION, disposition(&name));
    response
}

/// The file's name as a header can carry it.
fn disposition(name: &str) -> HeaderValue {
    let plain = |c: char| if c.is_ascii_alphanumeric() || ".-_ ".contains(c) { c } else { '_' };
    let name: String = name.chars().take(120).map(plain).collect();
    HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")).unwrap_or(HeaderValue::from_static("attachment"))
}
