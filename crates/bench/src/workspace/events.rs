//! Events through one Socket Mode connection: a person posts, the app acknowledges, 64 under way.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use futures_util::{SinkExt as _, StreamExt as _, future::try_join_all};
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio_tungstenite::tungstenite::Message;

use super::{
    cell::{MANY, message},
    peer::{Program, Running},
};
use crate::{
    load::{Connection, request},
    process, sdk,
};

/// Time before events count.
const WARM: Duration = Duration::from_secs(1);

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Events {
    /// Acknowledged in a second.
    pub(crate) per_s: f64,
    /// The workspace's processor time for each, its `chat.postMessage` included.
    pub(crate) cpu_us: f64,
}

/// The call that posts, where to, and how often it may before an event came.
struct Source<'a> {
    running: &'a Running,
    request: Vec<u8>,
    room: Semaphore,
    acknowledged: Cell<u32>,
    is_over: Cell<bool>,
}

/// Posts as a person and acknowledges as the app, for a while.
pub(crate) async fn run(program: &Program, counted: Duration) -> Result<Events> {
    let running = program.start().await?;
    let measure = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(measure(&running, counted))
    };
    tokio::task::spawn_blocking(measure).await?
}

async fn measure(running: &Running, counted: Duration) -> Result<Events> {
    let text = |name: &str| running.ready.get(name).and_then(Value::as_str).context("the readiness line lacks a token");
    let app_token = text("app_token")?;
    let source = Source {
        running,
        request: request(&running.endpoint, "chat.postMessage", text("user_token")?, &message(&running.channel)),
        room: Semaphore::new(MANY),
        acknowledged: Cell::new(0),
        is_over: Cell::new(false),
    };
    let acknowledging = source.acknowledge(app_token);
    let posting = try_join_all((0..MANY).map(|_| source.post()));
    tokio::select! {
        events = source.timed(counted) => events,
        ended = acknowledging => Err(ended.err().context("the connection ended")?),
        ended = posting => Err(ended.err().context("nobody posts any more")?),
    }
}

impl Source<'_> {
    async fn timed(&self, counted: Duration) -> Result<Events> {
        tokio::time::sleep(WARM).await;
        let pid = self.running.pid()?;
        let now = || Ok::<_, anyhow::Error>((self.acknowledged.get(), process::processor_time(pid).context("ended")?));
        let (began, (events_before, cpu_before)) = (Instant::now(), now()?);
        tokio::time::sleep(counted).await;
        let (took, (events, cpu)) = (began.elapsed(), now()?);
        self.is_over.set(true);
        let events = f64::from(events - events_before);
        let cpu = cpu.saturating_sub(cpu_before).as_secs_f64() * 1e6;
        Ok(Events { per_s: events / took.as_secs_f64(), cpu_us: cpu / events })
    }

    async fn post(&self) -> Result<()> {
        let mut connection = Connection::open(self.running.endpoint.address).await?;
        while !self.is_over.get() {
            self.room.acquire().await?.forget();
            connection.call(&self.request).await?;
        }
        Ok(())
    }

    async fn acknowledge(&self, app_token: &str) -> Result<()> {
        let mut socket = sdk::connect(&self.running.endpoint, app_token).await?;
        while let Some(message) = socket.next().await {
            let Message::Text(text) = message? else { continue };
            if let Some(ack) = sdk::ack_of(&text) {
                socket.send(Message::text(ack)).await?;
                self.acknowledged.set(self.acknowledged.get() + 1);
                self.room.add_permits(1);
            }
        }
        Ok(())
    }
}
