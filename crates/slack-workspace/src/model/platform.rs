//! What developers make beside messages: apps, permissions to sign in, triggers of workflows.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::OnceLock;

use serde_json::{Map, Value};

use crate::api::IdKey;

use super::deployment::Deployment;
use super::function::{Activity, Execution};
use super::{AppId, Registration, UserId};

/// Everything of the developer's side.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Platform {
    /// Every app there is, installed or not.
    pub(crate) registrations: BTreeMap<AppId, Registration>,
    /// Codes that `oauth.v2.access` takes.
    pub(crate) codes: HashMap<String, Code>,
    /// Refresh tokens.
    pub(crate) refreshes: HashMap<String, Refresh>,
    /// Tickets with which a command line signs in.
    pub(crate) sign_ins: HashMap<String, SignIn>,
    /// Triggers of workflows by id.
    pub(crate) workflow_triggers: BTreeMap<String, WorkflowTrigger>,
    /// Custom steps that run or have run, by id.
    #[serde(default)]
    pub(crate) executions: BTreeMap<String, Execution>,
    /// What happened to custom steps, the newest last.
    #[serde(default)]
    pub(crate) activities: VecDeque<Activity>,
    /// What was deployed of hosted apps, the newest last.
    #[serde(default)]
    pub(crate) deployments: BTreeMap<AppId, VecDeque<Deployment>>,
    /// Variables of hosted apps.
    pub(crate) variables: BTreeMap<AppId, BTreeMap<String, String>>,
    /// Made with the first id token.
    #[serde(skip)]
    id_key: OnceLock<Option<IdKey>>,
}

impl Platform {
    /// What is to be kept of it, as it is now.
    pub(crate) fn snapshot(&self) -> Self {
        Self {
            registrations: self.registrations.clone(),
            codes: self.codes.clone(),
            refreshes: self.refreshes.clone(),
            sign_ins: self.sign_ins.clone(),
            workflow_triggers: self.workflow_triggers.clone(),
            executions: self.executions.clone(),
            activities: self.activities.clone(),
            deployments: self.deployments.clone(),
            variables: self.variables.clone(),
            id_key: OnceLock::new(),
        }
    }

    /// The key that signs id tokens; nothing when the system has no random numbers.
    pub(crate) fn id_key(&self) -> Option<&IdKey> {
        self.id_key.get_or_init(IdKey::generate).as_ref()
    }
}

/// Permission to fetch tokens once, given by a person on the authorize page.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Code {
    pub(crate) app: AppId,
    pub(crate) user: UserId,
    pub(crate) bot_scopes: Vec<String>,
    pub(crate) user_scopes: Vec<String>,
    /// As it was given; the exchange must name the same one.
    pub(crate) redirect_uri: Option<String>,
    /// Base64url SHA-256 of the verifier (RFC 7636).
    pub(crate) challenge: Option<String>,
    /// Said back in the id token (OpenID Connect).
    pub(crate) nonce: Option<String>,
    /// Milliseconds since the epoch.
    pub(crate) expires_at: u64,
}

/// Permission to fetch a fresh token.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Refresh {
    pub(crate) app: AppId,
    pub(crate) user: UserId,
    pub(crate) kind: RefreshKind,
    pub(crate) scopes: Vec<String>,
}

/// Whose token is refreshed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum RefreshKind {
    Bot,
    User,
    /// The command line's.
    Tool,
}

/// A command line that signs in: the person confirms the ticket in Slack and gets the challenge.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct SignIn {
    pub(crate) challenge: String,
    /// Who confirmed it.
    pub(crate) user: Option<UserId>,
    pub(crate) expires_at: u64,
}

/// A trigger of a workflow, as it was created.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct WorkflowTrigger {
    pub(crate) id: String,
    pub(crate) app: AppId,
    pub(crate) owner: UserId,
    /// What `workflows.triggers.create` and `update` were given.
    pub(crate) given: Map<String, Value>,
    /// Seconds since the epoch.
    pub(crate) created: u64,
    pub(crate) updated: u64,
    /// `everyone`, `app_collaborators` or `named_entities`.
    pub(crate) permission: String,
    /// Who may run it where the permission is `named_entities`, by kind of id.
    pub(crate) named: BTreeMap<String, Vec<String>>,
    /// When its schedule says that it runs next, milliseconds since the epoch.
    #[serde(default)]
    pub(crate) next_at: Option<u64>,
    /// Which time of its schedule that is.
    #[serde(default)]
    pub(crate) runs: u64,
    /// How many times it ran late in a row.
    #[serde(default)]
    pub(crate) missed: u64,
}
