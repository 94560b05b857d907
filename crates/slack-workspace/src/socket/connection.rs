//! One WebSocket connection of an app.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State as Shared};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::fault::DisconnectKind;
use super::frame::{self, Frame};
use super::hub::Accepted;
use crate::Workspace;
use crate::depth;
use crate::journal::Field;
use crate::model::AppId;

/// How often the server pings: SDKs give up after 30 seconds of silence.
const PING_EVERY: Duration = Duration::from_secs(10);
/// The largest message an app may send; a view is at most 250 kB.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;
/// How long before its end a connection is warned.
const WARNING_MS: u64 = 10_000;
/// How long writing one frame may take before the connection is given up.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// The query of the address that `apps.connections.open` returned.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LinkQuery {
    ticket: String,
    /// `true` for a connection that lives minutes instead of hours.
    debug_reconnects: String,
}

/// Opens a connection with a ticket, which is used up.
pub(crate) async fn link(
    Shared(workspace): Shared<Workspace>,
    Query(query): Query<LinkQuery>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let home = workspace.where_is(|state| state.tickets.contains_key(&query.ticket));
    let ticket = home.update(|state, now| state.tickets.remove(&query.ticket).filter(|ticket| ticket.expires_at > now));
    let Some(app) = ticket else {
        return (StatusCode::FORBIDDEN, "invalid_ticket").into_response();
    };
    let is_debug = matches!(query.debug_reconnects.as_str(), "true" | "1");
    let lifetime_s = if is_debug { frame::DEBUG_LIFETIME_S } else { frame::LIFETIME_S };
    let serve = async move |socket| serve(workspace, app.app, socket, lifetime_s).await;
    upgrade.max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE).on_upgrade(serve)
}

async fn serve(workspace: Workspace, app: AppId, mut socket: WebSocket, lifetime_s: u64) {
    let accepted = match workspace.hub().connect(&app) {
        Ok(accepted) => accepted,
        Err(too_many) => {
            note(&workspace, &app, 0, "too_many_websockets");
            let text = frame::too_many(app.as_str(), too_many.0);
            let _ = write(&mut socket, Message::text(text)).await;
            let _ = write(&mut socket, close("too_many_websockets")).await;
            return;
        }
    };
    let id = accepted.id;
    note(&workspace, &app, id, "connected");
    let hello = frame::hello(app.as_str(), accepted.connections, lifetime_s);
    let end = if write(&mut socket, Message::text(hello)).await.is_ok() {
        workspace.hub().greeted(&app, id);
        note(&workspace, &app, id, "hello");
        let mut line = Line { workspace: &workspace, app: &app, id, socket, end_at: None };
        let end = line.run(accepted, lifetime_s).await;
        workspace.hub().quit(&app, id);
        match end {
            End::ByApp => farewell(&mut line.socket).await,
            End::ByWorkspace => line.drain().await,
            End::Cut | End::Lost => {}
        }
        end
    } else {
        End::Lost
    };
    workspace.hub().disconnected(&app, id);
    note(&workspace, &app, id, end.word());
}

/// Lets the answer to the app's goodbye leave.
async fn farewell(socket: &mut WebSocket) {
    // Reading on writes it; the app closes then, or is not waited for.
    let _ = tokio::time::timeout(Duration::from_secs(1), socket.recv()).await;
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    ByApp,
    ByWorkspace,
    /// By the workspace without a word.
    Cut,
    Lost,
}

impl End {
    fn word(self) -> &'static str {
        match self {
            Self::ByApp => "closed by the app",
            Self::ByWorkspace | Self::Cut => "closed by the workspace",
            Self::Lost => "lost",
        }
    }
}

struct Line<'a> {
    workspace: &'a Workspace,
    app: &'a AppId,
    id: u64,
    socket: WebSocket,
    /// When the connection ends, once it was told so.
    end_at: Option<u64>,
}

impl Line<'_> {
    async fn run(&mut self, mut accepted: Accepted, lifetime_s: u64) -> End {
        let clock = self.workspace.clock();
        let stopping = self.workspace.stopping();
        let mut ping = tokio::time::interval(PING_EVERY);
        ping.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let warn_at = clock.now_ms().saturating_add(lifetime_s * 1000 - WARNING_MS);
        loop {
            let wake_at = self.end_at.unwrap_or(warn_at);
            let step = tokio::select! {
                () = stopping.cancelled() => self.close("going away").await,
                frame = accepted.frames.recv() => self.write(frame).await,
                message = self.socket.recv() => self.read(message),
                _ = ping.tick() => self.send(Message::Ping(frame::ping().into())).await,
                () = clock.sleep_until(wake_at) => self.elapsed().await,
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    async fn write(&mut self, frame: Option<Frame>) -> Result<(), End> {
        match frame {
            // The hub has cut a connection that did not keep up.
            None => Err(End::Lost),
            Some(Frame::Text(text)) => self.send(Message::text(text)).await,
            Some(Frame::Disconnect(kind)) => self.retire(kind).await,
        }
    }

    /// Says goodbye; some goodbyes leave time to reconnect.
    async fn retire(&mut self, kind: DisconnectKind) -> Result<(), End> {
        let Some(reason) = kind.reason() else { return Err(End::Cut) };
        self.workspace.hub().retire(self.app, self.id);
        self.send(Message::text(frame::disconnect(reason))).await?;
        if kind.grace_ms() == 0 {
            return self.close(reason).await;
        }
        let at = self.workspace.clock().now_ms().saturating_add(kind.grace_ms());
        self.end_at = Some(self.end_at.map_or(at, |earlier| earlier.min(at)));
        Ok(())
    }

    /// The connection's time has come: it is warned, then closed.
    async fn elapsed(&mut self) -> Result<(), End> {
        if self.end_at.is_some() {
            return self.close("refresh_requested").await;
        }
        self.retire(DisconnectKind::Warning).await
    }

    async fn close(&mut self, reason: &'static str) -> Result<(), End> {
        self.send(close(reason)).await?;
        Err(End::ByWorkspace)
    }

    /// Takes the acknowledgements that are on their way, until the app has closed too.
    async fn drain(&mut self) {
        let drained = async {
            loop {
                let message = self.socket.recv().await;
                if self.read(message).is_err() {
                    return;
                }
            }
        };
        // An app that does not answer the goodbye is not waited for.
        let _ = tokio::time::timeout(Duration::from_secs(1), drained).await;
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        write(&mut self.socket, message).await
    }

    /// Takes what the app sends; what is no acknowledgement is noted and ignored.
    fn read(&mut self, message: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        match message {
            Some(Ok(Message::Text(text))) => {
                let ack: Option<Ack> = serde_json::from_str(&text).ok();
                let ack = ack.filter(|ack| depth::is_fine(&ack.payload));
                match ack {
                    Some(ack) => self.workspace.hub().acknowledge(self.app, &ack.envelope_id, &ack.payload),
                    None => note(self.workspace, self.app, 0, "message that is no acknowledgement"),
                }
                Ok(())
            }
            Some(Ok(Message::Close(_))) => Err(End::ByApp),
            // The WebSocket layer answers pings itself, with the same payload.
            Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Err(_)) | None => Err(End::Lost),
        }
    }
}

/// What an app answers an envelope with.
#[derive(Debug, Deserialize)]
struct Ack {
    envelope_id: String,
    #[serde(default)]
    payload: Value,
}

async fn write(socket: &mut WebSocket, message: Message) -> Result<(), End> {
    match tokio::time::timeout(WRITE_TIMEOUT, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(End::Lost),
    }
}

fn close(reason: &'static str) -> Message {
    Message::Close(Some(CloseFrame { code: 1000, reason: reason.into() }))
}

fn note(workspace: &Workspace, app: &AppId, connection: u64, what: &str) {
    let fields = [
        ("app_id", Field::Text(app.as_str())),
        ("connection", Field::Number(connection)),
        ("event", Field::Text(what)),
    ];
    workspace.recorder().write("connection", &fields);
}
