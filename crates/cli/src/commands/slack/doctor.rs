//! `countersign slack doctor`.

use countersign_slack_cli::{
    Failure, Session,
    doctor::{self, Group, Report},
};
use serde_json::json;

use crate::{exit, output};

/// Options of `countersign slack doctor`.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Fail when something is wrong.
    #[arg(long)]
    strict: bool,
    /// Write the report as JSON.
    #[arg(long)]
    json: bool,
}

impl Options {
    pub(super) async fn run(self, session: &Session) -> Result<u8, Failure> {
        let report = doctor::examine(session).await;
        let errors = report.errors();
        if self.json {
            output::json(&json!({"errors": errors, "sections": report.sections}));
        } else {
            show(&report);
        }
        Ok(if self.strict && errors > 0 { exit::FAULT } else { exit::OK })
    }
}

fn show(report: &Report) {
    for section in &report.sections {
        output::data(&section.name.to_uppercase());
        section.groups.iter().for_each(show_group);
        output::data("");
    }
    output::data(&format!("Errors: {}", report.errors()));
}

fn show_group(group: &Group) {
    let mark = if group.errors.is_empty() { "✔" } else { "✘" };
    output::data(&format!("{mark} {}", group.name));
    for fact in &group.facts {
        output::data(&format!("    {}: {}", fact.name, fact.value));
    }
    for note in &group.notes {
        output::data(&format!("    Note: {note}"));
    }
    for error in &group.errors {
        output::data(&format!("    ✘ {}", error.message));
        for line in error.details.iter().flat_map(|detail| detail.lines()) {
            output::data(&format!("      {line}"));
        }
        for remedy in &error.remedies {
            output::data(&format!("      hint: {remedy}"));
        }
    }
}
