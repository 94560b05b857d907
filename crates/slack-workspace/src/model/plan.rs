//! What a manifest says of an app, and what is wrong with it.
//!
//! docs.slack.dev, "App manifest reference".

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::app::{Command, Endpoints};

/// The longest name an app may have, in characters.
const MAX_NAME: usize = 35;
/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 140;
/// The most slash commands an app may have.
const MAX_COMMANDS: usize = 50;

/// What the workspace needs to know of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) bot_scopes: Vec<String>,
    pub(crate) user_scopes: Vec<String>,
    pub(crate) events: BTreeSet<String>,
    pub(crate) commands: Vec<Command>,
    pub(crate) endpoints: Endpoints,
    pub(crate) redirect_urls: Vec<String>,
    /// Its tokens expire and are refreshed.
    pub(crate) is_rotating: bool,
    /// Slack, not the developer, runs its functions.
    pub(crate) is_hosted: bool,
}

/// One thing that is wrong with a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) message: String,
    /// Where, as a JSON pointer.
    pub(crate) pointer: String,
}

impl Problem {
    fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { message: message.into(), pointer: pointer.into() }
    }

    /// As `apps.manifest.*` lists it.
    pub(crate) fn to_json(&self) -> Value {
        json!({"code": "invalid_manifest", "message": self.message, "pointer": self.pointer})
    }
}

impl Plan {
    /// Reads a manifest; what is missing or of another type counts as not said.
    pub(crate) fn read(manifest: &Value) -> Self {
        let on = |pointer: &str| manifest.pointer(pointer).and_then(Value::as_bool).unwrap_or_default();
        let is_socket = on("/settings/socket_mode_enabled");
        Self {
            name: text(manifest, "/display_information/name").unwrap_or_else(|| "App".to_owned()),
            bot_scopes: texts(manifest, "/oauth_config/scopes/bot"),
            user_scopes: texts(manifest, "/oauth_config/scopes/user"),
            events: texts(manifest, "/settings/event_subscriptions/bot_events").into_iter().collect(),
            commands: commands(manifest, is_socket),
            endpoints: if is_socket { Endpoints::default() } else { endpoints(manifest) },
            redirect_urls: texts(manifest, "/oauth_config/redirect_urls"),
            is_rotating: on("/settings/token_rotation_enabled"),
            is_hosted: text(manifest, "/settings/function_runtime").as_deref() == Some("slack"),
        }
    }
}

fn endpoints(manifest: &Value) -> Endpoints {
    let interactivity = text(manifest, "/settings/interactivity/request_url");
    let options = text(manifest, "/settings/interactivity/message_menu_options_url");
    Endpoints {
        events: text(manifest, "/settings/event_subscriptions/request_url"),
        options: options.or_else(|| interactivity.clone()),
        interactivity,
    }
}

fn commands(manifest: &Value, is_socket: bool) -> Vec<Command> {
    let commands = manifest.pointer("/features/slash_commands").and_then(Value::as_array);
    let read = |of: &Value| Command {
        name: format!("/{}", text(of, "/command").unwrap_or_default().trim_start_matches('/')),
        description: text(of, "/description").unwrap_or_default(),
        url: text(of, "/url").filter(|_| !is_socket),
    };
    commands.into_iter().flatten().map(read).collect()
}

/// Everything that is wrong with a manifest.
pub(crate) fn problems(manifest: &Value) -> Vec<Problem> {
    if !manifest.is_object() {
        return vec![Problem::new("/", "a manifest is an object")];
    }
    let mut problems = Vec::new();
    display_problems(manifest, &mut problems);
    for kind in ["bot", "user"] {
        let pointer = format!("/oauth_config/scopes/{kind}");
        list_problems(manifest, &pointer, is_scope, "is no scope", &mut problems);
    }
    list_problems(manifest, "/settings/event_subscriptions/bot_events", is_event, "is no event", &mut problems);
    list_problems(manifest, "/oauth_config/redirect_urls", is_url, "is no URL", &mut problems);
    command_problems(manifest, &mut problems);
    for pointer in [
        "/settings/event_subscriptions/request_url",
        "/settings/interactivity/request_url",
        "/settings/interactivity/message_menu_options_url",
    ] {
        if manifest.pointer(pointer).is_some_and(|url| !url.as_str().is_some_and(is_url)) {
            problems.push(Problem::new(pointer, "must be an http or https URL"));
        }
    }
    for pointer in ["/settings/socket_mode_enabled", "/settings/token_rotation_enabled"] {
        if manifest.pointer(pointer).is_some_and(|flag| !flag.is_boolean()) {
            problems.push(Problem::new(pointer, "must be true or false"));
        }
    }
    problems
}

fn display_problems(manifest: &Value, problems: &mut Vec<Problem>) {
    let name = text(manifest, "/display_information/name");
    match name.as_deref().map(|name| name.chars().count()) {
        None => problems.push(Problem::new("/display_information/name", "missing required field: name")),
        Some(0..=MAX_NAME) => {}
        Some(_) => {
            let message = format!("must be no more than {MAX_NAME} characters");
            problems.push(Problem::new("/display_information/name", message));
        }
    }
    let description = text(manifest, "/display_information/description").unwrap_or_default();
    if description.chars().count() > MAX_DESCRIPTION {
        let message = format!("must be no more than {MAX_DESCRIPTION} characters");
        problems.push(Problem::new("/display_information/description", message));
    }
}

fn list_problems(
    manifest: &Value,
    pointer: &str,
    is_fine: fn(&str) -> bool,
    complaint: &str,
    problems: &mut Vec<Problem>,
) {
    let Some(list) = manifest.pointer(pointer) else { return };
    let Some(items) = list.as_array() else {
        problems.push(Problem::new(pointer, "must be a list"));
        return;
    };
    for (position, item) in items.iter().enumerate() {
        if !item.as_str().is_some_and(is_fine) {
            problems.push(Problem::new(format!("{pointer}/{position}"), format!("{item} {complaint}")));
        }
    }
}

fn command_problems(manifest: &Value, problems: &mut Vec<Problem>) {
    const AT: &str = "/features/slash_commands";
    let Some(list) = manifest.pointer(AT) else { return };
    let Some(commands) = list.as_array() else {
        problems.push(Problem::new(AT, "must be a list"));
        return;
    };
    if commands.len() > MAX_COMMANDS {
        problems.push(Problem::new(AT, format!("must be no more than {MAX_COMMANDS} commands")));
    }
    for (position, command) in commands.iter().enumerate() {
        let name = text(command, "/command").unwrap_or_default();
        let is_name = name.len() > 1 && name.starts_with('/') && !name.contains(char::is_whitespace);
        if !is_name {
            problems.push(Problem::new(format!("{AT}/{position}/command"), "must start with a slash"));
        }
        if command.get("url").is_some_and(|url| !url.as_str().is_some_and(is_url)) {
            problems.push(Problem::new(format!("{AT}/{position}/url"), "must be an http or https URL"));
        }
    }
}

/// True for a text that can be the name of a scope.
pub(crate) fn is_scope(text: &str) -> bool {
    let is_fine = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | ':' | '_' | '-');
    !text.is_empty() && text.chars().all(is_fine)
}

fn is_event(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '.' | '_'))
}

fn is_url(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| url.has_host())
}

fn text(of: &Value, pointer: &str) -> Option<String> {
    of.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn texts(of: &Value, pointer: &str) -> Vec<String> {
    let items = of.pointer(pointer).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_manifest_with_socket_mode_has_no_endpoints() {
        let mut manifest = json!({
            "display_information": {"name": "Deploys"},
            "features": {"slash_commands": [{"command": "/deploy", "url": "http://127.0.0.1:1/c"}]},
            "settings": {
                "socket_mode_enabled": false,
                "interactivity": {"is_enabled": true, "request_url": "http://127.0.0.1:1/i"},
                "event_subscriptions": {"request_url": "http://127.0.0.1:1/e", "bot_events": ["app_mention"]},
            },
        });
        let plan = Plan::read(&manifest);
        assert_eq!(plan.endpoints.events.as_deref(), Some("http://127.0.0.1:1/e"));
        assert_eq!(plan.endpoints.options.as_deref(), Some("http://127.0.0.1:1/i"));
        assert_eq!(plan.commands[0].url.as_deref(), Some("http://127.0.0.1:1/c"));
        manifest["settings"]["socket_mode_enabled"] = true.into();
        let plan = Plan::read(&manifest);
        assert_eq!(plan.endpoints, Endpoints::default());
        assert_eq!(plan.commands[0].url, None);
        assert!(problems(&manifest).is_empty());
    }

    proptest! {
        #[test]
        fn any_manifest_is_read_and_judged(manifest in json_value()) {
            let _ = (Plan::read(&manifest), problems(&manifest));
        }
    }

    /// JSON with the keys that manifests have.
    fn json_value() -> impl Strategy<Value = Value> {
        const KEYS: [&str; 14] = [
            "display_information",
            "name",
            "features",
            "slash_commands",
            "command",
            "url",
            "oauth_config",
            "scopes",
            "bot",
            "redirect_urls",
            "settings",
            "event_subscriptions",
            "bot_events",
            "request_url",
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,50}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            let key = proptest::sample::select(&KEYS[..]).prop_map(str::to_owned);
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(key, inner, 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn each_problem_says_where_it_is() {
        let manifest = json!({
            "display_information": {"name": "x".repeat(36)},
            "features": {"slash_commands": [{"command": "deploy"}]},
            "oauth_config": {"scopes": {"bot": ["chat:write", "Not A Scope", 3]}, "redirect_urls": "x"},
            "settings": {"event_subscriptions": {"request_url": "nowhere"}, "socket_mode_enabled": "true"},
        });
        let found: Vec<String> = problems(&manifest).into_iter().map(|problem| problem.pointer).collect();
        assert_eq!(
            found,
            [
                "/display_information/name",
                "/oauth_config/scopes/bot/1",
                "/oauth_config/scopes/bot/2",
                "/oauth_config/redirect_urls",
                "/features/slash_commands/0/command",
                "/settings/event_subscriptions/request_url",
                "/settings/socket_mode_enabled",
            ]
        );
        assert_eq!(problems(&json!([])).len(), 1);
    }
}
