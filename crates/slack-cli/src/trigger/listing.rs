//! The triggers of an app.

use countersign_slack::ids::AppId;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Trigger;
use crate::{Failure, account::Account};

/// Which of an app's triggers are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Of this type only.
    pub kind: Option<String>,
    /// No more than these.
    pub limit: Option<usize>,
}

/// So many are asked for at once.
const PAGE: usize = 100;
/// An answer that always says there is more is not followed for ever.
const MAX_PAGES: usize = 1000;

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    triggers: Vec<Map<String, Value>>,
    #[serde(default)]
    response_metadata: Metadata,
}

#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    next_cursor: String,
}

/// The triggers of an app, page by page.
pub async fn list(account: &Account, app: &AppId, selection: &Selection) -> Result<Vec<Trigger>, Failure> {
    let limit = selection.limit.unwrap_or(usize::MAX);
    let (mut triggers, mut cursor) = (Vec::new(), String::new());
    for _ in 0..MAX_PAGES {
        let mut arguments = json!({"app_id": app, "limit": PAGE.min(limit.saturating_sub(triggers.len()))});
        if let Some(kind) = selection.kind.as_deref().filter(|kind| *kind != "all") {
            arguments["type"] = kind.into();
        }
        if !cursor.is_empty() {
            arguments["cursor"] = cursor.as_str().into();
        }
        let page: Page = account.api.call("workflows.triggers.list", &arguments).await?;
        for trigger in page.triggers {
            triggers.push(Trigger::read(trigger)?);
        }
        if page.response_metadata.next_cursor.is_empty() || triggers.len() >= limit {
            break;
        }
        cursor = page.response_metadata.next_cursor;
    }
    triggers.truncate(limit);
    Ok(triggers)
}
