//! How the arguments of a call are written.

use serde::Serialize;
use serde_json::Value;

use crate::method::Method;

/// A request body with its content type.
#[derive(Debug, Clone)]
pub(super) struct Body {
    pub(super) content_type: &'static str,
    pub(super) bytes: bytes::Bytes,
}

pub(super) const JSON: &str = "application/json; charset=utf-8";
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// Writes arguments as JSON where the table allows it, else as a form in which nested values are JSON.
pub(super) fn encode(method: Option<&Method>, args: &impl Serialize) -> Result<Body, serde_json::Error> {
    if method.is_some_and(Method::json_body) { json(args) } else { form(args) }
}

fn json(args: &impl Serialize) -> Result<Body, serde_json::Error> {
    let bytes = serde_json::to_vec(args)?;
    // No arguments are an empty object; Slack refuses `null`.
    let bytes = if bytes == b"null" { b"{}".to_vec() } else { bytes };
    Ok(Body { content_type: JSON, bytes: bytes.into() })
}

fn form(args: &impl Serialize) -> Result<Body, serde_json::Error> {
    let fields = match serde_json::to_value(args)? {
        Value::Object(fields) => fields,
        Value::Null => serde_json::Map::new(),
        _ => return Err(serde::ser::Error::custom("arguments are not an object")),
    };
    let mut pairs = Vec::with_capacity(fields.len());
    for (name, value) in fields {
        match value {
            Value::Null => {}
            Value::String(text) => pairs.push((name, text)),
            other => pairs.push((name, serde_json::to_string(&other)?)),
        }
    }
    let text = serde_urlencoded::to_string(pairs).map_err(serde::ser::Error::custom)?;
    Ok(Body { content_type: FORM, bytes: text.into() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(method: &str, args: &Value) -> (String, String) {
        let body = encode(Method::find(method), args).unwrap();
        (body.content_type.to_owned(), String::from_utf8(body.bytes.to_vec()).unwrap())
    }

    #[test]
    fn json_where_the_table_allows_it() {
        let (kind, body) = written("chat.postMessage", &json!({"channel": "C1", "blocks": [{"type": "divider"}]}));
        assert_eq!(kind, JSON);
        assert_eq!(body, r#"{"blocks":[{"type":"divider"}],"channel":"C1"}"#);
        assert_eq!(written("auth.test", &Value::Null).1, "{}");
    }

    #[test]
    fn a_form_elsewhere_with_nested_values_as_json() {
        let (kind, body) = written("users.info", &json!({"user": "U1", "include_locale": true, "x": null, "y": [1]}));
        assert_eq!(kind, FORM);
        assert_eq!(body, "include_locale=true&user=U1&y=%5B1%5D");
        assert_eq!(written("not.in.table", &json!({"a": "b c&d"})).1, "a=b+c%26d");
        assert!(encode(None, &json!([1])).is_err());
    }
}
