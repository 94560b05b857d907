//! The port of approvals, on either database: each method is one change, or one read.

use std::time::Duration;

use async_trait::async_trait;
use countersign_approval::{
    CancelledBy, DeniedBy, Destination, Grant, Hints, Installation, Person, PersonId, Request, RequestId, RequestKey,
    RequestState, RequestToken, SlackIdentity, Store, StoreError, Timestamp,
    audit::{AuditRow, ChainedRow, SignedHead},
    port::{
        Ballot, ChainProgress, Claimed, Delivered, Dossier, Ended, InboxInsert, InboxItem, Inserted, Listed,
        OutboxItem, Parked, Posted, Voted,
    },
};

use crate::{
    database::Database,
    records::{audit, change::Weight, dossier, grant, inbox, installation, outbox, people, request, retention, vote},
};

impl Database {
    /// Losing that a message was brought up to date does it once more; losing that it was posted would post it twice.
    async fn weight_of(&self, request: RequestId, delivered: &Delivered) -> Result<Weight, StoreError> {
        let posted = match delivered {
            Delivered::Shown { posted, .. } => posted,
            Delivered::Retry { .. } => return Ok(Weight::Light),
            Delivered::Park { .. } => return Ok(Weight::Durable),
        };
        Ok(if self.is_known(request, posted).await? { Weight::Light } else { Weight::Durable })
    }

    async fn is_known(&self, request: RequestId, posted: &Posted) -> Result<bool, StoreError> {
        self.read("look for a message", (request, posted.clone()), |conn, (request, posted)| {
            Box::pin(async move { outbox::is_known(conn, request, &posted).await })
        })
        .await
    }
}

#[async_trait]
impl Store for Database {
    fn hints(&self) -> &Hints {
        self.wake_ups()
    }

    async fn insert_request(&self, request: Request) -> Result<Inserted, StoreError> {
        self.change("insert the request", request, |conn, request| Box::pin(request::insert(conn, request))).await
    }

    async fn vote(&self, ballot: Ballot) -> Result<Voted, StoreError> {
        self.change("take the vote", ballot, |conn, ballot| Box::pin(vote::cast(conn, ballot))).await
    }

    async fn deny(
        &self,
        id: RequestId,
        by: DeniedBy,
        reason: Option<String>,
        at: Timestamp,
    ) -> Result<Ended, StoreError> {
        self.change("deny the request", (id, by, reason, at), |conn, (id, by, reason, at)| {
            Box::pin(request::deny(conn, id, by, reason, at))
        })
        .await
    }

    async fn break_glass(
        &self,
        id: RequestId,
        by: PersonId,
        reason: Option<String>,
        at: Timestamp,
    ) -> Result<Ended, StoreError> {
        self.change("approve in an emergency", (id, by, reason, at), |conn, (id, by, reason, at)| {
            Box::pin(request::break_glass(conn, id, by, reason, at))
        })
        .await
    }

    async fn cancel(&self, id: RequestId, by: CancelledBy, at: Timestamp) -> Result<Ended, StoreError> {
        self.change("cancel the request", (id, by, at), |conn, (id, by, at)| {
            Box::pin(request::cancel(conn, id, by, at))
        })
        .await
    }

    async fn expire_due(&self, now: Timestamp, limit: u32) -> Result<Vec<RequestId>, StoreError> {
        self.change("expire requests", (now, limit), |conn, (now, limit)| {
            Box::pin(request::expire_due(conn, now, limit))
        })
        .await
    }

    async fn expire(&self, id: RequestId, at: Timestamp) -> Result<Ended, StoreError> {
        self.change("expire the request", (id, at), |conn, (id, at)| Box::pin(request::expire(conn, id, at))).await
    }

    async fn next_expiry(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read("read the next expiry", (), |conn, ()| Box::pin(request::next_expiry(conn))).await
    }

    async fn request(&self, id: RequestId) -> Result<Option<Request>, StoreError> {
        self.read("read a request", id, |conn, id| Box::pin(request::by_id(conn, id))).await
    }

    async fn request_state(&self, id: RequestId) -> Result<Option<RequestState>, StoreError> {
        self.read("read how a request stands", id, |conn, id| Box::pin(request::state(conn, id))).await
    }

    async fn request_by_token(&self, token: RequestToken) -> Result<Option<Request>, StoreError> {
        self.read("read a request by its token", token, |conn, token| Box::pin(request::by_token(conn, token))).await
    }

    async fn request_by_key(&self, key: RequestKey) -> Result<Option<Request>, StoreError> {
        self.read("read a request by its key", key, |conn, key| Box::pin(request::by_key(conn, key))).await
    }

    async fn dossier(&self, id: RequestId) -> Result<Option<Dossier>, StoreError> {
        self.read_in_one_view("read all of a request", id, |conn, id| Box::pin(dossier::read(conn, id))).await
    }

    async fn pending(&self, limit: u32) -> Result<Vec<Listed>, StoreError> {
        self.read("read pending requests", limit, |conn, limit| Box::pin(request::pending(conn, limit))).await
    }

    async fn recent(&self, limit: u32) -> Result<Vec<Listed>, StoreError> {
        self.read("read recent requests", limit, |conn, limit| Box::pin(request::recent(conn, limit))).await
    }

    async fn prune_requests(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.change_in_one_view("forget old requests", (before, limit), |conn, (before, limit)| {
            Box::pin(retention::prune(conn, before, limit))
        })
        .await
    }

    async fn claim_grant(&self, id: RequestId, by: &str, at: Timestamp) -> Result<Claimed, StoreError> {
        self.change("claim the grant", (id, by.to_owned(), at), |conn, (id, by, at)| {
            Box::pin(grant::claim(conn, id, by, at))
        })
        .await
    }

    async fn end_grant(&self, id: RequestId, end: Grant) -> Result<bool, StoreError> {
        self.change("end the grant", (id, end), |conn, (id, end)| Box::pin(grant::end(conn, id, end))).await
    }

    async fn open_grants(&self, limit: u32) -> Result<Vec<(RequestId, Grant)>, StoreError> {
        self.read("read open grants", limit, |conn, limit| Box::pin(grant::open(conn, limit))).await
    }

    async fn put_installation(&self, installation: Installation, at: Timestamp) -> Result<(), StoreError> {
        self.change("keep the installation", (installation, at), |conn, (installation, at)| {
            Box::pin(installation::put(conn, installation, at))
        })
        .await
    }

    async fn installations(&self) -> Result<Vec<Installation>, StoreError> {
        self.read("read the installations", (), |conn, ()| Box::pin(installation::all(conn))).await
    }

    async fn put_person(&self, person: Person, at: Timestamp) -> Result<(), StoreError> {
        self.change("put the person", (person, at), |conn, (person, at)| Box::pin(people::put(conn, person, at))).await
    }

    async fn put_identity(&self, identity: SlackIdentity, person: PersonId, at: Timestamp) -> Result<(), StoreError> {
        self.change("bind the Slack identity", (identity, person, at), |conn, (identity, person, at)| {
            Box::pin(people::put_identity(conn, identity, person, at))
        })
        .await
    }

    async fn person(&self, id: &PersonId) -> Result<Option<Person>, StoreError> {
        self.read("read a person", id.clone(), |conn, id| Box::pin(async move { people::by_id(conn, &id).await })).await
    }

    async fn person_by_identity(&self, identity: &SlackIdentity) -> Result<Option<Person>, StoreError> {
        self.read("read a person by a Slack identity", identity.clone(), |conn, identity| {
            Box::pin(async move { people::by_identity(conn, &identity).await })
        })
        .await
    }

    async fn lease_outbox(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<OutboxItem>, StoreError> {
        self.change_lightly("lease outbox rows", (now, lease, limit), |conn, (now, lease, limit)| {
            Box::pin(outbox::lease(conn, now, lease, limit))
        })
        .await
    }

    async fn outbox_done(
        &self,
        request: RequestId,
        destination: &Destination,
        delivered: Delivered,
        lease_until: Timestamp,
    ) -> Result<Option<OutboxItem>, StoreError> {
        let weight = self.weight_of(request, &delivered).await?;
        let came = (request, destination.clone(), delivered, lease_until);
        self.change_by(
            weight,
            "record what an outbox row came to",
            came,
            |conn, (request, destination, came, until)| Box::pin(outbox::done(conn, request, destination, came, until)),
        )
        .await
    }

    async fn release_leases(&self, now: Timestamp) -> Result<(), StoreError> {
        self.change_lightly("release leases", now, |conn, now| Box::pin(outbox::release(conn, now))).await
    }

    async fn is_undeliverable(&self, request: RequestId) -> Result<bool, StoreError> {
        self.read("look for messages of a request", request, |conn, request| {
            Box::pin(outbox::is_undeliverable(conn, request))
        })
        .await
    }

    async fn next_outbox(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.read("read when the outbox is due", now, |conn, now| Box::pin(outbox::next(conn, now))).await
    }

    /// A click comes from a known message as a rule: looking first spares it a commit.
    async fn register_copy(&self, request: RequestId, posted: Posted) -> Result<bool, StoreError> {
        if self.is_known(request, &posted).await? {
            return Ok(false);
        }
        self.change("register a copy", (request, posted), |conn, (request, posted)| {
            Box::pin(outbox::register(conn, request, posted))
        })
        .await
    }

    async fn add_message(
        &self,
        request: RequestId,
        destination: Destination,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.change("ask for a message", (request, destination, at), |conn, (request, destination, at)| {
            Box::pin(outbox::add(conn, request, destination, at))
        })
        .await
    }

    async fn parked(&self, limit: u32) -> Result<Vec<Parked>, StoreError> {
        self.read("read what was given up", limit, |conn, limit| Box::pin(outbox::parked(conn, limit))).await
    }

    async fn inbox_insert(&self, item: InboxItem) -> Result<InboxInsert, StoreError> {
        self.change("keep the envelope", item, |conn, item| Box::pin(inbox::insert(conn, item))).await
    }

    async fn inbox_handled(&self, id: &str, at: Timestamp) -> Result<(), StoreError> {
        self.change_lightly("mark the envelope as handled", (id.to_owned(), at), |conn, (id, at)| {
            Box::pin(inbox::handled(conn, id, at))
        })
        .await
    }

    async fn inbox_unhandled(&self, limit: u32) -> Result<Vec<InboxItem>, StoreError> {
        if self.has_nodes() {
            self.change_lightly("take over kept envelopes", limit, |conn, limit| {
                Box::pin(inbox::take_over(conn, limit))
            })
            .await?;
        }
        self.read("read kept envelopes", limit, |conn, limit| Box::pin(inbox::unhandled(conn, limit))).await
    }

    async fn inbox_prune(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.change_lightly("forget handled envelopes", (before, limit), |conn, (before, limit)| {
            Box::pin(inbox::prune(conn, before, limit))
        })
        .await
    }

    async fn audit(&self, row: AuditRow) -> Result<(), StoreError> {
        self.change("add an audit row", row, |conn, row| Box::pin(audit::add(conn, row))).await
    }

    async fn chain_audit(&self, limit: u32) -> Result<ChainProgress, StoreError> {
        self.change_lightly("link audit rows", limit, |conn, limit| Box::pin(audit::chain(conn, limit))).await
    }

    async fn put_head(&self, head: SignedHead) -> Result<(), StoreError> {
        self.change_lightly("keep a signed head", head, |conn, head| Box::pin(audit::put_head(conn, head))).await
    }

    async fn heads(&self, limit: u32) -> Result<Vec<SignedHead>, StoreError> {
        self.read("read signed heads", limit, |conn, limit| Box::pin(audit::heads(conn, limit))).await
    }

    async fn chain_page(&self, after: u64, limit: u32) -> Result<Vec<ChainedRow>, StoreError> {
        self.read("read the audit chain", (after, limit), |conn, (after, limit)| {
            Box::pin(audit::page(conn, after, limit))
        })
        .await
    }

    async fn unchained(&self) -> Result<u64, StoreError> {
        self.read("count unlinked audit rows", (), |conn, ()| Box::pin(audit::unchained(conn))).await
    }

    async fn close(&self) {
        self.shut().await;
    }
}
