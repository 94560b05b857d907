//! What the gateway needs from storage: few methods, each one transaction, named by intent.
//!
//! The words for failures are the approval port's: both are one store.

use std::{collections::BTreeSet, fmt};

use async_trait::async_trait;
use countersign_approval::{
    Destination, GroupName, Person, PersonId, Request, RequestId, SlackIdentity, StoreError, Timestamp,
};

use crate::{
    agent::Agent,
    connection::{Connection, ConnectionDraft},
    name::{AgentName, ConnectionName},
    policy::{PolicySource, StoredPolicy},
    session::{Session, SessionEnd, SessionId},
    token::{AccessToken, TokenHash},
};

/// A person with the Slack identities that prove them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The person.
    pub person: Person,
    /// Their identities.
    pub identities: Vec<SlackIdentity>,
}

/// Who changes something, for audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The person, e.g. an administrator.
    pub actor: PersonId,
    /// When.
    pub at: Timestamp,
}

/// What came of putting something.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Put<T> {
    /// It is new.
    Created(T),
    /// It replaced what was there.
    Replaced(T),
    /// It is there already, exactly so.
    Unchanged(T),
    /// Something else has the name, and was not to be overwritten.
    Exists(T),
}

/// What came of deleting something.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Deleted {
    /// It is gone.
    Now,
    /// There was none.
    Missing,
    /// Something uses it: what, for people.
    InUse(Vec<String>),
}

/// What came of taking an approval back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Revoked {
    /// It is taken back; live sessions of it end.
    Now(Box<Request>),
    /// There is nothing to take back: the text says why, e.g. `it is pending`.
    Not(Box<Request>, String),
    /// There is no such request.
    Missing,
}

/// Which sessions to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// Of one person.
    pub person: Option<PersonId>,
    /// On one connection.
    pub connection: Option<ConnectionName>,
    /// Of one request.
    pub request: Option<RequestId>,
    /// Only those that have not ended.
    pub open: bool,
    /// At most so many; newest first.
    pub limit: u32,
}

/// A code that binds a Slack account to a person, sent to the one and entered by the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkCode {
    /// SHA-256 of the code, hex.
    pub hash: TokenHash,
    /// Who asked for it.
    pub person: PersonId,
    /// The account that it was sent to.
    pub identity: SlackIdentity,
    /// From then on it is worth nothing.
    pub expires_at: Timestamp,
}

/// What came of entering a code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Linked {
    /// The account is bound to the person.
    Now(SlackIdentity),
    /// Wrong; so many tries are left.
    Wrong {
        /// Tries left; at zero the code is gone.
        left: u32,
    },
    /// There is no code for this person, or its time is over.
    NoCode,
}

/// A message of a request, as the outbox has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownMessage {
    /// The channel or person.
    pub destination: Destination,
    /// Whether Slack took it.
    pub posted: bool,
    /// The last error; of a parked row, why it was given up.
    pub error: Option<String>,
}

/// Storage for the gateway. Each method is one transaction; changes leave audit rows.
#[async_trait]
pub trait GatewayStore: Send + Sync + fmt::Debug {
    /// Everybody, by e-mail address.
    async fn accounts(&self) -> Result<Vec<Account>, StoreError>;

    /// One person with their identities.
    async fn account(&self, id: &PersonId) -> Result<Option<Account>, StoreError>;

    /// Active people in any of these groups.
    async fn people_in(&self, groups: &BTreeSet<GroupName>) -> Result<Vec<Person>, StoreError>;

    /// Puts a person, and binds the identity to them if there is one. A Slack account that is somebody else's is not taken
    /// away: [`Put::Exists`] with its owner.
    async fn put_account(
        &self,
        person: Person,
        identity: Option<SlackIdentity>,
        overwrite: bool,
        change: Change,
    ) -> Result<Put<Account>, StoreError>;

    /// Makes a person inactive, takes their tokens, identities and open access; their votes stay.
    async fn delete_person(&self, id: &PersonId, change: Change) -> Result<Deleted, StoreError>;

    /// Keeps a code, in place of any other for the same person.
    async fn put_link_code(&self, code: LinkCode) -> Result<(), StoreError>;

    /// Tries a code. Five wrong ones and it is gone.
    async fn try_link_code(&self, person: &PersonId, hash: TokenHash, at: Timestamp) -> Result<Linked, StoreError>;

    /// Every connection, by name.
    async fn connections(&self) -> Result<Vec<Connection>, StoreError>;

    /// One connection.
    async fn connection(&self, name: &ConnectionName) -> Result<Option<Connection>, StoreError>;

    /// Creates or replaces a connection. What differs gets the next revision.
    async fn put_connection(
        &self,
        draft: ConnectionDraft,
        overwrite: bool,
        change: Change,
    ) -> Result<Put<Connection>, StoreError>;

    /// Deletes a connection, unless a plugin names it or a session runs on it.
    async fn delete_connection(&self, name: &ConnectionName, change: Change) -> Result<Deleted, StoreError>;

    /// Every agent, by name.
    async fn agents(&self) -> Result<Vec<Agent>, StoreError>;

    /// The agent that has a token.
    async fn agent_by_token(&self, token: TokenHash) -> Result<Option<Agent>, StoreError>;

    /// Creates an agent, or gives it another token.
    async fn put_agent(&self, agent: Agent, overwrite: bool, change: Change) -> Result<Put<Agent>, StoreError>;

    /// Notes that an agent was here.
    async fn agent_seen(&self, name: &AgentName, version: &str, at: Timestamp) -> Result<(), StoreError>;

    /// Deletes an agent, unless a connection names it.
    async fn delete_agent(&self, name: &AgentName, change: Change) -> Result<Deleted, StoreError>;

    /// Every policy, in order.
    async fn policies(&self) -> Result<Vec<StoredPolicy>, StoreError>;

    /// Puts one policy.
    async fn put_policy(
        &self,
        policy: StoredPolicy,
        overwrite: bool,
        change: Change,
    ) -> Result<Put<StoredPolicy>, StoreError>;

    /// Replaces every policy of a source.
    async fn replace_policies(
        &self,
        source: PolicySource,
        policies: Vec<StoredPolicy>,
        change: Change,
    ) -> Result<(), StoreError>;

    /// Deletes a policy by its name.
    async fn delete_policy(&self, name: &str, change: Change) -> Result<Deleted, StoreError>;

    /// A setting: JSON text under a name, e.g. a plugin's configuration. Secrets in it are sealed.
    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError>;

    /// Every setting whose name begins so, by name.
    async fn settings(&self, prefix: &str) -> Result<Vec<(String, String)>, StoreError>;

    /// Puts a setting; `None` removes it.
    async fn put_setting(&self, name: &str, value: Option<String>, change: Change) -> Result<(), StoreError>;

    /// The token with a hash, unless its time is over.
    async fn token(&self, hash: TokenHash, now: Timestamp) -> Result<Option<AccessToken>, StoreError>;

    /// Tokens; of one person if they are named.
    async fn tokens(&self, person: Option<&PersonId>) -> Result<Vec<AccessToken>, StoreError>;

    /// Keeps a token's hash.
    async fn put_token(&self, token: AccessToken, change: Change) -> Result<Put<AccessToken>, StoreError>;

    /// Notes that a token was used.
    async fn token_used(&self, hash: TokenHash, at: Timestamp) -> Result<(), StoreError>;

    /// Deletes a person's token by its name.
    async fn delete_token(&self, person: &PersonId, name: &str, change: Change) -> Result<Deleted, StoreError>;

    /// Takes the one-time token: whoever it was first becomes this person, an administrator. Answers whether it was there.
    async fn take_bootstrap(
        &self,
        hash: TokenHash,
        person: Person,
        token: AccessToken,
        at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Opens a session. Where it has a request: claims the grant in the same transaction (of a command: once; of access:
    /// while it is active), re-checking revocation, the requester and the connection's revision. Answers why not, else `None`.
    async fn open_session(&self, session: Session, at: Timestamp) -> Result<Option<NotOpened>, StoreError>;

    /// The agent says that it runs.
    async fn session_running(&self, id: SessionId) -> Result<bool, StoreError>;

    /// Ends a session, and the grant of a command with it, so that its messages are brought up to date. Answers whether it
    /// was open.
    async fn end_session(&self, id: SessionId, end: SessionEnd, at: Timestamp) -> Result<bool, StoreError>;

    /// Notes where a session is recorded.
    async fn session_recorded(&self, id: SessionId, recording: &str) -> Result<(), StoreError>;

    /// A session.
    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError>;

    /// Sessions, newest first.
    async fn sessions(&self, filter: SessionFilter) -> Result<Vec<Session>, StoreError>;

    /// The access that a person has to a connection now: the request, and until when.
    async fn active_access(
        &self,
        person: &PersonId,
        connection: &ConnectionName,
        now: Timestamp,
    ) -> Result<Option<(Request, Timestamp)>, StoreError>;

    /// Ends access whose time is over; answers the requests.
    async fn end_due_access(&self, now: Timestamp, limit: u32) -> Result<Vec<RequestId>, StoreError>;

    /// When the next access ends.
    async fn next_access_end(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Takes an approval back: an issued grant is revoked, active access ends. A command that runs already has spent its
    /// grant; whoever runs it learns of the revocation and ends it.
    async fn revoke(&self, id: RequestId, why: &str, change: Change) -> Result<Revoked, StoreError>;

    /// Why an approval was taken back, if it was.
    async fn revocation(&self, id: RequestId) -> Result<Option<String>, StoreError>;

    /// Where the messages of a request are, by destination; one that has no copy yet is among them.
    async fn messages(&self, _request: RequestId) -> Result<Vec<ShownMessage>, StoreError> {
        Ok(Vec::new())
    }

    /// A node says that it lives, and which agents are connected to it.
    async fn node_alive(&self, node: &str, agents: &[AgentName], at: Timestamp) -> Result<(), StoreError>;

    /// Nodes that said so since then, with their agents.
    async fn nodes(&self, since: Timestamp) -> Result<Vec<(String, Vec<AgentName>)>, StoreError>;
}

/// Why a session was not opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotOpened {
    /// The connection is gone or has another revision.
    Changed,
    /// The grant was claimed before.
    AlreadyRun,
    /// The approval was taken back.
    Revoked,
    /// It was not run in time, or the access is over.
    TooLate,
    /// The request is not approved, or is somebody else's.
    NotApproved,
    /// The person is no longer active.
    Inactive,
}
