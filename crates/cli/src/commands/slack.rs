//! `countersign slack`: Slack apps in any language, driven through their hooks.

mod activity;
mod api;
mod app;
mod auth;
mod create;
mod deploy;
mod doctor;
mod env;
mod init;
mod manifest;
mod run;
mod shared;
mod terminal;
mod trigger;
mod upgrade;

use self::shared::Shared;
use super::{Context, slack_sdk};

/// Options of `countersign slack`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A new app, run on the local Slack while you write it:
  countersign slack create my-app --template node
  cd my-app
  countersign slack run

The same project can be used with Slack's own command line: credentials and app files are shared.
")]
pub(crate) struct Options {
    #[command(flatten)]
    shared: Shared,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Run the app of the project in this directory, and follow its changes.
    #[command(visible_alias = "dev")]
    Run(run::Options),
    /// Bring the app to where it runs.
    Deploy(deploy::Options),
    /// Look at the app's manifest, or have Slack check it.
    Manifest(manifest::Options),
    /// Create, change and look at triggers.
    #[command(visible_alias = "triggers")]
    Trigger(trigger::Options),
    /// Look for what is wrong with system, account and project.
    Doctor(doctor::Options),
    /// Look for newer versions of what the project is built on, and take them.
    #[command(visible_alias = "update")]
    Upgrade(upgrade::Options),
    /// Make a new project from a template.
    Create(create::Options),
    /// Make the project in this directory one that can be driven.
    Init(init::Options),
    /// Install, look at, uninstall and delete the project's apps.
    #[command(visible_alias = "apps")]
    App(app::Options),
    /// Sign in to teams and out of them.
    Auth(auth::Options),
    /// Sign in to a team.
    Login(auth::LoginOptions),
    /// Sign out of a team.
    Logout(auth::LogoutOptions),
    /// Look at the project's variables and change them.
    Env(env::Options),
    /// Look at what the app has logged at Slack.
    Activity(activity::Options),
    /// Call any method of the Web API.
    Api(api::Options),
    /// Answer a hook of the Slack CLI for a Rust project.
    #[command(hide = true)]
    Sdk(slack_sdk::Options),
}

impl Options {
    pub(crate) fn run(self, context: &Context<'_>) -> anyhow::Result<u8> {
        // What hooks of Rust projects ask for on every command needs no session, and no runtime.
        let verb = match self.verb {
            Verb::Sdk(options) => return options.run(context),
            verb => verb,
        };
        let session = self.shared.session(context)?;
        let runtime = super::runtime()?;
        // These hear signals themselves: what they are at is to come to a good end.
        let ends_itself = matches!(verb, Verb::Run(_) | Verb::Deploy(_));
        let work = dispatch(verb, &session);
        Ok(shared::report(if ends_itself {
            runtime.block_on(work)
        } else {
            runtime.block_on(shared::interruptible(work))
        }))
    }
}

async fn dispatch(verb: Verb, session: &countersign_slack_cli::Session) -> Result<u8, countersign_slack_cli::Failure> {
    match verb {
        Verb::Run(options) => options.run(session).await,
        Verb::Deploy(options) => options.run(session).await,
        Verb::Manifest(options) => options.run(session).await,
        Verb::Trigger(options) => options.run(session).await,
        Verb::Doctor(options) => options.run(session).await,
        Verb::Upgrade(options) => options.run(session).await,
        Verb::Create(options) => options.run(session).await,
        Verb::Init(options) => options.run(session).await,
        Verb::App(options) => options.run(session).await,
        Verb::Auth(options) => options.run(session).await,
        Verb::Login(options) => options.run(session).await,
        Verb::Logout(options) => options.run(session).await,
        Verb::Env(options) => options.run(session).await,
        Verb::Activity(options) => options.run(session).await,
        Verb::Api(options) => options.run(session).await,
        Verb::Sdk(_) => Ok(crate::exit::OK),
    }
}
