//! `countersign config`.

use serde_json::{Value, json};

use super::Context;
use crate::{
    config::{Loaded, Source},
    exit, output,
};

/// Options of `countersign config`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Values come from the defaults, then the file, then the environment, then flags.
The file is the one named by --config, else by COUNTERSIGN_CONFIG, else
$XDG_CONFIG_HOME/countersign/countersign.toml. A variable such as
COUNTERSIGN__HOOK__WAIT_S sets hook.wait_s; SLACK_BOT_TOKEN, SLACK_APP_TOKEN and
SLACK_API_URL are read as everywhere in Slack's world. With --config only the
file and flags count.
")]
pub(crate) struct Options {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Say whether the configuration can be used.
    Check,
    /// Show every value and where it comes from; secrets by their kind only.
    Show {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

impl Options {
    pub(crate) fn run(&self, context: &Context<'_>) -> anyhow::Result<u8> {
        let loaded = context.load()?;
        let config = &loaded.config;
        // Secrets in files are part of whether it can be used.
        let tokens = [("slack.bot_token", config.bot_token()?), ("slack.app_token", config.app_token()?)];
        config.slack.api_url.parse::<countersign_slack::client::ApiBase>()?;
        match self.verb {
            Verb::Check => {
                output::say(&format!("{}: the configuration can be used", describe(&loaded.source)));
            }
            Verb::Show { json } => {
                let redacted = |key: &str| {
                    let token = tokens.iter().find(|(name, _)| *name == key);
                    token.and_then(|(_, token)| token.as_ref()).map(crate::config::Secret::redacted)
                };
                let rows = rows(&loaded, &redacted);
                if json { show_json(&loaded, &rows) } else { show_text(&loaded, &rows) }
            }
        }
        Ok(exit::OK)
    }
}

/// A setting: key, value, origin.
type Row = (&'static str, Value, String);

fn rows(loaded: &Loaded, redacted: &dyn Fn(&str) -> Option<String>) -> Vec<Row> {
    let config = &loaded.config;
    let row = |key, value| (key, value, loaded.origin(key));
    let token = |key: &'static str, file: &'static str| {
        let origin = if loaded.origin(file) == "not set" { loaded.origin(key) } else { loaded.origin(file) };
        (key, json!(redacted(key)), origin)
    };
    vec![
        row("slack.api_url", json!(config.slack.api_url)),
        token("slack.bot_token", "slack.bot_token_file"),
        token("slack.app_token", "slack.app_token_file"),
        row("hook.approvers", json!(config.hook.approvers)),
        row("hook.channel", json!(config.hook.channel)),
        row("hook.wait_s", json!(config.hook.wait_s)),
        row("hook.only_screen_lock", json!(config.hook.only_screen_lock)),
        row("hook.idle_exit_s", json!(config.hook.idle_exit_s)),
        row("hook.orphan_grace_s", json!(config.hook.orphan_grace_s)),
        row("retention.requests_days", json!(config.retention.requests_days)),
        row("log.level", json!(config.log.level)),
    ]
}

fn show_json(loaded: &Loaded, rows: &[Row]) {
    let file = match &loaded.source {
        Source::Pinned(path) | Source::Found(path) => Some(path.display().to_string()),
        Source::None => None,
    };
    let values: serde_json::Map<String, Value> = rows
        .iter()
        .map(|(key, value, origin)| ((*key).to_owned(), json!({ "value": value, "origin": origin })))
        .collect();
    output::json(&json!({ "file": file, "values": values }));
}

fn show_text(loaded: &Loaded, rows: &[Row]) {
    output::say(&describe(&loaded.source));
    for (key, value, origin) in rows {
        let value = if value.is_null() { "(not set)".to_owned() } else { value.to_string() };
        output::data(&format!("{key:<22} = {value:<34} # {origin}"));
    }
}

fn describe(source: &Source) -> String {
    match source {
        Source::Pinned(path) => format!("{} (pinned by --config)", path.display()),
        Source::Found(path) => path.display().to_string(),
        Source::None => "no configuration file".to_owned(),
    }
}
