//! What an app has logged at Slack (`apps.activities.list`).

mod line;

use std::{collections::HashSet, fmt, str::FromStr};

use countersign_slack::ids::AppId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Failure, api::Api};

/// How grave something is that was logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Every step.
    Trace,
    /// For whoever looks for a fault.
    Debug,
    /// What happened.
    #[default]
    Info,
    /// What may be a fault.
    Warn,
    /// What failed.
    Error,
    /// What ended it.
    Fatal,
}

/// A text that is no [`Level`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no level: say trace, debug, info, warn, error or fatal")]
pub struct UnknownLevel(String);

impl Level {
    const ALL: [Self; 6] = [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        let named = Self::ALL.into_iter().find(|level| level.as_str().eq_ignore_ascii_case(text));
        named.ok_or_else(|| UnknownLevel(text.chars().take(64).collect()))
    }
}

/// Something that was logged.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Activity {
    /// What belongs together.
    #[serde(default)]
    pub trace_id: String,
    /// How grave it is, in Slack's word.
    #[serde(default)]
    pub level: String,
    /// What it is, such as `function_execution_started`.
    #[serde(default)]
    pub event_type: String,
    /// `slack` or `developer`.
    #[serde(default)]
    pub source: String,
    /// What it is about, such as `functions`.
    #[serde(default)]
    pub component_type: String,
    /// Which it is about.
    #[serde(default)]
    pub component_id: String,
    /// What there is to say about it.
    #[serde(default)]
    pub payload: Map<String, Value>,
    /// When, in microseconds since the epoch.
    #[serde(default)]
    pub created: i64,
}

/// What of it is wanted.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Query {
    /// So many, the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// So grave at least.
    #[serde(rename = "min_log_level", skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// From then on, in microseconds since the epoch.
    #[serde(rename = "min_date_created", skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// Until then, in microseconds since the epoch.
    #[serde(rename = "max_date_created", skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// Of this kind.
    #[serde(rename = "log_event_type", skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
    /// About such a thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component_type: Option<String>,
    /// About this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component_id: Option<String>,
    /// By `slack` or `developer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Belonging together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
}

/// What an app has logged, the oldest first.
pub async fn list(api: &Api, app: &AppId, query: &Query) -> Result<Vec<Activity>, Failure> {
    #[derive(Serialize)]
    struct Arguments<'a> {
        app_id: &'a AppId,
        #[serde(flatten)]
        query: &'a Query,
    }
    #[derive(Deserialize)]
    struct Listed {
        #[serde(default)]
        activities: Vec<Activity>,
    }
    let listed: Listed = api.call("apps.activities.list", &Arguments { app_id: app, query }).await?;
    let mut activities = listed.activities;
    activities.reverse();
    // Slack sends the newest first; whoever reads on wants the order in which things happened.
    activities.sort_by_key(|activity| activity.created);
    Ok(activities)
}

/// What an app logs, followed as it goes on.
#[derive(Debug)]
pub struct Feed {
    app: AppId,
    query: Query,
    /// What was told of the last moment: more may come of it.
    told: HashSet<String>,
}

impl Feed {
    /// Follows an app from what the query says.
    pub fn new(app: AppId, query: Query) -> Self {
        Self { app, query, told: HashSet::new() }
    }

    /// What is new since the last time, the oldest first.
    pub async fn next(&mut self, api: &Api) -> Result<Vec<Activity>, Failure> {
        let listed = list(api, &self.app, &self.query).await?;
        let new: Vec<Activity> = listed.into_iter().filter(|activity| !self.told.contains(&activity.key())).collect();
        if let Some(last) = new.iter().map(|activity| activity.created).max() {
            if self.query.since != Some(last) {
                self.told.clear();
                self.query.since = Some(last);
            }
            self.told.extend(new.iter().filter(|activity| activity.created == last).map(Activity::key));
        }
        Ok(new)
    }
}

impl Activity {
    /// A line about it, as the official command line writes them; the time in UTC.
    pub fn line(&self) -> String {
        line::of(self)
    }

    fn key(&self) -> String {
        // What is the same in every respect is the same.
        serde_json::to_string(self).unwrap_or_default()
    }
}
