//! Arguments of a call: form, JSON, multipart or query, all read the same way.

use std::borrow::Cow;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::body::ApiError;
use crate::depth;

/// The arguments of a call, without the token.
#[derive(Clone, Debug)]
pub(crate) struct Args {
    fields: Value,
    /// A token that came as an argument.
    token: Option<SecretString>,
}

/// What came with a request, before it is understood.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw<'a> {
    pub(crate) query: Option<&'a str>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Form,
    Json,
    Multipart,
    Other,
}

/// The format that a content type names.
pub(crate) fn format(content_type: Option<&str>) -> Format {
    let name = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    match name.to_ascii_lowercase().as_str() {
        "application/json" => Format::Json,
        "application/x-www-form-urlencoded" | "" => Format::Form,
        "multipart/form-data" => Format::Multipart,
        _ => Format::Other,
    }
}

impl Args {
    /// Reads the query and a body that is not multipart.
    pub(crate) fn decode(raw: Raw<'_>) -> Result<Self, ApiError> {
        let mut fields = Map::new();
        let mut token = form_into(&mut fields, raw.query.unwrap_or_default().as_bytes());
        if !raw.body.is_empty() {
            match format(raw.content_type) {
                Format::Form => token = form_into(&mut fields, raw.body).or(token),
                Format::Json => json_into(&mut fields, raw.body)?,
                Format::Multipart => return Err(ApiError::new("invalid_form_data")),
                Format::Other => return Err(ApiError::new("invalid_post_type")),
            }
        }
        // In a JSON body the token is not looked for, and must not be kept either.
        fields.remove("token");
        Ok(Self { fields: Value::Object(fields), token: token.map(SecretString::from) })
    }

    /// Takes the fields of a multipart body.
    pub(crate) fn from_fields(query: Option<&str>, parts: Vec<(String, String)>) -> Self {
        let mut fields = Map::new();
        let mut token = form_into(&mut fields, query.unwrap_or_default().as_bytes());
        for (name, value) in parts {
            if name == "token" {
                token = Some(value);
            } else {
                fields.insert(name, Value::String(value));
            }
        }
        Self { fields: Value::Object(fields), token: token.map(SecretString::from) }
    }

    /// The fields of a JSON object that did not come as a call.
    pub(crate) fn of(fields: Map<String, Value>) -> Self {
        Self { fields: Value::Object(fields), token: None }
    }

    /// No arguments at all.
    pub(crate) fn none() -> Self {
        Self { fields: Value::Object(Map::new()), token: None }
    }

    /// The token that came as an argument.
    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_ref().map(SecretString::expose_secret)
    }

    /// All of them, for the journal.
    pub(crate) fn all(&self) -> &Value {
        &self.fields
    }

    /// An argument as it came; empty texts and nulls are as if they were not there.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null() && *value != "")
    }

    /// Whether an argument was given, were it an empty text.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(|value| !value.is_null())
    }

    /// An argument as text.
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.get(name)? {
            Value::String(text) => Some(Cow::Borrowed(text)),
            other => Some(Cow::Owned(other.to_string())),
        }
    }

    /// An argument that is on or off.
    pub(crate) fn flag(&self, name: &str) -> bool {
        match self.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::Number(number)) => number.as_u64() == Some(1),
            Some(Value::String(text)) => matches!(text.as_str(), "1" | "true" | "True"),
            _ => false,
        }
    }

    /// A whole number that is not negative.
    pub(crate) fn number(&self, name: &str) -> Option<Result<u64, ()>> {
        match self.get(name)? {
            Value::Number(number) => Some(number.as_u64().ok_or(())),
            Value::String(text) => Some(text.parse().map_err(|_| ())),
            _ => Some(Err(())),
        }
    }

    /// A list of texts: separated by commas, or a JSON array.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let texts =
            |items: &[Value]| -> Vec<String> { items.iter().filter_map(Value::as_str).map(str::to_owned).collect() };
        match self.get(name) {
            Some(Value::Array(items)) => texts(items),
            Some(Value::String(text)) if text.starts_with('[') => {
                serde_json::from_str::<Vec<Value>>(text).map(|items| texts(&items)).unwrap_or_default()
            }
            Some(Value::String(text)) => {
                text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    }

    /// A nested argument: itself in a JSON body, a JSON text in a form.
    pub(crate) fn nested(&self, name: &str) -> Option<Result<Cow<'_, Value>, ()>> {
        match self.get(name)? {
            Value::String(text) => {
                let value: Option<Value> = serde_json::from_str(text).ok().filter(depth::is_fine);
                Some(value.map(Cow::Owned).ok_or(()))
            }
            other => Some(Ok(Cow::Borrowed(other))),
        }
    }
}

fn form_into(fields: &mut Map<String, Value>, text: &[u8]) -> Option<String> {
    let mut token = None;
    // Reading pairs from a form cannot fail: what is not UTF-8 is replaced.
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(text).unwrap_or_default();
    for (name, value) in pairs {
        if name == "token" {
            token = Some(value);
        } else {
            fields.insert(name, Value::String(value));
        }
    }
    token.filter(|token| !token.is_empty())
}

fn json_into(fields: &mut Map<String, Value>, body: &[u8]) -> Result<(), ApiError> {
    match serde_json::from_slice(body) {
        Ok(value) if !depth::is_fine(&value) => return Err(ApiError::new("invalid_json")),
        Ok(Value::Object(object)) => fields.extend(object),
        Ok(_) => return Err(ApiError::new("json_not_object")),
        Err(_) => return Err(ApiError::new("invalid_json")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(content_type: &str, body: &[u8]) -> Result<Args, ApiError> {
        Args::decode(Raw { query: None, content_type: Some(content_type), body })
    }

    const FORM: &str = "application/x-www-form-urlencoded";
    const JSON: &str = "application/json; charset=utf-8";

    #[test]
    fn form_and_json_say_the_same() {
        let form = decode(FORM, b"a=1&b=true&c=x,y&d=%5B%7B%22e%22%3A1%7D%5D&token=xoxb-1").unwrap();
        let json = decode(JSON, br#"{"a":1,"b":true,"c":["x","y"],"d":[{"e":1}]}"#).unwrap();
        for args in [&form, &json] {
            assert_eq!(args.number("a"), Some(Ok(1)));
            assert!(args.flag("b"));
            assert_eq!(args.list("c"), ["x", "y"]);
            assert_eq!(args.nested("d").unwrap().unwrap()[0]["e"], 1);
            assert!(args.get("token").is_none());
        }
        assert_eq!(form.token(), Some("xoxb-1"));
        assert!(!format!("{form:?}").contains("xoxb-1"));
    }

    #[test]
    fn an_empty_json_body_is_no_error() {
        assert!(decode(JSON, b"").is_ok());
        assert_eq!(decode(JSON, b"[]").unwrap_err().code(), "json_not_object");
        assert_eq!(decode(JSON, b"{").unwrap_err().code(), "invalid_json");
        assert_eq!(decode("text/plain", b"x").unwrap_err().code(), "invalid_post_type");
    }

    #[test]
    fn a_token_in_a_json_body_is_neither_used_nor_kept() {
        let args = decode(JSON, br#"{"token":"xoxb-1"}"#).unwrap();
        assert_eq!(args.token(), None);
        assert!(!args.all().to_string().contains("xoxb"));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(
            body in proptest::collection::vec(any::<u8>(), 0..200),
            kind in 0..4_usize,
            name in "[a-z_]{0,6}",
        ) {
            let kinds = [FORM, JSON, "multipart/form-data; boundary=x", "\u{1}"];
            let kind = kinds.get(kind).copied();
            if let Ok(args) = Args::decode(Raw { query: Some(&name), content_type: kind, body: &body }) {
                let _ = (args.text(&name), args.flag(&name), args.number(&name), args.list(&name));
                let _ = args.nested(&name);
            }
        }
    }
}
