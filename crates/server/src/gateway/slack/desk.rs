//! The Slack app that is running now, and what replaces it when the settings change.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use countersign_approval::{Destination, Installation};
use countersign_gateway::ConnectionName;
use countersign_slack::client::{Client, Token};
use serde::Serialize;
use tokio::sync::{Notify, watch};

use super::{
    channels::Directory,
    link::Sent,
    settings::{self, SlackSettings},
};
use crate::{
    chain,
    core::{Core, House},
    gateway::Gateway,
    scopes, slack,
    slack::SlackApp,
    workers,
};

/// Another node may have changed the settings: they are looked at this often.
const LOOK_AGAIN: Duration = Duration::from_secs(3);

/// An app that Slack refused is tried again after this long: somebody may have put it right over there.
const AFTER_REFUSAL: Duration = Duration::from_mins(1);

/// How long somebody waits for an app that is just being started.
const STARTED_WITHIN: Duration = Duration::from_secs(2);

/// How long an app that is stopped may go on bringing messages up to date.
const DRAIN_WITHIN: Duration = Duration::from_secs(3);

/// How long an app that is stopped may take to finish what it is doing.
const FAREWELL_WITHIN: Duration = Duration::from_secs(5);

/// The Slack app that is running now, if any.
#[derive(Debug, Default)]
pub(crate) struct SlackDesk {
    changed: Notify,
    running: watch::Sender<Option<Core>>,
    /// Locked for a look-up only. What keeps an app from being started.
    trouble: Mutex<Option<String>>,
    directory: Directory,
    /// Who has lately had codes sent.
    pub(super) sent: Sent,
}

/// How Slack stands, for administrators.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct SlackStatus {
    /// Whether an app runs here.
    pub(crate) running: bool,
    /// The team's name.
    pub(crate) team: Option<String>,
    /// The team's id.
    pub(crate) team_id: Option<String>,
    /// Open Socket Mode connections.
    pub(crate) connections: usize,
    /// What is wrong, for people.
    pub(crate) trouble: Option<String>,
    /// What does not work because the app lacks a scope, for people.
    pub(crate) missing: Vec<String>,
}

impl SlackDesk {
    /// Has the settings read again, at once.
    pub(crate) fn settings_changed(&self) {
        self.changed.notify_one();
    }

    /// The app that is running now.
    pub(crate) fn core(&self) -> Option<Core> {
        self.running.borrow().clone()
    }

    /// The app, waiting for it to be started for a while.
    pub(crate) async fn started(&self, within: Duration) -> Option<Core> {
        let mut running = self.running.subscribe();
        let started = tokio::time::timeout(within, running.wait_for(Option::is_some)).await;
        started.ok()?.ok()?.clone()
    }

    /// How Slack stands.
    pub(crate) fn status(&self) -> SlackStatus {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(core) = self.core() else { return SlackStatus { trouble, ..SlackStatus::default() } };
        let installation = core.installation_now();
        SlackStatus {
            running: true,
            team: installation.as_ref().map(|known| known.team_name.clone()),
            team_id: installation.as_ref().map(|known| known.team.clone()),
            connections: core.slack().connections(),
            trouble: core.trouble().or(trouble),
            missing: installation.as_ref().map(missing_features).unwrap_or_default(),
        }
    }

    /// Where requests about a connection are shown, and what is wrong about it, for people.
    pub(crate) async fn channels_for(
        &self,
        gateway: &Gateway,
        connection: &ConnectionName,
    ) -> (Vec<Destination>, Vec<String>) {
        let stored = match settings::stored(gateway).await {
            Ok(Some(stored)) => stored,
            Ok(None) => return (Vec::new(), vec!["Slack is not set up: nobody is told there".to_owned()]),
            Err(error) => return (Vec::new(), vec![chain(&error)]),
        };
        let Some(wanted) = settings::channels_of(&stored, connection.as_str()) else {
            let warning = format!("the slack plugin does not name {connection}: nobody is told in Slack");
            return (Vec::new(), vec![warning]);
        };
        if wanted.is_empty() {
            let warning = format!("no channel is configured for {connection}: nobody is told in Slack");
            return (Vec::new(), vec![warning]);
        }
        self.resolve(&wanted).await
    }

    /// The channels that these ids and names (`approvals`, `#approvals`) stand for, and what is wrong with the others.
    pub(crate) async fn resolve(&self, wanted: &BTreeSet<String>) -> (Vec<Destination>, Vec<String>) {
        let running = if self.status().trouble.is_some() { self.core() } else { self.started(STARTED_WITHIN).await };
        match running {
            Some(core) => {
                let (found, mut warnings) = self.directory.resolve(&core, wanted).await;
                warnings.extend(core.trouble().map(|trouble| format!("Slack cannot be reached: {trouble}")));
                (found, warnings)
            }
            None => (Vec::new(), vec![format!("Slack does not work: {}", self.why_not())]),
        }
    }

    /// Why there is no app, or none that has been told where it is.
    pub(super) fn why_not(&self) -> String {
        self.status().trouble.unwrap_or_else(|| "it is not set up, or has not started yet".to_owned())
    }

    fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

/// What does not work because of missing scopes.
fn missing_features(installation: &Installation) -> Vec<String> {
    if installation.scopes.is_empty() {
        return Vec::new();
    }
    scopes::missing_of_gateway(&installation.scopes)
        .map(|scope| format!("{}: {}", scope.scope, scope.feature))
        .collect()
}

/// An app and the settings it was started with.
struct Running {
    settings: SlackSettings,
    core: Core,
}

/// Runs the app as the settings say, until shutdown.
pub(crate) async fn start(gateway: &Gateway) {
    let own = gateway.clone();
    gateway.tasks().spawn(async move { supervise(&own).await });
}

async fn supervise(gateway: &Gateway) {
    let desk = gateway.slack();
    let mut running: Option<Running> = None;
    while !gateway.shutdown().is_cancelled() {
        match settings::load(gateway).await {
            Ok(wanted) => running = follow(gateway, running, wanted).await,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "could not read the slack plugin's settings");
                desk.set_trouble(Some(chain(&error)));
            }
        }
        let pause = wait_for(running.as_ref());
        tokio::select! {
            () = gateway.shutdown().cancelled() => {}
            () = desk.changed.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
    if let Some(running) = running {
        stop(gateway, running).await;
    }
}

fn wait_for(running: Option<&Running>) -> Duration {
    let refused = running.is_some_and(|running| running.core.giving_up().is_cancelled());
    if refused { AFTER_REFUSAL } else { LOOK_AGAIN }
}

/// Brings what runs in line with what is wanted.
async fn follow(gateway: &Gateway, running: Option<Running>, wanted: Option<SlackSettings>) -> Option<Running> {
    if let (Some(running), Some(wanted)) = (&running, &wanted)
        && running.settings.has_tokens_of(wanted)
        && !running.core.shutdown().is_cancelled()
    {
        return Some(Running { settings: wanted.clone(), core: running.core.clone() });
    }
    if let Some(running) = running {
        stop(gateway, running).await;
    }
    let desk = gateway.slack();
    let Some(settings) = wanted else {
        desk.set_trouble(None);
        return None;
    };
    // Whoever leased messages here is dead; and what another app could not post, this one may.
    if let Err(error) = gateway.approvals().store().release_leases(gateway.now()).await {
        tracing::error!(error = &error as &dyn std::error::Error, "could not take over the outbox");
    }
    match begin(gateway, &settings) {
        Ok(core) => {
            desk.set_trouble(None);
            desk.directory.clear();
            desk.running.send_replace(Some(core.clone()));
            Some(Running { settings, core })
        }
        Err(trouble) => {
            tracing::error!("the Slack app cannot be started: {trouble}");
            desk.set_trouble(Some(trouble));
            None
        }
    }
}

fn begin(gateway: &Gateway, settings: &SlackSettings) -> Result<Core, String> {
    let client = Client::new(gateway.settings().slack_api.clone()).map_err(|error| chain(&error))?;
    let bot = Token::new(&settings.bot).map_err(|error| format!("SLACK_BOT_TOKEN: {}", chain(&error)))?;
    let app = Token::new(&settings.app).map_err(|error| format!("SLACK_APP_TOKEN: {}", chain(&error)))?;
    let app = SlackApp::new(client, bot, app);
    let house = House::Gateway(gateway.clone());
    let core = Core::new(house, gateway.approvals().clone(), app, gateway.shutdown().child_token());
    let tasks = core.tasks();
    tasks.spawn(slack::run(core.clone()));
    tasks.spawn(slack::learn_installation(core.clone()));
    tasks.spawn(workers::deliver(core.clone()));
    Ok(core)
}

/// Lets an app finish, and shows what was decided.
async fn stop(gateway: &Gateway, running: Running) {
    let core = running.core;
    gateway.slack().running.send_replace(None);
    gateway.slack().set_trouble(core.trouble());
    core.leave();
    core.tasks().close();
    if tokio::time::timeout(FAREWELL_WITHIN, core.tasks().wait()).await.is_err() {
        tracing::warn!("the Slack app was stopped while something was still running");
    }
    if !core.giving_up().is_cancelled() {
        workers::drain(&core, DRAIN_WITHIN).await;
    }
}
