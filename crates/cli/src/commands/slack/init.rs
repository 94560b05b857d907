//! `countersign slack init`.

use countersign_slack_cli::{
    Failure, Session,
    create::{self, Runtime},
};
use serde_json::json;

use crate::{exit, output};

/// Options of `countersign slack init`.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// What the app runs on, where its files do not say: rust, node, python or deno.
    #[arg(long, value_name = "RUNTIME")]
    runtime: Option<Runtime>,
    /// Write what was done as JSON.
    #[arg(long)]
    json: bool,
}

impl Options {
    #[expect(clippy::unused_async, reason = "every command is run the same way")]
    pub(super) async fn run(self, session: &Session) -> Result<u8, Failure> {
        let made = create::init(session, self.runtime)?;
        if self.json {
            let runtime = made.runtime.as_str();
            output::json(
                &json!({"directory": made.root, "runtime": runtime, "written": made.written, "next": made.next}),
            );
        } else {
            session.talk.say(&format!("a project that runs on {}", made.runtime));
            for path in &made.written {
                output::data(path);
            }
        }
        session.talk.say("next:");
        for step in &made.next {
            session.talk.say(&format!("  {step}"));
        }
        Ok(exit::OK)
    }
}
