//! One round of everything, part by part.

use std::{path::Path, time::Duration};

use anyhow::{Context as _, Result};

use super::{
    Options,
    bulk::{self, Bulk},
    calls::{self, Calls, PROTOCOLS},
    events::{self, Events},
    restarts,
    watching::{self, Tree, Watching},
};
use crate::stats::Samples;

/// What a round came to; a part that was not measured is empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Round {
    /// In the order of [`PROTOCOLS`].
    pub(crate) calls: Vec<Calls>,
    pub(crate) bulk: Option<Bulk>,
    /// In one channel, then in several.
    pub(crate) events: Vec<Events>,
    pub(crate) watching: Option<Watching>,
    /// From a change until the new app ran, in milliseconds.
    pub(crate) restarts: Option<Samples>,
}

/// Measures a round.
pub(crate) async fn run(binary: &Path, tree: Option<&Tree>, options: &Options) -> Result<Round> {
    let mut round = Round::default();
    if options.has("calls") {
        for protocol in PROTOCOLS {
            let calls = calls::run(protocol, options.calls).await;
            let calls = calls.with_context(|| format!("calls by {}", protocol.as_str()))?;
            let (ours, shell) = (calls.ours.median(), calls.shell.median());
            eprintln!("  calls, {}: {ours:.2} ms, by a shell alone {shell:.2} ms", protocol.as_str());
            round.calls.push(calls);
        }
    }
    if options.has("payload") {
        let bulk = bulk::run(options.payloads, options.payload_mib).await.context("large responses")?;
        eprintln!("  large responses: {:.0} MB/s, by a shell alone {:.0}", bulk.ours.median(), bulk.shell.median());
        round.bulk = Some(bulk);
    }
    if options.has("events") {
        for channels in [1, options.jobs.get()] {
            let events = events::run(binary, channels, options).await;
            let events = events.with_context(|| format!("events in {channels} channels"))?;
            eprintln!("  events, {channels} channels: {:.0}/s, a shell alone {:.0}", events.per_s, events.shell_per_s);
            round.events.push(events);
        }
    }
    if let Some(tree) = tree {
        let watched = Duration::from_secs(options.watched);
        let watching = watching::run(binary, tree, watched).await.context("watching")?;
        eprintln!("  watching: {:.0} ms, the poller {:.0} ms", watching.ours.cpu_ms, watching.poller.cpu_ms);
        round.watching = Some(watching);
    }
    if options.has("changes") {
        let restarts = restarts::run(binary, options.changes).await.context("changes")?;
        eprintln!("  change to new app: {:.0} ms", restarts.median());
        round.restarts = Some(restarts);
    }
    Ok(round)
}
