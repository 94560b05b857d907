//! Manifests, fitted to where the app runs.

use countersign_slack::client::ApiBase;
use serde_json::{Map, Value, json};

/// What the name of an app of `slack run` ends in.
const SUFFIX: &str = " (local)";
/// How long an app's name may be (docs.slack.dev, App manifest reference).
const MAX_NAME: usize = 35;
/// How long a bot's name may be.
const MAX_BOT_NAME: usize = 80;

/// Whether Slack runs the app.
pub(crate) fn is_hosted(manifest: &Map<String, Value>) -> bool {
    manifest.get("settings").and_then(|settings| settings.get("function_runtime")?.as_str()) == Some("slack")
}

/// Makes a manifest that of an app of `slack run`.
///
/// What would be hosted runs here, over Socket Mode. Other apps keep how Slack reaches them.
pub(crate) fn make_local(manifest: &mut Map<String, Value>) {
    for (pointer, limit) in [("display_information/name", MAX_NAME), ("features/bot_user/display_name", MAX_BOT_NAME)] {
        if let Some(name) = text_at(manifest, pointer) {
            *name = Value::String(with_suffix(name.as_str().unwrap_or_default(), limit));
        }
    }
    if !is_hosted(manifest) {
        return;
    }
    let Some(settings) = object_at(manifest, "settings") else { return };
    settings.insert("function_runtime".to_owned(), json!("local"));
    settings.insert("socket_mode_enabled".to_owned(), json!(true));
    if let Some(interactivity) = object_at(settings, "interactivity") {
        interactivity.insert("is_enabled".to_owned(), json!(true));
        interactivity.remove("request_url");
        interactivity.remove("message_menu_options_url");
    }
    if let Some(events) = object_at(settings, "event_subscriptions") {
        events.remove("request_url");
    }
}

/// Gives a manifest of an app that Slack hosts what Slack asks for; others stay as they are.
pub(crate) fn make_hosted(manifest: &mut Map<String, Value>, base: &ApiBase) {
    if !is_hosted(manifest) {
        return;
    }
    let host = base.url().origin().ascii_serialization();
    let Some(settings) = object_at(manifest, "settings") else { return };
    if let Some(interactivity) = object_at(settings, "interactivity") {
        interactivity.insert("is_enabled".to_owned(), json!(true));
        interactivity.insert("request_url".to_owned(), json!(host));
        interactivity.insert("message_menu_options_url".to_owned(), json!(host));
    }
    if let Some(events) = object_at(settings, "event_subscriptions") {
        events.insert("request_url".to_owned(), json!(host));
    }
}

/// A name with the suffix once, cut so that Slack takes it.
fn with_suffix(name: &str, limit: usize) -> String {
    if name.ends_with(SUFFIX) {
        return name.to_owned();
    }
    let kept: String = name.chars().take(limit - SUFFIX.len()).collect();
    format!("{}{SUFFIX}", kept.trim_end())
}

/// A text that is there.
fn text_at<'m>(manifest: &'m mut Map<String, Value>, path: &str) -> Option<&'m mut Value> {
    let (first, rest) = path.split_once('/')?;
    manifest.get_mut(first)?.pointer_mut(&format!("/{rest}")).filter(|value| value.is_string())
}

/// An object, made where there is nothing; `None` where something else is, which Slack will say better.
fn object_at<'m>(object: &'m mut Map<String, Value>, name: &str) -> Option<&'m mut Map<String, Value>> {
    object.entry(name).or_insert_with(|| json!({})).as_object_mut()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn local(manifest: Value) -> Value {
        let Value::Object(mut manifest) = manifest else { panic!("{manifest} is no object") };
        make_local(&mut manifest);
        Value::Object(manifest)
    }

    #[rstest]
    #[case::short("Orders", "Orders (local)")]
    #[case::already("Orders (local)", "Orders (local)")]
    #[case::long("abcdefghijklmnopqrstuvwxyzäöü0123456", "abcdefghijklmnopqrstuvwxyzä (local)")]
    fn a_local_apps_name_says_so_and_fits(#[case] name: &str, #[case] expected: &str) {
        let manifest = json!({"display_information": {"name": name}, "features": {"bot_user": {"display_name": "o"}}});
        let fitted = local(manifest);
        assert_eq!(fitted["display_information"]["name"], expected);
        assert_eq!(fitted["features"]["bot_user"]["display_name"], "o (local)");
        assert!(expected.chars().count() <= MAX_NAME);
    }

    #[test]
    fn a_hosted_app_runs_here_over_socket_mode() {
        let fitted = local(json!({
            "display_information": {"name": "x"},
            "settings": {"function_runtime": "slack", "event_subscriptions": {"request_url": "https://x.test"}, "k": 1},
        }));
        let expected = json!({
            "function_runtime": "local", "socket_mode_enabled": true, "interactivity": {"is_enabled": true},
            "event_subscriptions": {}, "k": 1,
        });
        assert_eq!(fitted["settings"], expected);
    }

    #[test]
    fn another_app_keeps_how_slack_reaches_it() {
        let settings = json!({"socket_mode_enabled": false, "event_subscriptions": {"request_url": "https://x.test"}});
        let manifest = json!({"display_information": {"name": "x"}, "settings": settings});
        assert_eq!(local(manifest)["settings"], settings);
    }

    #[test]
    fn what_is_of_another_kind_is_left_for_slack_to_refuse() {
        for manifest in [json!({}), json!({"display_information": 1, "features": []}), json!({"settings": "slack"})] {
            assert_eq!(local(manifest.clone()), manifest);
        }
    }
}
