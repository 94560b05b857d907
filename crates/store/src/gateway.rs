//! The port of the gateway, on either database: each method is one change, or one read.

use std::collections::BTreeSet;

use async_trait::async_trait;
use countersign_approval::{GroupName, Person, PersonId, Request, RequestId, SlackIdentity, StoreError, Timestamp};
use countersign_gateway::{
    AccessToken, Agent, AgentName, Connection, ConnectionDraft, ConnectionName, GatewayStore, PolicySource, Session,
    SessionEnd, SessionId, StoredPolicy, TokenHash,
    port::{Account, Change, Deleted, LinkCode, Linked, NotOpened, Put, Revoked, SessionFilter, ShownMessage},
};

use crate::{
    database::Database,
    records::{
        gateway::{access, accounts, agents, connections, links, nodes, policies, sessions, settings, tokens},
        outbox,
    },
};

#[async_trait]
impl GatewayStore for Database {
    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.read_in_one_view("read the people", (), |conn, ()| Box::pin(accounts::all(conn))).await
    }

    async fn account(&self, id: &PersonId) -> Result<Option<Account>, StoreError> {
        self.read_in_one_view("read a person", id.clone(), |conn, id| {
            Box::pin(async move { accounts::one(conn, &id).await })
        })
        .await
    }

    async fn people_in(&self, groups: &BTreeSet<GroupName>) -> Result<Vec<Person>, StoreError> {
        self.read("read the people of groups", groups.clone(), |conn, groups| {
            Box::pin(accounts::in_groups(conn, groups))
        })
        .await
    }

    async fn put_account(
        &self,
        person: Person,
        identity: Option<SlackIdentity>,
        overwrite: bool,
        change: Change,
    ) -> Result<Put<Account>, StoreError> {
        self.change(
            "put the person",
            (person, identity, overwrite, change),
            |conn, (person, identity, overwrite, change)| {
                Box::pin(accounts::put(conn, person, identity, overwrite, change))
            },
        )
        .await
    }

    async fn delete_person(&self, id: &PersonId, change: Change) -> Result<Deleted, StoreError> {
        self.change("delete the person", (id.clone(), change), |conn, (id, change)| {
            Box::pin(accounts::delete(conn, id, change))
        })
        .await
    }

    async fn put_link_code(&self, code: LinkCode) -> Result<(), StoreError> {
        self.change("keep the code", code, |conn, code| Box::pin(links::put(conn, code))).await
    }

    async fn try_link_code(&self, person: &PersonId, hash: TokenHash, at: Timestamp) -> Result<Linked, StoreError> {
        self.change("try the code", (person.clone(), hash, at), |conn, (person, hash, at)| {
            Box::pin(links::enter(conn, person, hash, at))
        })
        .await
    }

    async fn connections(&self) -> Result<Vec<Connection>, StoreError> {
        self.read("read the connections", (), |conn, ()| Box::pin(connections::all(conn))).await
    }

    async fn connection(&self, name: &ConnectionName) -> Result<Option<Connection>, StoreError> {
        self.read("read a connection", name.clone(), |conn, name| {
            Box::pin(async move { connections::by_name(conn, &name).await })
        })
        .await
    }

    async fn put_connection(
        &self,
        draft: ConnectionDraft,
        overwrite: bool,
        change: Change,
    ) -> Result<Put<Connection>, StoreError> {
        self.change("put the connection", (draft, overwrite, change), |conn, (draft, overwrite, change)| {
            Box::pin(connections::put(conn, draft, overwrite, change))
        })
        .await
    }

    async fn delete_connection(&self, name: &ConnectionName, change: Change) -> Result<Deleted, StoreError> {
        self.change("delete the connection", (name.clone(), change), |conn, (name, change)| {
            Box::pin(connections::delete(conn, name, change))
        })
        .await
    }

    async fn agents(&self) -> Result<Vec<Agent>, StoreError> {
        self.read("read the agents", (), |conn, ()| Box::pin(agents::all(conn))).await
    }

    async fn agent_by_token(&self, token: TokenHash) -> Result<Option<Agent>, StoreError> {
        self.read("read an agent by its token", token, |conn, token| Box::pin(agents::by_token(conn, token))).await
    }

    async fn put_agent(&self, agent: Agent, overwrite: bool, change: Change) -> Result<Put<Agent>, StoreError> {
        self.change("put the agent", (agent, overwrite, change), |conn, (agent, overwrite, change)| {
            Box::pin(agents::put(conn, agent, overwrite, change))
        })
        .await
    }

    async fn agent_seen(&self, name: &AgentName, version: &str, at: Timestamp) -> Result<(), StoreError> {
        self.change_lightly(
            "note that an agent was here",
            (name.clone(), version.to_owned(), at),
            |conn, (name, version, at)| Box::pin(agents::seen(conn, name, version, at)),
        )
        .await
    }

    async fn delete_agent(&self, name: &AgentName, change: Change) -> Result<Deleted, StoreError> {
        self.change("delete the agent", (name.clone(), change), |conn, (name, change)| {
            Box::pin(agents::delete(conn, name, change))
        })
        .await
    }

    async fn policies(&self) -> Result<Vec<StoredPolicy>, StoreError> {
        self.read("read the policies", (), |conn, ()| Box::pin(policies::all(conn))).await
    }

    async fn put_policy(
        &self,
        policy: StoredPolicy,
        overwrite: bool,
        change: Change,
    ) -> Result<Put<StoredPolicy>, StoreError> {
        self.change("put the policy", (policy, overwrite, change), |conn, (policy, overwrite, change)| {
            Box::pin(policies::put(conn, policy, overwrite, change))
        })
        .await
    }

    async fn replace_policies(
        &self,
        source: PolicySource,
        policies: Vec<StoredPolicy>,
        change: Change,
    ) -> Result<(), StoreError> {
        self.change("replace the policies", (source, policies, change), |conn, (source, policies, change)| {
            Box::pin(policies::replace(conn, source, policies, change))
        })
        .await
    }

    async fn delete_policy(&self, name: &str, change: Change) -> Result<Deleted, StoreError> {
        self.change("delete the policy", (name.to_owned(), change), |conn, (name, change)| {
            Box::pin(policies::delete(conn, name, change))
        })
        .await
    }

    async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.read("read a setting", name.to_owned(), |conn, name| Box::pin(settings::get(conn, name))).await
    }

    async fn settings(&self, prefix: &str) -> Result<Vec<(String, String)>, StoreError> {
        self.read("read settings", prefix.to_owned(), |conn, prefix| Box::pin(settings::with_prefix(conn, prefix)))
            .await
    }

    async fn put_setting(&self, name: &str, value: Option<String>, change: Change) -> Result<(), StoreError> {
        self.change("put the setting", (name.to_owned(), value, change), |conn, (name, value, change)| {
            Box::pin(settings::put(conn, name, value, change))
        })
        .await
    }

    async fn token(&self, hash: TokenHash, now: Timestamp) -> Result<Option<AccessToken>, StoreError> {
        self.read("read a token", (hash, now), |conn, (hash, now)| Box::pin(tokens::by_hash(conn, hash, now))).await
    }

    async fn tokens(&self, person: Option<&PersonId>) -> Result<Vec<AccessToken>, StoreError> {
        self.read("read tokens", person.cloned(), |conn, person| Box::pin(tokens::all(conn, person))).await
    }

    async fn put_token(&self, token: AccessToken, change: Change) -> Result<Put<AccessToken>, StoreError> {
        self.change("keep the token", (token, change), |conn, (token, change)| {
            Box::pin(tokens::put(conn, token, change))
        })
        .await
    }

    async fn token_used(&self, hash: TokenHash, at: Timestamp) -> Result<(), StoreError> {
        self.change_lightly("note that a token was used", (hash, at), |conn, (hash, at)| {
            Box::pin(tokens::used(conn, hash, at))
        })
        .await
    }

    async fn delete_token(&self, person: &PersonId, name: &str, change: Change) -> Result<Deleted, StoreError> {
        self.change("delete the token", (person.clone(), name.to_owned(), change), |conn, (person, name, change)| {
            Box::pin(tokens::delete(conn, person, name, change))
        })
        .await
    }

    async fn take_bootstrap(
        &self,
        hash: TokenHash,
        person: Person,
        token: AccessToken,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.change("make the first administrator", (hash, person, token, at), |conn, (hash, person, token, at)| {
            Box::pin(tokens::take_bootstrap(conn, hash, person, token, at))
        })
        .await
    }

    async fn open_session(&self, session: Session, at: Timestamp) -> Result<Option<NotOpened>, StoreError> {
        self.change("open the session", (session, at), |conn, (session, at)| {
            Box::pin(sessions::open(conn, session, at))
        })
        .await
    }

    async fn session_running(&self, id: SessionId) -> Result<bool, StoreError> {
        self.change("note that the session runs", id, |conn, id| Box::pin(sessions::running(conn, id))).await
    }

    async fn end_session(&self, id: SessionId, end: SessionEnd, at: Timestamp) -> Result<bool, StoreError> {
        self.change("end the session", (id, end, at), |conn, (id, end, at)| Box::pin(sessions::end(conn, id, end, at)))
            .await
    }

    async fn session_recorded(&self, id: SessionId, recording: &str) -> Result<(), StoreError> {
        self.change("note the recording", (id, recording.to_owned()), |conn, (id, recording)| {
            Box::pin(sessions::recorded(conn, id, recording))
        })
        .await
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.read("read a session", id, |conn, id| Box::pin(sessions::by_id(conn, id))).await
    }

    async fn sessions(&self, filter: SessionFilter) -> Result<Vec<Session>, StoreError> {
        self.read("read sessions", filter, |conn, filter| Box::pin(sessions::list(conn, filter))).await
    }

    async fn active_access(
        &self,
        person: &PersonId,
        connection: &ConnectionName,
        now: Timestamp,
    ) -> Result<Option<(Request, Timestamp)>, StoreError> {
        self.read_in_one_view(
            "look for access",
            (person.clone(), connection.clone(), now),
            |conn, (person, connection, now)| Box::pin(access::active(conn, person, connection, now)),
        )
        .await
    }

    async fn end_due_access(&self, now: Timestamp, limit: u32) -> Result<Vec<RequestId>, StoreError> {
        self.change("end access", (now, limit), |conn, (now, limit)| Box::pin(access::end_due(conn, now, limit))).await
    }

    async fn next_access_end(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read("read when access ends", (), |conn, ()| Box::pin(access::next_end(conn))).await
    }

    async fn revoke(&self, id: RequestId, why: &str, change: Change) -> Result<Revoked, StoreError> {
        self.change("take the approval back", (id, why.to_owned(), change), |conn, (id, why, change)| {
            Box::pin(access::revoke(conn, id, why, change))
        })
        .await
    }

    async fn revocation(&self, id: RequestId) -> Result<Option<String>, StoreError> {
        self.read("look for a revocation", id, |conn, id| Box::pin(access::noted(conn, id))).await
    }

    async fn messages(&self, request: RequestId) -> Result<Vec<ShownMessage>, StoreError> {
        self.read("read where a request is shown", request, |conn, request| Box::pin(outbox::messages(conn, request)))
            .await
    }

    async fn node_alive(&self, node: &str, agents: &[AgentName], at: Timestamp) -> Result<(), StoreError> {
        self.change_lightly(
            "note that a node lives",
            (node.to_owned(), agents.to_vec(), at),
            |conn, (node, agents, at)| Box::pin(nodes::alive(conn, node, agents, at)),
        )
        .await
    }

    async fn nodes(&self, since: Timestamp) -> Result<Vec<(String, Vec<AgentName>)>, StoreError> {
        self.read("read the nodes", since, |conn, since| Box::pin(nodes::since(conn, since))).await
    }
}
