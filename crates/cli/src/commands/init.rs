//! `countersign init`: guided set-up with one's own Slack.

use std::{
    io::{BufRead as _, IsTerminal as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use countersign_slack::client::{ApiBase, Client, RetryPolicy, Token};

use super::{
    Context,
    manifest::{self, Purpose},
    personal::Credentials,
};
use crate::{
    config::{Secret, make_private},
    exit, output,
    output::Hinted,
    probe::{self, Findings},
};

/// Options of `countersign init`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
It prints a link that creates the Slack app, asks for the two tokens, checks
them, asks who approves, and writes the configuration. Without a terminal nothing
is asked: tokens come from SLACK_BOT_TOKEN and SLACK_APP_TOKEN, the approver from
--user-id.

Examples:
  countersign init
  SLACK_BOT_TOKEN=xoxb-… SLACK_APP_TOKEN=xapp-… countersign init --user-id U0123456789
  countersign init --print-link
  countersign init --print-link --gateway
")]
pub(crate) struct Options {
    /// Slack id, or e-mail address, of the user who approves.
    #[arg(short, long, value_name = "ID or E-MAIL")]
    user_id: Option<String>,

    /// The app's name in Slack.
    #[arg(long, default_value = "Countersign")]
    name: String,

    /// Replace a configuration that is there.
    #[arg(long)]
    force: bool,

    /// Only print the link that creates the Slack app.
    #[arg(long)]
    print_link: bool,

    /// The link is for the app of a gateway (`countersign serve`), with /countersign.
    #[arg(long, requires = "print_link")]
    gateway: bool,
}

/// What was asked for and checked.
struct Answers {
    api_url: String,
    bot_token: Secret,
    app_token: Secret,
    approver: String,
}

impl Options {
    pub(crate) fn run(&self, context: &Context<'_>) -> anyhow::Result<u8> {
        if self.print_link {
            let purpose = if self.gateway { Purpose::Gateway } else { Purpose::Personal };
            output::data(&manifest::creation_link(&self.name, purpose)?);
            return Ok(exit::OK);
        }
        let path = context.pinned.clone().unwrap_or_else(|| context.dirs.config_file());
        if path.exists() && !self.force {
            let error = Hinted::new(format!("{} is there already", path.display()))
                .hint("`countersign config check` says whether it works; --force replaces it");
            return Err(error.into());
        }
        let answers = self.ask(context)?;
        write_all(&path, &answers)?;
        output::say(&format!("\nWrote {}.", path.display()));
        output::say("Next:");
        output::say("  countersign hook --test               a test message, with buttons");
        output::say("  countersign hook install claude       ask before Claude Code uses a tool");
        Ok(exit::OK)
    }

    fn ask(&self, context: &Context<'_>) -> anyhow::Result<Answers> {
        let terminal = std::io::stdin().is_terminal();
        let api_url = context.environment.text("SLACK_API_URL").unwrap_or(ApiBase::SLACK).to_owned();
        let base: ApiBase = api_url.parse().context("SLACK_API_URL cannot be used")?;
        if terminal {
            output::say("1. Create the Slack app. Open this link, choose your workspace, press Create:\n");
            output::data(&manifest::creation_link(&self.name, Purpose::Personal)?);
            output::say("\n2. In the app's settings: Install App, then copy the Bot User OAuth Token (xoxb-…).");
        }
        let bot_token = token(context, "SLACK_BOT_TOKEN", "Bot token", terminal)?;
        if terminal {
            output::say(
                "\n3. Basic Information, App-Level Tokens: generate one with the scope connections:write (xapp-…).",
            );
        }
        let app_token = token(context, "SLACK_APP_TOKEN", "App token", terminal)?;
        let credentials = Credentials { api_url: base.to_string(), bot_token, app_token };
        let runtime = super::runtime()?;
        let client = Client::builder(base).retry(RetryPolicy::NEVER).build()?;
        let findings = runtime.block_on(probe::slack(&client, &credentials));
        report(&findings)?;
        let approver = self.approver(terminal)?;
        let bot: Token = credentials.bot_token.expose().parse()?;
        let approver = runtime.block_on(probe::find_user(&client, &bot, &approver))?;
        Ok(Answers {
            api_url: credentials.api_url,
            bot_token: credentials.bot_token,
            app_token: credentials.app_token,
            approver,
        })
    }

    fn approver(&self, terminal: bool) -> anyhow::Result<String> {
        if let Some(user) = &self.user_id {
            return Ok(user.clone());
        }
        ensure!(
            terminal,
            Hinted::new("no approver is named").hint("give --user-id U…: in Slack, your profile, ⋮, Copy member ID")
        );
        output::say("\n4. Who approves? In Slack: your profile, ⋮, Copy member ID (U…), or your e-mail address there.");
        prompt("Approver")
    }
}

fn token(context: &Context<'_>, variable: &str, what: &str, terminal: bool) -> anyhow::Result<Secret> {
    if let Some(token) = context.environment.text(variable) {
        output::say(&format!("{what}: taken from {variable}."));
        return Ok(Secret::new(token));
    }
    ensure!(terminal, Hinted::new(format!("{variable} is not set, and there is no terminal to ask at")));
    let text = rpassword::prompt_password(format!("{what} (not shown): ")).context("could not read the token")?;
    ensure!(!text.trim().is_empty(), "nothing was given");
    Ok(Secret::new(text.trim()))
}

fn prompt(what: &str) -> anyhow::Result<String> {
    let mut err = std::io::stderr().lock();
    write!(err, "{what}: ").and_then(|()| err.flush()).context("could not ask")?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("could not read the answer")?;
    let line = line.trim();
    ensure!(!line.is_empty(), "nothing was given");
    Ok(line.to_owned())
}

/// Says what was found; an error when it cannot work at all.
fn report(findings: &Findings) -> anyhow::Result<()> {
    for line in findings.lines() {
        output::say(&format!("  {line}"));
    }
    match findings.fatal() {
        Some(reason) => Err(Hinted::new(format!("this cannot work: {reason}")).into()),
        None => Ok(()),
    }
}

/// Writes the tokens into files of their own, then the configuration that names them.
fn write_all(path: &Path, answers: &Answers) -> anyhow::Result<()> {
    let dir = path.parent().context("the configuration needs a directory")?;
    make_private(dir).with_context(|| format!("could not make {}", dir.display()))?;
    let secret = |name: &str, token: &Secret| -> anyhow::Result<PathBuf> {
        let path = dir.join(name);
        write_private(&path, &format!("{}\n", token.expose()))?;
        Ok(path)
    };
    let bot = secret("bot-token", &answers.bot_token)?;
    let app = secret("app-token", &answers.app_token)?;
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let text = format!(
        "# Written by `countersign init`. Every setting: `countersign config show`.\n\n\
         [slack]\napi_url = {}\nbot_token_file = {}\napp_token_file = {}\n\n\
         [hook]\napprovers = [{}]\n",
        quoted(&answers.api_url),
        quoted(&bot.to_string_lossy()),
        quoted(&app.to_string_lossy()),
        quoted(&answers.approver),
    );
    write_private(path, &text)
}

/// Written beside and renamed, readable by its owner only.
fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let beside = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    };
    write().with_context(|| format!("could not write {}", path.display()))
}
