//! The workers of a gateway that need no Slack.

use std::{sync::Arc, time::Duration};

use countersign_approval::{Grant, StoreError, has_lapsed};

use super::{AFTER_FAILURE, expire, link_all, link_audit, sweep};
use crate::{gateway::Gateway, upkeep::Upkeep};

/// How often it is looked for approvals that nobody used in time. Using one too late is refused whatever this does.
const EVERY: Duration = Duration::from_secs(20);

/// Grants that are looked at in one go.
const BATCH: u32 = 500;

/// Starts them.
pub(crate) fn look_after(gateway: &Gateway) {
    let upkeep = Upkeep::new(gateway.approvals().clone(), gateway.shutdown().clone());
    let tasks = gateway.tasks();
    tasks.spawn(expire(upkeep.clone()));
    tasks.spawn(link_audit(upkeep.clone(), Arc::clone(gateway.audit_key())));
    tasks.spawn(sweep(upkeep.clone(), gateway.settings().keep_requests));
    tasks.spawn(lapse(upkeep));
}

/// Links what was recorded last.
pub(crate) async fn farewell(gateway: &Gateway) {
    let upkeep = Upkeep::new(gateway.approvals().clone(), gateway.shutdown().clone());
    if let Err(error) = link_all(&upkeep, gateway.audit_key()).await {
        tracing::error!(error = &error as &dyn std::error::Error, "could not link the last audit rows");
    }
}

/// Ends approvals that were not used in time, so that no message says *not run yet* for ever.
async fn lapse(upkeep: Upkeep) {
    loop {
        let pause = match lapse_due(&upkeep).await {
            Ok(()) => EVERY,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "could not end grants");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = upkeep.shutdown().cancelled() => return,
            () = upkeep.approvals().sleep(pause) => {}
        }
    }
}

async fn lapse_due(upkeep: &Upkeep) -> Result<(), StoreError> {
    for (id, grant) in upkeep.store().open_grants(BATCH).await? {
        if let Grant::Issued { issued_at, claim_by } = grant
            && has_lapsed(issued_at, claim_by, upkeep.approvals().now())
        {
            // Claiming too late is how a grant lapses.
            let lapsed = upkeep.approvals().claim(id, "nobody").await?;
            tracing::info!(request.id = %id, ?lapsed, "the approval of request {id} was not used in time");
        }
    }
    Ok(())
}
