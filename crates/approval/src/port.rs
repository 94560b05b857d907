//! What the engine needs from storage: few methods, each one transaction, named by intent.

use std::{fmt, time::Duration};

use async_trait::async_trait;

use crate::{
    audit::{AuditRow, ChainedRow, SignedHead},
    grant::Grant,
    hints::Hints,
    id::{PersonId, RequestId, RequestKey, RequestToken},
    person::{Installation, Person, SlackIdentity},
    policy::{Evaluation, Ineligible},
    request::{CancelledBy, DeniedBy, Destination, Request, RequestState},
    time::Timestamp,
    vote::{Verdict, Vote, Voter},
};

/// A failure of storage. What it was about stands in the text; the source has the driver's words.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database could not be asked, or did not answer.
    #[error("could not {doing}")]
    Database {
        /// What was being done, e.g. `insert the request`.
        doing: &'static str,
        /// The driver's error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database holds something that cannot be.
    #[error("inconsistent data in {table}.{column} of {row}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's id.
        row: String,
    },
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
}

/// No lease and no pause of an outbox row is longer. A row that is due later than this from now was given its time before the
/// clock was set back, and is due at once: nothing waits for the hours to come round again.
pub const OUTBOX_HORIZON: Duration = Duration::from_mins(5);

/// A request with everything that is shown of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dossier {
    /// The request.
    pub request: Request,
    /// The votes on it, oldest first.
    pub votes: Vec<Vote>,
    /// The people who voted, or are named by the policy, as they are known now.
    pub people: Vec<Person>,
    /// The grant, once approved.
    pub grant: Option<Grant>,
}

/// A request in a list: without what it is about, which may be megabytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: RequestId,
    /// Where it stands.
    pub state: RequestState,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// From then on no vote is taken.
    pub expires_at: Timestamp,
}

/// What came of inserting a request.
#[derive(Clone, Debug)]
#[must_use]
pub enum Inserted {
    /// It is new.
    New(Request),
    /// A request with that key was there.
    Existing(Request),
}

/// A vote to be taken.
#[derive(Clone, Debug)]
pub struct Ballot {
    /// The secret from the button that was pressed.
    pub token: RequestToken,
    /// Whose it is.
    pub voter: Voter,
    /// Yes or no.
    pub verdict: Verdict,
    /// Why, in their words.
    pub reason: Option<String>,
    /// When it was taken.
    pub at: Timestamp,
}

/// What came of a vote.
#[derive(Clone, Debug)]
#[must_use]
pub enum Voted {
    /// It decided the request.
    Decided(Request),
    /// It counts; more is needed.
    Counted(Request, Evaluation),
    /// It is not taken; the request is as it was.
    Ineligible(Request, Ineligible),
    /// It came too late: the request had ended, or its time was over.
    TooLate(Request),
    /// No request has that token.
    UnknownToken,
}

/// What came of ending a request without a vote.
#[derive(Clone, Debug)]
#[must_use]
pub enum Ended {
    /// It ended by this.
    Now(Request),
    /// It had ended before.
    Before(Request),
    /// There is no such request.
    Missing,
}

/// What came of claiming a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Claimed {
    /// It is the caller's now.
    Now,
    /// It was claimed, lapsed or revoked before; here is where it stands.
    Not(Grant),
    /// There is no grant: the request is not approved.
    Missing,
}

/// A message that Slack should show: one for each request and destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxItem {
    /// The request it shows.
    pub request: RequestId,
    /// Where it is shown.
    pub destination: Destination,
    /// The request's version that should be shown.
    pub wanted: u64,
    /// The version that is shown; 0 before the first post.
    pub shown: u64,
    /// Where the posted message is.
    pub posted: Option<Posted>,
    /// How many times in a row the call failed.
    pub attempts: u32,
}

/// A posted message: its channel and `ts`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Posted {
    /// The channel's id.
    pub channel: String,
    /// The message's `ts`.
    pub ts: String,
}

/// What came of one call for an outbox item.
#[derive(Clone, Debug)]
pub enum Delivered {
    /// Slack shows this version now.
    Shown {
        /// The version that was rendered.
        version: u64,
        /// Where the message is.
        posted: Posted,
    },
    /// It failed; try again, not before this time.
    Retry {
        /// When.
        not_before: Timestamp,
        /// What went wrong, for people.
        error: String,
    },
    /// It failed for good; a person must look.
    Park {
        /// When.
        at: Timestamp,
        /// What went wrong, for people.
        error: String,
    },
}

/// A row of the outbox that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// The request it would have shown.
    pub request: RequestId,
    /// Where.
    pub destination: Destination,
    /// Why it was given up.
    pub error: String,
}

/// An envelope that was received and is kept until its handler is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxItem {
    /// The envelope's id.
    pub id: String,
    /// Its kind, e.g. `interactive`.
    pub kind: String,
    /// Its payload, JSON text.
    pub payload: String,
    /// When it came.
    pub at: Timestamp,
}

/// Whether an envelope was new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum InboxInsert {
    /// It is kept now.
    New,
    /// It was known: it has been, or is being, handled.
    Duplicate,
}

/// How far the chain has got.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct ChainProgress {
    /// Rows linked by this call.
    pub linked: u32,
    /// The last link: sequence number and link.
    pub head: Option<(u64, crate::audit::Link)>,
}

/// Storage for approvals. Each method is one transaction that wakes [`Hints`] after the commit.
///
/// When a method returns, what it wrote outlives the process. It also outlives the machine (a power cut), except for what is
/// found out again: leases, messages brought up to date once more, marks of handled envelopes, links of the audit
/// trail. Those become durable with the next change that is.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// The wake-ups of this store.
    fn hints(&self) -> &Hints;

    /// Inserts a pending request with its outbox rows (one for each channel of its policy) and an audit row; or finds
    /// the one with the same key.
    async fn insert_request(&self, request: Request) -> Result<Inserted, StoreError>;

    /// Takes a vote. In one transaction: first the guarded UPDATE (pending, not expired) that serialises voters and
    /// refuses late ones, then eligibility, the vote, the count by [`crate::policy::evaluate`], the result, a grant when
    /// approved, outbox and audit rows. A refused vote changes nothing.
    async fn vote(&self, ballot: Ballot) -> Result<Voted, StoreError>;

    /// Denies without a vote: a policy, or the user at the daemon's terminal.
    async fn deny(
        &self,
        id: RequestId,
        by: DeniedBy,
        reason: Option<String>,
        at: Timestamp,
    ) -> Result<Ended, StoreError>;

    /// Approves without votes, as an administrator in an emergency; with an audit mark of its own.
    async fn break_glass(
        &self,
        id: RequestId,
        by: PersonId,
        reason: Option<String>,
        at: Timestamp,
    ) -> Result<Ended, StoreError>;

    /// Cancels a pending request.
    async fn cancel(&self, id: RequestId, by: CancelledBy, at: Timestamp) -> Result<Ended, StoreError>;

    /// Ends pending requests whose time is over, at most `limit` of them; the one that was due first comes first.
    async fn expire_due(&self, now: Timestamp, limit: u32) -> Result<Vec<RequestId>, StoreError>;

    /// Ends a pending request as expired, whatever time its row says: for whoever has waited as long as it was good for,
    /// while the clock was set back.
    async fn expire(&self, id: RequestId, at: Timestamp) -> Result<Ended, StoreError>;

    /// When the next pending request expires.
    async fn next_expiry(&self) -> Result<Option<Timestamp>, StoreError>;

    /// A request by its id.
    async fn request(&self, id: RequestId) -> Result<Option<Request>, StoreError>;

    /// How a request stands, without what it is about, which may be megabytes.
    async fn request_state(&self, id: RequestId) -> Result<Option<RequestState>, StoreError>;

    /// A request by the secret in its buttons.
    async fn request_by_token(&self, token: RequestToken) -> Result<Option<Request>, StoreError>;

    /// A request by its client's key.
    async fn request_by_key(&self, key: RequestKey) -> Result<Option<Request>, StoreError>;

    /// A request with its votes, people and grant.
    async fn dossier(&self, id: RequestId) -> Result<Option<Dossier>, StoreError>;

    /// Pending requests, oldest first.
    async fn pending(&self, limit: u32) -> Result<Vec<Listed>, StoreError>;

    /// Requests in any state, newest first.
    async fn recent(&self, limit: u32) -> Result<Vec<Listed>, StoreError>;

    /// Forgets up to `limit` requests that were asked before then and have ended, with their votes, grants and messages;
    /// answers how many. One that still has something to be done or shown stays. The audit trail is not touched.
    async fn prune_requests(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Claims the grant of an approved request: one UPDATE that expects it issued. A claim that comes too late makes it
    /// lapsed, with an audit row, and is answered with that.
    async fn claim_grant(&self, id: RequestId, by: &str, at: Timestamp) -> Result<Claimed, StoreError>;

    /// Records how a claimed grant ended ([`Grant::Finished`] or [`Grant::Unknown`]) and brings the message up to date.
    /// Anything else, or a grant that is not claimed, changes nothing and answers `false`.
    async fn end_grant(&self, id: RequestId, end: Grant) -> Result<bool, StoreError>;

    /// Grants that are issued or claimed and have not ended, oldest first. Windows of access are not among them.
    async fn open_grants(&self, limit: u32) -> Result<Vec<(RequestId, Grant)>, StoreError>;

    /// Keeps what is known of an installation, so that a restart does not depend on Slack to know it.
    async fn put_installation(&self, installation: Installation, at: Timestamp) -> Result<(), StoreError>;

    /// What is known of installations, the latest first.
    async fn installations(&self) -> Result<Vec<Installation>, StoreError>;

    /// Inserts or replaces a person.
    async fn put_person(&self, person: Person, at: Timestamp) -> Result<(), StoreError>;

    /// Binds a proven Slack identity to a person; it leaves whoever had it before.
    async fn put_identity(&self, identity: SlackIdentity, person: PersonId, at: Timestamp) -> Result<(), StoreError>;

    /// A person.
    async fn person(&self, id: &PersonId) -> Result<Option<Person>, StoreError>;

    /// The person with a Slack identity.
    async fn person_by_identity(&self, identity: &SlackIdentity) -> Result<Option<Person>, StoreError>;

    /// Leases outbox rows whose shown version is not the wanted one, which are due and neither leased nor parked. A
    /// request that ended before its first post is not posted any more: there is nothing to bring up to date.
    async fn lease_outbox(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<OutboxItem>, StoreError>;

    /// Ends a lease with what came of the call. Answers the item leased anew (until `lease_until`) when a newer version
    /// is wanted meanwhile and the call succeeded.
    async fn outbox_done(
        &self,
        request: RequestId,
        destination: &Destination,
        delivered: Delivered,
        lease_until: Timestamp,
    ) -> Result<Option<OutboxItem>, StoreError>;

    /// Makes every waiting row due: for the one process that works on the outbox when it starts, since whoever held a
    /// lease before is dead. First posts of open requests that were given up are tried again: the tokens may be others now.
    async fn release_leases(&self, now: Timestamp) -> Result<(), StoreError>;

    /// Whether nobody will ever see a request: every message of it was given up, and none was ever posted.
    async fn is_undeliverable(&self, request: RequestId) -> Result<bool, StoreError>;

    /// When the next outbox row is due: a new one (then the time has passed already), a retry, or a lease that runs out.
    /// One beyond [`OUTBOX_HORIZON`] is due `now`.
    async fn next_outbox(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError>;

    /// Adds a message that shows a request but was not known (a copy, or a post whose answer was lost), so that it is
    /// brought up to date and closed too. A known one changes nothing and answers `false`.
    async fn register_copy(&self, request: RequestId, posted: Posted) -> Result<bool, StoreError>;

    /// Asks for one more message about a request, in a place that the destination's text tells: a second time changes
    /// nothing and answers `false`. It is posted even where the request has ended.
    async fn add_message(
        &self,
        request: RequestId,
        destination: Destination,
        at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Outbox rows that were given up, newest first.
    async fn parked(&self, limit: u32) -> Result<Vec<Parked>, StoreError>;

    /// Keeps an envelope, before it is acknowledged.
    async fn inbox_insert(&self, item: InboxItem) -> Result<InboxInsert, StoreError>;

    /// Marks an envelope as handled.
    async fn inbox_handled(&self, id: &str, at: Timestamp) -> Result<(), StoreError>;

    /// Envelopes that were not handled to the end, oldest first.
    async fn inbox_unhandled(&self, limit: u32) -> Result<Vec<InboxItem>, StoreError>;

    /// Forgets up to `limit` handled envelopes older than `before`.
    async fn inbox_prune(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;

    /// Adds an audit row that belongs to no other change.
    async fn audit(&self, row: AuditRow) -> Result<(), StoreError>;

    /// Links up to `limit` unchained audit rows.
    async fn chain_audit(&self, limit: u32) -> Result<ChainProgress, StoreError>;

    /// Keeps a signed head.
    async fn put_head(&self, head: SignedHead) -> Result<(), StoreError>;

    /// Signed heads, newest first.
    async fn heads(&self, limit: u32) -> Result<Vec<SignedHead>, StoreError>;

    /// Linked rows after `seq`, in order.
    async fn chain_page(&self, after: u64, limit: u32) -> Result<Vec<ChainedRow>, StoreError>;

    /// How many audit rows are not linked yet.
    async fn unchained(&self) -> Result<u64, StoreError>;

    /// Finishes what was begun and closes the database.
    async fn close(&self);
}
