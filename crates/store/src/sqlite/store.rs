//! The port on SQLite: each method is one change for the writer, or one read.

use std::{path::Path, time::Duration};

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
use sqlx::{Connection as _, SqliteConnection, SqlitePool};

use super::{
    open::{OpenError, open},
    writer::{Commits, Weight, Writer},
};
use crate::{
    fault::Fault,
    records::{Work, audit, dossier, grant, inbox, installation, outbox, people, request, retention, vote},
};

/// Approvals in one SQLite file: one writer with grouped, fully synchronous commits, and a few readers.
///
/// One process works with a file at a time; another one may read it meanwhile. [`Store::close`] finishes what waits;
/// without it, dropping the store does the same in the background.
#[derive(Debug)]
pub struct SqliteStore {
    hints: Hints,
    writer: Writer,
    readers: SqlitePool,
}

impl SqliteStore {
    /// Opens the file, or creates it (for its owner alone, in a directory that exists), and brings its schema up to
    /// date. Must be called within a Tokio runtime, which the writer's task runs on.
    pub async fn open(path: &Path, hints: Hints) -> Result<Self, OpenError> {
        let (conn, readers) = open(path).await?;
        Ok(Self { writer: Writer::start(conn, hints.clone()), readers, hints })
    }

    /// The commits so far.
    pub fn commits(&self) -> Commits {
        self.writer.commits()
    }

    async fn read<T, R>(&self, doing: &'static str, read: R) -> Result<T, StoreError>
    where
        R: for<'c> FnOnce(&'c mut SqliteConnection) -> Work<'c, T> + Send,
    {
        let failed = |fault: Fault| fault.while_doing(doing);
        let mut conn = self.readers.acquire().await.map_err(|error| failed(error.into()))?;
        read(&mut conn).await.map_err(failed)
    }

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
        let posted = posted.clone();
        let known = self.read("look for a message", move |conn| {
            Box::pin(async move { outbox::is_known(conn, request, &posted).await })
        });
        known.await
    }

    async fn read_dossier(&self, id: RequestId) -> Result<Option<Dossier>, Fault> {
        let mut conn = self.readers.acquire().await?;
        let mut snapshot = conn.begin().await?;
        let dossier = dossier::read(&mut snapshot, id).await?;
        snapshot.commit().await?;
        Ok(dossier)
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn hints(&self) -> &Hints {
        &self.hints
    }

    async fn insert_request(&self, request: Request) -> Result<Inserted, StoreError> {
        self.writer.change("insert the request", |conn| Box::pin(request::insert(conn, request))).await
    }

    async fn vote(&self, ballot: Ballot) -> Result<Voted, StoreError> {
        self.writer.change("take the vote", |conn| Box::pin(vote::cast(conn, ballot))).await
    }

    async fn deny(
        &self,
        id: RequestId,
        by: DeniedBy,
        reason: Option<String>,
        at: Timestamp,
    ) -> Result<Ended, StoreError> {
        self.writer.change("deny the request", move |conn| Box::pin(request::deny(conn, id, by, reason, at))).await
    }

    async fn cancel(&self, id: RequestId, by: CancelledBy, at: Timestamp) -> Result<Ended, StoreError> {
        self.writer.change("cancel the request", move |conn| Box::pin(request::cancel(conn, id, by, at))).await
    }

    async fn expire_due(&self, now: Timestamp, limit: u32) -> Result<Vec<RequestId>, StoreError> {
        self.writer.change("expire requests", move |conn| Box::pin(request::expire_due(conn, now, limit))).await
    }

    async fn expire(&self, id: RequestId, at: Timestamp) -> Result<Ended, StoreError> {
        self.writer.change("expire the request", move |conn| Box::pin(request::expire(conn, id, at))).await
    }

    async fn next_expiry(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read("read the next expiry", |conn| Box::pin(request::next_expiry(conn))).await
    }

    async fn request(&self, id: RequestId) -> Result<Option<Request>, StoreError> {
        self.read("read a request", |conn| Box::pin(request::by_id(conn, id))).await
    }

    async fn request_state(&self, id: RequestId) -> Result<Option<RequestState>, StoreError> {
        self.read("read how a request stands", |conn| Box::pin(request::state(conn, id))).await
    }

    async fn request_by_token(&self, token: RequestToken) -> Result<Option<Request>, StoreError> {
        self.read("read a request by its token", |conn| Box::pin(request::by_token(conn, token))).await
    }

    async fn request_by_key(&self, key: RequestKey) -> Result<Option<Request>, StoreError> {
        self.read("read a request by its key", |conn| Box::pin(request::by_key(conn, key))).await
    }

    async fn dossier(&self, id: RequestId) -> Result<Option<Dossier>, StoreError> {
        self.read_dossier(id).await.map_err(|fault| fault.while_doing("read all of a request"))
    }

    async fn pending(&self, limit: u32) -> Result<Vec<Listed>, StoreError> {
        self.read("read pending requests", |conn| Box::pin(request::pending(conn, limit))).await
    }

    async fn recent(&self, limit: u32) -> Result<Vec<Listed>, StoreError> {
        self.read("read recent requests", |conn| Box::pin(request::recent(conn, limit))).await
    }

    async fn prune_requests(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.writer.change("forget old requests", move |conn| Box::pin(retention::prune(conn, before, limit))).await
    }

    async fn claim_grant(&self, id: RequestId, by: &str, at: Timestamp) -> Result<Claimed, StoreError> {
        let by = by.to_owned();
        self.writer.change("claim the grant", move |conn| Box::pin(grant::claim(conn, id, by, at))).await
    }

    async fn end_grant(&self, id: RequestId, end: Grant) -> Result<bool, StoreError> {
        self.writer.change("end the grant", move |conn| Box::pin(grant::end(conn, id, end))).await
    }

    async fn open_grants(&self, limit: u32) -> Result<Vec<(RequestId, Grant)>, StoreError> {
        self.read("read open grants", |conn| Box::pin(grant::open(conn, limit))).await
    }

    async fn put_installation(&self, installation: Installation, at: Timestamp) -> Result<(), StoreError> {
        self.writer
            .change("keep the installation", move |conn| Box::pin(installation::put(conn, installation, at)))
            .await
    }

    async fn installations(&self) -> Result<Vec<Installation>, StoreError> {
        self.read("read the installations", |conn| Box::pin(installation::all(conn))).await
    }

    async fn put_person(&self, person: Person, at: Timestamp) -> Result<(), StoreError> {
        self.writer.change("put the person", move |conn| Box::pin(people::put(conn, person, at))).await
    }

    async fn put_identity(&self, identity: SlackIdentity, person: PersonId, at: Timestamp) -> Result<(), StoreError> {
        self.writer
            .change("bind the Slack identity", move |conn| Box::pin(people::put_identity(conn, identity, person, at)))
            .await
    }

    async fn person(&self, id: &PersonId) -> Result<Option<Person>, StoreError> {
        let id = id.clone();
        self.read("read a person", move |conn| Box::pin(async move { people::by_id(conn, &id).await })).await
    }

    async fn person_by_identity(&self, identity: &SlackIdentity) -> Result<Option<Person>, StoreError> {
        let identity = identity.clone();
        self.read("read a person by a Slack identity", move |conn| {
            Box::pin(async move { people::by_identity(conn, &identity).await })
        })
        .await
    }

    async fn lease_outbox(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<OutboxItem>, StoreError> {
        self.writer
            .change_lightly("lease outbox rows", move |conn| Box::pin(outbox::lease(conn, now, lease, limit)))
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
        let destination = destination.clone();
        self.writer
            .change_by(weight, "record what an outbox row came to", move |conn| {
                Box::pin(outbox::done(conn, request, destination, delivered, lease_until))
            })
            .await
    }

    async fn release_leases(&self, now: Timestamp) -> Result<(), StoreError> {
        self.writer.change_lightly("release leases", move |conn| Box::pin(outbox::release(conn, now))).await
    }

    async fn is_undeliverable(&self, request: RequestId) -> Result<bool, StoreError> {
        self.read("look for messages of a request", move |conn| {
            Box::pin(async move { outbox::is_undeliverable(conn, request).await })
        })
        .await
    }

    async fn next_outbox(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.read("read when the outbox is due", move |conn| Box::pin(outbox::next(conn, now))).await
    }

    /// A click comes from a known message as a rule: looking first spares it a commit.
    async fn register_copy(&self, request: RequestId, posted: Posted) -> Result<bool, StoreError> {
        if self.is_known(request, &posted).await? {
            return Ok(false);
        }
        self.writer.change("register a copy", move |conn| Box::pin(outbox::register(conn, request, posted))).await
    }

    async fn parked(&self, limit: u32) -> Result<Vec<Parked>, StoreError> {
        self.read("read what was given up", |conn| Box::pin(outbox::parked(conn, limit))).await
    }

    async fn inbox_insert(&self, item: InboxItem) -> Result<InboxInsert, StoreError> {
        self.writer.change("keep the envelope", |conn| Box::pin(inbox::insert(conn, item))).await
    }

    async fn inbox_handled(&self, id: &str, at: Timestamp) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.writer
            .change_lightly("mark the envelope as handled", move |conn| Box::pin(inbox::handled(conn, id, at)))
            .await
    }

    async fn inbox_unhandled(&self, limit: u32) -> Result<Vec<InboxItem>, StoreError> {
        self.read("read kept envelopes", |conn| Box::pin(inbox::unhandled(conn, limit))).await
    }

    async fn inbox_prune(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let forgotten = self
            .writer
            .change_lightly("forget handled envelopes", move |conn| Box::pin(inbox::prune(conn, before, limit)));
        forgotten.await
    }

    async fn audit(&self, row: AuditRow) -> Result<(), StoreError> {
        self.writer.change("add an audit row", |conn| Box::pin(audit::add(conn, row))).await
    }

    async fn chain_audit(&self, limit: u32) -> Result<ChainProgress, StoreError> {
        self.writer.change_lightly("link audit rows", move |conn| Box::pin(audit::chain(conn, limit))).await
    }

    async fn put_head(&self, head: SignedHead) -> Result<(), StoreError> {
        self.writer.change_lightly("keep a signed head", |conn| Box::pin(audit::put_head(conn, head))).await
    }

    async fn heads(&self, limit: u32) -> Result<Vec<SignedHead>, StoreError> {
        self.read("read signed heads", |conn| Box::pin(audit::heads(conn, limit))).await
    }

    async fn chain_page(&self, after: u64, limit: u32) -> Result<Vec<ChainedRow>, StoreError> {
        self.read("read the audit chain", |conn| Box::pin(audit::page(conn, after, limit))).await
    }

    async fn unchained(&self) -> Result<u64, StoreError> {
        self.read("count unlinked audit rows", |conn| Box::pin(audit::unchained(conn))).await
    }

    /// Readers first, so that the writer's connection is the last one and tidies up the write-ahead log.
    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}
