//! Agents' data connections: one for each session, let in by a ticket.

use axum::{
    extract::{State, WebSocketUpgrade},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use tokio::time::Instant;

use super::{
    super::{bearer::bearer, state::Gateway},
    live::News,
    peer::bounded,
    refusal::{self, answer},
    tickets::BadTicket,
};

/// `GET /api/v1/agent/data`: takes the connection that a session waits for.
pub(super) async fn data(State(gateway): State<Gateway>, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    let ticket = bearer(&headers).unwrap_or_default();
    let (session, link) = match gateway.hub().tickets.take(ticket, Instant::now()) {
        Ok(taken) => taken,
        Err(bad) => return refused(&gateway, &bad).await,
    };
    if !gateway.hub().live.has(session) {
        return answer(StatusCode::GONE, "session_over", "the session is over");
    }
    bounded(upgrade).on_upgrade(move |socket| async move {
        gateway.hub().live.tell(&link.name, session, News::Data(Box::new(socket)));
    })
}

async fn refused(gateway: &Gateway, bad: &BadTicket) -> Response {
    refusal::note(gateway, &format!("ticket.{}", bad.kind()), "agent", &bad.to_string()).await;
    answer(StatusCode::UNAUTHORIZED, "bad_ticket", &bad.to_string())
}
