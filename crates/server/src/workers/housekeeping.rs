//! Forgets what is needed no more.

use std::time::Duration;

use crate::personal::Personal;

/// Handled envelopes are kept this long: Slack delivers none again after minutes, people ask about last week.
const KEEP_ENVELOPES: Duration = Duration::from_hours(7 * 24);

/// How often it looks.
const EVERY: Duration = Duration::from_hours(1);

/// Sweeps up at the start, then every hour until shutdown.
pub(crate) async fn sweep(personal: Personal) {
    loop {
        let now = personal.approvals().now();
        match personal.approvals().store().inbox_prune(now.minus(KEEP_ENVELOPES)).await {
            Ok(0) => {}
            Ok(envelopes) => tracing::debug!(envelopes, "forgot old envelopes"),
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "could not forget old envelopes"),
        }
        tokio::select! {
            () = personal.shutdown().cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}
