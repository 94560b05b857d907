//! Lets a daemon leave that nobody needs.

use std::time::Duration;

use crate::personal::Personal;

/// Even the least patient daemon stays this long: the client that started it is about to connect.
const AT_LEAST: Duration = Duration::from_secs(1);

/// Ends the daemon after a while without connections, pending requests and unfinished messages.
pub(crate) async fn leave_when_idle(personal: Personal) {
    let mut connections = personal.connections();
    loop {
        tokio::select! {
            () = personal.shutdown().cancelled() => return,
            idle = connections.wait_for(|count| *count == 0) => if idle.is_err() { return },
        }
        tokio::select! {
            () = personal.shutdown().cancelled() => return,
            changed = connections.changed() => { if changed.is_err() { return } continue }
            () = personal.approvals().sleep(personal.settings().idle_exit.max(AT_LEAST)) => {}
        }
        if nothing_to_do(&personal).await {
            tracing::info!("nobody has needed this daemon for a while: leaving");
            personal.leave();
        }
    }
}

async fn nothing_to_do(personal: &Personal) -> bool {
    let store = personal.approvals().store();
    let (pending, work) = (store.pending(1).await, store.next_outbox(personal.approvals().now()).await);
    matches!((pending, work), (Ok(pending), Ok(None)) if pending.is_empty())
}
