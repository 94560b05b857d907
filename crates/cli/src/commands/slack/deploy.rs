//! `countersign slack deploy`.

use countersign_slack_cli::{
    Failure, Session,
    deploy::{self, Triggers, Way},
};
use serde_json::json;

use crate::{exit, output};

/// Options of `countersign slack deploy`.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Neither tell the app's triggers nor offer to create one.
    #[arg(long)]
    hide_triggers: bool,
    /// Write which app it was as JSON, after what the script wrote.
    #[arg(long)]
    json: bool,
}

impl Options {
    pub(super) async fn run(self, session: &Session) -> Result<u8, Failure> {
        let triggers = if self.hide_triggers { Triggers::Hidden } else { Triggers::Offered };
        let deployed = deploy::deploy(session, triggers).await?;
        let (app, way) = (&deployed.app, deployed.way);
        if self.json {
            let way = match way {
                Way::Script => "script",
                Way::Hosted => "hosted",
            };
            output::json(&json!({"app_id": app.id, "team_id": app.team, "way": way}));
        }
        session.talk.say(&format!("deployed {} on {}", app.id, app.team_domain));
        Ok(exit::OK)
    }
}
