//! `@slack/cli-hooks` and `@slack/bolt`, as npm has them.

use serde_json::{Value, json};

use super::{
    desk::{Desk, has, installed},
    registry::Registry,
    scenes::{self, STARTED, Way, fact},
};

/// Nobody listens on the discard port.
const NOBODY: &str = "http://127.0.0.1:9/";

/// A project from the template, on the SDKs of `cargo xtask setup`.
async fn project() -> Option<Desk> {
    if !has("npx").await || !has("node").await {
        return None;
    }
    let modules = installed("node/node_modules");
    installed("node/node_modules/@slack/cli-hooks");
    let mut desk = Desk::new().await;
    desk.creates("node", &[]).await;
    std::os::unix::fs::symlink(modules, desk.root().join("node_modules")).unwrap();
    // npm asks for nothing beyond this machine, not even whether there is a newer npm.
    asks(&mut desk, NOBODY);
    let cache = desk.aside("npm");
    desk.sets("npm_config_cache", cache);
    desk.sets("npm_config_update_notifier", "false");
    desk.sets("npm_config_fetch_retries", "0");
    Some(desk)
}

fn asks(desk: &mut Desk, registry: &str) {
    desk.sets("npm_config_registry", registry);
}

/// What a registry knows of the two packages: of one there is a newer version.
fn packages(path: &str) -> Option<Value> {
    let (name, version) = match path {
        "/@slack%2fbolt" => ("@slack/bolt", "99.0.0"),
        "/@slack%2fcli-hooks" => ("@slack/cli-hooks", "1.3.3"),
        _ => return None,
    };
    let one = json!({"name": name, "version": version, "dist": {"tarball": format!("{NOBODY}{name}.tgz")}});
    Some(json!({"name": name, "dist-tags": {"latest": version}, "versions": {version: one}}))
}

async fn registry(desk: &Desk) -> Registry {
    Registry::start(&desk.aside("ca.pem"), packages).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_project_says_its_manifest() {
    let Some(desk) = project().await else { return };
    scenes::manifest(&desk).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_app_answers_a_mention_and_follows_its_code() {
    let Some(desk) = project().await else { return };
    scenes::run(&desk, &Way { code: "app.js", connections: 1, within: STARTED }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_project_is_examined_and_its_newer_versions_are_told() {
    let Some(mut desk) = project().await else { return };
    let registry = registry(&desk).await;
    asks(&mut desk, registry.url());
    let project = scenes::doctor(&desk).await;
    assert_eq!(fact(&project, "Runtime").unwrap(), "node");
    assert!(fact(&project, "node").is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit())));
    assert_eq!(fact(&project, "@slack/bolt").unwrap(), "5.1.0 → 99.0.0 (update available)");
    assert_eq!(fact(&project, "@slack/cli-hooks").unwrap(), "1.3.3");
    assert_eq!(registry.asked(), ["/@slack%2fbolt", "/@slack%2fcli-hooks"]);
    // Its SDK looks for newer versions and cannot take them.
    let upgrade = desk.slack(&["upgrade", "--yes", "--json"]).await.well();
    let told: Value = serde_json::from_str(upgrade.text()).unwrap();
    assert_eq!((&told["outcome"], &told["updates"]), (&json!("by_hand"), &json!([])), "{told}");
    assert!(upgrade.stderr.contains("@slack/bolt 5.1.0 → 99.0.0 (breaking)"), "{}", upgrade.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn npms_registry_out_of_reach_is_a_failed_upgrade() {
    let Some(desk) = project().await else { return };
    let failed = desk.slack(&["upgrade"]).await.with_code(1);
    for text in ["check-update", "@slack/bolt", "ECONNREFUSED"] {
        assert!(failed.stderr.contains(text), "{text}: {}", failed.stderr);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_project_is_deployed_by_its_script() {
    let Some(desk) = project().await else { return };
    desk.edits(".slack/hooks.json", "\"hooks\": {", "\"hooks\": {\n    \"deploy\": \"./deploy.sh\",");
    scenes::deploy(&desk).await;
}
