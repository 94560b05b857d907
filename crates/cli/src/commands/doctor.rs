//! `countersign doctor`: look for what is wrong.

use countersign_hook::wire::Op;
use countersign_slack::client::{ApiBase, Client, RetryPolicy};
use serde_json::{Value, json};

use super::{Context, hook_status, personal::Credentials, requests};
use crate::{
    config::Source,
    exit, output,
    probe::{self, Findings, Level},
};

/// Options of `countersign doctor`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
It reads the configuration, tries both tokens, says what each missing scope
switches off, and looks at the daemon and at the installed hooks. Exit code 1
when something does not work.
")]
pub(crate) struct Options {
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Options {
    pub(crate) fn run(&self, context: &Context<'_>) -> u8 {
        let mut findings = Findings::default();
        examine(context, &mut findings);
        if self.json {
            let word = |level: &Level| match level {
                Level::Good => "ok",
                Level::Lacking => "missing",
                Level::Bad => "failed",
            };
            let rows: Vec<Value> =
                findings.rows().iter().map(|(level, text)| json!({ "level": word(level), "text": text })).collect();
            output::json(&json!({ "ok": findings.fatal().is_none(), "findings": rows }));
        } else {
            findings.lines().for_each(|line| output::data(&line));
        }
        if findings.fatal().is_some() { exit::FAULT } else { exit::OK }
    }
}

fn examine(context: &Context<'_>, findings: &mut Findings) {
    let loaded = match context.load() {
        Ok(loaded) => loaded,
        Err(error) => return findings.add(Level::Bad, format!("configuration: {error:#}")),
    };
    match &loaded.source {
        Source::Pinned(path) | Source::Found(path) => {
            findings.add(Level::Good, format!("configuration {}", path.display()));
        }
        Source::None => findings.add(Level::Lacking, "no configuration file; `countersign init` writes one"),
    }
    if loaded.config.hook.approvers.is_empty() {
        findings.add(Level::Lacking, "hook.approvers names nobody to be asked");
    }
    match Credentials::of(&loaded.config, None, None) {
        Ok(credentials) => examine_slack(context, &credentials, findings),
        Err(error) => findings.add(Level::Bad, format!("{error:#}")),
    }
    hook_status::examine(context, findings);
}

fn examine_slack(context: &Context<'_>, credentials: &Credentials, findings: &mut Findings) {
    let probed = super::runtime().and_then(|runtime| {
        let base: ApiBase = credentials.api_url.parse()?;
        let client = Client::builder(base).retry(RetryPolicy::NEVER).build()?;
        Ok(runtime.block_on(probe::slack(&client, credentials)))
    });
    match probed {
        Ok(found) => found.rows().iter().for_each(|(level, text)| findings.add(*level, text.clone())),
        Err(error) => findings.add(Level::Bad, format!("Slack: {error:#}")),
    }
    // A daemon is no must: it starts with the first tool call.
    if let Ok(status) = requests::errand_if_running(context, Op::Status) {
        examine_daemon(&status, findings);
    }
}

fn examine_daemon(status: &Value, findings: &mut Findings) {
    let version = status.get("version").and_then(Value::as_str).unwrap_or("?");
    findings.add(Level::Good, format!("daemon {version} runs, pid {}", status.get("pid").unwrap_or(&Value::Null)));
    if let Some(trouble) = status.pointer("/slack/trouble").and_then(Value::as_str) {
        findings.add(Level::Bad, format!("daemon: {trouble}"));
    }
    let elsewhere = status.pointer("/slack/connections_elsewhere").and_then(Value::as_u64).unwrap_or(0);
    if elsewhere > 0 {
        findings.add(
            Level::Lacking,
            format!("{elsewhere} Socket Mode connections of this app belong to another program: clicks may land there"),
        );
    }
    let undelivered = status.get("undelivered").and_then(Value::as_array).map_or(0, Vec::len);
    if undelivered > 0 {
        findings.add(
            Level::Lacking,
            format!("{undelivered} messages could not be shown; `countersign hook logs` says why"),
        );
    }
}
