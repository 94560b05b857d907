//! `countersign slack trigger`.

use std::path::PathBuf;

use countersign_slack_cli::{
    Failure, Session,
    account::Account,
    trigger::{self, Selection, Source, Trigger, WorkflowTriggerId},
};
use serde_json::Value;

use crate::{exit, output};

/// Options of `countersign slack trigger`.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(subcommand)]
    verb: Verb,
    /// Write what Slack answers as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Create a trigger from its definition.
    Create(Definition),
    /// Change a trigger to what its definition says now.
    Update {
        /// The trigger.
        #[arg(long, value_name = "ID")]
        trigger_id: WorkflowTriggerId,
        #[command(flatten)]
        definition: Definition,
    },
    /// List the app's triggers.
    List {
        /// List no more than these.
        #[arg(long, short = 'L', value_name = "N")]
        limit: Option<usize>,
        /// List these only: all, shortcut, event, scheduled or webhook.
        #[arg(long = "type", short = 'T', value_name = "TYPE")]
        kind: Option<String>,
    },
    /// Show what Slack knows of a trigger.
    Info {
        /// The trigger.
        #[arg(long, value_name = "ID")]
        trigger_id: WorkflowTriggerId,
    },
    /// Delete a trigger.
    Delete {
        /// The trigger.
        #[arg(long, value_name = "ID")]
        trigger_id: WorkflowTriggerId,
    },
}

/// Where the definition comes from; without anything it is the only one in the project.
#[derive(Debug, clap::Args)]
struct Definition {
    /// The file with the definition: JSON, or what the project's get-trigger hook takes.
    #[arg(long, value_name = "FILE", conflicts_with = "workflow")]
    trigger_def: Option<PathBuf>,
    /// The workflow that a link is to start, without a definition.
    #[arg(long, value_name = "WORKFLOW")]
    workflow: Option<String>,
    /// What the link is called.
    #[arg(long, requires = "workflow")]
    title: Option<String>,
    /// What is said of the link.
    #[arg(long, requires = "workflow")]
    description: Option<String>,
    /// The workflow opens forms.
    #[arg(long, requires = "workflow")]
    interactivity: bool,
    /// The workflow's input for that.
    #[arg(long, requires = "interactivity", value_name = "NAME", default_value = "interactivity")]
    interactivity_name: String,
}

impl Options {
    pub(super) async fn run(self, session: &Session) -> Result<u8, Failure> {
        match self.verb {
            Verb::Create(definition) => show(&trigger::create(session, &definition.source()).await?, self.json),
            Verb::Update { trigger_id, definition } => {
                show(&trigger::update(session, &trigger_id, &definition.source()).await?, self.json);
            }
            Verb::List { limit, kind } => {
                let account = Account::choose(session).await?;
                let app = trigger::app_id(session, &account).await?;
                let triggers = trigger::list(&account, &app, &Selection { kind, limit }).await?;
                if triggers.is_empty() {
                    session.talk.say("the app has no triggers");
                }
                list(&triggers, self.json);
            }
            Verb::Info { trigger_id } => {
                let account = Account::choose(session).await?;
                show(&trigger::info(&account, &trigger_id).await?, self.json);
            }
            Verb::Delete { trigger_id } => {
                trigger::delete(&Account::choose(session).await?, &trigger_id).await?;
                session.talk.say(&format!("deleted {trigger_id}"));
            }
        }
        Ok(exit::OK)
    }
}

impl Definition {
    fn source(self) -> Source {
        let interactivity = self.interactivity.then_some(self.interactivity_name);
        match (self.trigger_def, self.workflow) {
            (Some(path), _) => Source::File(path),
            (None, Some(workflow)) => {
                Source::Link { workflow, title: self.title, description: self.description, interactivity }
            }
            (None, None) => Source::Project,
        }
    }
}

fn show(trigger: &Trigger, as_json: bool) {
    if as_json {
        return output::json(&Value::Object(trigger.all.clone()));
    }
    let created = trigger.created().map(|created| created.to_string());
    let facts = [
        ("id", Some(trigger.id.as_str())),
        ("name", Some(trigger.name())),
        ("type", Some(trigger.kind())),
        ("workflow", Some(trigger.workflow())),
        ("created", created.as_deref()),
        ("url", trigger.url()),
    ];
    for (name, value) in facts {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            output::data(&format!("{name}: {value}"));
        }
    }
}

fn list(triggers: &[Trigger], as_json: bool) {
    if as_json {
        return output::json(&triggers.iter().map(|trigger| Value::Object(trigger.all.clone())).collect());
    }
    let row = |trigger: &Trigger| {
        let texts =
            [trigger.id.as_str(), trigger.kind(), trigger.workflow(), trigger.name(), trigger.url().unwrap_or("")];
        texts.map(str::to_owned).to_vec()
    };
    output::table(&["ID", "TYPE", "WORKFLOW", "NAME", "URL"], &triggers.iter().map(row).collect::<Vec<_>>());
}
