//! `countersign admin get`.

use anyhow::Context as _;
use countersign_gateway::{
    Target,
    wire::api::{AgentView, ConnectionView, List, PluginView, PolicyView, TokenView, User},
};
use serde::{Serialize, de::DeserializeOwned};

use super::Kind;
use crate::{output, remote::Api};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// What kind.
    kind: Kind,
    /// Which one; all when nothing is said.
    name: Option<String>,
    /// With tokens: whose; your own when nothing is said.
    #[arg(long, value_name = "EMAIL", default_value = "me")]
    user: String,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

impl Options {
    pub(super) async fn run(self, api: &Api) -> anyhow::Result<()> {
        match self.kind {
            Kind::User => self.show::<User>(api, &["ADDRESS", "NAME", "GROUPS", "SLACK", "ACTIVE"], user).await,
            Kind::Conn => {
                self.show::<ConnectionView>(api, &["NAME", "TYPE", "AGENT", "REV", "PLUGINS", "WHAT"], conn).await
            }
            Kind::Plugin => self.show::<PluginView>(api, &["NAME", "CONNECTIONS", "SETTINGS"], plugin).await,
            Kind::Policy => {
                self.show::<PolicyView>(api, &["NAME", "PRIORITY", "FROM", "CONNECTION", "EFFECT"], policy).await
            }
            Kind::Agent => self.show::<AgentView>(api, &["NAME", "CONNECTED", "VERSION", "NODES"], agent).await,
            Kind::Token => self.show::<TokenView>(api, &["NAME", "OWNER"], token).await,
        }
    }

    async fn show<T>(&self, api: &Api, head: &[&str], row: fn(&T) -> Vec<String>) -> anyhow::Result<()>
    where
        T: DeserializeOwned + Serialize,
    {
        let base: Vec<&str> = match self.kind {
            Kind::Token => vec!["users", &self.user, "tokens"],
            kind => vec![kind.path()],
        };
        let items = match (&self.name, self.kind) {
            // One token is not worth an address of its own.
            (Some(_), Kind::Token) | (None, _) => api.get::<List<T>>(&base).await?.items,
            (Some(name), _) => {
                let one: T = api.get(&[base.as_slice(), &[name.as_str()]].concat()).await?;
                if self.json {
                    output::json(&serde_json::to_value(&one).context("could not write JSON")?);
                    return Ok(());
                }
                vec![one]
            }
        };
        if self.json {
            output::json(&serde_json::to_value(&items).context("could not write JSON")?);
            return Ok(());
        }
        if items.is_empty() {
            output::say(&format!("There is no {} yet: countersign admin create {0} --help", self.kind.word()));
            return Ok(());
        }
        output::table(head, &items.iter().map(row).collect::<Vec<_>>());
        Ok(())
    }
}

fn user(user: &User) -> Vec<String> {
    let slack: Vec<&str> = user.slack.iter().map(|account| account.user.as_str()).collect();
    let active = if user.active { "yes" } else { "no" };
    vec![user.email.clone(), user.name.clone(), user.groups.join(","), slack.join(","), active.to_owned()]
}

fn conn(view: &ConnectionView) -> Vec<String> {
    let what = match &view.target {
        Target::CommandLine { argv } => argv.join(" "),
        Target::Tcp { host, port } => format!("{host}:{port}"),
    };
    let offline = if view.agent_connected { "" } else { " (offline)" };
    let plugins = if view.plugins.is_empty() { "none: not reviewed".to_owned() } else { view.plugins.join(",") };
    let kind = view.target.kind().to_owned();
    vec![view.name.clone(), kind, format!("{}{offline}", view.agent), view.revision.to_string(), plugins, what]
}

fn plugin(view: &PluginView) -> Vec<String> {
    let one = |(name, list): (&String, &Vec<String>)| {
        if list.is_empty() { name.clone() } else { format!("{name}:{}", list.join(";")) }
    };
    let connections: Vec<String> = view.connections.iter().map(one).collect();
    let settings: Vec<String> = view.config.iter().map(|(key, value)| format!("{key}={value}")).collect();
    vec![view.name.clone(), connections.join(","), settings.join(",")]
}

fn policy(view: &PolicyView) -> Vec<String> {
    let policy = &view.policy;
    let effect = match (&policy.deny, &policy.ask) {
        (Some(reason), _) => format!("deny: {reason}"),
        (None, Some(ask)) => format!("ask {}", ask.approvers.join(if ask.any_of { " or " } else { " and " })),
        (None, None) => "allow".to_owned(),
    };
    vec![view.name.clone(), policy.priority.to_string(), view.source.clone(), policy.connection.clone(), effect]
}

fn agent(view: &AgentView) -> Vec<String> {
    let connected = if view.connected { "yes" } else { "no" };
    vec![view.name.clone(), connected.to_owned(), view.version.clone().unwrap_or_default(), view.nodes.join(",")]
}

fn token(view: &TokenView) -> Vec<String> {
    vec![view.name.clone(), view.owner.clone()]
}
