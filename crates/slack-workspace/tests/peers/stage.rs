//! Where a scenario is played: a workspace, an app, and who and what is in it.

use std::fs::{self, File};
use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use countersign_slack_workspace::model::{ChannelId, Ts, UserId};
use countersign_slack_workspace::{Config, Running, Workspace};
use serde_json::{Value, json};

use crate::peer::{self, Peer};
use crate::scenario::Scenario;
use crate::sdk::{Missing, Program, Sdk, installed};

/// Long enough for a busy machine and for SDKs that reconnect slowly; nothing waits that long when all is well.
pub(crate) const SOON: Duration = Duration::from_mins(1);
/// How long one scenario may take.
const CELL: Duration = Duration::from_mins(2);

/// A workspace with an app of one SDK.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) running: Running,
    pub(crate) peer: Peer,
    pub(crate) sdk: Sdk,
    pub(crate) program: Program,
}

impl Stage {
    async fn set(sdk: Sdk, program: &Program) -> Result<Self> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let running = Workspace::start(Config::default()).await?;
        let starting = Peer::start(sdk, program, running.ready());
        let peer = tokio::time::timeout(CELL, starting).await.context("the app does not start")??;
        Ok(Self { running, peer, sdk, program: program.clone() })
    }

    pub(crate) fn user(&self, name: &str) -> UserId {
        self.running.user(name).unwrap()
    }

    pub(crate) fn channel(&self, name: &str) -> ChannelId {
        self.running.channel(name).unwrap()
    }

    /// What a person types to mention the app.
    pub(crate) fn mention(&self, text: &str) -> String {
        format!("<@{}> {text}", self.running.ready().bot_user_id)
    }

    /// Waits for a message with this text.
    pub(crate) async fn text(&self, channel: &ChannelId, text: &str) -> Result<Value> {
        let message = self.running.wait_for_message(channel, |message| message["text"] == text, SOON).await;
        message.map(|message| (*message).clone()).with_context(|| format!("no message {text:?}"))
    }

    /// How many calls of a method the journal has, by what is wanted of the response.
    pub(crate) fn calls(&self, method: &str, wanted: impl Fn(&Value) -> bool) -> usize {
        let journal = self.running.journal();
        journal.iter().filter(|entry| entry.value["method"] == method && wanted(&entry.value["response"])).count()
    }
}

pub(crate) fn ts(value: &Value) -> Result<Ts> {
    let ts = value.as_str().and_then(Ts::parse);
    ts.ok_or_else(|| anyhow!("{value} is no timestamp"))
}

/// Plays every scenario with one SDK, and fails when one failed.
pub(crate) async fn play(sdk: Sdk) {
    let mut report = Report::new(sdk).unwrap();
    let program = match sdk.program() {
        Ok(program) => program,
        Err(Missing::Required(why)) => panic!("{why}"),
        Err(Missing::Optional(why)) => {
            for scenario in Scenario::ALL.into_iter().filter(|scenario| sdk.has(*scenario)) {
                report.cell(scenario, "not run", &why, Duration::ZERO);
            }
            return;
        }
    };
    let mut failures = Vec::new();
    let mut stage = None;
    for scenario in Scenario::ALL.into_iter().filter(|scenario| sdk.has(*scenario)) {
        let started = Instant::now();
        match cell(sdk, &program, &mut stage, scenario).await {
            Ok(()) => report.cell(scenario, "passed", "", started.elapsed()),
            Err(error) => {
                let why = format!("{error:#}");
                report.cell(scenario, "failed", &why, started.elapsed());
                failures.push(format!("{}: {why}", scenario.name()));
            }
        }
    }
    assert!(failures.is_empty(), "{}:\n{}", sdk.name(), failures.join("\n"));
}

/// Plays one scenario; a stage on which one failed is not used again.
async fn cell(sdk: Sdk, program: &Program, stage: &mut Option<Stage>, scenario: Scenario) -> Result<()> {
    let set = match stage.take() {
        Some(set) => set,
        None => Stage::set(sdk, program).await?,
    };
    tokio::time::timeout(CELL, scenario.play(&set)).await.context("it takes too long")??;
    set.running.clear_faults();
    *stage = Some(set);
    Ok(())
}

/// What came of an SDK's cells, a line of JSON each, for the table.
#[derive(Debug)]
struct Report {
    sdk: Sdk,
    file: File,
}

impl Report {
    fn new(sdk: Sdk) -> Result<Self> {
        peer::forget_log(sdk)?;
        let dir = installed().join("results");
        fs::create_dir_all(&dir)?;
        let file = File::create(dir.join(format!("{}.jsonl", sdk.name().replace(' ', "-"))))?;
        Ok(Self { sdk, file })
    }

    fn cell(&mut self, scenario: Scenario, outcome: &str, why: &str, took: Duration) {
        let (sdk, scenario, ms) = (self.sdk.name(), scenario.name(), took.as_millis());
        let reason = if why.is_empty() { String::new() } else { format!(": {why}") };
        eprintln!("{sdk} | {scenario} | {ms} ms | {outcome}{reason}");
        let line = json!({"sdk": sdk, "scenario": scenario, "outcome": outcome, "why": why, "ms": ms});
        writeln!(self.file, "{line}").unwrap();
    }
}
