//! A local port: each connection to it becomes a session.

use std::{future::pending, net::Ipv4Addr};

use anyhow::Context as _;
use countersign_approval::{RequestId, RequestKey};
use countersign_gateway::{
    client::{Server, Streams},
    wire::run::{FromClient, Open, WantedVerb},
};
use serde_json::json;
use tokio::{
    io::sink,
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};
use tokio_util::task::TaskTracker;

use super::{AGAIN, Options};
use crate::{
    output,
    remote::{Asking, Events, Negotiated, Patience, negotiate},
    system::SystemEntropy,
};

pub(super) async fn forward(server: &Server, options: Options, events: &mut Events) -> anyhow::Result<u8> {
    // Taken before people are asked: a port that is in use is better known now.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port.unwrap_or(0)))
        .await
        .with_context(|| format!("could not listen on port {}", options.port.unwrap_or(0)))?;
    let port = listener.local_addr().context("the listener has no address")?.port();
    let request = match gain_access(server, &options, events).await? {
        Access::Given(request) => request,
        Access::Not(code) => return Ok(code),
    };
    if events.is_json() {
        output::json(&json!({ "event": "listening", "host": "127.0.0.1", "port": port }));
    } else {
        output::data(&format!("127.0.0.1:{port}"));
        output::say(&format!("{} is at 127.0.0.1:{port} until Ctrl-C", options.connection));
    }
    let tasks = TaskTracker::new();
    let mut interrupts = signal(SignalKind::interrupt()).context("could not wait for signals")?;
    loop {
        let (local, _) = tokio::select! {
            accepted = listener.accept() => accepted.context("the listener failed")?,
            _ = interrupts.recv() => return Ok(0),
        };
        let (server, first) = (server.clone(), again(&options, request));
        let json = events.is_json();
        tasks.spawn(async move {
            if let Err(error) = carry(&server, first, local, json).await {
                output::error(&error);
            }
        });
    }
}

/// Whether there is access.
enum Access {
    /// There is, by this request where one was needed.
    Given(Option<RequestId>),
    /// There is not; this is the exit code.
    Not(u8),
}

/// Asks for access where it has to be asked for.
async fn gain_access(server: &Server, options: &Options, events: &mut Events) -> anyhow::Result<Access> {
    let first = match options.resume {
        Some(request) => FromClient::Resume { request, terminal: None },
        None => open(options),
    };
    let patience = if options.no_wait { Patience::Leave } else { Patience::Run };
    let asking = Asking { server, first, terminal: None, patience, again: AGAIN };
    match negotiate(asking, &mut None, events).await? {
        Negotiated::Over(code) => Ok(Access::Not(code)),
        // Access is there. This session was the way to learn it; the real ones begin with a client.
        Negotiated::Started { mut session, request, .. } => {
            session.say(&FromClient::Cancel).await?;
            Ok(Access::Given(request))
        }
    }
}

/// One more session. Of the same request, where there is one: when its access is over, nobody is to be asked anew behind the
/// back of whoever uses the port.
fn again(options: &Options, request: Option<RequestId>) -> FromClient {
    request.map_or_else(|| open(options), |request| FromClient::Resume { request, terminal: None })
}

fn open(options: &Options) -> FromClient {
    FromClient::Open(Open {
        key: RequestKey::generate(&SystemEntropy),
        connection: options.connection.clone(),
        verb: WantedVerb::Connect {
            args: Vec::new(),
            duration_s: options.duration.map(countersign_gateway::wire::api::HumanDuration::as_secs),
            terminal: None,
        },
        reason: options.reason.clone(),
        break_glass: options.break_glass,
    })
}

/// One local client's bytes, both ways.
async fn carry(server: &Server, first: FromClient, local: TcpStream, json: bool) -> anyhow::Result<()> {
    local.set_nodelay(true).context("could not set up the local connection")?;
    let mut events = if json { Events::Json } else { Events::Quiet };
    let asking = Asking { server, first, terminal: None, patience: Patience::Run, again: AGAIN };
    let Negotiated::Started { session, .. } = negotiate(asking, &mut None, &mut events).await? else {
        return Ok(());
    };
    let (reader, writer) = local.into_split();
    let (control, controlled) = mpsc::channel(1);
    let streams = Streams { stdin: Some(reader), stdout: writer, stderr: sink() };
    let ended = session.stream(streams, controlled);
    let end = tokio::select! {
        ended = ended => ended?,
        // Kept, so that the session is not told that nothing more will be said.
        () = hold(control) => return Ok(()),
    };
    events.ended(&end);
    Ok(())
}

async fn hold<T>(_kept: T) {
    pending::<()>().await;
}
