//! Forgets what is needed no more.

use std::time::Duration;

use countersign_approval::StoreError;

use crate::upkeep::Upkeep;

/// Handled envelopes are kept this long: Slack delivers none again after minutes, people ask about last week.
const KEEP_ENVELOPES: Duration = Duration::from_hours(7 * 24);

/// How often it looks.
const EVERY: Duration = Duration::from_hours(1);

/// Rows that go in one transaction: few, because a vote waits for it to end.
const BATCH: u32 = 50;

/// Sweeps up at the start, then every hour until shutdown.
pub(crate) async fn sweep(upkeep: Upkeep, keep_requests: Option<Duration>) {
    loop {
        if let Err(error) = forget(&upkeep, keep_requests).await {
            tracing::error!(error = &error as &dyn std::error::Error, "could not forget what is old");
        }
        tokio::select! {
            () = upkeep.shutdown().cancelled() => return,
            () = upkeep.approvals().sleep(EVERY) => {}
        }
    }
}

/// Forgets old envelopes, and old requests with their votes, grants and messages. The audit trail is kept whole.
async fn forget(upkeep: &Upkeep, keep_requests: Option<Duration>) -> Result<(), StoreError> {
    let (store, now) = (upkeep.store(), upkeep.approvals().now());
    let mut envelopes = 0;
    while !upkeep.shutdown().is_cancelled() {
        let forgotten = store.inbox_prune(now.minus(KEEP_ENVELOPES), BATCH).await?;
        envelopes += forgotten;
        if forgotten < u64::from(BATCH) {
            break;
        }
    }
    let mut requests = 0;
    while let Some(keep) = keep_requests.filter(|_| !upkeep.shutdown().is_cancelled()) {
        let forgotten = store.prune_requests(now.minus(keep), BATCH).await?;
        requests += forgotten;
        if forgotten < u64::from(BATCH) {
            break;
        }
    }
    if envelopes + requests > 0 {
        tracing::info!(envelopes, requests, "forgot what is old");
    }
    Ok(())
}
