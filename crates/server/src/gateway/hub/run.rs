//! People's ends: from the first message to a session, or to the reason why there is none.

use axum::{
    extract::{State, WebSocketUpgrade, ws::WebSocket},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use countersign_approval::{RequestId, StoreError};
use countersign_gateway::wire::run::{FromServer, Refusal, RefusalCode};

use super::{
    super::{state::Gateway, vault::VaultError},
    caller::{self, Caller, NotLetIn},
    guard,
    opening::Begun,
    peer::{Gone, Peer, bounded},
    refusal, session,
};

/// A person's end, before there is a session.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) gateway: Gateway,
    pub(super) caller: Caller,
    pub(super) peer: Peer,
}

/// Why there is no session.
#[derive(Debug)]
pub(super) enum Halt {
    /// The person is told.
    Refused(Box<Refusal>),
    /// There is nobody to tell.
    Gone(Gone),
}

/// A refusal without a request.
pub(super) fn refused(code: RefusalCode, message: impl Into<String>) -> Halt {
    Halt::Refused(Box::new(Refusal { code, message: message.into(), request: None }))
}

impl Halt {
    /// The request that it is about.
    pub(super) fn about(mut self, id: RequestId) -> Self {
        if let Self::Refused(refusal) = &mut self {
            refusal.request = Some(id);
        }
        self
    }
}

impl From<Gone> for Halt {
    fn from(gone: Gone) -> Self {
        match gone {
            Gone::Breach(what) => refused(RefusalCode::Invalid, what),
            other => Self::Gone(other),
        }
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a session could not be opened");
        refused(RefusalCode::Fault, format!("the server failed: {error}; its log says more"))
    }
}

impl From<VaultError> for Halt {
    fn from(error: VaultError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "a connection's environment cannot be opened");
        refused(RefusalCode::Fault, format!("the connection's environment cannot be had: {error}"))
    }
}

/// `GET /api/v1/run`: takes a person's end in.
pub(super) async fn run(State(gateway): State<Gateway>, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    let caller = match let_in(&gateway, &headers).await {
        Ok(caller) => caller,
        Err(refused) => {
            refusal::note(&gateway, "run.refused", "client", &refused.to_string()).await;
            return refused.into_response();
        }
    };
    bounded(upgrade).on_upgrade(move |socket| {
        let tasks = gateway.tasks().clone();
        tasks.track_future(Box::pin(attend(gateway, caller, socket)))
    })
}

async fn let_in(gateway: &Gateway, headers: &HeaderMap) -> Result<Caller, NotLetIn> {
    caller::same_version(headers)?;
    Caller::of(gateway, headers).await
}

async fn attend(gateway: Gateway, caller: Caller, socket: WebSocket) {
    let mut visit = Visit { peer: Peer::new(socket), gateway, caller };
    let Ok(_place) = visit.gateway.hub().places.clone().try_acquire_owned() else {
        let most = visit.gateway.settings().limits.sessions;
        return turn_away(
            visit,
            refused(
                RefusalCode::TooMuch,
                format!("{most} sessions are open or wait here, and no more are taken: try again later"),
            ),
        )
        .await;
    };
    let shutdown = visit.gateway.shutdown().clone();
    let planned = tokio::select! {
        planned = Box::pin(visit.converse()) => planned,
        // What was asked stays asked: the client comes back to it by the request's id, or its own key.
        () = shutdown.cancelled() => Err(Halt::Gone(Gone::Closed)),
    };
    match planned {
        Ok(Begun::Session(plan)) => Box::pin(session::hold(visit, *plan)).await,
        Ok(Begun::Guarded(guarded)) => Box::pin(guard::hold(visit, guarded)).await,
        Err(halt) => turn_away(visit, halt).await,
    }
}

/// Says why there is no session, if anybody is there to hear it.
pub(super) async fn turn_away(mut visit: Visit, halt: Halt) {
    let person = visit.caller.person().clone();
    match halt {
        Halt::Refused(refusal) => {
            tracing::info!(person = %person, code = ?refusal.code, "no session for {person}: {}", refusal.message);
            if let Err(gone) = visit.peer.say(&FromServer::Refused(*refusal)).await {
                tracing::debug!(error = &gone as &dyn std::error::Error, "nobody was there to hear it");
            }
        }
        Halt::Gone(gone) => {
            tracing::info!(person = %person, error = &gone as &dyn std::error::Error, "the end of {person} is gone before there was a session");
        }
    }
    visit.peer.close("goodbye").await;
}
