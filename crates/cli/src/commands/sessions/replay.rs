//! Playing a recording: a terminal's as it was seen, a command's as its output came.

use std::{io::Write as _, time::Duration};

use anyhow::{Context as _, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use countersign_gateway::SessionId;
use serde::Deserialize;
use serde_json::Value;

use crate::{output, remote::Api};

/// Longest pause that is played: nobody watches a terminal that nobody uses.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Longest line of a recording: each holds one read of a pipe, encoded.
const MAX_LINE_BYTES: usize = 16 * 1024 * 1024;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The session.
    id: SessionId,
    /// So many times as fast.
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// Without pauses.
    #[arg(long)]
    instant: bool,
    /// The file as it is: asciicast v2 of a terminal, JSON lines of a command.
    #[arg(long)]
    raw: bool,
}

/// One line of a command's recording.
#[derive(Deserialize)]
struct Piece {
    t: f64,
    ch: String,
    data: String,
}

impl Options {
    pub(super) async fn run(self, api: &Api) -> anyhow::Result<()> {
        ensure!(self.speed.is_finite() && self.speed > 0.0, "--speed is a number greater than 0");
        let mut answer = api.stream(&["sessions", &self.id.to_string(), "recording"]).await?;
        let mut rest = Vec::new();
        let mut player = Player { speed: self.speed, instant: self.instant, now: 0.0, begun: false };
        while let Some(chunk) = answer.chunk().await.context("the recording broke off")? {
            if self.raw {
                output::try_raw(&chunk).context("could not write to stdout")?;
                continue;
            }
            rest.extend_from_slice(&chunk);
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = rest.drain(..=end).collect();
                player.play(&line).await?;
            }
            ensure!(rest.len() <= MAX_LINE_BYTES, "the recording has a line that is too long: it is damaged");
        }
        Ok(())
    }
}

struct Player {
    speed: f64,
    instant: bool,
    /// Seconds since the session began.
    now: f64,
    /// Whether the head has been read.
    begun: bool,
}

impl Player {
    async fn play(&mut self, line: &[u8]) -> anyhow::Result<()> {
        let value: Value = serde_json::from_slice(line).context("the recording has a line that cannot be read")?;
        if !std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        match value {
            Value::Array(event) => self.terminal(&event).await,
            value @ Value::Object(_) => self.command(value).await,
            _ => anyhow::bail!("the recording has a line that is no event"),
        }
    }

    async fn terminal(&mut self, event: &[Value]) -> anyhow::Result<()> {
        let [at, kind, data] = event else { return Ok(()) };
        let (Some(at), Some(kind), Some(data)) = (at.as_f64(), kind.as_str(), data.as_str()) else { return Ok(()) };
        match kind {
            "o" => {
                self.wait(at).await;
                output::try_raw(data.as_bytes()).context("could not write to stdout")
            }
            // A mark says what is missing, and how it ended.
            "m" => {
                output::say(&format!("[{data}]"));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn command(&mut self, value: Value) -> anyhow::Result<()> {
        let Ok(piece) = serde_json::from_value::<Piece>(value.clone()) else {
            output::say(&format!("[{value}]"));
            return Ok(());
        };
        let bytes = STANDARD.decode(&piece.data).context("the recording has data that cannot be read")?;
        self.wait(piece.t).await;
        match piece.ch.as_str() {
            "out" => output::try_raw(&bytes).context("could not write to stdout"),
            "err" => std::io::stderr().write_all(&bytes).context("could not write to stderr"),
            _ => Ok(()),
        }
    }

    async fn wait(&mut self, at: f64) {
        let pause = Duration::try_from_secs_f64((at - self.now) / self.speed).unwrap_or_default();
        self.now = self.now.max(at);
        if !self.instant {
            tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
        }
    }
}
