//! The server's parts, for a configuration.

use std::{fs::File, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use countersign_approval::{Approvals, Hints, Store};
use countersign_gateway::GatewayStore;
use countersign_server::{
    AuditKey,
    gateway::{Gateway, GatewayLimits, GatewayParts, GatewaySettings, Vault},
};
use countersign_slack::client::ApiBase;
use countersign_store::{Database, Location};
use regex::bytes::Regex;
use tokio_util::sync::CancellationToken;

use super::advertised;
use crate::{
    config::Config,
    daemon,
    system::{SystemClock, SystemEntropy},
};

/// What to do when another process has the file.
const IN_USE: &str =
    "another server has it; stop that one, or serve several from one PostgreSQL (--database postgres://…)";

/// A node, and where people reach it.
pub(super) struct Node {
    pub(super) gateway: Gateway,
    pub(super) public_url: String,
    /// One process works with a file of SQLite's at a time; kept for as long as the node serves.
    pub(super) held: Option<File>,
}

pub(super) async fn assemble(
    config: &Config,
    data_dir: &Path,
    here: SocketAddr,
    shutdown: CancellationToken,
) -> anyhow::Result<Node> {
    let serve = &config.serve;
    let location = match serve.database()? {
        Some(text) => text.expose().parse::<Location>()?,
        None => Location::Sqlite(data_dir.join("countersign.db")),
    };
    let held = match &location {
        Location::Sqlite(path) => Some(daemon::hold_store(path, IN_USE)?),
        Location::Postgres(_) => None,
    };
    let on_postgres = matches!(location, Location::Postgres(_));
    let advertise = advertised(serve, here, on_postgres)?;
    let database = Database::open(&location, Hints::default()).await.context("could not open the database")?;
    let database = Arc::new(database);
    let store: Arc<dyn Store> = Arc::<Database>::clone(&database);
    let gateway_store: Arc<dyn GatewayStore> = database;
    let parts = GatewayParts {
        approvals: Approvals::new(store, Arc::new(SystemClock), Arc::new(SystemEntropy)),
        store: gateway_store,
        entropy: Arc::new(SystemEntropy),
        vault: Vault::load_or_create(&serve.key_file.clone().unwrap_or_else(|| data_dir.join("secrets.key")))?,
        audit_key: Arc::new(AuditKey::load_or_create(&data_dir.join("audit-key"))?),
    };
    let days = config.retention.requests_days;
    let public_url = serve.public_url.clone().unwrap_or_else(|| advertise.clone()).trim_end_matches('/').to_owned();
    let settings = GatewaySettings {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        public_url: public_url.clone(),
        advertise,
        recordings: data_dir.join("recordings"),
        slack_api: config.slack.api_url.parse::<ApiBase>().context("slack.api_url cannot be used")?,
        keep_requests: (days > 0).then(|| Duration::from_hours(24 * u64::from(days))),
        allow_unreviewed: serve.allow_unreviewed,
        redactions: redactions(&serve.redact)?,
        limits: GatewayLimits {
            input_bytes: serve.max_input_mib.saturating_mul(1024 * 1024),
            recording_bytes: serve.max_recording_mib.saturating_mul(1024 * 1024),
            sessions: serve.max_sessions,
            ..GatewayLimits::default()
        },
    };
    Ok(Node { gateway: Gateway::new(settings, parts, shutdown), public_url, held })
}

fn redactions(patterns: &[String]) -> anyhow::Result<Vec<Regex>> {
    let compile =
        |pattern: &String| Regex::new(pattern).with_context(|| format!("serve.redact: {pattern:?} is no pattern"));
    patterns.iter().map(compile).collect()
}
