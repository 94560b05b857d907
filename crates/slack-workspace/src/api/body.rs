//! Answers of the Web API.

use std::borrow::Cow;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::journal::Redactor;
use crate::model::{ModelError, Packed};

/// The JSON object that answers a call. Objects of the state are shared, not copied.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    fields: Vec<(&'static str, Node)>,
}

#[derive(Clone, Debug)]
enum Node {
    Own(Value),
    Shared(Arc<Value>),
    Packed(Packed),
    List(Vec<Arc<Value>>),
}

impl Body {
    /// `{"ok":true}`.
    pub(crate) fn ok() -> Self {
        Self { fields: vec![("ok", Node::Own(Value::Bool(true)))] }
    }

    /// With another field.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.fields.push((name, Node::Own(value.into())));
        self
    }

    /// With an object of the state.
    pub(crate) fn shared(mut self, name: &'static str, value: Arc<Value>) -> Self {
        self.fields.push((name, Node::Shared(value)));
        self
    }

    /// With an object of the state whose text there is.
    pub(crate) fn packed(mut self, name: &'static str, value: &Packed) -> Self {
        self.fields.push((name, Node::Packed(value.clone())));
        self
    }

    /// With a list of objects of the state.
    pub(crate) fn list(mut self, name: &'static str, values: Vec<Arc<Value>>) -> Self {
        self.fields.push((name, Node::List(values)));
        self
    }

    /// With a warning that does not fail the call.
    pub(crate) fn warning(mut self, warning: &'static str) -> Self {
        if let Some((_, Node::Own(Value::String(all)))) = self.fields.iter_mut().find(|(name, _)| *name == "warning") {
            all.push(',');
            all.push_str(warning);
        } else {
            self = self.with("warning", warning);
        }
        let known = self.fields.iter_mut().find(|(name, _)| *name == "response_metadata");
        let Some((_, Node::Own(Value::Object(metadata)))) = known else {
            return self.with("response_metadata", serde_json::json!({"warnings": [warning]}));
        };
        match metadata.get_mut("warnings") {
            Some(Value::Array(warnings)) => warnings.push(warning.into()),
            _ => {
                metadata.insert("warnings".to_owned(), serde_json::json!([warning]));
            }
        }
        self
    }

    /// With the cursor of the next page; empty at the end.
    ///
    /// Call it before any warning.
    pub(crate) fn next_cursor(self, cursor: &str) -> Self {
        self.with("response_metadata", serde_json::json!({"next_cursor": cursor}))
    }

    /// The same without tokens.
    pub(crate) fn redacted<'a>(&'a self, redactor: &'a Redactor) -> RedactedBody<'a> {
        RedactedBody { body: self, redactor }
    }

    /// The JSON text.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        // Values have string keys: serialising them cannot fail.
        let mut bytes = Vec::with_capacity(1024);
        match self.write(&mut bytes) {
            Ok(()) => bytes,
            Err(_) => b"{\"ok\":false,\"error\":\"fatal_error\"}".to_vec(),
        }
    }

    /// Writes field after field; what has its text is not serialised again.
    fn write(&self, bytes: &mut Vec<u8>) -> serde_json::Result<()> {
        let mut before = b'{';
        for (name, node) in &self.fields {
            bytes.push(std::mem::replace(&mut before, b','));
            serde_json::to_writer(&mut *bytes, name)?;
            bytes.push(b':');
            match node {
                Node::Own(value) => serde_json::to_writer(&mut *bytes, value)?,
                Node::Shared(value) => serde_json::to_writer(&mut *bytes, &**value)?,
                Node::Packed(value) => bytes.extend_from_slice(value.text().as_bytes()),
                Node::List(values) => {
                    let values: Vec<&Value> = values.iter().map(|value| &**value).collect();
                    serde_json::to_writer(&mut *bytes, &values)?;
                }
            }
        }
        bytes.push(b'}');
        Ok(())
    }
}

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.fields.len()))?;
        for (name, node) in &self.fields {
            match node {
                Node::Own(value) => map.serialize_entry(name, value)?,
                Node::Shared(value) => map.serialize_entry(name, &**value)?,
                Node::Packed(value) => map.serialize_entry(name, value)?,
                Node::List(values) => {
                    let values: Vec<&Value> = values.iter().map(|value| &**value).collect();
                    map.serialize_entry(name, &values)?;
                }
            }
        }
        map.end()
    }
}

/// A body of which only the clean form can be serialised.
pub(crate) struct RedactedBody<'a> {
    body: &'a Body,
    redactor: &'a Redactor,
}

impl Serialize for RedactedBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.body.fields.len()))?;
        for (name, node) in &self.body.fields {
            match node {
                Node::Own(value) => map.serialize_entry(name, &self.redactor.field(name, value))?,
                Node::Shared(value) => map.serialize_entry(name, &self.redactor.value(value))?,
                Node::Packed(value) => match raw(value, self.redactor) {
                    Some(raw) => map.serialize_entry(name, raw)?,
                    None => map.serialize_entry(name, &self.redactor.value(value.value()))?,
                },
                Node::List(values) => {
                    let values: Vec<_> = values.iter().map(|value| self.redactor.value(value)).collect();
                    map.serialize_entry(name, &values)?;
                }
            }
        }
        map.end()
    }
}

/// The text as it is, where there is nothing to take out.
fn raw<'a>(value: &'a Packed, redactor: &Redactor) -> Option<&'a RawValue> {
    let text = value.text();
    if redactor.is_clean(text) { serde_json::from_str(text).ok() } else { None }
}

/// Why a call failed, as Slack says it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{code}")]
pub(crate) struct ApiError {
    code: Cow<'static, str>,
    extra: Vec<(&'static str, Value)>,
    /// Seconds to wait, when there were too many calls.
    retry_after: Option<u64>,
}

impl ApiError {
    /// `ratelimited`: call again after these seconds.
    pub(crate) fn rate_limited(seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..Self::new("ratelimited") }
    }

    /// For how many seconds the caller is to wait.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    pub(crate) fn new(code: impl Into<Cow<'static, str>>) -> Self {
        Self { code: code.into(), extra: Vec::new(), retry_after: None }
    }

    /// With another field beside `error`.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.extra.push((name, value.into()));
        self
    }

    /// The same under another code, which it then names among its errors.
    pub(crate) fn renamed(self, code: &'static str) -> Self {
        let inner = self.code.clone().into_owned();
        let has_errors = self.extra.iter().any(|(name, _)| *name == "errors");
        let renamed = Self { code: Cow::Borrowed(code), ..self };
        if has_errors { renamed } else { renamed.with("errors", vec![inner]) }
    }

    /// With the messages that say what is wrong with the arguments.
    pub(crate) fn messages(self, messages: &[String]) -> Self {
        self.with("response_metadata", serde_json::json!({"messages": messages}))
    }

    /// `missing_scope`, with what is needed and what there is.
    pub(crate) fn missing_scope(needed: &str, provided: &str) -> Self {
        Self::new("missing_scope").with("needed", needed).with("provided", provided)
    }

    /// The code and, where there are any, the messages.
    pub(crate) fn describe(&self) -> String {
        let messages = self.extra.iter().find(|(name, _)| *name == "response_metadata");
        match messages {
            Some((_, messages)) => format!("{}: {messages}", self.code),
            None => self.code.to_string(),
        }
    }

    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// The answer.
    pub(crate) fn into_body(self) -> Body {
        let error = Value::String(self.code.into_owned());
        let mut fields = vec![("ok", Node::Own(Value::Bool(false))), ("error", Node::Own(error))];
        fields.extend(self.extra.into_iter().map(|(name, value)| (name, Node::Own(value))));
        Body { fields }
    }
}

impl From<ModelError> for ApiError {
    fn from(error: ModelError) -> Self {
        Self::new(error.code)
    }
}
