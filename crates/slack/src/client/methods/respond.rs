//! Answers by `response_url`.

use std::borrow::Cow;

use reqwest::Url;
use serde::Serialize;

use crate::blocks::Block;
use crate::client::encode::JSON;
use crate::client::{Client, Error};
use crate::payload::ResponseUrl;

/// An answer to one interaction; also what a slash command is acknowledged with.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Reply<'a> {
    /// Who sees it.
    pub response_type: ReplyScope,
    /// What it says, in Slack's markup: escape what is not yours.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub text: Cow<'a, str>,
    /// Its blocks.
    #[serde(skip_serializing_if = "<[Block]>::is_empty")]
    pub blocks: Cow<'a, [Block]>,
    /// It takes the place of the message that was clicked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace_original: Option<bool>,
    /// The message that was clicked is deleted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub delete_original: bool,
}

/// Who sees an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyScope {
    /// The person who acted.
    #[default]
    Ephemeral,
    /// Everybody in the channel.
    InChannel,
}

impl<'a> Reply<'a> {
    /// An answer for the person who acted alone, that leaves the message as it is.
    pub fn ephemeral(text: impl Into<Cow<'a, str>>) -> Self {
        Self { text: text.into(), replace_original: Some(false), ..Self::default() }
    }
}

impl Client {
    /// Answers an interaction; the address must be the API's own host, or Slack's for such answers.
    pub async fn respond(&self, response_url: &ResponseUrl, reply: &impl Serialize) -> Result<(), Error> {
        const RESPOND: &str = "response_url";
        let url = Url::parse(response_url.as_str()).ok().filter(|url| self.takes_replies(url));
        let url = url.ok_or_else(|| Error::ForeignUrl { method: RESPOND.to_owned() })?;
        let bytes = serde_json::to_vec(reply).map_err(|source| Error::Encode { method: RESPOND.to_owned(), source })?;
        self.post_plain(RESPOND, url, JSON, bytes.into()).await
    }

    fn takes_replies(&self, url: &Url) -> bool {
        let (base, host) = (self.base(), url.host_str().unwrap_or_default());
        let own = host == base.host() && base.allows(url);
        let hooks =
            url.scheme() == "https" && (host == "hooks.slack.com" || host.strip_prefix("hooks.") == Some(base.host()));
        (own || hooks) && url.username().is_empty() && url.password().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(base: &str, url: &str) -> bool {
        Client::new(base.parse().unwrap()).unwrap().takes_replies(&Url::parse(url).unwrap())
    }

    #[test]
    fn replies_go_to_slack_or_to_the_workspace_only() {
        let local = "http://127.0.0.1:4100/api/";
        assert!(takes(local, "http://127.0.0.1:4100/actions/T1/x"));
        assert!(takes(local, "https://hooks.slack.com/actions/T1/x"));
        assert!(!takes(local, "http://hooks.slack.com/actions/T1/x"));
        assert!(!takes(local, "http://10.0.0.1/latest/meta-data"));
        assert!(!takes(local, "https://evil.test/hooks.slack.com"));
        assert!(!takes(local, "https://hooks.slack.com@evil.test/"));
    }

    #[test]
    fn an_ephemeral_reply_leaves_the_message_alone() {
        let reply = serde_json::to_value(Reply::ephemeral("no")).unwrap();
        assert_eq!(reply, serde_json::json!({"response_type": "ephemeral", "text": "no", "replace_original": false}));
    }
}
