//! The time between asking and running: people are asked, the client is kept up to date, and says when to run.

use std::time::Duration;

use countersign_approval::{
    ApprovedBy, Armed, CancelError, CancelledBy, DeniedBy, Grant, PersonId, Request, RequestId, RequestState, Subject,
    Timestamp, Voters,
    policy::{self, Ballot, Evaluation, Requirement},
    port::Dossier,
};
use countersign_gateway::{
    port::Change,
    wire::run::{FromClient, FromServer, RefusalCode, Waiting},
};

use super::{
    super::rules::Eligible,
    run::{Halt, Visit, refused},
};

/// How often the store is asked, for what no hint tells of: another node's changes, a group that was changed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The same for requests that are long to read.
const LOOK_AT_LARGE_EVERY: Duration = Duration::from_secs(10);

/// Longer input makes a request large.
const LARGE: usize = 64 * 1024;

/// Given-up messages that are looked through for a request's.
const PARKED: u32 = 100;

/// Where a request stands for somebody who wants to run it.
enum Standing {
    Open,
    Approved { until: Timestamp },
    Not(Halt),
}

impl Visit {
    /// Waits until a request is approved and the client says to run it. Answers when access ends, where it does.
    pub(super) async fn approved(
        &mut self,
        id: RequestId,
        warnings: &[String],
    ) -> Result<(Request, Option<Timestamp>), Halt> {
        let armed = self.gateway.approvals().store().hints().arm(id);
        let decided = async {
            let dossier = self.decided(id, &armed, warnings).await?;
            self.run_said(dossier, &armed).await
        };
        decided.await.map_err(|halt: Halt| halt.about(id))
    }

    /// Waits for people.
    async fn decided(&mut self, id: RequestId, armed: &Armed, warnings: &[String]) -> Result<Dossier, Halt> {
        let mut shown = None;
        loop {
            let changed = armed.next();
            let dossier = self.dossier(id).await?;
            match standing(&dossier, self.gateway.now()) {
                Standing::Approved { .. } => return Ok(dossier),
                Standing::Not(halt) => return Err(halt),
                Standing::Open => {}
            }
            let waiting = self.waiting(&dossier, warnings).await?;
            if shown.as_ref() != Some(&waiting) {
                self.peer.say(&FromServer::Waiting(waiting.clone())).await?;
                shown = Some(waiting);
            }
            let pause = if input_bytes(&dossier.request) > LARGE { LOOK_AT_LARGE_EVERY } else { LOOK_EVERY };
            drop(dossier);
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep(pause) => {}
                message = self.peer.next_json() => match message? {
                    FromClient::Cancel => return Err(self.cancel(id).await?),
                    FromClient::Open(_) | FromClient::Resume { .. } => return Err(refused(RefusalCode::Invalid, "a session has begun already")),
                    FromClient::Run | FromClient::Signal { .. } | FromClient::Resize { .. } | FromClient::Finished { .. } => {}
                }
            }
        }
    }

    /// Waits for the client, as long as the approval is good.
    async fn run_said(&mut self, dossier: Dossier, armed: &Armed) -> Result<(Request, Option<Timestamp>), Halt> {
        let id = dossier.request.id;
        let Standing::Approved { until } = standing(&dossier, self.gateway.now()) else {
            return Err(refused(RefusalCode::Fault, "the approval was gone in the same moment"));
        };
        let by = approvers(&dossier);
        self.peer.say(&FromServer::Decided { request: id, by, until }).await?;
        let is_access = matches!(dossier.request.subject, Subject::Access(_));
        let request = dossier.request;
        loop {
            let changed = armed.next();
            let mut left = until.since(self.gateway.now());
            if left.is_zero() {
                left = Duration::from_millis(1);
            }
            tokio::select! {
                () = changed => self.still_good(id).await?,
                () = self.gateway.approvals().sleep(left) => self.still_good(id).await?,
                message = self.peer.next_json() => match message? {
                    FromClient::Run => return Ok((request, is_access.then_some(until))),
                    FromClient::Cancel => return Err(self.give_back(id, is_access).await?),
                    FromClient::Open(_) | FromClient::Resume { .. } => return Err(refused(RefusalCode::Invalid, "a session has begun already")),
                    FromClient::Signal { .. } | FromClient::Resize { .. } | FromClient::Finished { .. } => {}
                }
            }
        }
    }

    async fn still_good(&mut self, id: RequestId) -> Result<(), Halt> {
        let dossier = self.dossier(id).await?;
        match standing(&dossier, self.gateway.now()) {
            Standing::Not(halt) => Err(halt),
            Standing::Approved { .. } | Standing::Open => Ok(()),
        }
    }

    async fn dossier(&mut self, id: RequestId) -> Result<Dossier, Halt> {
        let forgotten = || refused(RefusalCode::Fault, format!("request {id} is gone from the store"));
        self.gateway.approvals().store().dossier(id).await?.ok_or_else(forgotten)
    }

    /// The requester no longer wants it.
    async fn cancel(&mut self, id: RequestId) -> Result<Halt, Halt> {
        let by = CancelledBy::Requester(self.caller.person().clone());
        match self.gateway.approvals().cancel(id, by).await {
            Ok(_) => Ok(refused(RefusalCode::Cancelled, "it was withdrawn")),
            Err(CancelError::AlreadyEnded(request)) => Ok(refused(
                RefusalCode::Cancelled,
                format!("it was withdrawn, but was {} already", request.state.name()),
            )),
            Err(CancelError::Store(error)) => Err(error.into()),
            Err(error @ CancelError::Missing(_)) => Err(refused(RefusalCode::Fault, error.to_string())),
        }
    }

    /// Approved, and no longer wanted: nobody is to run it later. A window of access stays open; it was not used.
    async fn give_back(&mut self, id: RequestId, is_access: bool) -> Result<Halt, Halt> {
        if !is_access {
            let change = Change { actor: self.caller.person().clone(), at: self.gateway.now() };
            let _ = self.gateway.store().revoke(id, "the requester no longer wanted it", change).await?;
        }
        Ok(refused(RefusalCode::Cancelled, "it was withdrawn after it was approved"))
    }

    async fn waiting(&mut self, dossier: &Dossier, warnings: &[String]) -> Result<Waiting, Halt> {
        let request = &dossier.request;
        let eligible = Eligible::find(&self.gateway, &request.policy, &request.requester).await?;
        let voted = |id: &PersonId| dossier.votes.iter().any(|vote| vote.person == *id);
        let left = eligible.people.iter().filter(|person| !voted(&person.id)).count();
        let mut warnings = warnings.to_vec();
        warnings.extend(eligible.warnings);
        let shown_in = self.shown(request, &mut warnings).await?;
        self.changed_since(request, &mut warnings).await?;
        Ok(Waiting {
            request: request.id,
            digest: request.digest.short(),
            url: format!("{}/requests/{}", self.gateway.settings().public_url, request.id),
            expires_at: request.expires_at,
            missing: missing(dossier),
            eligible: u32::try_from(left).unwrap_or(u32::MAX),
            shown_in,
            warnings,
        })
    }

    /// The channels that took the message; what others said goes to the warnings.
    async fn shown(&mut self, request: &Request, warnings: &mut Vec<String>) -> Result<Vec<String>, Halt> {
        let mut shown = Vec::new();
        for message in self.gateway.store().messages(request.id).await? {
            if !request.policy.channels.contains(&message.destination) {
                continue;
            }
            if message.posted {
                shown.push(message.destination.as_str().to_owned());
            } else if let Some(error) = message.error {
                warnings.push(format!("channel {} did not take the message: {error}", message.destination.as_str()));
            }
        }
        for parked in self.gateway.approvals().store().parked(PARKED).await? {
            let text = format!("channel {} did not take the message: {}", parked.destination.as_str(), parked.error);
            if parked.request == request.id && !warnings.contains(&text) {
                warnings.push(text);
            }
        }
        Ok(shown)
    }

    async fn changed_since(&mut self, request: &Request, warnings: &mut Vec<String>) -> Result<(), Halt> {
        let (name, revision) = match &request.subject {
            Subject::Command(command) => (&command.connection, command.revision),
            Subject::Access(access) => (&access.connection, access.revision),
            _ => return Ok(()),
        };
        let connection = match name.parse() {
            Ok(name) => self.gateway.store().connection(&name).await?,
            Err(_) => None,
        };
        if connection.is_none_or(|connection| connection.revision != revision) {
            warnings.push(format!(
                "connection {name} has changed since this was asked: an approval is of no use any more. Ask anew"
            ));
        }
        Ok(())
    }
}

fn standing(dossier: &Dossier, now: Timestamp) -> Standing {
    let denied = |reason: &Option<String>, by: &DeniedBy| {
        let who = match by {
            DeniedBy::Person(id) => name_of(dossier, id),
            DeniedBy::Policy(policy) => format!("policy {policy}"),
            DeniedBy::OsUser(user) => user.clone(),
        };
        let why = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        Standing::Not(refused(RefusalCode::Denied, format!("{who} said no{why}")))
    };
    match &dossier.request.state {
        RequestState::Pending => Standing::Open,
        RequestState::Denied { by, reason, .. } => denied(reason, by),
        RequestState::Expired { .. } => Standing::Not(refused(RefusalCode::Expired, "nobody decided in time")),
        RequestState::Cancelled { by, .. } => Standing::Not(refused(RefusalCode::Cancelled, cancelled(by))),
        RequestState::Approved { .. } => granted(dossier.grant.as_ref(), now),
    }
}

fn granted(grant: Option<&Grant>, now: Timestamp) -> Standing {
    let no = |code, why: String| Standing::Not(refused(code, why));
    match grant {
        Some(Grant::Issued { claim_by, .. }) if *claim_by < now => {
            no(RefusalCode::Expired, "it was approved, but not run in time: ask anew".to_owned())
        }
        Some(Grant::Issued { claim_by, .. }) => Standing::Approved { until: *claim_by },
        Some(Grant::Active { until, .. }) if *until <= now => {
            no(RefusalCode::Expired, "the time of the access is over: ask anew".to_owned())
        }
        Some(Grant::Active { until, .. }) => Standing::Approved { until: *until },
        Some(Grant::Ended { why, .. }) => no(RefusalCode::Revoked, format!("the access has ended: {why}")),
        Some(Grant::Revoked { .. }) => no(RefusalCode::Revoked, "the approval was taken back".to_owned()),
        Some(Grant::Lapsed { .. }) => {
            no(RefusalCode::Expired, "it was approved, but not run in time: ask anew".to_owned())
        }
        Some(Grant::Claimed { .. }) => {
            no(RefusalCode::AlreadyRun, "it is running, or was when the server last knew".to_owned())
        }
        Some(Grant::Finished { status, .. }) => no(RefusalCode::AlreadyRun, format!("it has been run: {status}")),
        Some(Grant::Unknown { why, .. }) => {
            no(RefusalCode::AlreadyRun, format!("it was begun, and what became of it is unknown: {why}"))
        }
        None => no(RefusalCode::Fault, "it is approved, but there is no grant".to_owned()),
    }
}

fn cancelled(by: &CancelledBy) -> String {
    match by {
        CancelledBy::Requester(_) | CancelledBy::OsUser(_) => "it was withdrawn".to_owned(),
        CancelledBy::ClientGone => "it was withdrawn: nobody waited for it".to_owned(),
        CancelledBy::AnsweredAtTerminal => "it was answered elsewhere".to_owned(),
        CancelledBy::Undeliverable(why) => format!("it could be shown to nobody: {why}"),
    }
}

fn approvers(dossier: &Dossier) -> Vec<String> {
    match &dossier.request.state {
        RequestState::Approved { by: ApprovedBy::Votes(people), .. } => {
            people.iter().map(|id| name_of(dossier, id)).collect()
        }
        RequestState::Approved { by: ApprovedBy::Policy(policy), .. } => vec![format!("policy {policy}")],
        RequestState::Approved { by: ApprovedBy::BreakGlass(id), .. } => {
            vec![format!("{}, without approval, in an emergency", name_of(dossier, id))]
        }
        _ => Vec::new(),
    }
}

fn name_of(dossier: &Dossier, id: &PersonId) -> String {
    let known = dossier.people.iter().find(|person| person.id == *id);
    known.map_or_else(|| id.to_string(), |person| person.name.clone())
}

/// What is still missing, for people.
fn missing(dossier: &Dossier) -> Vec<String> {
    let request = &dossier.request;
    let ballots: Vec<Ballot> = dossier
        .votes
        .iter()
        .filter_map(|vote| {
            let person = dossier.people.iter().find(|person| person.id == vote.person)?;
            Some(Ballot { person: person.clone(), verdict: vote.verdict })
        })
        .collect();
    let Evaluation::Open { missing } = policy::evaluate(&request.policy, &request.requester, &ballots) else {
        return Vec::new();
    };
    if missing.is_empty() {
        return vec![format!("{} different people", request.policy.min_people)];
    }
    let counted =
        |ballot: &&Ballot| request.policy.eligibility(&request.requester, &ballot.person, ballot.verdict).is_ok();
    let line = |requirement: &Requirement| {
        let have = ballots.iter().filter(counted).filter(|ballot| requirement.voters.include(&ballot.person)).count();
        let more = (requirement.min.max(1) as usize).saturating_sub(have);
        match &requirement.voters {
            Voters::Group(group) => format!("{more} of {group}"),
            Voters::Person(id) => name_of(dossier, id),
        }
    };
    missing.iter().map(line).collect()
}

fn input_bytes(request: &Request) -> usize {
    match &request.subject {
        Subject::Command(command) => command.input.as_bytes().len(),
        _ => 0,
    }
}
