//! `countersign admin create`.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use countersign_gateway::wire::api::{
    AgentInput, AskInput, ConnectionInput, ConnectionView, DoorWord, EnvInput, HumanDuration, NewAgent, NewToken,
    Outcome, PluginInput, PluginView, PolicyInput, PolicyView, TargetInput, TokenInput, User, UserInput, WireSecret,
    parse_env,
};
use serde::Serialize;

use crate::{output, remote::Api};

#[derive(Debug, clap::Subcommand)]
pub(super) enum What {
    /// A person: may sign in, ask, and approve for their groups.
    User(UserOptions),
    /// A connection: a command or an address next to an agent.
    #[command(visible_alias = "connection")]
    Conn(ConnOptions),
    /// A plugin: review, jit or slack, for some connections.
    Plugin(PluginOptions),
    /// A policy: who must approve what.
    Policy(PolicyOptions),
    /// An agent; prints its token, once.
    Agent(AgentOptions),
    /// A token of a person; printed once.
    Token(TokenOptions),
}

#[derive(Debug, clap::Args)]
pub(super) struct UserOptions {
    /// The e-mail address.
    email: String,
    /// What to call them.
    #[arg(long)]
    name: Option<String>,
    /// Their groups; people in `admin` administer.
    #[arg(long, value_delimiter = ',')]
    groups: Option<Vec<String>>,
    /// Their Slack member id, e.g. U0123456789.
    #[arg(long, value_name = "ID")]
    slackid: Option<String>,
    /// The Slack workspace of that id, where the app is in several.
    #[arg(long, value_name = "TEAM", requires = "slackid")]
    slack_team: Option<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub(super) struct ConnOptions {
    /// The name.
    name: String,
    /// The agent that reaches it.
    #[arg(long)]
    agent: String,
    /// For an address: HOST:PORT as the agent sees it.
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "command")]
    tcp: Option<String>,
    /// A variable for the command: NAME=VALUE, NAME=env:NAME or NAME=file:/path. The value is kept sealed; better not to
    /// write it here: NAME=- reads it from stdin.
    #[arg(short, long, value_name = "NAME=VALUE")]
    env: Vec<String>,
    #[command(flatten)]
    common: Common,
    /// The command; what people add comes after it.
    #[arg(last = true)]
    command: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct PluginOptions {
    /// review, jit or slack.
    name: String,
    /// Order among the policies that plugins write: lower comes first.
    #[arg(long, allow_negative_numbers = true, default_value_t = 0)]
    priority: i64,
    /// A setting: KEY=VALUE; VALUE `-` is read from stdin.
    #[arg(long = "config", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Takes the place of the `--config` that every other command has: here the word is the plugin's.
    #[arg(id = "config", long = "config-file", value_name = "FILE", hide = true)]
    _config_file: Option<std::path::PathBuf>,
    /// Connections: `NAME:GROUP;GROUP` for review and jit, `NAME:CHANNEL;CHANNEL` or `NAME,NAME` for slack.
    #[arg(long, value_name = "CONNECTIONS")]
    connection: Vec<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("effect").required(true).args(["allow", "deny", "approvers"]))]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub(super) struct PolicyOptions {
    /// The name.
    name: String,
    /// Lower comes first; the first policy that fits decides.
    #[arg(long, allow_negative_numbers = true, default_value_t = 0)]
    priority: i64,
    /// exec, connect or guard; all when nothing is said.
    #[arg(long = "door", value_parser = door)]
    doors: Vec<DoorWord>,
    /// The connections: a name, in which `*` stands for any characters.
    #[arg(long, default_value = "*")]
    connection: String,
    /// Only for requesters in one of these groups.
    #[arg(long, value_delimiter = ',')]
    groups: Vec<String>,
    /// Goes ahead without approval.
    #[arg(long)]
    allow: bool,
    /// Does not go ahead, for this reason.
    #[arg(long, value_name = "REASON")]
    deny: Option<String>,
    /// Who approves: groups, each with a minimum where it is not one, e.g. `sre,security:2`.
    #[arg(long, value_delimiter = ',')]
    approvers: Vec<String>,
    /// One of the groups is enough.
    #[arg(long, requires = "approvers")]
    any_of: bool,
    /// How many different people.
    #[arg(long, requires = "approvers")]
    min_people: Option<u32>,
    /// The requester's own approval counts.
    #[arg(long, requires = "approvers")]
    self_approval: bool,
    /// How long a request stays open.
    #[arg(long, requires = "approvers")]
    ttl: Option<HumanDuration>,
    /// How long an approval may wait to be run.
    #[arg(long, requires = "approvers")]
    claim_within: Option<HumanDuration>,
    /// Longest access.
    #[arg(long, requires = "approvers")]
    max_duration: Option<HumanDuration>,
    /// Slack channels to ask in, by id or name.
    #[arg(long, value_delimiter = ',', requires = "approvers")]
    channels: Vec<String>,
    /// Requests and denials need a reason.
    #[arg(long, requires = "approvers")]
    reason_required: bool,
    /// Groups that may go ahead in an emergency.
    #[arg(long, value_delimiter = ',', requires = "approvers")]
    break_glass: Vec<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub(super) struct AgentOptions {
    /// The name.
    name: String,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
pub(super) struct TokenOptions {
    /// What to call it.
    #[arg(default_value = "default")]
    name: String,
    /// Whose; your own when nothing is said.
    #[arg(long, value_name = "EMAIL", default_value = "me")]
    user: String,
    /// Good for so long; for ever when nothing is said.
    #[arg(long, value_name = "TIME")]
    expires_in: Option<HumanDuration>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, clap::Args)]
struct Common {
    /// Change what is there.
    #[arg(long)]
    overwrite: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl What {
    pub(super) async fn run(self, api: &Api) -> anyhow::Result<()> {
        match self {
            Self::User(options) => options.run(api).await,
            Self::Conn(options) => options.run(api).await,
            Self::Plugin(options) => options.run(api).await,
            Self::Policy(options) => options.run(api).await,
            Self::Agent(options) => options.run(api).await,
            Self::Token(options) => options.run(api).await,
        }
    }
}

impl UserOptions {
    async fn run(self, api: &Api) -> anyhow::Result<()> {
        let body = UserInput {
            overwrite: self.common.overwrite,
            name: self.name,
            groups: self.groups,
            slack_id: self.slackid,
            slack_team: self.slack_team,
            active: None,
        };
        let outcome: Outcome<User> = api.put(&["users", &self.email], &body).await?;
        tell("user", &outcome.value.email.clone(), &outcome, self.common.json)
    }
}

impl ConnOptions {
    async fn run(self, api: &Api) -> anyhow::Result<()> {
        let target = match (self.tcp, self.command) {
            (Some(address), _) => TargetInput::Tcp(address),
            (None, command) if command.is_empty() => bail!("a command is needed after --, or --tcp HOST:PORT"),
            (None, command) => TargetInput::Command(command),
        };
        let env = if self.env.is_empty() { None } else { Some(variables(&self.env)?) };
        let body = ConnectionInput { overwrite: self.common.overwrite, agent: self.agent, target, env };
        let outcome: Outcome<ConnectionView> = api.put(&["connections", &self.name], &body).await?;
        tell("connection", &self.name, &outcome, self.common.json)
    }
}

fn variables(given: &[String]) -> anyhow::Result<BTreeMap<String, EnvInput>> {
    let mut variables = BTreeMap::new();
    for text in given {
        let (name, value) = match text.split_once('=') {
            Some((name, "-")) => (name.to_owned(), EnvInput::Value(WireSecret::new(from_stdin(name)?))),
            _ => parse_env(text)?,
        };
        ensure!(variables.insert(name.clone(), value).is_none(), "the variable {name} is given twice");
    }
    Ok(variables)
}

impl PluginOptions {
    async fn run(self, api: &Api) -> anyhow::Result<()> {
        let mut config = BTreeMap::new();
        for text in &self.settings {
            let (key, value) = text.split_once('=').context("--config is KEY=VALUE")?;
            let value = if value == "-" { from_stdin(key)? } else { value.to_owned() };
            ensure!(config.insert(key.to_owned(), WireSecret::new(value)).is_none(), "{key} is given twice");
        }
        let body = PluginInput {
            overwrite: self.common.overwrite,
            priority: self.priority,
            config,
            connections: self.connection,
        };
        let outcome: Outcome<PluginView> = api.put(&["plugins", &self.name], &body).await?;
        tell("plugin", &self.name, &outcome, self.common.json)
    }
}

impl PolicyOptions {
    async fn run(self, api: &Api) -> anyhow::Result<()> {
        let ask = (!self.approvers.is_empty()).then_some(AskInput {
            approvers: self.approvers,
            any_of: self.any_of,
            min_people: self.min_people,
            self_approval: self.self_approval,
            ttl: self.ttl,
            claim_within: self.claim_within,
            max_duration: self.max_duration,
            channels: self.channels,
            reason_required: self.reason_required,
            break_glass: self.break_glass,
        });
        let body = PolicyInput {
            overwrite: self.common.overwrite,
            priority: self.priority,
            doors: self.doors,
            connection: self.connection,
            groups: self.groups,
            allow: self.allow,
            deny: self.deny,
            ask,
        };
        let outcome: Outcome<PolicyView> = api.put(&["policies", &self.name], &body).await?;
        tell("policy", &self.name, &outcome, self.common.json)
    }
}

impl AgentOptions {
    async fn run(self, api: &Api) -> anyhow::Result<()> {
        let body = AgentInput { overwrite: self.common.overwrite };
        let outcome: Outcome<NewAgent> = api.put(&["agents", &self.name], &body).await?;
        if self.common.json {
            return tell("agent", &self.name, &outcome, true);
        }
        tell("agent", &self.name, &outcome, false)?;
        output::say("its token, which is shown this once; give it to the agent in a file:");
        output::data(outcome.value.token.expose());
        output::say(&format!("  countersign agent --name {} --server URL --token-file FILE", self.name));
        Ok(())
    }
}

impl TokenOptions {
    async fn run(self, api: &Api) -> anyhow::Result<()> {
        let body = TokenInput { name: self.name, expires_in: self.expires_in };
        let new: NewToken = api.post(&["users", &self.user, "tokens"], &body).await?;
        if self.json {
            output::json(&serde_json::to_value(&new).context("could not write JSON")?);
            return Ok(());
        }
        output::say(&format!("token {:?} of {}, which is shown this once:", new.view.name, new.view.owner));
        output::data(new.token.expose());
        Ok(())
    }
}

fn door(text: &str) -> Result<DoorWord, String> {
    match text {
        "exec" => Ok(DoorWord::Exec),
        "connect" => Ok(DoorWord::Connect),
        "guard" => Ok(DoorWord::Guard),
        _ => Err("it is exec, connect or guard".to_owned()),
    }
}

fn from_stdin(what: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().read_line(&mut text).with_context(|| format!("could not read {what} from stdin"))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn tell<T: Serialize>(kind: &str, name: &str, outcome: &Outcome<T>, json: bool) -> anyhow::Result<()> {
    if json {
        output::json(&serde_json::to_value(outcome).context("could not write JSON")?);
        return Ok(());
    }
    output::say(&format!("{kind} {name:?} {}", outcome.outcome.as_str()));
    outcome.warnings.iter().for_each(|warning| output::warn(warning));
    Ok(())
}
