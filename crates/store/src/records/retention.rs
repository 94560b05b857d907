//! Forgetting requests that ended long ago.

use countersign_approval::Timestamp;

use super::{
    Connection,
    batch::Batch,
    change::{Change, Wake},
};
use crate::fault::Fault;

/// What is old and at rest: ended, its grant too, and every message either up to date or given up. Chosen anew by each
/// statement of one transaction, so the request itself goes last.
macro_rules! at_rest {
    () => {
        "(SELECT id FROM request WHERE asked_at < $1 AND state <> 'pending' \
         AND NOT EXISTS (SELECT 1 FROM request_grant g WHERE g.request = request.id AND g.state IN ('issued', 'claimed', 'active')) \
         AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.request = request.id AND o.shown < o.wanted AND o.parked_at IS NULL) \
         ORDER BY asked_at, id LIMIT $2)"
    };
}

const VOTES: &str = concat!("DELETE FROM vote WHERE request IN ", at_rest!());
const MESSAGES: &str = concat!("DELETE FROM outbox WHERE request IN ", at_rest!());
const GRANTS: &str = concat!("DELETE FROM request_grant WHERE request IN ", at_rest!());
const REQUESTS: &str = concat!("DELETE FROM request WHERE id IN ", at_rest!());

/// Forgets old requests with all that hangs on them. The audit trail refers to them by text only and stays whole.
pub(crate) async fn prune(conn: &mut Connection<'_>, before: Timestamp, limit: u32) -> Result<Change<u64>, Fault> {
    let mut batch = Batch::default();
    for statement in [VOTES, MESSAGES, GRANTS, REQUESTS] {
        batch.statement(statement).bind(before.as_micros()).bind(i64::from(limit));
    }
    let forgotten = batch.run(conn).await?.last().map_or(0, |requests| requests.changed);
    if forgotten == 0 {
        return Ok(Change::nothing(0));
    }
    Ok(Change::keep(forgotten, Wake::Nobody))
}
