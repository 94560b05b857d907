//! Taking tokens out of what is recorded.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

/// What stands in the place of a token.
const REDACTED: &str = "[redacted]";

/// How tokens begin that are known by their shape.
const PREFIXES: [&str; 4] = ["xox", "xapp-", "xwfp-", "ticket="];

/// Fields whose value is a secret whatever it looks like.
const SECRET_FIELDS: [&str; 14] = [
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "challenge",
    "client_secret",
    "code_verifier",
    "control_token",
    "id_token",
    "refresh_token",
    "response_url",
    "signing_secret",
    "ticket",
    "token",
    "upload_url",
    "verification_token",
];

/// The shortest `code` that is no error's: one that stands for tokens.
const MIN_CODE: usize = 40;

/// No secret without a known prefix is shorter, so shorter texts need no search.
const MIN_SECRET: usize = 20;

/// Knows the workspace's secrets and finds them in texts.
#[derive(Default)]
pub(crate) struct Redactor {
    /// Secrets without a known prefix, such as signing secrets.
    secrets: BTreeSet<String>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").field("secrets", &self.secrets.len()).finish()
    }
}

impl Redactor {
    /// Adds a secret that has no known prefix.
    pub(crate) fn learn(&mut self, secret: &str) {
        if secret.len() >= MIN_SECRET {
            self.secrets.insert(secret.to_owned());
        }
    }

    /// The text without tokens.
    pub(crate) fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut clean = Cow::Borrowed(text);
        for prefix in PREFIXES {
            if clean.contains(prefix) {
                clean = Cow::Owned(without(&clean, prefix));
            }
        }
        if text.len() >= MIN_SECRET {
            for secret in self.secrets.iter().filter(|secret| text.contains(secret.as_str())) {
                clean = Cow::Owned(clean.replace(secret, REDACTED));
            }
        }
        clean
    }

    /// Whether JSON has nothing to take out, as far as can be seen without reading it.
    pub(crate) fn is_clean(&self, json: &str) -> bool {
        let has = |needle: &&str| json.contains(*needle);
        let names = SECRET_FIELDS.iter().chain(&["variables", "\"code\""]);
        !PREFIXES.iter().chain(names).any(has) && !self.secrets.iter().any(|secret| json.contains(secret.as_str()))
    }

    /// A value that serialises without tokens.
    pub(crate) fn value<'a>(&'a self, value: &'a Value) -> Redacted<'a> {
        Redacted { redactor: self, value, is_secret: false }
    }

    /// The same of a field, whose name may say that it is a secret.
    pub(crate) fn field<'a>(&'a self, name: &str, value: &'a Value) -> Redacted<'a> {
        Redacted { redactor: self, value, is_secret: is_secret(name, value) }
    }
}

/// Replaces every run of token characters that begins with the prefix.
fn without(text: &str, prefix: &str) -> String {
    let is_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '=');
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(prefix) {
        let (before, token) = rest.split_at(at);
        let end = token.find(|c| !is_token(c)).unwrap_or(token.len());
        let (token, after) = token.split_at(end);
        clean.push_str(before);
        // A word such as "xox" alone is no token.
        clean.push_str(if token.len() > prefix.len() { REDACTED } else { token });
        rest = after;
    }
    clean.push_str(rest);
    clean
}

/// Whether a field's value is a secret whatever it looks like; variables of hosted apps are, as a whole.
fn is_secret(name: &str, value: &Value) -> bool {
    match value {
        Value::String(text) => {
            SECRET_FIELDS.contains(&name) || name == "variables" || name == "code" && text.len() >= MIN_CODE
        }
        Value::Array(_) => name == "variables",
        _ => false,
    }
}

/// A value of which only the clean form can be serialised.
pub(crate) struct Redacted<'a> {
    redactor: &'a Redactor,
    value: &'a Value,
    /// Nothing of it is shown.
    is_secret: bool,
}

impl Serialize for Redacted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            _ if self.is_secret => serializer.serialize_str(REDACTED),
            Value::String(text) => serializer.serialize_str(&self.redactor.text(text)),
            Value::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&self.redactor.value(item))?;
                }
                list.end()
            }
            Value::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    let name = self.redactor.text(name);
                    map.serialize_entry(&name, &self.redactor.field(&name, value))?;
                }
                map.end()
            }
            other => other.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tokens_go_and_words_stay() {
        let mut redactor = Redactor::default();
        redactor.learn("0123456789abcdef0123456789abcdef");
        let dirty = json!({
            "token": "anything", "text": "use xoxb-1-2-abc, or xapp-1-A-2-f! and xoxe.xoxp-1-x",
            "url": "ws://h/link/?ticket=aa-bb&app_id=1", "xoxb-9-key": 1, "xox": "xox",
            "list": ["sign 0123456789abcdef0123456789abcdef."],
        });
        let clean = serde_json::to_value(redactor.value(&dirty)).unwrap();
        let expected = json!({
            "token": REDACTED, "text": "use [redacted] or [redacted]! and [redacted]",
            "url": "ws://h/link/?[redacted]&app_id=1", REDACTED: 1, "xox": "xox",
            "list": ["sign [redacted]."],
        });
        assert_eq!(clean["list"], expected["list"]);
        assert_eq!(clean["url"], expected["url"]);
        assert_eq!(clean[REDACTED], expected[REDACTED]);
        assert_eq!(clean["xox"], "xox");
        assert!(!clean.to_string().contains("abc"), "{clean}");
        assert!(redactor.is_clean(r#"{"text":"a word"}"#));
        for dirty in [
            r#"{"text":"xoxb-1-2-abc"}"#,
            r#"{"token":"anything"}"#,
            r#"{"text":"sign 0123456789abcdef0123456789abcdef."}"#,
            r#"{"code":"0123456789"}"#,
        ] {
            assert!(!redactor.is_clean(dirty), "{dirty}");
        }
    }
}
