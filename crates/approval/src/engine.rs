//! The engine: the only way a request is asked, decided or ended.

use std::{sync::Arc, time::Duration};

use crate::{
    digest::Digest,
    entropy::Entropy,
    id::{PersonId, RequestId, RequestKey, RequestToken},
    policy::{AskPolicy, Ineligible},
    port::{Ballot, Claimed, Ended, Inserted, Store, StoreError, Voted},
    request::{CancelledBy, DeniedBy, Request, RequestState, Requester},
    subject::Subject,
    time::{Clock, Sleep, Timestamp},
    vote::{Verdict, Voter},
};

/// Longest reason that is kept, in characters: what a person writes in a hurry, and no log file.
pub const MAX_REASON_CHARS: usize = 2000;

/// Asks, votes, ends and claims. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Approvals {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The client's name for it, so that asking again is the same request.
    pub key: RequestKey,
    /// What is to be done.
    pub subject: Subject,
    /// Who asks.
    pub requester: Requester,
    /// How people are asked.
    pub policy: AskPolicy,
    /// Why, in the asker's words.
    pub reason: Option<String>,
    /// How long the asker waits; the request's time is the shorter of this and the policy's.
    pub patience: Duration,
}

/// What came of asking.
#[derive(Clone, Debug)]
#[must_use]
pub enum Asked {
    /// A new request.
    New(Request),
    /// The same request, asked before.
    Again(Request),
}

impl Asked {
    /// The request, new or not.
    pub fn into_request(self) -> Request {
        match self {
            Self::New(request) | Self::Again(request) => request,
        }
    }
}

/// Why something could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The key names a request about something else. Whatever was approved there is not approved here.
    #[error("request {existing} has this key, but is about something else")]
    KeyReused {
        /// The request that has the key.
        existing: RequestId,
    },
    /// The policy names nobody who could say yes.
    #[error("the policy names no approver")]
    NoApprover,
    /// The policy wants the asker's reason.
    #[error("a reason is required to ask for this")]
    ReasonRequired,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A vote that somebody casts.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The secret from the button that was pressed.
    pub token: RequestToken,
    /// Whose it is, as Slack or a token proves it.
    pub voter: Voter,
    /// Yes or no.
    pub verdict: Verdict,
    /// Why, in their words.
    pub reason: Option<String>,
}

/// Why a vote was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// No request has that token: it belongs to another installation, or was forgotten.
    #[error("no request has this button")]
    UnknownToken,
    /// It had ended.
    #[error("request {} is {} already", .0.id, .0.state.name())]
    AlreadyEnded(Box<Request>),
    /// Its time is over, though nobody has closed it yet.
    #[error("request {} has expired", .0.id)]
    Late(Box<Request>),
    /// This person may not.
    #[error("not taken: {reason}")]
    Ineligible {
        /// Why not.
        reason: Ineligible,
        /// The request, unchanged.
        request: Box<Request>,
    },
    /// The policy wants a reason with every denial.
    #[error("a reason is required to deny this")]
    ReasonRequired,
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a request could not be ended.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    /// There is none.
    #[error("there is no request {0}")]
    Missing(RequestId),
    /// It had ended.
    #[error("request {} is {} already", .0.id, .0.state.name())]
    AlreadyEnded(Box<Request>),
    /// Storage failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Approvals {
    /// An engine over a store.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { store, clock, entropy }
    }

    /// The store, for views of what is in it.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The time by the engine's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Completes when `duration` has passed by the engine's clock, even if the time is set meanwhile.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        self.clock.sleep(duration)
    }

    /// A key for a client that brought none.
    pub fn fresh_key(&self) -> RequestKey {
        RequestKey::generate(&*self.entropy)
    }

    /// Asks. The same key and the same subject are the same request, whatever has become of it meanwhile.
    pub async fn ask(&self, ask: Ask) -> Result<Asked, AskError> {
        if ask.policy.requirements.is_empty() {
            return Err(AskError::NoApprover);
        }
        let now = self.clock.now();
        let digest = Digest::of(&ask.subject);
        let request = Request {
            id: RequestId::generate(now, &*self.entropy),
            key: ask.key,
            token: RequestToken::generate(&*self.entropy),
            digest,
            subject: ask.subject,
            requester: ask.requester,
            expires_at: now.plus(ask.policy.ttl.min(ask.patience)),
            policy: ask.policy,
            reason: ask.reason.and_then(|reason| tidy_reason(&reason)),
            asked_at: now,
            state: RequestState::Pending,
            version: 1,
        };
        match self.store.insert_request(request).await? {
            Inserted::New(request) => Ok(Asked::New(request)),
            Inserted::Existing(request) if request.digest == digest => Ok(Asked::Again(request)),
            Inserted::Existing(request) => Err(AskError::KeyReused { existing: request.id }),
        }
    }

    /// Takes a vote. Answers the request, decided or still open.
    pub async fn decide(&self, decision: Decision) -> Result<Request, DecideError> {
        let now = self.clock.now();
        let reason = decision.reason.and_then(|reason| tidy_reason(&reason));
        if decision.verdict == Verdict::Deny && reason.is_none() {
            self.refuse_unreasoned(decision.token).await?;
        }
        let ballot =
            Ballot { token: decision.token, voter: decision.voter, verdict: decision.verdict, reason, at: now };
        match self.store.vote(ballot).await? {
            Voted::Decided(request) | Voted::Counted(request, _) => Ok(request),
            Voted::Ineligible(request, reason) => Err(DecideError::Ineligible { reason, request: Box::new(request) }),
            Voted::TooLate(request) if request.state.is_final() => Err(DecideError::AlreadyEnded(Box::new(request))),
            Voted::TooLate(request) => Err(DecideError::Late(Box::new(request))),
            Voted::UnknownToken => Err(DecideError::UnknownToken),
        }
    }

    /// The policy is immutable once asked, so it may be read before the vote's transaction.
    async fn refuse_unreasoned(&self, token: RequestToken) -> Result<(), DecideError> {
        match self.store.request_by_token(token).await? {
            Some(request) if request.policy.reason_required => Err(DecideError::ReasonRequired),
            _ => Ok(()),
        }
    }

    /// Denies as the user at the daemon's terminal, or as a policy.
    pub async fn deny(&self, id: RequestId, by: DeniedBy, reason: Option<String>) -> Result<Request, CancelError> {
        let reason = reason.and_then(|reason| tidy_reason(&reason));
        ended(id, self.store.deny(id, by, reason, self.clock.now()).await?)
    }

    /// Approves in an emergency, without votes. Whether this person may is for the caller: the policy says who
    /// ([`AskPolicy::may_break_glass`]).
    pub async fn break_glass(
        &self,
        id: RequestId,
        by: PersonId,
        reason: Option<String>,
    ) -> Result<Request, CancelError> {
        let reason = reason.and_then(|reason| tidy_reason(&reason));
        ended(id, self.store.break_glass(id, by, reason, self.clock.now()).await?)
    }

    /// Withdraws a request.
    pub async fn cancel(&self, id: RequestId, by: CancelledBy) -> Result<Request, CancelError> {
        ended(id, self.store.cancel(id, by, self.clock.now()).await?)
    }

    /// Ends a request whose time is over by the asker's count, whatever the clock says.
    pub async fn expire(&self, id: RequestId) -> Result<Request, CancelError> {
        ended(id, self.store.expire(id, self.clock.now()).await?)
    }

    /// Claims the right to do, once, what was approved.
    pub async fn claim(&self, id: RequestId, by: &str) -> Result<Claimed, StoreError> {
        self.store.claim_grant(id, by, self.clock.now()).await
    }
}

fn ended(id: RequestId, ended: Ended) -> Result<Request, CancelError> {
    match ended {
        Ended::Now(request) => Ok(request),
        Ended::Before(request) => Err(CancelError::AlreadyEnded(Box::new(request))),
        Ended::Missing => Err(CancelError::Missing(id)),
    }
}

/// The reason without white space around it and not too long; `None` when nothing is left.
fn tidy_reason(reason: &str) -> Option<String> {
    let reason: String = reason.trim().chars().take(MAX_REASON_CHARS).collect();
    (!reason.is_empty()).then_some(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_reason_is_none() {
        assert_eq!(tidy_reason(" \n\t"), None);
        assert_eq!(tidy_reason("  no  ").as_deref(), Some("no"));
    }

    #[test]
    fn a_reason_is_capped() {
        assert_eq!(tidy_reason(&"é".repeat(5000)).unwrap().chars().count(), MAX_REASON_CHARS);
    }
}
