//! Guarded commands: asked about here, run on the client's own machine.
//!
//! There is no agent and no session in the store; the request and its grant tell the whole story. After the claim the client
//! runs the command, and says how it ended. A client that vanishes in between leaves an unknown end.

use std::{collections::BTreeSet, time::Duration};

use countersign_approval::{AskPolicy, Effect, Grant, Local, RequestId, Subject, policy::Door, port::Claimed};
use countersign_gateway::{
    ConnectionName, SessionEnd, SessionId,
    wire::run::{FromClient, FromServer, Open, RefusalCode},
};

use super::{
    super::{rules::Asking, state::Gateway},
    run::{Halt, Visit, refused},
    watch,
};

/// How often it is looked whether the command may go on.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a policy says of a guarded command.
enum Verdict {
    Allowed,
    Ask(Box<Asking>),
}

/// A guarded command that may run.
#[derive(Debug)]
pub(super) struct Guarded {
    request: Option<RequestId>,
}

impl Visit {
    /// The conversation up to a guarded command that may run: its grant is claimed.
    pub(super) async fn guarded(&mut self, open: Open, local: Local) -> Result<Guarded, Halt> {
        if local.argv.is_empty() {
            return Err(refused(RefusalCode::Invalid, "a guarded command has at least a program"));
        }
        let asking = match self.guard_policy(&open.connection).await? {
            Verdict::Allowed => return Ok(Guarded { request: None }),
            Verdict::Ask(asking) => *asking,
        };
        let request = self.asked(open, Subject::Local(local), asking).await?.0.id;
        self.claimed(request).await
    }

    /// Back to a guarded command that was asked about before.
    pub(super) async fn guarded_again(&mut self, request: RequestId) -> Result<Guarded, Halt> {
        self.approved(request, &[]).await?;
        self.claimed(request).await
    }

    async fn claimed(&mut self, request: RequestId) -> Result<Guarded, Halt> {
        if let Some(why) = watch::fallen(&self.gateway, &self.caller, Some(request)).await {
            return Err(refused(RefusalCode::Denied, why).about(request));
        }
        let by = format!("guard of {}", self.caller.person());
        match self.gateway.approvals().claim(request, &by).await? {
            Claimed::Now => Ok(Guarded { request: Some(request) }),
            Claimed::Not(grant) => Err(not_claimed(&grant).about(request)),
            Claimed::Missing => Err(refused(RefusalCode::Denied, "there is no approval for this").about(request)),
        }
    }

    async fn guard_policy(&mut self, name: &ConnectionName) -> Result<Verdict, Halt> {
        let policies = self.gateway.store().policies().await?;
        let groups = &self.caller.account.person.groups;
        let found = policies.into_iter().find(|stored| stored.policy.covers(Door::Guard, name.as_str(), groups));
        let Some(stored) = found else {
            let why = format!(
                "no policy is about guarded commands called {name}: an administrator can add one with `countersign admin create policy`"
            );
            return Err(refused(RefusalCode::Denied, why));
        };
        match stored.policy.effect {
            Effect::Allow => Ok(Verdict::Allowed),
            Effect::Deny { reason } => {
                Err(refused(RefusalCode::Denied, format!("policy {} denies it: {reason}", stored.policy.name)))
            }
            Effect::Ask(policy) => Ok(Verdict::Ask(Box::new(self.guard_asking(stored.policy.name, policy).await))),
        }
    }

    async fn guard_asking(&mut self, name: String, mut policy: AskPolicy) -> Asking {
        let wanted: BTreeSet<String> = policy.channels.iter().map(|channel| channel.as_str().to_owned()).collect();
        let (channels, warnings) = self.gateway.slack().resolve(&wanted).await;
        policy.channels = channels;
        Asking { name, policy, duration: Duration::ZERO, warnings }
    }
}

/// Lets the command run, and keeps how it ended.
pub(super) async fn hold(mut visit: Visit, guarded: Guarded) {
    let session = SessionId::generate(visit.gateway.now(), visit.gateway.entropy());
    let started = FromServer::Started { session, request: guarded.request, until: None, stdin: false };
    let end = match visit.peer.say(&started).await {
        Ok(()) => finished(&mut visit, guarded.request).await,
        Err(gone) => unknown(&gone),
    };
    if let Some(request) = guarded.request {
        conclude(&visit.gateway, request, &end).await;
    }
    let _ = visit.peer.say(&FromServer::Ended { session, end }).await;
    visit.peer.close("over").await;
}

/// How the command ended, as the client says; or that it must end.
async fn finished(visit: &mut Visit, request: Option<RequestId>) -> SessionEnd {
    loop {
        tokio::select! {
            said = visit.peer.next_json() => match said {
                Ok(FromClient::Finished { end }) => return end,
                Ok(FromClient::Cancel) => return unknown(&"the client gave it up"),
                Ok(_) => {}
                Err(gone) => return unknown(&gone),
            },
            () = tokio::time::sleep(LOOK_EVERY) => {
                if let Some(why) = watch::fallen(&visit.gateway, &visit.caller, request).await {
                    // The client ends it when it hears so.
                    return SessionEnd::Stopped { why };
                }
            }
            () = visit.gateway.shutdown().cancelled() => return unknown(&"the server was stopped while it ran"),
        }
    }
}

async fn conclude(gateway: &Gateway, request: RequestId, end: &SessionEnd) {
    let at = gateway.now();
    let grant = match end {
        SessionEnd::Unknown { why } => Grant::Unknown { at, why: why.clone() },
        SessionEnd::Exited { code } => Grant::Finished { at, status: format!("exit code {code}") },
        SessionEnd::Signalled { signal } => Grant::Finished { at, status: format!("ended by signal {signal}") },
        SessionEnd::Stopped { why } => Grant::Finished { at, status: format!("stopped: {why}") },
        SessionEnd::Failed { why } => Grant::Finished { at, status: format!("failed: {why}") },
    };
    if let Err(error) = gateway.approvals().store().end_grant(request, grant).await {
        tracing::error!(request.id = %request, error = &error as &dyn std::error::Error, "could not store how the guarded command of request {request} ended");
    }
}

fn unknown(why: &dyn std::fmt::Display) -> SessionEnd {
    SessionEnd::Unknown { why: format!("the client did not say how it ended: {why}") }
}

fn not_claimed(grant: &Grant) -> Halt {
    match grant {
        Grant::Lapsed { .. } => refused(RefusalCode::Expired, "it was approved, but not run in time: ask anew"),
        Grant::Revoked { .. } => refused(RefusalCode::Revoked, "the approval was taken back"),
        _ => refused(RefusalCode::AlreadyRun, "this has been run before; an approval is good for once"),
    }
}
