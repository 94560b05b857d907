//! `countersign slack create`.

use std::path::PathBuf;

use countersign_slack_cli::{
    Failure, Session,
    create::{self, Created, Dependencies, ProjectName, Template, Wanted},
};
use serde_json::json;

use crate::{exit, output};

/// Options of `countersign slack create`.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The project's name, and that of its directory.
    #[arg(value_name = "NAME")]
    name: ProjectName,
    /// What it is made from: rust, node or python; a person is asked.
    #[arg(long, short = 't', value_name = "TEMPLATE")]
    template: Option<Template>,
    /// Where the source of our Rust SDK is.
    #[arg(long, value_name = "DIR")]
    sdk_path: Option<PathBuf>,
    /// Leave out what the project is built on.
    #[arg(long)]
    no_install: bool,
    /// Write what was made as JSON.
    #[arg(long)]
    json: bool,
}

impl Options {
    pub(super) async fn run(self, session: &Session) -> Result<u8, Failure> {
        let template = self.template.map_or_else(|| create::choose_template(session), Ok)?;
        let wanted = Wanted { name: self.name, template, sdk: self.sdk_path, install: !self.no_install };
        let created = create::create(session, &wanted).await?;
        if self.json {
            output::json(&described(&created));
        } else {
            output::data(&created.root.display().to_string());
        }
        session.talk.say("next:");
        for step in created.next() {
            session.talk.say(&format!("  {step}"));
        }
        Ok(exit::OK)
    }
}

fn described(created: &Created) -> serde_json::Value {
    let dependencies = match created.dependencies {
        Dependencies::Installed => "installed",
        Dependencies::NotNeeded => "not_needed",
        Dependencies::LeftOut => "left_out",
        Dependencies::Failed(_) => "failed",
    };
    json!({"directory": created.root, "template": created.template.as_str(), "dependencies": dependencies})
}
