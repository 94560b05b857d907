//! How the commands of one user reach their daemon.

use std::{path::PathBuf, time::Duration};

use anyhow::Context as _;
use countersign_hook::{
    client::{ClientConfig, Mode},
    host::Host,
    rendezvous::{DaemonKey, DaemonSpec, Paths, SpawnCommand, candidates},
};
use countersign_slack::client::ApiBase;
use secrecy::SecretString;

use super::Context;
use crate::{
    config::{Config, Secret, make_private},
    daemon::Extra,
    output::Hinted,
};

/// Longest wait that may be configured: what the wire grants.
const MAX_WAIT: Duration = Duration::from_hours(24);

/// The daemon's address and the credentials it is started with.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) api_url: String,
    pub(crate) bot_token: Secret,
    pub(crate) app_token: Secret,
}

impl Credentials {
    /// The credentials of the configuration, with those of the command line before them.
    pub(crate) fn of(config: &Config, bot: Option<&str>, app: Option<&str>) -> anyhow::Result<Self> {
        let base = config.slack.api_url.parse::<ApiBase>().context("slack.api_url cannot be used")?;
        let given = |flag: Option<&str>| flag.map(Secret::new);
        let bot_token = match given(bot) {
            Some(token) => Some(token),
            None => config.bot_token()?,
        };
        let app_token = match given(app) {
            Some(token) => Some(token),
            None => config.app_token()?,
        };
        Ok(Self {
            api_url: base.to_string(),
            bot_token: expect_token("bot token", "xoxb-", "slack.bot_token", bot_token)?,
            app_token: expect_token("app token", "xapp-", "slack.app_token", app_token)?,
        })
    }
}

fn expect_token(what: &str, prefix: &str, key: &str, token: Option<Secret>) -> anyhow::Result<Secret> {
    let Some(token) = token else {
        let error = Hinted::new(format!("no {what} is set"))
            .hint("`countersign init` sets everything up")
            .hint(format!("or set {key}_file in the configuration, or {} in the environment", variable(key)));
        return Err(error.into());
    };
    if !token.expose().starts_with(prefix) {
        let error = Hinted::new(format!("the {what} does not begin with {prefix}"))
            .hint(format!("{key} holds a token of another kind; were the two swapped?"));
        return Err(error.into());
    }
    Ok(token)
}

fn variable(key: &str) -> String {
    key.to_ascii_uppercase().replace('.', "_")
}

/// How this user's daemon is met, started and talked to.
pub(crate) fn client(
    context: &Context<'_>,
    config: &Config,
    credentials: &Credentials,
) -> anyhow::Result<ClientConfig> {
    let state = &context.dirs.state;
    make_private(state).with_context(|| format!("could not make the directory {}", state.display()))?;
    let key = DaemonKey::derive(&credentials.api_url, credentials.app_token.expose());
    let runtime = context.dirs.runtime.as_deref();
    let paths = Paths::locate(&candidates(runtime, state), key).context("there is no safe place to meet the daemon")?;
    let extra = Extra {
        approvers: config.hook.approvers.clone(),
        orphan_grace_s: config.hook.orphan_grace_s,
        keep_days: config.retention.requests_days,
    };
    let spec = DaemonSpec {
        runtime_dir: paths.dir().to_owned(),
        key,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        api_url: credentials.api_url.clone(),
        bot_token: SecretString::from(credentials.bot_token.expose()),
        app_token: SecretString::from(credentials.app_token.expose()),
        state_dir: state.clone(),
        log_level: config.log.level.clone(),
        idle_ms: Some(config.hook.idle_exit_s.saturating_mul(1000)),
        extra: serde_json::to_value(extra)?,
    };
    Ok(ClientConfig {
        paths,
        spawn: spawn_command(state.join("daemon.log"))?,
        spec,
        approvers: config.hook.approvers.clone(),
        channel: config.hook.channel.clone(),
        deadline: Duration::from_secs(config.hook.wait_s).min(MAX_WAIT),
        mode: Mode::Advise,
        host: Host::Claude,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        only_screen_lock: None,
    })
}

/// The command that becomes the daemon: this very program.
fn spawn_command(log: PathBuf) -> anyhow::Result<SpawnCommand> {
    let program = std::env::current_exe().context("could not find out where this program is")?;
    Ok(SpawnCommand { program, args: vec!["hook".into(), "--daemon".into()], env: Vec::new(), log: Some(log) })
}
