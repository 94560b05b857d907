//! What apps show below the links of a message.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{AppId, ChannelId, Message, ModelError, State, Ts};
use crate::events::links;

impl State {
    /// Puts attachments below the links of a message; those an app gave before for the same links go.
    pub(crate) fn unfurl(
        &mut self,
        channel: &ChannelId,
        ts: Ts,
        app: &AppId,
        unfurls: Vec<(String, Map<String, Value>)>,
        now_ms: u64,
    ) -> Result<Message, ModelError> {
        let room = self.channels.get(channel).ok_or(ModelError::new("cannot_find_channel"))?;
        let message = room.message(ts).ok_or(ModelError::new("cannot_find_message"))?;
        let app = self.apps.get(app).ok_or(ModelError::new("cannot_find_service"))?;
        let known: BTreeSet<&str> = links(message.text()).collect();
        if unfurls.iter().any(|(url, _)| !known.contains(url.as_str()) && !known.contains(escaped(url).as_str())) {
            return Err(ModelError::new("cannot_unfurl_url"));
        }
        let mut attachments = message.field("attachments").and_then(Value::as_array).cloned().unwrap_or_default();
        for (url, mut unfurl) in unfurls {
            attachments.retain(|old| old["app_unfurl_url"] != url.as_str() || old["app_id"] != app.id.as_str());
            let mut put = |name: &str, value: Value| unfurl.insert(name.to_owned(), value);
            put("from_url", url.as_str().into());
            put("app_unfurl_url", url.into());
            put("is_app_unfurl", true.into());
            put("app_id", app.id.as_str().into());
            put("bot_id", app.bot.as_str().into());
            attachments.push(Value::Object(unfurl));
        }
        for (attachment, number) in attachments.iter_mut().zip(1..) {
            attachment["id"] = json!(number);
        }
        self.amend(channel, ts, now_ms, |message| message.set("attachments", attachments))
    }
}

/// A link as it stands in a message's text.
fn escaped(url: &str) -> String {
    url.replace('&', "&amp;")
}
