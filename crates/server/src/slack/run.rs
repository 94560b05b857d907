//! Serving the app, and learning where it is installed.

use std::{sync::Arc, time::Duration};

use countersign_approval::{CancelledBy, StoreError};
use countersign_slack::client::Error;
use countersign_slack_sdk::{App, ServeError};

use super::{decide, inbox::StoreInbox, review};
use crate::{chain, installation::Installation, personal::Personal, render::ids};

/// First pause before `auth.test` is tried again; doubled up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Longest pause before `auth.test` is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Requests that are ended at once when clicks can no longer arrive.
const BATCH: u32 = 1000;

/// Serves the app until shutdown, or until Slack refuses it for good: then nothing that waits could ever be decided.
pub(crate) async fn run(personal: Personal) {
    let Some(socket_mode) = personal.slack().take_socket_mode() else { return };
    let watched = personal.clone();
    personal.tasks().spawn(async move { watch_connections(watched).await });
    let served = app(&personal).serve(socket_mode, personal.shutdown().clone()).await;
    let Err(error) = served else { return };
    let reason = chain(&error);
    tracing::error!("the Slack app stopped: {reason}");
    personal.set_trouble(Some(reason.clone()));
    if matches!(error, ServeError::Stopped(_) | ServeError::Task(_) | ServeError::Inbox(_))
        && let Err(error) = give_up(&personal, &reason).await
    {
        tracing::error!(error = &error as &dyn std::error::Error, "could not end the pending requests");
    }
    personal.leave();
}

fn app(personal: &Personal) -> App {
    let (client, token) = personal.slack().bot();
    let own = || personal.clone();
    let (one, two, three, four, five, six, seven) = (own(), own(), own(), own(), own(), own(), own());
    App::builder(client.clone(), token.clone())
        .action(ids::APPROVE, move |ctx, click| decide::approve(one.clone(), ctx, click))
        .action(ids::DENY, move |ctx, click| decide::deny(two.clone(), ctx, click))
        .action(ids::DENY_WHY, move |ctx, click| review::ask_why(three.clone(), ctx, click))
        .action(ids::REVIEW, move |ctx, click| review::review(four.clone(), ctx, click))
        .view_submission(ids::REVIEW_MODAL, move |ctx, view| decide::approve_reviewed(five.clone(), ctx, view))
        .view_submission(ids::DENY_MODAL, move |ctx, view| decide::deny_with_reason(six.clone(), ctx, view))
        .fallback(move |ctx, interaction| decide::foreign(seven.clone(), ctx, interaction))
        .inbox(Arc::new(StoreInbox(own())))
        .build()
}

/// Ends what is pending, since no click can decide it any more.
async fn give_up(personal: &Personal, reason: &str) -> Result<(), StoreError> {
    loop {
        let pending = personal.approvals().store().pending(BATCH).await?;
        if pending.is_empty() {
            return Ok(());
        }
        for request in pending {
            let by = CancelledBy::Undeliverable(reason.to_owned());
            // Somebody may have ended it meanwhile.
            let _ = personal.approvals().cancel(request.id, by).await;
        }
    }
}

/// Warns when another program holds connections of the same app: Slack sends each click to any one of them.
async fn watch_connections(personal: Personal) {
    let mut status = personal.slack().status();
    let mut warned = 0;
    loop {
        let foreign = status.borrow_and_update().foreign;
        if foreign > warned {
            tracing::warn!(
                slack.connections.foreign = foreign,
                "{foreign} Socket Mode connections of this Slack app belong to another program: clicks may go there and be lost"
            );
        }
        warned = foreign;
        tokio::select! {
            () = personal.shutdown().cancelled() => return,
            changed = status.changed() => if changed.is_err() { return },
        }
    }
}

/// Asks Slack which team and bot the token belongs to, until it answers or refuses.
pub(crate) async fn learn_installation(personal: Personal) {
    let mut pause = FIRST_PAUSE;
    loop {
        match auth_test(&personal).await {
            Ok(installation) => {
                tracing::info!(slack.team = installation.team, "connected to the Slack of {}", installation.team_name);
                return personal.set_installation(installation);
            }
            Err(error) if error.is_temporary() => {
                personal.set_trouble(Some(chain(&error)));
                tracing::warn!("auth.test failed and will be tried again: {}", chain(&error));
            }
            Err(error) => {
                personal.set_trouble(Some(chain(&error)));
                return tracing::error!("Slack refuses the bot token: {}", chain(&error));
            }
        }
        tokio::select! {
            () = personal.shutdown().cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}

async fn auth_test(personal: &Personal) -> Result<Installation, Error> {
    let (client, token) = personal.slack().bot();
    let answer = client.auth_test(token).await?;
    Ok(Installation {
        team: answer.body.team_id.as_str().to_owned(),
        enterprise: answer.body.enterprise_id.as_ref().map(|id| id.as_str().to_owned()),
        team_name: answer.body.team.clone(),
        bot_user: answer.body.user_id.as_str().to_owned(),
        scopes: answer.scopes().map(str::to_owned).collect(),
    })
}
