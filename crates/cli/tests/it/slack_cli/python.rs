//! `slack-cli-hooks` and `slack_bolt`, as PyPI has them.

use serde_json::{Value, json};

use super::{
    desk::{Desk, has, installed},
    registry::Registry,
    scenes::{self, STARTED, Way, fact},
};

/// A project from the template, on the SDKs of `cargo xtask setup`.
async fn project() -> Option<Desk> {
    if !has("python3").await {
        return None;
    }
    let environment = installed("python");
    let mut desk = Desk::new().await;
    desk.creates("python", &[]).await;
    std::os::unix::fs::symlink(environment, desk.root().join(".venv")).unwrap();
    // The environment is everybody's: nothing is written there.
    desk.sets("PYTHONDONTWRITEBYTECODE", "1");
    Some(desk)
}

/// Says by which proxy Python reaches the registry: its address is fixed in the SDK, the way there is not.
fn reaches(desk: &mut Desk, proxy: &str) {
    desk.sets("HTTPS_PROXY", proxy);
}

/// What a registry knows of the three packages: of one there is a newer version.
fn packages(path: &str) -> Option<Value> {
    let version = match path {
        "/pypi/slack_bolt/json" => "1.99.0",
        "/pypi/slack_cli_hooks/json" => "0.3.0",
        "/pypi/slack_sdk/json" => "3.47.0",
        _ => return None,
    };
    Some(json!({"info": {"version": version}}))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_python_project_says_its_manifest() {
    let Some(desk) = project().await else { return };
    scenes::manifest(&desk).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_python_app_answers_a_mention_and_follows_its_code() {
    let Some(desk) = project().await else { return };
    scenes::run(&desk, &Way { code: "app.py", connections: 1, within: STARTED }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_python_project_is_examined_and_its_newer_versions_are_told() {
    let Some(mut desk) = project().await else { return };
    let authority = desk.aside("ca.pem");
    let registry = Registry::start(&authority, packages).await;
    reaches(&mut desk, registry.url());
    desk.sets("SSL_CERT_FILE", &authority);
    let project = scenes::doctor(&desk).await;
    assert_eq!(fact(&project, "Runtime").unwrap(), "python");
    assert!(fact(&project, "python").is_some_and(|version| version.starts_with("3.")));
    assert_eq!(fact(&project, "slack_bolt").unwrap(), "1.30.0 → 1.99.0 (update available)");
    assert_eq!(fact(&project, "slack_cli_hooks").unwrap(), "0.3.0");
    let asked = ["slack_bolt", "slack_cli_hooks", "slack_sdk"].map(|name| format!("/pypi/{name}/json"));
    assert_eq!(registry.asked(), asked);
    // Its SDK looks for newer versions and cannot take them.
    let upgrade = desk.slack(&["upgrade", "--yes", "--json"]).await.well();
    let told: Value = serde_json::from_str(upgrade.text()).unwrap();
    assert_eq!((&told["outcome"], &told["updates"]), (&json!("by_hand"), &json!([])), "{told}");
    assert!(upgrade.stderr.contains("slack_bolt 1.30.0 → 1.99.0"), "{}", upgrade.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_out_of_reach_is_a_failed_upgrade() {
    let Some(mut desk) = project().await else { return };
    // Nobody listens on the discard port.
    reaches(&mut desk, "http://127.0.0.1:9");
    let failed = desk.slack(&["upgrade"]).await.with_code(1);
    for text in ["check-update", "URLError", "Connection refused"] {
        assert!(failed.stderr.contains(text), "{text}: {}", failed.stderr);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_python_project_is_deployed_by_its_script() {
    let Some(desk) = project().await else { return };
    desk.edits(".slack/hooks.json", "\"hooks\": {", "\"hooks\": {\n    \"deploy\": \"./deploy.sh\",");
    scenes::deploy(&desk).await;
}
