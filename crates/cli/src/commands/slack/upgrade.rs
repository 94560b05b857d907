//! `countersign slack upgrade`.

use countersign_slack_cli::{
    Failure, Session,
    project::Project,
    upgrade::{self, Outcome, Upgrade},
};
use serde_json::json;

use crate::{exit, output};

/// Options of `countersign slack upgrade`.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Write what was found and done as JSON.
    #[arg(long)]
    json: bool,
}

impl Options {
    pub(super) async fn run(self, session: &Session) -> Result<u8, Failure> {
        let project = Project::open(session).await?;
        let upgrade = upgrade::upgrade(session, &project).await?;
        if self.json {
            output::json(&described(&upgrade));
        } else {
            show(session, &upgrade);
        }
        let faults = upgrade.faults();
        for fault in &faults {
            session.talk.warn(fault);
        }
        Ok(if faults.is_empty() { exit::OK } else { exit::FAULT })
    }
}

fn show(session: &Session, upgrade: &Upgrade) {
    match &upgrade.outcome {
        Outcome::UpToDate => session.talk.say("everything is up to date"),
        Outcome::Declined => {}
        Outcome::NotAsked => session.talk.say("hint: --yes takes the newest versions"),
        Outcome::ByHand => {
            session.talk.say("hint: the project's SDK cannot take them by itself; change the versions by hand");
        }
        Outcome::Taken(installed) => {
            for update in installed.iter().filter(|update| update.error.is_none()) {
                output::data(&format!("{} {} → {}", update.name, update.previous, update.installed));
            }
        }
    }
}

fn described(upgrade: &Upgrade) -> serde_json::Value {
    let outcome = match &upgrade.outcome {
        Outcome::UpToDate => "up_to_date",
        Outcome::Declined => "declined",
        Outcome::NotAsked => "not_asked",
        Outcome::ByHand => "by_hand",
        Outcome::Taken(_) => "taken",
    };
    let updates = match &upgrade.outcome {
        Outcome::Taken(installed) => json!(installed),
        _ => json!([]),
    };
    json!({"found": upgrade.found, "outcome": outcome, "updates": updates})
}
