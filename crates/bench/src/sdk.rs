//! `bench sdk`: an app on `countersign-slack-sdk` beside the same app on Bolt, each driven by a bare Socket Mode server.

mod acker;
mod app;
mod case;
mod drive;
mod envelope;
mod figures;
mod server;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, Result};

pub(crate) use self::acker::{ack_of, acknowledge_only, connect};
use self::{app::App, figures::Results};
use crate::{machine, program, until_done};

/// Longest time for everything: something that hangs is an error, not a wait.
const WITHIN: Duration = Duration::from_hours(1);

/// What is measured, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Our app; by default the `sdk-app` beside this program.
    #[arg(long, value_name = "PATH")]
    app: Option<PathBuf>,
    /// Where the SDKs of others are installed.
    #[arg(long, value_name = "DIR")]
    peers: Option<PathBuf>,
    /// Rounds; medians and spreads are over them.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds that events are counted for, in each case, after one second that does not count.
    #[arg(long, default_value_t = 2)]
    seconds: u64,
    /// Further starts of each app in a round.
    #[arg(long, default_value_t = 5)]
    starts: usize,
    /// Only these apps, by name.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

/// Measures and prints the tables.
pub(crate) fn run(options: &Options) -> Result<()> {
    let ours = program(options.app.as_deref(), "sdk-app")?;
    let apps = App::all(ours, &options.peers.clone().unwrap_or_else(crate::peers));
    let (apps, missing): (Vec<_>, Vec<_>) = apps
        .into_iter()
        .filter(|(name, _)| options.only.is_empty() || options.only.iter().any(|only| only == name))
        .partition(|(_, app)| app.is_ok());
    let apps: Vec<App> = apps.into_iter().filter_map(|(_, app)| app.ok()).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let measured = runtime.block_on(until_done(WITHIN, measure(options, &apps)));
    // However it ended: apps are killed with what measures them.
    drop(runtime);
    let results = measured?;
    println!("{}", machine::describe());
    println!("{}", options.describe());
    for (name, app) in missing {
        println!("{name}: not run: {}", app.err().unwrap_or_default());
    }
    println!("\n{results}");
    Ok(())
}

async fn measure(options: &Options, apps: &[App]) -> Result<Results> {
    let mut results = Results::new(apps);
    for number in 0..options.rounds {
        eprintln!("round {} of {}", number + 1, options.rounds);
        for case in case::ALL {
            // Each takes its turn at being first.
            for at in 0..apps.len() {
                let at = (at + number) % apps.len();
                let Some(app) = apps.get(at) else { continue };
                let outcome = case.run(app, options).await.with_context(|| format!("{case:?} of {}", app.name))?;
                eprintln!("  {case:?}, {}: {}", app.name, outcome.brief());
                results.add(at, outcome);
            }
        }
    }
    Ok(results)
}

impl Options {
    fn counted(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    fn describe(&self) -> String {
        format!(
            "{} rounds, interleaved by case and app; a fresh process for each case; 1 s of events that do not count, then \
             {} s that do. Envelopes of 0.85 kB (mention) and 1.3 kB (button). Latency: envelope handed to the socket → \
             acknowledgement read. Medians over rounds [min–max].",
            self.rounds, self.seconds
        )
    }
}
