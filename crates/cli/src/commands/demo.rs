//! `countersign demo`: everything at once, on the built-in workspace.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use countersign_hook::rendezvous::{DaemonKey, DaemonSpec, Paths, Seat};
use countersign_slack_workspace::{Config, Running, Workspace};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::{
    io::AsyncWriteExt as _,
    process::{Child, Command},
};

use super::Context;
use crate::{
    config::make_private,
    daemon::{self, Extra},
    exit, logging, output,
};

/// How long the simulated person looks for the message.
const MESSAGE_WITHIN: Duration = Duration::from_secs(20);

/// How long the sample request waits for a click, in seconds.
const WAIT_S: u64 = 3600;

/// Options of `countersign demo`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
It starts a local Slack, the daemon, and a coding agent's hook with a sample tool
call; prints the address of the page; waits for your click; shows what the hook
answers; and goes on serving until Ctrl-C. Nothing is left behind.

Examples:
  countersign demo                     open the address, press Approve
  countersign demo --click approve     a simulated person presses it; for scripts
")]
pub(crate) struct Options {
    /// Let a simulated person press this button, then end.
    #[arg(long, value_name = "BUTTON")]
    click: Option<Button>,

    /// The local Slack's port; by default a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,

    /// What is logged to stderr: error, warn, info, debug, trace.
    #[arg(short, long, value_name = "LEVEL", default_value = "warn")]
    log_level: String,
}

/// What the simulated person presses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Button {
    /// Approve.
    Approve,
    /// Deny.
    Deny,
}

/// A demo's temporary home; gone when dropped.
struct Stage {
    dir: tempfile::TempDir,
    workspace: Running,
}

impl Options {
    pub(crate) fn run(&self, _context: &Context<'_>) -> anyhow::Result<u8> {
        logging::to_stderr(&self.log_level)?;
        super::runtime()?.block_on(self.perform())
    }

    async fn perform(&self) -> anyhow::Result<u8> {
        let stage = Stage::build(self.port).await?;
        let (personal, seat, key) = stage.daemon().await?;
        let serving = tokio_util::task::TaskTracker::new();
        let daemon = serving.spawn(daemon::serve(personal.clone(), seat, key));
        let played = tokio::select! {
            played = self.play(&stage) => played,
            () = super::workspace::ended() => Ok(()),
        };
        personal.leave();
        drop(daemon.await.context("the daemon failed")?);
        stage.workspace.stop().await;
        played.map(|()| exit::OK)
    }

    async fn play(&self, stage: &Stage) -> anyhow::Result<()> {
        let channel = stage.direct_message()?;
        let page = format!("{}u/alice/c/{channel}", stage.workspace.ready().ui_url);
        if self.click.is_none() {
            invite(&page);
        }
        let mut hook = stage.start_hook().await?;
        if let Some(button) = self.click {
            stage.click(&channel, button).await?;
            output::data(&answer_of(&mut hook).await?);
            return Ok(());
        }
        let answer = answer_of(&mut hook).await?;
        output::say("\nThe hook answers its agent:");
        output::data(&answer);
        stage.invite_further(&page);
        std::future::pending().await
    }
}

fn invite(page: &str) {
    output::say("A coding agent wants to run a command, and asks you in this Slack. Open it and press a button:\n");
    output::data(page);
    output::say("\nWaiting for your click… (Ctrl-C ends the demo)");
}

impl Stage {
    async fn build(port: u16) -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new().prefix("countersign-demo-").tempdir().context("no temporary directory")?;
        let config = Config { port, ..Config::default() };
        let workspace = Workspace::start(config).await.context("the local Slack could not be started")?;
        let stage = Self { dir, workspace };
        make_private(&stage.state())?;
        std::fs::write(stage.config(), stage.config_text()?).context("could not write the demo's configuration")?;
        Ok(stage)
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("countersign.toml")
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join("state").join("countersign")
    }

    fn config_text(&self) -> anyhow::Result<String> {
        let ready = self.workspace.ready();
        let alice = ready.users.get("alice").context("the local Slack has no alice")?;
        Ok(format!(
            "[slack]\napi_url = \"{}\"\nbot_token = \"{}\"\napp_token = \"{}\"\n\n[hook]\napprovers = [\"{alice}\"]\nwait_s = {WAIT_S}\n",
            ready.api_url,
            ready.bot_token.expose_secret(),
            ready.app_token.expose_secret(),
        ))
    }

    /// The daemon that the hook will find, in this process.
    async fn daemon(&self) -> anyhow::Result<(countersign_server::Personal, Seat, countersign_server::AuditKey)> {
        let ready = self.workspace.ready();
        let key = DaemonKey::derive(&ready.api_url, ready.app_token.expose_secret());
        let paths = Paths::in_dir(&self.state().join("run"), key)?;
        let spec = DaemonSpec {
            runtime_dir: paths.dir().to_owned(),
            key,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            api_url: ready.api_url.clone(),
            bot_token: SecretString::from(ready.bot_token.expose_secret()),
            app_token: SecretString::from(ready.app_token.expose_secret()),
            state_dir: self.state(),
            log_level: "info".to_owned(),
            idle_ms: Some(u64::MAX),
            extra: serde_json::to_value(Extra::default())?,
        };
        let seat = Seat::take(&paths)?;
        let (personal, audit_key) = daemon::assemble(&spec).await?;
        Ok((personal, seat, audit_key))
    }

    fn direct_message(&self) -> anyhow::Result<String> {
        let ready = self.workspace.ready();
        let alice = ready.users.get("alice").context("the local Slack has no alice")?;
        Ok(self.workspace.workspace().open_im(alice, &ready.bot_user_id)?.to_string())
    }

    /// The hook, as a coding agent starts it.
    async fn start_hook(&self) -> anyhow::Result<Child> {
        let program = std::env::current_exe().context("could not find out where this program is")?;
        let mut hook = Command::new(program)
            .arg("--config")
            .arg(self.config())
            .arg("hook")
            .env_remove("XDG_RUNTIME_DIR")
            .env("XDG_STATE_HOME", self.dir.path().join("state"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("could not start the hook")?;
        let mut stdin = hook.stdin.take().context("the hook has no stdin")?;
        stdin.write_all(sample(self.dir.path()).to_string().as_bytes()).await.context("the hook read nothing")?;
        drop(stdin);
        Ok(hook)
    }

    /// Presses a button as alice.
    async fn click(&self, channel: &str, button: Button) -> anyhow::Result<()> {
        let action = match button {
            Button::Approve => countersign_server::render::ids::APPROVE,
            Button::Deny => countersign_server::render::ids::DENY,
        };
        let alice = self.workspace.user("alice").context("the local Slack has no alice")?;
        let channel = channel.into();
        let has_button = |message: &Value| message.to_string().contains(action);
        let message = self.workspace.wait_for_message(&channel, has_button, MESSAGE_WITHIN).await?;
        let ts = message.get("ts").and_then(Value::as_str).context("a message without ts")?;
        let ts = countersign_slack_workspace::model::Ts::parse(ts).context("a message with an odd ts")?;
        let answer = self.workspace.click(&alice, &channel, ts, action).await?;
        ensure!(answer.acked, "the click was not acknowledged");
        Ok(())
    }

    fn invite_further(&self, page: &str) {
        output::say("\nThe message in Slack now shows who decided. To ask again, with any input:");
        output::say(&format!(
            "  echo '{}' \\\n    | XDG_STATE_HOME={} XDG_RUNTIME_DIR= countersign --config {} hook",
            sample(Path::new("/srv/app")),
            self.dir.path().join("state").display(),
            self.config().display()
        ));
        output::say(&format!("The page stays at {page} until Ctrl-C."));
    }
}

/// What Claude Code sends when it is about to ask its user.
fn sample(cwd: &Path) -> Value {
    serde_json::json!({
        "hook_event_name": "PermissionRequest",
        "session_id": "demo",
        "cwd": cwd,
        "permission_mode": "default",
        "tool_name": "Bash",
        "tool_input": {
            "command": "git push --force origin main",
            "description": "Publish the rewritten history",
        },
    })
}

/// What the hook writes.
async fn answer_of(hook: &mut Child) -> anyhow::Result<String> {
    use tokio::io::AsyncReadExt as _;
    let mut stdout = hook.stdout.take().context("the hook has no stdout")?;
    let mut answer = String::new();
    stdout.read_to_string(&mut answer).await.context("the hook's answer could not be read")?;
    let status = hook.wait().await.context("the hook was lost")?;
    if !status.success() || answer.trim().is_empty() {
        bail!("the hook gave no decision ({status})");
    }
    Ok(answer.trim().to_owned())
}
