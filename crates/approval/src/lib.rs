//! The domain of approvals.
//!
//! A machine asks ([`Ask`]), people vote ([`Vote`]), a policy decides ([`policy::evaluate`]), a grant is claimed once
//! ([`Grant`]), and every step leaves an audit row ([`audit`]). The crate decides; it does no I/O: time, randomness and
//! storage are parameters ([`Clock`], [`Entropy`], [`Store`]).
//!
//! Neighbours: `store` implements [`Store`], `server` calls [`Approvals`]. Not here: Slack, sockets, SQL, rendering.

pub mod audit;
mod blob;
mod digest;
mod engine;
mod entropy;
mod grant;
mod hints;
mod id;
mod person;
pub mod policy;
pub mod port;
mod request;
mod subject;
mod time;
mod vote;

pub use blob::{Blob, from_hex, to_hex};
pub use digest::{Digest, ParseDigestError};
pub use engine::{Approvals, Ask, AskError, Asked, CancelError, DecideError, Decision, MAX_REASON_CHARS};
pub use entropy::Entropy;
pub use grant::{CLAIM_WITHIN, CLOCK_SLACK, Grant, GrantTransitionError, has_lapsed};
pub use hints::{Armed, Hints};
pub use id::{GroupName, ParseIdError, PersonId, RequestId, RequestKey, RequestToken};
pub use person::{Installation, Person, SlackIdentity};
pub use policy::{AskPolicy, Combine, Effect, Policy, Requirement, SelfApproval, Voters};
pub use port::{Store, StoreError};
pub use request::{ApprovedBy, CancelledBy, DeniedBy, Destination, Request, RequestState, Requester, TransitionError};
pub use subject::{Access, Command, EnvValue, FileDigest, Local, Remediation, Subject, ToolCall};
pub use time::{Clock, Sleep, Timestamp};
pub use vote::{Verdict, Vote, Voter};
