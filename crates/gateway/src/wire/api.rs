//! The JSON of the HTTP API: what administrators' and approvers' programs say to the server, and what it answers.
//!
//! Every call but health, version and bootstrap carries `Authorization: Bearer <token>`. Bodies are JSON with
//! `Content-Type: application/json`; unknown fields are refused by name. Whatever is not a success is an [`ErrorBody`].
//! Points in time are microseconds since the Unix epoch; spans are texts such as `1h30m` ([`HumanDuration`]).
//!
//! | Method and path | Body → answer |
//! |---|---|
//! | `GET /healthz`, `GET /readyz` | → [`Health`]; 503 while it is not ready |
//! | `GET /api/v1/version` | → [`Version`] |
//! | `POST /api/v1/bootstrap` | [`Bootstrap`] → [`SignedIn`] |
//! | `GET /api/v1/whoami` | → [`Whoami`] |
//! | `GET /api/v1/settings` | → [`NodeSettings`] |
//! | `GET /api/v1/users`, `GET·PUT·DELETE /api/v1/users/{email}` | [`UserInput`] → [`Outcome`]`<`[`User`]`>` |
//! | `GET·POST /api/v1/users/{email}/tokens`, `DELETE …/tokens/{name}` | [`TokenInput`] → [`NewToken`]; `me` is the caller |
//! | `GET /api/v1/agents`, `GET·PUT·DELETE /api/v1/agents/{name}` | [`AgentInput`] → [`Outcome`]`<`[`NewAgent`]`>` |
//! | `GET /api/v1/connections`, `GET·PUT·DELETE …/{name}` | [`ConnectionInput`] → [`Outcome`]`<`[`ConnectionView`]`>` |
//! | `GET /api/v1/policies`, `GET·PUT·DELETE …/{name…}` | [`PolicyInput`] → [`Outcome`]`<`[`PolicyView`]`>` |
//! | `GET /api/v1/plugins`, `GET·PUT·DELETE …/{name}` | [`PluginInput`] → [`Outcome`]`<`[`PluginView`]`>` |
//! | `POST /api/v1/apply` | [`ApplyInput`] → [`Applied`] |
//! | `GET /api/v1/requests` | → [`List`]`<`[`RequestLine`]`>` |
//! | `GET /api/v1/requests/{id}` | → [`RequestView`] |
//! | `GET /api/v1/requests/{id}/input` | → the bytes |
//! | `POST /api/v1/requests/{id}/approve·deny·cancel·revoke` | [`Words`] → [`RequestView`] |
//! | `GET /api/v1/sessions`, `GET /api/v1/sessions/{id}` | → [`List`]`<`[`SessionView`]`>`, [`SessionView`] |

mod apply;
mod connections;
mod duration;
mod people;
mod policies;
mod requests;
mod secret;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use apply::{Applied, ApplyInput};
pub use connections::{
    AgentInput, AgentView, ConnectionInput, ConnectionView, EnvInput, EnvView, InvalidEnv, NewAgent, TargetInput,
    is_env_name, parse_env,
};
pub use duration::{HumanDuration, InvalidDuration};
pub use people::{NewToken, SlackAccount, TokenInput, TokenView, User, UserInput};
pub use policies::{AskInput, DoorWord, PluginInput, PluginView, PolicyInput, PolicyView};
pub use requests::{
    ApprovalsMissing, InputView, MayDo, RequestLine, RequestView, RequirementView, SessionView, VoteView, Words,
};
pub use secret::WireSecret;

/// Where the API begins.
pub const API_PATH: &str = "/api/v1";

/// In place of an e-mail address in a path: whoever calls.
pub const ME: &str = "me";

/// What is answered when something is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong, for programs and for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorDetail {
    /// A stable word, e.g. `not_found`, `exists`, `in_use`, `invalid`, `forbidden`, `unauthorized`.
    pub code: String,
    /// What is wrong and what to do.
    pub message: String,
    /// The field it is about, e.g. `env.PGPASSWORD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// With `in_use`: what uses it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_by: Vec<String>,
}

/// A list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct List<T> {
    /// What is in it.
    pub items: Vec<T>,
}

/// What came of putting something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome<T> {
    /// Whether anything changed.
    pub outcome: Done,
    /// How it is now.
    pub value: T,
    /// What is odd about it, for people: e.g. that the agent does not exist yet.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// Whether anything changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// It is new.
    Created,
    /// It replaced what was there.
    Replaced,
    /// It was there already, exactly so.
    Unchanged,
}

impl Done {
    /// The word, e.g. for `user alice@example.com created`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Replaced => "updated",
            Self::Unchanged => "unchanged",
        }
    }
}

/// The answer to a deletion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// What is gone.
    pub deleted: String,
}

/// The server's version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The program's version.
    pub version: String,
    /// [`super::VERSION`].
    pub protocol: u32,
}

/// How the server is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Whether it does its work.
    pub ok: bool,
    /// Each thing it depends on, and what is wrong with it if anything is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub checks: BTreeMap<String, String>,
}

/// What a node was told to do; nothing of it is secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSettings {
    /// Where agents and other nodes reach this node.
    pub advertise: String,
    /// Where people do.
    pub public_url: String,
    /// Whether a connection that no policy is about may be used without review.
    pub allow_unreviewed: bool,
    /// Longest input of a reviewed command, in bytes.
    pub max_input_bytes: u64,
    /// Longest recording, in bytes.
    pub max_recording_bytes: u64,
    /// Sessions at once on this node.
    pub max_sessions: u64,
    /// Nodes that are alive, with the agents connected to each.
    pub nodes: BTreeMap<String, Vec<String>>,
}

/// Who the caller is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whoami {
    /// The person.
    pub user: User,
    /// Whether they administer this server.
    pub admin: bool,
    /// The name of the token they came with.
    pub token: String,
    /// When it ends.
    pub token_expires_at: Option<countersign_approval::Timestamp>,
}

/// The first sign-in, with the one-time token that the server printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bootstrap {
    /// The one-time token.
    pub token: WireSecret,
    /// The administrator's e-mail address.
    pub email: String,
    /// What to call them; the part before the `@` when nothing is said.
    #[serde(default)]
    pub name: Option<String>,
    /// The name of the token that is given.
    #[serde(default)]
    pub token_name: Option<String>,
}

/// Signed in: the token is shown this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    /// The token.
    pub token: WireSecret,
    /// Who it speaks for.
    pub whoami: Whoami,
}
