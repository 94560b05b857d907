//! Serving the app, and learning where it is installed.

use std::{sync::Arc, time::Duration};

use countersign_approval::{CancelledBy, Installation};
use countersign_slack::client::Error;
use countersign_slack_sdk::App;

use super::{decide, inbox::StoreInbox, review};
use crate::{chain, core::Core, gateway, render::ids, withdraw};

/// First pause before `auth.test` is tried again; doubled up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Longest pause before `auth.test` is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Serves the app until shutdown, or until Slack refuses it for good: then nothing that waits could ever be decided.
pub(crate) async fn run(core: Core) {
    let Some(socket_mode) = core.slack().take_socket_mode() else { return };
    let watched = core.clone();
    core.tasks().spawn(async move { watch_connections(watched).await });
    let served = app(&core).serve(socket_mode, core.shutdown().clone()).await;
    let Err(error) = served else { return };
    let reason = chain(&error);
    tracing::error!("the Slack app stopped: {reason}");
    give_up(&core, &reason).await;
}

/// Leaves, since Slack refuses us for good. Of a personal daemon what waits is ended with the reason, and the next call of an
/// agent starts a daemon anew, with whatever tokens are configured then. A gateway goes on without Slack.
pub(crate) async fn give_up(core: &Core, reason: &str) {
    core.set_trouble(Some(reason.to_owned()));
    core.giving_up().cancel();
    if core.gateway().is_none()
        && let Err(error) = withdraw::all(core, &CancelledBy::Undeliverable(reason.to_owned())).await
    {
        tracing::error!(error = &error as &dyn std::error::Error, "could not end the pending requests");
    }
    core.leave();
}

fn app(core: &Core) -> App {
    let (client, token) = core.slack().bot();
    let app = App::new()
        .action(ids::APPROVE, decide::approve)
        .action(ids::DENY, decide::deny)
        .action(ids::DENY_WHY, review::ask_why)
        .action(ids::REVIEW, review::review)
        .view(ids::REVIEW_MODAL, decide::approve_reviewed)
        .view(ids::DENY_MODAL, decide::deny_with_reason);
    let app = if core.gateway().is_some() { gateway::register_in_slack(app) } else { app };
    app.fallback(decide::foreign)
        .inbox(Arc::new(StoreInbox(core.clone())))
        .bot(client.clone(), token.clone())
        .state(core.clone())
}

/// Warns when another program holds connections of the same app: Slack sends each click to any one of them.
async fn watch_connections(core: Core) {
    let mut status = core.slack().status();
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
            () = core.shutdown().cancelled() => return,
            changed = status.changed() => if changed.is_err() { return },
        }
    }
}

/// Asks Slack which team and bot the token belongs to, until it answers or refuses.
pub(crate) async fn learn_installation(core: Core) {
    let mut pause = FIRST_PAUSE;
    loop {
        match auth_test(&core).await {
            Ok(installation) => {
                tracing::info!(slack.team = installation.team, "connected to the Slack of {}", installation.team_name);
                return keep(&core, installation).await;
            }
            Err(error) if error.is_temporary() => {
                core.set_trouble(Some(chain(&error)));
                tracing::warn!("auth.test failed and will be tried again: {}", chain(&error));
            }
            Err(error) => {
                let reason = format!("Slack refuses the bot token ({}); `countersign doctor` says more", chain(&error));
                tracing::error!("{reason}");
                return give_up(&core, &reason).await;
            }
        }
        tokio::select! {
            () = core.shutdown().cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}

/// Keeps what Slack told, for this daemon and for the next one.
async fn keep(core: &Core, installation: Installation) {
    core.set_installation(installation.clone());
    let store = core.approvals().store();
    if let Err(error) = store.put_installation(installation, core.approvals().now()).await {
        tracing::error!(error = &error as &dyn std::error::Error, "could not keep what is known of the Slack team");
    }
}

/// What an earlier daemon was told: a click that it acknowledged must not depend on Slack answering now.
pub(crate) async fn recall_installation(core: &Core) {
    match core.approvals().store().installations().await {
        Ok(known) => known.into_iter().take(1).for_each(|installation| core.set_installation(installation)),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "could not read what is known of the Slack team");
        }
    }
}

async fn auth_test(core: &Core) -> Result<Installation, Error> {
    let (client, token) = core.slack().bot();
    let answer = client.auth_test(token).await?;
    Ok(Installation {
        team: answer.body.team_id.as_str().to_owned(),
        enterprise: answer.body.enterprise_id.as_ref().map(|id| id.as_str().to_owned()),
        team_name: answer.body.team.clone(),
        bot_user: answer.body.user_id.as_str().to_owned(),
        scopes: answer.scopes().map(str::to_owned).collect(),
    })
}
