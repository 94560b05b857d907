//! Draws messages: Slack shows what the store says, sooner or later.
//!
//! One task for each leased row, one call in flight for each message; after each call the shown version is compared
//! with the wanted one, and drawn again if it has moved on. A failing call never touches the decision.

use std::{sync::Arc, time::Duration};

use countersign_approval::{
    CancelledBy, RequestId, StoreError,
    port::{Delivered, OUTBOX_HORIZON, OutboxItem, Posted},
};
use countersign_slack::{
    client::{Error, Message as SlackMessage},
    ids::{ChannelId, Ts},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    AFTER_FAILURE,
    places::{self, After, Place},
};
use crate::{chain, core::Core, dossier, render, slack};

/// Messages drawn at the same time. Slack takes bursts, but one connection's worth is enough.
const AT_ONCE: u32 = 64;

/// A lease outlives every call with its retries; after a crash the row is drawn again then.
const LEASE: Duration = Duration::from_secs(30);

/// First pause before a call is tried again; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Longest pause before a call is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A message that is there already is drawn again this much later: a decision is followed at once by its delivery to the
/// host, and both are one call. It also keeps drawing out of the way of the answer.
const SETTLE: Duration = Duration::from_millis(30);

/// Longest sleep without looking.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Draws until shutdown.
pub(crate) async fn deliver(core: Core) {
    let slots = Arc::new(Semaphore::new(AT_ONCE as usize));
    loop {
        let pause = match lease_and_draw(&core, &slots).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "could not lease messages");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = core.shutdown().cancelled() => return,
            () = core.approvals().store().hints().work() => {}
            () = core.approvals().sleep(pause) => {}
        }
    }
}

/// What the daemon draws before it leaves, so that no button stays live that decides nothing any more.
pub(crate) async fn drain(core: &Core, within: Duration) {
    let slots = Arc::new(Semaphore::new(AT_ONCE as usize));
    let everything = async {
        loop {
            if let Err(error) = lease_and_draw(core, &slots).await {
                tracing::error!(error = &error as &dyn std::error::Error, "could not lease messages");
                return;
            }
            // All permits back: every call has ended.
            let all = slots.acquire_many(AT_ONCE).await;
            drop(all);
            let store = core.approvals().store();
            let due = store.lease_outbox(core.approvals().now(), LEASE, 1).await;
            match due {
                Ok(items) if !items.is_empty() => start(core, &slots, items).await,
                _ => return,
            }
        }
    };
    if tokio::time::timeout(within, everything).await.is_err() {
        tracing::warn!("left before every message was brought up to date; the next daemon will do it");
    }
}

/// Leases what is due and starts drawing it; answers how long nothing else will be due.
///
/// Looks before it leases: it is woken by every change of a request, and most of them leave nothing to be drawn.
async fn lease_and_draw(core: &Core, slots: &Arc<Semaphore>) -> Result<Duration, StoreError> {
    let store = core.approvals().store();
    loop {
        let now = core.approvals().now();
        let Some(next) = store.next_outbox(now).await? else { return Ok(LOOK_AGAIN) };
        if next > now {
            return Ok(next.since(now).min(LOOK_AGAIN));
        }
        let free = u32::try_from(slots.available_permits()).unwrap_or(AT_ONCE);
        if free == 0 {
            tokio::select! {
                () = core.shutdown().cancelled() => return Ok(LOOK_AGAIN),
                slot = slots.acquire() => drop(slot),
            }
            continue;
        }
        let items = store.lease_outbox(now, LEASE, free).await?;
        start(core, slots, items).await;
    }
}

async fn start(core: &Core, slots: &Arc<Semaphore>, items: Vec<OutboxItem>) {
    for item in items {
        let Ok(permit) = Arc::clone(slots).acquire_owned().await else { return };
        let own = core.clone();
        core.tasks().spawn(async move { draw(&own, item, permit).await });
    }
}

/// Draws one message until it shows what is wanted, or a call fails.
async fn draw(core: &Core, first: OutboxItem, permit: OwnedSemaphorePermit) {
    if first.posted.is_some() {
        tokio::select! {
            () = core.shutdown().cancelled() => {}
            () = core.approvals().sleep(SETTLE) => {}
        }
    }
    let mut next = Some(first);
    while let Some(item) = next {
        let id = item.request;
        next = match draw_once(core, item).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "could not bring the message of request {id} up to date"
                );
                None
            }
        };
    }
    drop(permit);
}

async fn draw_once(core: &Core, item: OutboxItem) -> Result<Option<OutboxItem>, StoreError> {
    let Some(drawing) = Drawing::of(core, &item).await? else {
        let error = "the request has vanished from the store".to_owned();
        return done(core, &item, park(core, error)).await;
    };
    let delivered = match &drawing.message {
        Ok(message) => deliver_once(core, &item, drawing.version, message).await,
        Err(error) => park(core, chain(error)),
    };
    if let Delivered::Shown { posted, .. } = &delivered {
        places::follow(core, &item, &drawing.after, posted).await?;
    }
    let lost = match (&delivered, &item.posted) {
        (Delivered::Park { error, .. }, None) if drawing.is_open => Some(error.clone()),
        _ => None,
    };
    let next = done(core, &item, delivered).await?;
    if let Some(error) = lost {
        undeliverable(core, item.request, &error).await?;
    }
    Ok(next)
}

/// A request as one of its messages shows it: a few kilobytes, whatever it is about.
struct Drawing {
    message: Result<render::Message, render::RenderError>,
    version: u64,
    is_open: bool,
    after: After,
}

impl Drawing {
    async fn of(core: &Core, item: &OutboxItem) -> Result<Option<Self>, StoreError> {
        // Never closed; and drawing without the right would be better than not drawing.
        let _right = core.drawing().acquire().await;
        let Some(dossier) = dossier::read(core, item.request).await? else { return Ok(None) };
        let (version, is_open) = (dossier.request.version, !dossier.request.state.is_final());
        let ran = render::ran_notice(&dossier);
        let requester = if is_open { None } else { places::account_of(core, &dossier.request).await? };
        let after = After { requester, ran: core.gateway().is_some() && ran.is_some() };
        let message = match Place::of(&item.destination) {
            Place::Own(_) | Place::Copy => render::message(&dossier),
            Place::Requester(_) => render::notice(&dossier).unwrap_or_else(|| render::message(&dossier)),
            Place::Thread { .. } => ran.unwrap_or_else(|| render::message(&dossier)),
        };
        Ok(Some(Self { message, version, is_open, after }))
    }
}

async fn done(core: &Core, item: &OutboxItem, delivered: Delivered) -> Result<Option<OutboxItem>, StoreError> {
    let lease_until = core.approvals().now().plus(LEASE);
    let store = core.approvals().store();
    store.outbox_done(item.request, &item.destination, delivered, lease_until).await
}

async fn deliver_once(core: &Core, item: &OutboxItem, version: u64, message: &render::Message) -> Delivered {
    match call(core, item, message).await {
        Ok(posted) => {
            core.set_trouble(None);
            Delivered::Shown { version, posted }
        }
        Err(error) => failed(core, item, &error),
    }
}

/// Posts the message, or updates the one that is there.
async fn call(core: &Core, item: &OutboxItem, message: &render::Message) -> Result<Posted, Error> {
    let (client, token) = core.slack().bot();
    let body = SlackMessage::new(message.text.as_str(), message.blocks.as_slice());
    let shown = match &item.posted {
        None => match Place::of(&item.destination) {
            Place::Own(to) | Place::Requester(to) => client.post_message(token, &ChannelId::from(to), &body).await?,
            Place::Thread { channel, ts } => {
                let thread = Ts::from(ts);
                client.post_message(token, &ChannelId::from(channel), &body.in_thread(&thread)).await?
            }
            // It was found where it is: there is nothing to post.
            Place::Copy => client.post_message(token, &ChannelId::from(item.destination.as_str()), &body).await?,
        },
        Some(posted) => {
            let (channel, ts) = (ChannelId::from(posted.channel.as_str()), Ts::from(posted.ts.as_str()));
            client.update_message(token, &channel, &ts, &body).await?
        }
    };
    Ok(Posted { channel: shown.channel.into_string(), ts: shown.ts.into_string() })
}

/// What follows from a failed call: another try, or none.
fn failed(core: &Core, item: &OutboxItem, error: &Error) -> Delivered {
    let text = chain(error);
    if !error.is_temporary() {
        tracing::error!(request.id = %item.request, "Slack refused the message of request {}: {text}", item.request);
        if is_refused(error) {
            let (own, reason) = (core.clone(), format!("Slack refuses the bot token ({text})"));
            core.tasks().spawn(async move { slack::give_up(&own, &reason).await });
        }
        return park(core, text);
    }
    tracing::warn!(request.id = %item.request, "the message of request {} will be tried again: {text}", item.request);
    if item.posted.is_none() && matches!(Place::of(&item.destination), Place::Own(_)) {
        core.set_trouble(Some(text.clone()));
    }
    let not_before = core.approvals().now().plus(pause(error, item.attempts));
    Delivered::Retry { not_before, error: text }
}

fn park(core: &Core, error: String) -> Delivered {
    Delivered::Park { error, at: core.approvals().now() }
}

/// How long to wait before the next try: what Slack says, else doubled from try to try.
fn pause(error: &Error, attempts: u32) -> Duration {
    match error {
        Error::RateLimited { retry_after, .. } => (*retry_after).max(FIRST_PAUSE).min(OUTBOX_HORIZON),
        _ => FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(attempts.min(16))).min(LONGEST_PAUSE),
    }
}

/// A request that nobody will ever see is ended at once, so that nobody waits for it in vain.
///
/// Asked after the row was parked: of two messages that are lost at the same time, the later one sees both.
async fn undeliverable(core: &Core, id: RequestId, error: &str) -> Result<(), StoreError> {
    // A team's approvers may decide elsewhere too: at the command line, on the page.
    if core.gateway().is_some() || !core.approvals().store().is_undeliverable(id).await? {
        return Ok(());
    }
    if let Err(error) = core.approvals().cancel(id, CancelledBy::Undeliverable(error.to_owned())).await {
        tracing::debug!(error = &error as &dyn std::error::Error, "request {id} was not cancelled");
    }
    Ok(())
}

/// Whether Slack refuses the token itself: then no other call will succeed either.
fn is_refused(error: &Error) -> bool {
    const REFUSALS: &[&str] =
        &["invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "user_removed_from_team"];
    error.code().is_some_and(|code| REFUSALS.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit_and_slack_has_the_say() {
        let down = Error::Http { method: "chat.update".into(), status: 503 };
        assert_eq!(pause(&down, 0), FIRST_PAUSE);
        assert_eq!(pause(&down, 2), FIRST_PAUSE * 4);
        assert_eq!(pause(&down, u32::MAX), LONGEST_PAUSE);
        let limited = Error::RateLimited { method: "chat.update".into(), retry_after: Duration::from_mins(1) };
        assert_eq!(pause(&limited, 0), Duration::from_mins(1));
        let for_ever = Error::RateLimited { method: "chat.update".into(), retry_after: Duration::from_hours(24) };
        assert_eq!(pause(&for_ever, 0), OUTBOX_HORIZON, "what is due later would look as if the clock was set back");
    }
}
