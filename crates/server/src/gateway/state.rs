//! What the parts of the gateway share.

use std::{path::PathBuf, sync::Arc, time::Duration};

use countersign_approval::{Approvals, Entropy, Timestamp};
use countersign_gateway::GatewayStore;
use countersign_slack::client::ApiBase;
use regex::bytes::Regex;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::audit_key::AuditKey;

use super::{
    hub::Hub,
    recording::{Patterns, Shelf},
    slack::SlackDesk,
    vault::Vault,
};

/// Settings of a node; everything it needs to know of its surroundings.
#[derive(Clone, Debug)]
pub struct GatewaySettings {
    /// Our version, told to clients and agents.
    pub version: String,
    /// The URL under which agents and other nodes reach this node, without a slash at the end.
    pub advertise: String,
    /// The URL that people open, for links; the same as `advertise` on a single machine.
    pub public_url: String,
    /// Where recordings are kept, one object for each session.
    pub recordings: PathBuf,
    /// Where Slack's Web API is.
    pub slack_api: ApiBase,
    /// How long ended requests are kept; `None` is for ever. The audit trail is kept in any case.
    pub keep_requests: Option<Duration>,
    /// Whether a connection that no policy is about may be used without review.
    pub allow_unreviewed: bool,
    /// What recordings, Slack and replay never show.
    pub redactions: Vec<Regex>,
    /// How much is taken.
    pub limits: GatewayLimits,
}

/// How much a node takes. Whoever comes beyond that is refused, and told so.
#[derive(Clone, Debug)]
pub struct GatewayLimits {
    /// Input of a reviewed command, uploaded before people are asked, in bytes.
    pub input_bytes: u64,
    /// Bytes of one recording; what is beyond is left out, and marked.
    pub recording_bytes: u64,
    /// Sessions at once.
    pub sessions: usize,
    /// How long an agent may take to say that a command runs.
    pub start_within: Duration,
}

impl Default for GatewayLimits {
    fn default() -> Self {
        Self {
            input_bytes: 64 * 1024 * 1024,
            recording_bytes: 100 * 1024 * 1024,
            sessions: 4096,
            start_within: Duration::from_secs(30),
        }
    }
}

/// What a node is put together from.
#[derive(Debug)]
pub struct GatewayParts {
    /// The engine.
    pub approvals: Approvals,
    /// The store, the engine's own, seen as the gateway's.
    pub store: Arc<dyn GatewayStore>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What seals secrets.
    pub vault: Vault,
    /// What signs the audit trail.
    pub audit_key: Arc<AuditKey>,
}

/// The shared middle of a node. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Gateway(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: GatewaySettings,
    parts: GatewayParts,
    hub: Hub,
    slack: SlackDesk,
    shelf: Shelf,
    redactions: Patterns,
    tasks: TaskTracker,
    shutdown: CancellationToken,
}

impl Gateway {
    /// The parts put together.
    pub fn new(settings: GatewaySettings, parts: GatewayParts, shutdown: CancellationToken) -> Self {
        let hub = Hub::new(&settings.limits);
        let shelf = Shelf::new(&settings.recordings, &settings.advertise);
        let redactions = Patterns::new(settings.redactions.clone());
        let slack = SlackDesk::default();
        Self(Arc::new(Inner { settings, parts, hub, slack, shelf, redactions, tasks: TaskTracker::new(), shutdown }))
    }

    pub(crate) fn settings(&self) -> &GatewaySettings {
        &self.0.settings
    }

    pub(crate) fn approvals(&self) -> &Approvals {
        &self.0.parts.approvals
    }

    pub(crate) fn store(&self) -> &dyn GatewayStore {
        &*self.0.parts.store
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.0.parts.entropy
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.0.parts.vault
    }

    pub(crate) fn audit_key(&self) -> &Arc<AuditKey> {
        &self.0.parts.audit_key
    }

    pub(crate) fn hub(&self) -> &Hub {
        &self.0.hub
    }

    pub(crate) fn slack(&self) -> &SlackDesk {
        &self.0.slack
    }

    pub(crate) fn shelf(&self) -> &Shelf {
        &self.0.shelf
    }

    pub(crate) fn redactions(&self) -> &Patterns {
        &self.0.redactions
    }

    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    pub(crate) fn shutdown(&self) -> &CancellationToken {
        &self.0.shutdown
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.approvals().now()
    }
}
