//! `get-trigger`: one trigger's definition, from a file or from the app.

use countersign_slack_sdk::cli::project::read_object;

use super::project::Project;
use super::{Call, cargo};
use crate::output::Hinted;

/// A JSON file is the definition; anything else is the app's business.
pub(super) fn get(call: &Call, project: &Project) -> anyhow::Result<u8> {
    let source = call.flags.source.as_deref();
    let source = source.ok_or_else(|| Hinted::new("get-trigger needs --source").hint("name the trigger's file"))?;
    let path = call.directory.join(source);
    if path.extension().is_some_and(|kind| kind == "json") {
        return call.respond(&read_object(&path)?);
    }
    cargo::run_app(call, project)
}
