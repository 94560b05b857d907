//! Agents' control connections.

use std::sync::Arc;

use axum::{
    extract::{State, WebSocketUpgrade, ws::WebSocket},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use countersign_gateway::{
    Agent, SessionId, SessionState,
    wire::control::{FromAgent, ToAgent},
};
use serde_json::json;
use tokio::sync::mpsc;

use super::{
    super::state::Gateway,
    agents::Link,
    caller::{self, NotLetIn},
    conclusion, heartbeat,
    live::News,
    peer::{Gone, Peer, bounded},
    refusal,
};

/// `GET /api/v1/agent/control`: takes an agent in.
pub(super) async fn control(State(gateway): State<Gateway>, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    let agent = match let_in(&gateway, &headers).await {
        Ok(agent) => agent,
        Err(refused) => {
            refusal::note(&gateway, "agent.refused", "agent", &refused.to_string()).await;
            return refused.into_response();
        }
    };
    bounded(upgrade).on_upgrade(move |socket| {
        let tasks = gateway.tasks().clone();
        tasks.track_future(attend(gateway, agent, socket))
    })
}

async fn let_in(gateway: &Gateway, headers: &HeaderMap) -> Result<Agent, NotLetIn> {
    caller::same_version(headers)?;
    caller::agent(gateway, headers).await
}

/// One control connection, from hello to goodbye.
async fn attend(gateway: Gateway, agent: Agent, socket: WebSocket) {
    let mut peer = Peer::new(socket);
    let name = agent.name.clone();
    let hello = match peer.first().await {
        Ok(FromAgent::Hello { version, instance, running }) => Hello { version, instance, running },
        Ok(_) => return peer.close("hello comes first").await,
        Err(gone) => {
            tracing::warn!(agent = %name, error = &gone as &dyn std::error::Error, "agent {name} said no hello");
            return;
        }
    };
    let (link, queue) = Link::new(agent.name, agent.token, hello.instance.clone());
    join(&gateway, &link, &hello).await;
    let ended = converse(&gateway, &link, &mut peer, queue).await;
    gateway.hub().agents.leave(&link);
    let dismissal = link.take_dismissal();
    link.end(None);
    if let Some(why) = dismissal {
        let _ = peer.say(&ToAgent::Dismiss { why }).await;
    }
    match ended {
        Ok(()) => tracing::info!(agent = %name, "agent {name} has left"),
        Err(gone) => {
            tracing::warn!(agent = %name, error = &gone as &dyn std::error::Error, "the control connection of agent {name} ended: {gone}");
        }
    }
    peer.close("goodbye").await;
}

struct Hello {
    version: String,
    instance: String,
    running: Vec<SessionId>,
}

/// Takes the agent's name for this link, and asks what became of the sessions that it had before.
async fn join(gateway: &Gateway, link: &Arc<Link>, hello: &Hello) {
    let hub = gateway.hub();
    // Before the link can be used: sessions that begin on it need not be asked about.
    let mut asked = hub.live.of_agent(&link.name);
    asked.extend(hub.orphans.of_agent(&link.name));
    if let Some(older) = hub.agents.join(link) {
        replace(gateway, link, &older).await;
    }
    let version: String = hello.version.chars().take(64).collect();
    tracing::info!(agent = %link.name, version, "agent {} is connected", link.name);
    if let Err(error) = gateway.store().agent_seen(&link.name, &version, gateway.now()).await {
        tracing::error!(error = &error as &dyn std::error::Error, "could not note that agent {} is here", link.name);
    }
    // What cannot be said now is said by nobody: then the link is gone, and the next one asks again.
    let _ = link.say(heartbeat::welcome(gateway, &link.name)).await;
    if !asked.is_empty() {
        let _ = link.say(ToAgent::Recall { sessions: asked }).await;
    }
    for session in &hello.running {
        stop_if_forgotten(gateway, link, *session).await;
    }
    hub.joined.notify_one();
}

/// The same process came again, or another one has the name now.
async fn replace(gateway: &Gateway, link: &Link, older: &Link) {
    if older.instance == link.instance {
        older.end(None);
        return;
    }
    let why = format!(
        "another agent has connected as {0} with the same token; the newer one stays: stop one of them, or give each a name of its own",
        link.name
    );
    tracing::warn!(agent = %link.name, "two agents are called {}: the older one is sent away", link.name);
    refusal::audit(gateway, "agent.replaced", link.name.as_str(), &json!({ "why": why })).await;
    older.end(Some(why));
}

/// Stops a session that runs at the agent, though it is over here, or never was.
async fn stop_if_forgotten(gateway: &Gateway, link: &Link, id: SessionId) {
    let hub = gateway.hub();
    if hub.live.has(id) || hub.orphans.has(id) {
        return;
    }
    let over = match gateway.store().session(id).await {
        Ok(Some(session)) => matches!(session.state, SessionState::Ended { .. }),
        Ok(None) => true,
        Err(_) => false,
    };
    if over {
        tracing::warn!(session.id = %id, agent = %link.name, "agent {} still runs session {id}, which is over", link.name);
        let why = "the server had given this session up".to_owned();
        let _ = link.say(ToAgent::Stop { session: id, why }).await;
    }
}

/// Both directions, until one ends.
async fn converse(
    gateway: &Gateway,
    link: &Arc<Link>,
    peer: &mut Peer,
    mut queue: mpsc::Receiver<ToAgent>,
) -> Result<(), Gone> {
    loop {
        tokio::select! {
            biased;
            () = link.ending().cancelled() => return Ok(()),
            () = gateway.hub().live.farewell(gateway.shutdown()) => return Ok(()),
            Some(message) = queue.recv() => peer.say(&message).await?,
            heard = peer.next_json() => hear(gateway, link, heard?).await?,
        }
    }
}

/// What an agent says; of its own sessions only.
async fn hear(gateway: &Gateway, link: &Arc<Link>, message: FromAgent) -> Result<(), Gone> {
    let (session, news) = match message {
        FromAgent::Hello { .. } => return Err(Gone::Breach("a second hello".to_owned())),
        FromAgent::Started { session } => (session, News::Started),
        FromAgent::Ended { session, end } => (session, News::Ended(end)),
        FromAgent::Recalled { session, memory } => (session, News::Recalled(memory)),
    };
    let hub = gateway.hub();
    if hub.live.has(session) {
        if !hub.live.tell(&link.name, session, news) {
            let why = format!("it spoke of session {session}, which is another agent's");
            refusal::note(gateway, "agent.foreign_session", link.name.as_str(), &why).await;
        }
        return Ok(());
    }
    match news {
        News::Ended(end) => conclusion::heard_late(gateway, link, session, end).await,
        News::Recalled(memory) => conclusion::recalled(gateway, link, session, memory).await,
        _ => {}
    }
    Ok(())
}
