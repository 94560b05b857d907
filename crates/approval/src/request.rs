//! A request and its life: pending, then exactly one end.

use serde::{Deserialize, Serialize};

use crate::{
    digest::Digest,
    id::{PersonId, RequestId, RequestKey, RequestToken},
    policy::AskPolicy,
    subject::Subject,
    time::Timestamp,
};

/// Something a machine wants to do, and what people said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its public id.
    pub id: RequestId,
    /// What the client calls it; the same key is the same request.
    pub key: RequestKey,
    /// The secret in its buttons.
    pub token: RequestToken,
    /// What is to be done.
    pub subject: Subject,
    /// The digest of the subject, computed when it was asked.
    pub digest: Digest,
    /// Who asks.
    pub requester: Requester,
    /// How people are asked: the policy as it was when asked.
    pub policy: AskPolicy,
    /// Why it is asked, in the requester's words.
    pub reason: Option<String>,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// From then on no vote is taken.
    pub expires_at: Timestamp,
    /// Where it stands.
    pub state: RequestState,
    /// Grows with every change; what Slack shows is compared with it.
    pub version: u64,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Requester {
    /// A person known here.
    Person(PersonId),
    /// A user of an operating system: whoever runs the coding agent.
    OsUser {
        /// The user's name.
        user: String,
        /// The machine.
        machine: String,
    },
}

impl Requester {
    /// The person, where the requester is one.
    pub const fn person(&self) -> Option<&PersonId> {
        match self {
            Self::Person(id) => Some(id),
            Self::OsUser { .. } => None,
        }
    }
}

/// A place in Slack where a request is shown: a channel's id, or a user's id for a direct message.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Destination(String);

impl Destination {
    /// Takes a channel's or user's id.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a request stands. Each variant owns what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RequestState {
    /// Open.
    Pending,
    /// May be done, once.
    Approved {
        /// When.
        at: Timestamp,
        /// On what grounds.
        by: ApprovedBy,
    },
    /// Must not be done.
    Denied {
        /// When.
        at: Timestamp,
        /// Who said no.
        by: DeniedBy,
        /// Why, in their words.
        reason: Option<String>,
    },
    /// Nobody decided in time.
    Expired {
        /// When that was noticed.
        at: Timestamp,
    },
    /// No longer wanted.
    Cancelled {
        /// When.
        at: Timestamp,
        /// Why.
        by: CancelledBy,
    },
}

/// The grounds of an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovedBy {
    /// The votes of these people.
    Votes(Vec<PersonId>),
    /// A policy that allows it without asking.
    Policy(String),
    /// An administrator in an emergency.
    BreakGlass(PersonId),
}

/// Who said no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeniedBy {
    /// A person who may vote.
    Person(PersonId),
    /// A policy that denies without asking.
    Policy(String),
    /// The user who runs the daemon, at its terminal. Such a user may deny, never approve: what is gated runs as them.
    OsUser(String),
}

/// Why a request is no longer wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelledBy {
    /// The client that waited for the answer has gone.
    ClientGone,
    /// Somebody answered where the agent runs.
    AnsweredAtTerminal,
    /// The user who runs the daemon withdrew it.
    OsUser(String),
    /// The requester withdrew it.
    Requester(PersonId),
    /// It could be shown to nobody; the text says why, in Slack's words.
    Undeliverable(String),
}

/// A step that a request's state does not allow.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("request {id} is {state} already")]
pub struct TransitionError {
    /// The request.
    pub id: RequestId,
    /// Where it stands.
    pub state: &'static str,
}

impl RequestState {
    /// The word for the state, as stored and as shown.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved { .. } => "approved",
            Self::Denied { .. } => "denied",
            Self::Expired { .. } => "expired",
            Self::Cancelled { .. } => "cancelled",
        }
    }

    /// Whether nothing can change any more.
    pub const fn is_final(&self) -> bool {
        !matches!(self, Self::Pending)
    }
}

impl Request {
    /// Pending becomes approved.
    pub fn approve(self, at: Timestamp, by: ApprovedBy) -> Result<Self, TransitionError> {
        self.end(RequestState::Approved { at, by })
    }

    /// Pending becomes denied.
    pub fn deny(self, at: Timestamp, by: DeniedBy, reason: Option<String>) -> Result<Self, TransitionError> {
        self.end(RequestState::Denied { at, by, reason })
    }

    /// Pending becomes expired.
    pub fn expire(self, at: Timestamp) -> Result<Self, TransitionError> {
        self.end(RequestState::Expired { at })
    }

    /// Pending becomes cancelled.
    pub fn cancel(self, at: Timestamp, by: CancelledBy) -> Result<Self, TransitionError> {
        self.end(RequestState::Cancelled { at, by })
    }

    fn end(self, state: RequestState) -> Result<Self, TransitionError> {
        if self.state.is_final() {
            return Err(TransitionError { id: self.id, state: self.state.name() });
        }
        Ok(Self { state, ..self })
    }
}
