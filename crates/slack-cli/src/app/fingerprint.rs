//! The hash of an app's settings, the same as the official command line's.
//!
//! Both remember settings by it in `.slack/cache/manifests.json`: an own hash would make each think the other's updates were
//! somebody else's. Theirs is of the manifest as their types write it, which leave out what they do not know and what is
//! empty (internal/cache and internal/shared/types of slack-cli), with sorted keys and Go's way of writing texts and numbers.

use std::fmt::Write as _;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// The hash of what the official command line knows of a manifest, in hexadecimal digits.
pub(super) fn fingerprint(manifest: &Map<String, Value>) -> String {
    hash(&part(manifest, MANIFEST))
}

/// The hash of everything that is in a manifest.
pub(super) fn whole_fingerprint(manifest: &Map<String, Value>) -> String {
    hash(&Value::Object(manifest.clone()))
}

fn hash(manifest: &Value) -> String {
    let mut text = String::new();
    write(manifest, &mut text);
    Sha256::digest(text).iter().fold(String::with_capacity(64), |mut digits, byte| {
        // Writing to a text cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// What a field holds, and when it is left out.
enum Shape {
    /// Left out when empty.
    Text,
    /// There even when empty.
    AlwaysText,
    /// Left out when false.
    Flag,
    /// There even when false.
    AlwaysFlag,
    /// Left out when 0.
    Count,
    /// Left out when missing, and kept as it is otherwise.
    Maybe,
    /// As it is, and null when missing.
    Always,
    /// A list, left out when empty.
    List,
    /// There even when missing.
    AlwaysPart(&'static [Field]),
    /// Left out when missing.
    Part(&'static [Field]),
    /// Left out when empty.
    Parts(&'static [Field]),
    /// There even when missing, as null.
    AlwaysParts(&'static [Field]),
    /// By name; left out when empty.
    Named(&'static [Field]),
}

/// A field by its name.
type Field = (&'static str, Shape);

use Shape::{
    Always, AlwaysFlag, AlwaysPart, AlwaysParts, AlwaysText, Count, Flag, List, Maybe, Named, Part, Parts, Text,
};

const MANIFEST: &[Field] = &[
    ("_metadata", Part(&[("major_version", Count), ("minor_version", Count)])),
    ("display_information", AlwaysPart(DISPLAY)),
    ("app_directory", Part(DIRECTORY)),
    ("features", Part(FEATURES)),
    ("oauth_config", Part(&[("redirect_urls", List), ("scopes", Part(SCOPES)), ("token_management_enabled", Maybe)])),
    ("settings", Part(SETTINGS)),
    ("functions", Named(FUNCTION)),
    ("datastores", Named(DATASTORE)),
    ("types", Maybe),
    ("events", Maybe),
    ("trigger_types", Maybe),
    ("workflows", Named(WORKFLOW)),
    ("outgoing_domains", Maybe),
    ("external_auth_providers", Part(&[("oauth2", Always)])),
    ("mcp_servers", Named(&[("url", AlwaysText), ("auth_provider_key", Text), ("auth_type", Text)])),
];

const DISPLAY: &[Field] =
    &[("name", AlwaysText), ("description", Text), ("background_color", Text), ("long_description", Text)];

const DIRECTORY: &[Field] = &[
    ("app_directory_categories", List),
    ("use_direct_install", Maybe),
    ("direct_install_url", Text),
    ("installation_landing_page", AlwaysText),
    ("privacy_policy_url", AlwaysText),
    ("support_url", AlwaysText),
    ("support_email", AlwaysText),
    ("supported_languages", Always),
    ("pricing", AlwaysText),
];

const FEATURES: &[Field] = &[
    (
        "app_home",
        AlwaysPart(&[
            ("home_tab_enabled", Maybe),
            ("messages_tab_enabled", Maybe),
            ("messages_tab_read_only_enabled", Maybe),
        ]),
    ),
    (
        "agent_view",
        Part(&[
            ("agent_description", Text),
            ("suggested_prompts", Parts(PROMPT)),
            ("actions", Parts(&[("name", Text), ("description", Text)])),
        ]),
    ),
    ("assistant_view", Part(&[("assistant_description", Text), ("suggested_prompts", Parts(PROMPT))])),
    ("bot_user", AlwaysPart(&[("display_name", AlwaysText), ("always_online", Maybe)])),
    ("workflow_steps", Parts(&[("name", AlwaysText), ("callback_id", AlwaysText)])),
    ("unfurl_domains", List),
    (
        "shortcuts",
        Parts(&[("callback_id", AlwaysText), ("description", AlwaysText), ("name", AlwaysText), ("type", AlwaysText)]),
    ),
    (
        "slash_commands",
        Parts(&[
            ("command", AlwaysText),
            ("url", Text),
            ("description", AlwaysText),
            ("should_escape", Maybe),
            ("usage_hint", Text),
        ]),
    ),
    (
        "search",
        Part(&[
            ("search_function_callback_id", Text),
            ("search_filters_function_callback_id", Text),
            ("enable_ai_answers", Maybe),
        ]),
    ),
    ("rich_previews", Part(&[("entity_types", List), ("is_active", Flag)])),
];

const PROMPT: &[Field] = &[("title", Text), ("message", Text)];

const SCOPES: &[Field] = &[("bot", List), ("bot_optional", List), ("user", List), ("user_optional", List)];

const SETTINGS: &[Field] = &[
    ("socket_mode_enabled", Maybe),
    ("org_deploy_enabled", Maybe),
    ("interactivity", Part(&[("is_enabled", AlwaysFlag), ("request_url", Text), ("message_menu_options_url", Text)])),
    ("incoming_webhooks", Part(&[("incoming_webhooks_enabled", Maybe)])),
    (
        "event_subscriptions",
        Part(&[
            ("request_url", Text),
            ("user_events", List),
            ("bot_events", List),
            ("metadata_subscriptions", Parts(&[("app_id", AlwaysText), ("event_type", AlwaysText)])),
        ]),
    ),
    ("allowed_ip_address_ranges", List),
    ("function_runtime", Text),
    ("token_rotation_enabled", Maybe),
    ("siws_links", Part(&[("initiate_uri", Text)])),
    ("is_mcp_enabled", Maybe),
];

const FUNCTION: &[Field] = &[
    ("title", AlwaysText),
    ("description", AlwaysText),
    ("type", Text),
    ("bindings", Maybe),
    ("input_parameters", Always),
    ("output_parameters", Always),
];

const DATASTORE: &[Field] = &[
    ("primary_key", Text),
    ("time_to_live_attribute", Text),
    ("attributes", Named(&[("type", Text), ("description", Text), ("items", Maybe), ("properties", Maybe)])),
];

const WORKFLOW: &[Field] = &[
    ("title", AlwaysText),
    ("description", AlwaysText),
    ("input_parameters", Maybe),
    ("steps", AlwaysParts(&[("id", AlwaysText), ("function_id", AlwaysText), ("inputs", Always)])),
    ("suggested_triggers", Parts(&[("type", AlwaysText), ("name", Text), ("description", Text), ("inputs", Always)])),
];

fn part(object: &Map<String, Value>, fields: &[Field]) -> Value {
    let written = |(name, shape): &Field| {
        let value = object.get(*name).filter(|value| !value.is_null());
        Some(((*name).to_owned(), field(value, shape)?))
    };
    Value::Object(fields.iter().filter_map(written).collect())
}

fn field(value: Option<&Value>, shape: &Shape) -> Option<Value> {
    let unless = |empty: Value| value.filter(|value| **value != empty).cloned();
    let or = |missing: Value| Some(value.cloned().unwrap_or(missing));
    match shape {
        Text => unless("".into()),
        AlwaysText => or("".into()),
        Flag => unless(false.into()),
        AlwaysFlag => or(false.into()),
        Count => unless(0.into()),
        Maybe => value.cloned(),
        Always => or(Value::Null),
        List => unless(Value::Array(Vec::new())),
        AlwaysPart(fields) => Some(value.map_or_else(|| part(&Map::new(), fields), |value| inside(value, fields))),
        Part(fields) => value.map(|value| inside(value, fields)),
        Parts(fields) => unless(Value::Array(Vec::new())).map(|value| each(value, fields)),
        AlwaysParts(fields) => Some(value.map_or(Value::Null, |value| each(value.clone(), fields))),
        Named(fields) => unless(Value::Object(Map::new())).map(|value| each(value, fields)),
    }
}

/// A part; what is of another kind stays as it is, for the official command line takes no such manifest.
fn inside(value: &Value, fields: &[Field]) -> Value {
    value.as_object().map_or_else(|| value.clone(), |object| part(object, fields))
}

fn each(value: Value, fields: &[Field]) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| inside(item, fields)).collect(),
        Value::Object(items) => {
            Value::Object(items.into_iter().map(|(name, item)| (name, inside(&item, fields))).collect())
        }
        other => other,
    }
}

/// Writes JSON as Go's `encoding/json` does after reading it into `any`.
fn write(value: &Value, text: &mut String) {
    match value {
        Value::String(written) => write_text(written, text),
        Value::Number(number) => text.push_str(&number_as_go(number.as_f64().unwrap_or_default())),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            text.push('{');
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort_unstable();
            for (index, name) in names.into_iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                write_text(name, text);
                text.push(':');
                write(fields.get(name).unwrap_or(&Value::Null), text);
            }
            text.push('}');
        }
        Value::Null | Value::Bool(_) => text.push_str(&value.to_string()),
    }
}

/// Go escapes what could end a script in HTML.
fn write_text(written: &str, text: &mut String) {
    for part in Value::from(written).to_string().chars() {
        match part {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            other => text.push(other),
        }
    }
}

/// Every number is a 64-bit float there, written without an exponent between 1e-6 and 1e21.
fn number_as_go(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{number:e}");
        return if size >= 1e21 { text.replace('e', "e+") } else { text };
    }
    format!("{number}")
}

#[cfg(test)]
mod tests;
