//! Events that `countersign slack run` hands to a hook one by one.

use std::{
    collections::HashMap,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use countersign_slack::hooks::ProtocolName;
use countersign_slack_workspace::{
    Config, JournalEntry, Running, Workspace,
    model::{ChannelId, UserId},
};
use serde_json::{Value, json};
use tokio::time::timeout_at;

use super::{
    Options,
    directory::{Directory, answering},
    runner::Runner,
    shell::Shell,
};
use crate::{process, stats::Samples};

/// Longest time until the app is connected.
const START_WITHIN: Duration = Duration::from_secs(30);
/// Time before events count.
const WARM: Duration = Duration::from_secs(1);
/// Events of a channel that are not acknowledged: one is handled, one waits for it.
const UNDER_WAY: usize = 2;
/// How much of the journal is kept, in bytes: it is read as it is written.
const JOURNAL: usize = 4 << 20;

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    pub(crate) channels: usize,
    /// Acknowledged in a second, which happens when the hook has answered.
    pub(crate) per_s: f64,
    /// From the delivery to the acknowledgement, in milliseconds.
    pub(crate) acked: Samples,
    /// Of `countersign` alone for each, in microseconds: what hooks take is theirs.
    pub(crate) cpu_us: f64,
    /// How often a second the same command ends that a shell alone runs, as many at once.
    pub(crate) shell_per_s: f64,
}

/// Events in so many channels at once.
pub(crate) async fn run(binary: &Path, channels: usize, options: &Options) -> Result<Events> {
    let names: Vec<String> = (1..=channels).map(|number| format!("channel-{number}")).collect();
    let config = Config { channels: names.clone(), journal_bytes: JOURNAL, ..Config::default() };
    let slack = Workspace::start(config).await.context("could not start the workspace")?;
    let (line, protocol) = (answering(ProtocolName::MessageBoundaries), ProtocolName::MessageBoundaries);
    let directory = Directory::of_app(line, &json!({"protocol-version": [protocol.as_str()]}))?;
    let shell = Shell::new(line, protocol, directory.path())?;
    let shell_per_s = shell.per_second(channels.min(options.jobs.get()), options.counted()).await?;
    let jobs = options.jobs.to_string();
    let mut runner = Runner::start(binary, directory.path(), slack.ready(), &["--jobs", &jobs])?;
    let bot = runner.until(connected(&slack)).await?;
    let mut source = Source::new(&slack, &names, &bot)?;
    runner.until(source.acknowledged(WARM)).await?;
    let pid = runner.pid()?;
    let cpu = || process::processor_time(pid).context("`countersign slack run` has ended");
    let (began, before) = (Instant::now(), cpu()?);
    let acked = runner.until(source.acknowledged(options.counted())).await?;
    let (took, cpu) = (began.elapsed(), cpu()?.saturating_sub(before));
    let count = f64::from(u32::try_from(acked.len())?);
    let (per_s, cpu_us) = (count / took.as_secs_f64(), cpu.as_secs_f64() * 1e6 / count);
    Ok(Events { channels, per_s, acked: Samples::new(acked), cpu_us, shell_per_s })
}

/// Waits until the app that is run is connected; answers its bot.
async fn connected(slack: &Running) -> Result<UserId> {
    let founded = &slack.ready().app_id;
    let found = |slack: &Running| {
        let apps: Vec<_> = slack.workspace().read(|state| {
            state.apps().filter(|app| app.id != *founded).map(|app| (app.id.clone(), app.bot_user.clone())).collect()
        });
        apps.into_iter().find(|(app, _)| slack.workspace().connections(app) > 0).map(|(_, bot)| bot)
    };
    slack.wait(found, START_WITHIN).await.context("the app is not connected")
}

/// A person who mentions the app in every channel, again when it has been acknowledged.
struct Source<'a> {
    slack: &'a Running,
    person: UserId,
    text: String,
    /// The last line of the journal that was read.
    read: u64,
    /// The channels of what is under way, by envelope.
    channels: HashMap<String, ChannelId>,
}

impl<'a> Source<'a> {
    fn new(slack: &'a Running, names: &[String], bot: &UserId) -> Result<Self> {
        let person = slack.user("alice").context("the workspace has an alice")?;
        let read = slack.journal().last().map_or(0, |entry| entry.seq);
        let text = format!("<@{bot}> how many are left?");
        let source = Self { slack, person, text, read, channels: HashMap::new() };
        for name in names {
            let channel = slack.channel(name).with_context(|| format!("the workspace has no {name}"))?;
            slack.workspace().invite(&source.person, &channel, bot)?;
            for _ in 0..UNDER_WAY {
                source.mention(&channel)?;
            }
        }
        Ok(source)
    }

    fn mention(&self, channel: &ChannelId) -> Result<()> {
        self.slack.post_message(&self.person, channel, &self.text)?;
        Ok(())
    }

    /// Goes on for a while; answers how long each acknowledgement took, in milliseconds.
    async fn acknowledged(&mut self, counted: Duration) -> Result<Vec<f64>> {
        let end = tokio::time::Instant::now() + counted;
        let mut changes = self.slack.workspace().changes();
        let mut times = Vec::new();
        while tokio::time::Instant::now() < end {
            for entry in self.slack.workspace().journal(self.read) {
                self.read = entry.seq;
                times.extend(self.take(&entry)?);
            }
            // Whoever lags, or waits until the end, looks at the journal all the same.
            let _ = timeout_at(end, changes.recv()).await;
        }
        Ok(times)
    }

    /// Takes note of an envelope, or posts anew for one that was acknowledged; answers how long that took.
    fn take(&mut self, entry: &JournalEntry) -> Result<Option<f64>> {
        let text = |pointer: &str| entry.value.pointer(pointer).and_then(Value::as_str);
        let Some(envelope) = text("/envelope_id") else { return Ok(None) };
        match entry.kind.as_str() {
            "envelope" => {
                if let Some(channel) = text("/payload/event/channel") {
                    self.channels.insert(envelope.to_owned(), ChannelId::from(channel));
                }
                Ok(None)
            }
            "ack" => {
                let Some(channel) = self.channels.remove(envelope) else { return Ok(None) };
                self.mention(&channel)?;
                Ok(entry.value.get("ms").and_then(Value::as_f64))
            }
            _ => Ok(None),
        }
    }
}
