//! The personal daemon: every part running, until it is told to leave or nobody needs it.

use std::{sync::Arc, time::Duration};

use countersign_hook::rendezvous::Seat;
use tokio::signal::unix::{SignalKind, signal};

use crate::{audit_key::AuditKey, door, personal::Personal, slack, workers};

/// How long a leaving daemon goes on bringing messages up to date.
const DRAIN_WITHIN: Duration = Duration::from_secs(3);

/// How long a leaving daemon waits for what is still being said.
const FAREWELL_WITHIN: Duration = Duration::from_secs(5);

/// Runs until the daemon leaves. The seat is given back to be given up last, so that no other daemon begins before.
pub async fn run(personal: Personal, mut seat: Seat, key: AuditKey) -> Seat {
    let Some(listener) = seat.take_listener() else {
        tracing::error!("the seat has no listener: was it taken before?");
        return seat;
    };
    let key = Arc::new(key);
    inherit(&personal).await;
    spawn_workers(&personal, &key);
    let signals = personal.clone();
    personal.tasks().spawn(async move { leave_on_signal(signals).await });
    if let Err(error) = door::serve(personal.clone(), listener).await {
        tracing::error!(error = &error as &dyn std::error::Error, "the socket failed");
        personal.leave();
    }
    seat.close_door();
    personal.door_closed().cancel();
    farewell(&personal, &key).await;
    seat
}

/// Takes over from the daemon before: what it knew of Slack, and the messages it was about to draw.
async fn inherit(personal: &Personal) {
    slack::recall_installation(personal.core()).await;
    // Whoever leased them is dead: this process holds the store's lock.
    if let Err(error) = personal.approvals().store().release_leases(personal.approvals().now()).await {
        tracing::error!(error = &error as &dyn std::error::Error, "could not take over the outbox");
    }
}

fn spawn_workers(personal: &Personal, key: &Arc<AuditKey>) {
    let tasks = personal.tasks();
    tasks.spawn(slack::run(personal.core().clone()));
    tasks.spawn(slack::learn_installation(personal.core().clone()));
    tasks.spawn(workers::deliver(personal.core().clone()));
    tasks.spawn(workers::expire(personal.core().upkeep()));
    tasks.spawn(workers::link_audit(personal.core().upkeep(), Arc::clone(key)));
    tasks.spawn(workers::cancel_orphans(personal.clone()));
    tasks.spawn(workers::leave_when_idle(personal.clone()));
    tasks.spawn(workers::sweep(personal.core().upkeep(), personal.settings().keep_requests));
    tasks.spawn(workers::end_grants(personal.clone()));
}

async fn leave_on_signal(personal: Personal) {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        tracing::warn!("SIGTERM cannot be handled: it will end the daemon at once");
        return;
    };
    tokio::select! {
        () = personal.shutdown().cancelled() => {}
        _ = terminate.recv() => personal.leave(),
    }
}

/// Lets everybody finish, shows what was decided, links what was recorded, closes the store.
async fn farewell(personal: &Personal, key: &AuditKey) {
    personal.tasks().close();
    if tokio::time::timeout(FAREWELL_WITHIN, personal.tasks().wait()).await.is_err() {
        tracing::warn!("left while something was still running");
    }
    workers::drain(personal.core(), DRAIN_WITHIN).await;
    if let Err(error) = workers::link_all(&personal.core().upkeep(), key).await {
        tracing::error!(error = &error as &dyn std::error::Error, "could not link the last audit rows");
    }
    personal.approvals().store().close().await;
    tracing::info!("the daemon has left");
}
