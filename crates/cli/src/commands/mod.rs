//! The command tree. Each command is a file with its options and its `run`.

mod admin;
mod agent;
mod apply;
mod audit;
mod completions;
mod config;
mod connect;
mod db;
mod demo;
mod doctor;
mod exec;
mod guard;
mod hook;
mod hook_install;
mod hook_status;
mod init;
mod link;
mod login;
mod manifest;
mod personal;
mod requests;
mod serve;
mod sessions;
mod slack;
mod slack_sdk;
mod workspace;
mod workspace_replay;

use std::path::PathBuf;

pub(crate) use self::personal::Credentials;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::{
    config::{Dirs, Loaded, load},
    environment::Environment,
};

/// Let a human approve, in Slack, what a machine is about to do.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "\
Try it, with no account and no set-up:
  countersign demo

Guard your own Claude Code:
  countersign init
  countersign hook install claude
")]
pub(crate) struct Cli {
    /// Read this configuration file, and let neither the environment nor projects change it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try everything on the built-in workspace.
    Demo(demo::Options),
    /// Set Countersign up with your own Slack.
    Init(init::Options),
    /// Ask in Slack before a coding agent uses a tool.
    #[command(alias = "hooks")]
    Hook(Box<hook::Options>),
    /// Run a command on a connection, with whatever approval it needs.
    Exec(Box<exec::Options>),
    /// Open a terminal, or a local port, on a connection.
    Connect(Box<connect::Options>),
    /// Have a command on this machine approved before it is run.
    Guard(guard::Options),
    /// Look at requests and decide about them.
    #[command(visible_alias = "request")]
    Requests(requests::Options),
    /// Look at what happened on connections.
    #[command(visible_alias = "session")]
    Sessions(sessions::Options),
    /// Sign in to a server.
    Login(login::LoginOptions),
    /// Forget the server and the token.
    Logout(login::LogoutOptions),
    /// Make a Slack account yours.
    Link(link::Options),
    /// Who you are, and where.
    Whoami(login::WhoamiOptions),
    /// Administer a server.
    Admin(Box<admin::Options>),
    /// Bring a server to what a file describes.
    Apply(apply::Options),
    /// Serve a team: connections, approvals, sessions.
    Serve(Box<serve::Options>),
    /// Run approved commands next to a resource.
    Agent(agent::Options),
    /// Prove that the record of what was approved is untouched.
    Audit(audit::Options),
    /// Bring a database up to date, look at it, or copy it.
    Db(db::Options),
    /// Run the local Slack on its own.
    Workspace(workspace::Options),
    /// Run, install and deploy a Slack app in any language, through its hooks.
    Slack(slack::Options),
    /// Check the configuration, or show what is in force.
    Config(config::Options),
    /// Look for what is wrong.
    Doctor(doctor::Options),
    /// Write completions for a shell to stdout.
    Completions(completions::Options),
    /// Write the manual page to stdout.
    Man(completions::ManOptions),
}

/// What every command starts with.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    /// The environment, as it was at the start.
    pub(crate) environment: &'a Environment,
    /// The user's directories.
    pub(crate) dirs: Dirs,
    /// `--config`.
    pub(crate) pinned: Option<PathBuf>,
}

impl Context<'_> {
    /// Reads the configuration.
    pub(crate) fn load(&self) -> anyhow::Result<Loaded> {
        Ok(load(self.pinned.as_deref(), self.environment, &self.dirs)?)
    }
}

/// Runs the command that was given.
pub(crate) fn run(cli: Cli, environment: &Environment) -> anyhow::Result<u8> {
    let context = Context { environment, dirs: Dirs::of(environment), pinned: cli.config };
    match cli.command {
        Command::Demo(options) => options.run(&context),
        Command::Init(options) => options.run(&context),
        Command::Hook(options) => options.run(&context),
        Command::Exec(options) => options.run(&context),
        Command::Connect(options) => options.run(&context),
        Command::Guard(options) => options.run(&context),
        Command::Requests(options) => options.run(&context),
        Command::Sessions(options) => options.run(&context),
        Command::Login(options) => options.run(&context),
        Command::Logout(options) => options.run(&context),
        Command::Link(options) => options.run(&context),
        Command::Whoami(options) => options.run(&context),
        Command::Admin(options) => options.run(&context),
        Command::Apply(options) => options.run(&context),
        Command::Serve(options) => options.run(&context),
        Command::Agent(options) => options.run(&context),
        Command::Audit(options) => options.run(&context),
        Command::Db(options) => options.run(&context),
        Command::Workspace(options) => options.run(&context),
        Command::Slack(options) => options.run(&context),
        Command::Config(options) => options.run(&context),
        Command::Doctor(options) => Ok(options.run(&context)),
        Command::Completions(options) => Ok(options.run(Cli::command())),
        Command::Man(options) => options.run(&Cli::command()),
    }
}

/// Starts the async runtime that every command but the hook's client needs.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    use anyhow::Context as _;
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("could not start the async runtime")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_tree_is_sound() {
        Cli::command().debug_assert();
    }
}
