//! Serving the app, and learning where it is installed.

use std::{sync::Arc, time::Duration};

use countersign_approval::{CancelledBy, Installation};
use countersign_slack::client::Error;
use countersign_slack_sdk::App;

use super::{decide, inbox::StoreInbox, review};
use crate::{chain, personal::Personal, render::ids, withdraw};

/// First pause before `auth.test` is tried again; doubled up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Longest pause before `auth.test` is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Serves the app until shutdown, or until Slack refuses it for good: then nothing that waits could ever be decided.
pub(crate) async fn run(personal: Personal) {
    let Some(socket_mode) = personal.slack().take_socket_mode() else { return };
    let watched = personal.clone();
    personal.tasks().spawn(async move { watch_connections(watched).await });
    let served = app(&personal).serve(socket_mode, personal.shutdown().clone()).await;
    let Err(error) = served else { return };
    let reason = chain(&error);
    tracing::error!("the Slack app stopped: {reason}");
    give_up(&personal, &reason).await;
}

/// Leaves, since Slack refuses us for good: what waits is ended with the reason, and the next call of an agent starts a
/// daemon anew, with whatever tokens are configured then.
pub(crate) async fn give_up(personal: &Personal, reason: &str) {
    personal.set_trouble(Some(reason.to_owned()));
    personal.giving_up().cancel();
    if let Err(error) = withdraw::all(personal, &CancelledBy::Undeliverable(reason.to_owned())).await {
        tracing::error!(error = &error as &dyn std::error::Error, "could not end the pending requests");
    }
    personal.leave();
}

fn app(personal: &Personal) -> App {
    let (client, token) = personal.slack().bot();
    App::new()
        .action(ids::APPROVE, decide::approve)
        .action(ids::DENY, decide::deny)
        .action(ids::DENY_WHY, review::ask_why)
        .action(ids::REVIEW, review::review)
        .view(ids::REVIEW_MODAL, decide::approve_reviewed)
        .view(ids::DENY_MODAL, decide::deny_with_reason)
        .fallback(decide::foreign)
        .inbox(Arc::new(StoreInbox(personal.clone())))
        .bot(client.clone(), token.clone())
        .state(personal.clone())
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
                return keep(&personal, installation).await;
            }
            Err(error) if error.is_temporary() => {
                personal.set_trouble(Some(chain(&error)));
                tracing::warn!("auth.test failed and will be tried again: {}", chain(&error));
            }
            Err(error) => {
                let reason = format!("Slack refuses the bot token ({}); `countersign doctor` says more", chain(&error));
                tracing::error!("{reason}");
                return give_up(&personal, &reason).await;
            }
        }
        tokio::select! {
            () = personal.shutdown().cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}

/// Keeps what Slack told, for this daemon and for the next one.
async fn keep(personal: &Personal, installation: Installation) {
    personal.set_installation(installation.clone());
    let store = personal.approvals().store();
    if let Err(error) = store.put_installation(installation, personal.approvals().now()).await {
        tracing::error!(error = &error as &dyn std::error::Error, "could not keep what is known of the Slack team");
    }
}

/// What an earlier daemon was told: a click that it acknowledged must not depend on Slack answering now.
pub(crate) async fn recall_installation(personal: &Personal) {
    match personal.approvals().store().installations().await {
        Ok(known) => known.into_iter().take(1).for_each(|installation| personal.set_installation(installation)),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "could not read what is known of the Slack team");
        }
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
