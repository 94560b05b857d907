//! Calls of a hook that does nothing, in turn with the same command by a shell alone.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use countersign_slack::hooks::{HookName, ProtocolName};
use countersign_slack_cli::{Session, project::Project};
use serde_json::json;

use super::{
    directory::{Directory, answering},
    shell::Shell,
};
use crate::{samples, stats::Samples};

/// Calls that do not count.
const WARM: usize = 20;

/// The hook that is called: any that answers is as good.
pub(crate) const HOOK: HookName = HookName::GetManifest;

/// Both protocols, in the order in which they are measured.
pub(crate) const PROTOCOLS: [ProtocolName; 2] = [ProtocolName::Default, ProtocolName::MessageBoundaries];

/// How long calls took, in milliseconds.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    pub(crate) ours: Samples,
    pub(crate) shell: Samples,
}

impl Calls {
    /// What ours take longer.
    pub(crate) fn overhead(&self, percent: usize) -> f64 {
        self.ours.percentile(percent) - self.shell.percentile(percent)
    }
}

/// Calls a hook that speaks a protocol.
pub(crate) async fn run(protocol: ProtocolName, calls: usize) -> Result<Calls> {
    let line = answering(protocol);
    let hooks = json!({"hooks": {(HOOK.as_str()): line}, "config": {"protocol-version": [protocol.as_str()]}});
    let directory = Directory::new(&hooks)?;
    let session = directory.session();
    let project = Project::open(&session).await?;
    let shell = Shell::new(line, protocol, directory.path())?;
    let (mut ours, mut alone) = (Vec::with_capacity(calls), Vec::with_capacity(calls));
    for number in 0..WARM + calls {
        // Each takes its turn at being first.
        let (own, other) = if number % 2 == 0 {
            let own = call(&project, &session).await?;
            (own, shell.run().await?.0)
        } else {
            let other = shell.run().await?.0;
            (call(&project, &session).await?, other)
        };
        if number >= WARM {
            ours.push(own);
            alone.push(other);
        }
    }
    Ok(Calls { ours: samples(ours), shell: samples(alone) })
}

async fn call(project: &Project, session: &Session) -> Result<Duration> {
    let began = Instant::now();
    let answer = project.hook(session, HOOK)?.answer().await?;
    let took = began.elapsed();
    ensure!(answer.bytes == b"{}", "the hook answers {:?}", String::from_utf8_lossy(&answer.bytes));
    Ok(took)
}
