//! A terminal at the other end.

use std::os::fd::AsFd as _;

use anyhow::Context as _;
use countersign_approval::RequestKey;
use countersign_gateway::{
    client::Server,
    wire::{
        control::WindowSize,
        run::{FromClient, Open, Terminal, WantedVerb},
    },
};
use nix::sys::termios::{SetArg, Termios, cfmakeraw, tcgetattr, tcsetattr};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc::{self, Sender},
};

use super::{AGAIN, Options};
use crate::{
    commands::exec::finish,
    output,
    remote::{Asking, Events, Negotiated, Patience, negotiate, standard_streams},
    system::SystemEntropy,
};

/// The local terminal passes every key on, until this is dropped.
struct Raw {
    before: Termios,
}

impl Raw {
    fn enter() -> nix::Result<Self> {
        let stdin = std::io::stdin();
        let before = tcgetattr(stdin.as_fd())?;
        let mut raw = before.clone();
        cfmakeraw(&mut raw);
        tcsetattr(stdin.as_fd(), SetArg::TCSANOW, &raw)?;
        Ok(Self { before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that has gone.
        let _ = tcsetattr(std::io::stdin().as_fd(), SetArg::TCSADRAIN, &self.before);
    }
}

pub(super) async fn attach(server: &Server, options: Options, events: &mut Events) -> anyhow::Result<u8> {
    let terminal = Terminal { term: term(), size: size() };
    let patience = if options.no_wait { Patience::Leave } else { Patience::Run };
    let first = match options.resume {
        Some(request) => FromClient::Resume { request, terminal: Some(terminal.clone()) },
        None => FromClient::Open(Open {
            key: RequestKey::generate(&SystemEntropy),
            connection: options.connection.clone(),
            verb: WantedVerb::Connect {
                args: options.args,
                duration_s: options.duration.map(countersign_gateway::wire::api::HumanDuration::as_secs),
                terminal: Some(terminal.clone()),
            },
            reason: options.reason,
            break_glass: options.break_glass,
        }),
    };
    let asking = Asking { server, first, terminal: Some(terminal), patience, again: AGAIN };
    let (session, id, until) = match negotiate(asking, &mut None, events).await? {
        Negotiated::Over(code) => return Ok(code),
        Negotiated::Started { session, id, until, .. } => (session, id, until),
    };
    output::say(&format!("connected to {}{}", options.connection, until.map(ends).unwrap_or_default()));
    let (control, controlled) = mpsc::channel(8);
    let ended = {
        let _raw = Raw::enter().context("could not put the terminal into raw mode")?;
        let streams = standard_streams(Some(tokio::io::stdin()));
        tokio::select! {
            ended = session.stream(streams, controlled) => ended,
            failed = follow_size(control) => return failed.map(|()| 0),
        }
    };
    finish(ended, server, id, events).await
}

/// When access ends, for people.
fn ends(until: countersign_approval::Timestamp) -> String {
    let left = until.since(countersign_approval::Clock::now(&crate::system::SystemClock));
    format!("; access ends in {} min", left.as_secs().div_ceil(60))
}

/// Tells the other end whenever the window has another size. Never ends but by an error.
async fn follow_size(control: Sender<FromClient>) -> anyhow::Result<()> {
    let mut changes = signal(SignalKind::window_change()).context("could not wait for signals")?;
    // It may have changed while people were asked.
    let mut told = None;
    loop {
        let now = size();
        if told != Some(now) && control.send(FromClient::Resize { size: now }).await.is_err() {
            return std::future::pending().await;
        }
        told = Some(now);
        changes.recv().await;
    }
}

fn size() -> WindowSize {
    let size = rustix::termios::tcgetwinsize(std::io::stdin());
    size.map_or(WindowSize { rows: 24, cols: 80 }, |size| WindowSize { rows: size.ws_row, cols: size.ws_col })
}

#[expect(
    clippy::disallowed_methods,
    reason = "TERM describes the very terminal that is read here, not our configuration"
)]
fn term() -> String {
    std::env::var("TERM").ok().filter(|term| !term.is_empty() && term.len() < 64).unwrap_or_else(|| "xterm".to_owned())
}
