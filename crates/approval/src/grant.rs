//! A grant: the right to do, once, what was approved.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{policy::AskPolicy, subject::Subject, time::Timestamp};

/// How long an approved request may wait to be claimed, when its policy says nothing.
pub const CLAIM_WITHIN: Duration = Duration::from_mins(1);

/// A grant that was issued later than this from now was issued before the clock was set back: how long ago cannot be
/// known, so it has lapsed. A minute: a clock that is put right by seconds takes no grant away.
pub const CLOCK_SLACK: Duration = Duration::from_mins(1);

/// Whether a grant that was issued then and may be claimed until `claim_by` has lapsed at `now`.
pub fn has_lapsed(issued_at: Timestamp, claim_by: Timestamp, now: Timestamp) -> bool {
    now > claim_by || issued_at > now.plus(CLOCK_SLACK)
}

/// Where a grant stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Grant {
    /// Approved; nobody has begun.
    Issued {
        /// When.
        #[serde(default = "long_ago")]
        issued_at: Timestamp,
        /// Lapses unless claimed by then.
        claim_by: Timestamp,
    },
    /// A window of access: used as often as wanted until then.
    Active {
        /// When it began.
        from: Timestamp,
        /// When it ends.
        until: Timestamp,
    },
    /// The window is closed.
    Ended {
        /// When.
        at: Timestamp,
        /// Why, for people: its time was over, or somebody took it back.
        why: String,
    },
    /// Somebody has begun. Never claimed twice.
    Claimed {
        /// Who: an agent, or the connection of a waiting client.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// Done; the status says how it went.
    Finished {
        /// When.
        at: Timestamp,
        /// How it went, in the door's own words, e.g. `delivered` or an exit code.
        status: String,
    },
    /// Begun, and what became of it cannot be known. Never repeated by itself.
    Unknown {
        /// When that was noticed.
        at: Timestamp,
        /// What is known.
        why: String,
    },
    /// Not claimed in time.
    Lapsed {
        /// When that was noticed.
        at: Timestamp,
    },
    /// Taken back before anybody began.
    Revoked {
        /// When.
        at: Timestamp,
    },
}

/// A step that a grant's state does not allow.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the grant is {state} already")]
pub struct GrantTransitionError {
    /// Where it stands.
    pub state: &'static str,
}

impl Grant {
    /// A grant for a request approved at `now`, to be claimed within the usual time.
    pub fn issue(now: Timestamp) -> Self {
        Self::issue_within(now, CLAIM_WITHIN)
    }

    /// A grant for a request approved at `now`, to be claimed within `within`.
    pub fn issue_within(now: Timestamp, within: Duration) -> Self {
        Self::Issued { issued_at: now, claim_by: now.plus(within) }
    }

    /// What an approval at `now` gives: of access a window of time, of anything else the right to do it once.
    pub fn of_approval(subject: &Subject, policy: &AskPolicy, now: Timestamp) -> Self {
        match subject {
            Subject::Access(access) => Self::Active { from: now, until: now.plus(access.duration) },
            _ => Self::issue_within(now, policy.claim_within.unwrap_or(CLAIM_WITHIN)),
        }
    }

    /// The word for the state, as stored and as shown.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Issued { .. } => "issued",
            Self::Active { .. } => "active",
            Self::Ended { .. } => "ended",
            Self::Claimed { .. } => "claimed",
            Self::Finished { .. } => "finished",
            Self::Unknown { .. } => "unknown",
            Self::Lapsed { .. } => "lapsed",
            Self::Revoked { .. } => "revoked",
        }
    }

    /// Issued becomes claimed, or lapsed when it is too late.
    pub fn claim(self, by: String, at: Timestamp) -> Result<Self, GrantTransitionError> {
        match self {
            Self::Issued { issued_at, claim_by } if !has_lapsed(issued_at, claim_by, at) => {
                Ok(Self::Claimed { by, at })
            }
            Self::Issued { .. } => Ok(Self::Lapsed { at }),
            other => Err(GrantTransitionError { state: other.name() }),
        }
    }

    /// Claimed becomes finished.
    pub fn finish(self, status: String, at: Timestamp) -> Result<Self, GrantTransitionError> {
        match self {
            Self::Claimed { .. } => Ok(Self::Finished { at, status }),
            other => Err(GrantTransitionError { state: other.name() }),
        }
    }

    /// Claimed becomes unknown.
    pub fn lose(self, why: String, at: Timestamp) -> Result<Self, GrantTransitionError> {
        match self {
            Self::Claimed { .. } => Ok(Self::Unknown { at, why }),
            other => Err(GrantTransitionError { state: other.name() }),
        }
    }

    /// Issued becomes revoked; a window is closed, `why` says by whom.
    pub fn revoke(self, why: String, at: Timestamp) -> Result<Self, GrantTransitionError> {
        match self {
            Self::Issued { .. } => Ok(Self::Revoked { at }),
            Self::Active { .. } => Ok(Self::Ended { at, why }),
            other => Err(GrantTransitionError { state: other.name() }),
        }
    }
}

/// Grants that were kept before the time of issue was: a clock set back is not noticed for them.
const fn long_ago() -> Timestamp {
    Timestamp::from_micros(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000);

    #[test]
    fn a_grant_is_claimed_once() {
        let claimed = Grant::issue(NOW).claim("a".into(), NOW).unwrap();
        assert_eq!(claimed.clone().claim("b".into(), NOW), Err(GrantTransitionError { state: "claimed" }));
        assert_eq!(claimed.clone().revoke(String::new(), NOW), Err(GrantTransitionError { state: "claimed" }));
        assert_eq!(claimed.finish("0".into(), NOW).unwrap().name(), "finished");
    }

    #[test]
    fn a_late_claim_lapses() {
        let late = NOW.plus(CLAIM_WITHIN).plus(Duration::from_micros(1));
        assert_eq!(Grant::issue(NOW).claim("a".into(), late).unwrap(), Grant::Lapsed { at: late });
    }

    #[test]
    fn a_clock_set_back_gives_no_grant_more_time() {
        let hours_before = NOW.minus(Duration::from_hours(3));
        assert_eq!(Grant::issue(NOW).claim("a".into(), hours_before).unwrap().name(), "lapsed");
        let seconds_before = NOW.minus(Duration::from_secs(5));
        assert_eq!(Grant::issue(NOW).claim("a".into(), seconds_before).unwrap().name(), "claimed");
    }

    #[test]
    fn what_was_not_begun_cannot_end() {
        assert!(Grant::issue(NOW).finish("0".into(), NOW).is_err());
        assert!(Grant::issue(NOW).lose("?".into(), NOW).is_err());
        assert_eq!(Grant::issue(NOW).revoke(String::new(), NOW).unwrap().name(), "revoked");
    }
}
