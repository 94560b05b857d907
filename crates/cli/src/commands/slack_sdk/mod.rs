//! `countersign slack sdk NAME`: a Rust project's side of the Slack CLI's hooks.
//!
//! `get-hooks`, `doctor` and `check-update` are asked for on nearly every command of the Slack CLI: they compile nothing, and
//! need neither configuration nor an async runtime. What needs the app's code goes through `cargo run` to
//! `countersign_slack_sdk::cli::main` in the app's own binary, which takes this process's place.

mod build;
mod cargo;
mod deploy;
mod doctor;
mod interface;
mod lock;
mod project;
mod trigger;
mod update;

use std::ffi::OsString;

use anyhow::Context as _;
use countersign_slack::hooks::{Flags, HookName, Protocol};
use countersign_slack_sdk::cli::project::{manifest_file, read_object};
use serde::Serialize;

use self::project::Project;
use super::Context;
use crate::{exit, output};

/// Options of `countersign slack sdk`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The hook.
    #[arg(value_name = "NAME")]
    hook: HookName,

    /// What the Slack CLI passes to it.
    #[arg(value_name = "FLAGS", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// One call of a hook.
#[derive(Debug)]
struct Call {
    hook: HookName,
    arguments: Vec<OsString>,
    flags: Flags,
    protocol: Protocol,
    environment: countersign_slack_sdk::cli::Environment,
    directory: std::path::PathBuf,
}

impl Options {
    pub(crate) fn run(self, context: &Context<'_>) -> anyhow::Result<u8> {
        let flags = Flags::parse(self.arguments.iter().cloned())?;
        let protocol = if self.hook.is_always_default() { Protocol::Default } else { Protocol::of(&flags)? };
        let call = Call {
            hook: self.hook,
            arguments: self.arguments,
            flags,
            protocol,
            environment: context.environment.all().collect(),
            directory: std::env::current_dir().context("the working directory is not there")?,
        };
        call.answer()
    }
}

impl Call {
    fn answer(&self) -> anyhow::Result<u8> {
        let project = || Project::find(&self.directory, &self.flags);
        match self.hook {
            HookName::GetHooks => self.respond(&interface::of(&self.directory)?),
            HookName::Doctor => self.respond(&doctor::examine(&project()?)),
            HookName::CheckUpdate => self.respond(&update::check(&project()?, &self.environment)),
            HookName::InstallUpdate => self.respond(&update::install(&project()?, &self.environment)),
            HookName::GetManifest => self.manifest(&project()?),
            HookName::GetTrigger => trigger::get(self, &project()?),
            HookName::Start => cargo::run_app(self, &project()?),
            HookName::Build => build::build(self, &project()?),
            HookName::Deploy => deploy::deploy(self, &project()?),
        }
    }

    /// The manifest in a file, where there is one: nothing has to be compiled for it. Else the app makes it.
    fn manifest(&self, project: &Project) -> anyhow::Result<u8> {
        match manifest_file(&self.environment, &project.root) {
            Some(file) => self.respond(&read_object(&file)?),
            None => cargo::run_app(self, project),
        }
    }

    /// Writes the response, and nothing else, to stdout.
    fn respond(&self, response: &impl Serialize) -> anyhow::Result<u8> {
        let mut written = Vec::new();
        self.protocol.write(&mut written, response)?;
        output::try_raw(&written).context("the response could not be written")?;
        Ok(exit::OK)
    }
}
