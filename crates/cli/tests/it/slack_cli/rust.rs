//! A project of the Rust template, on our SDK.

use std::{fs, path::Path, time::Duration};

use countersign_slack::hooks::Environment;
use serde_json::{Value, json};

use super::{
    desk::Desk,
    scenes::{self, Way, fact},
};

/// How long a compiler may take on a machine that does much else.
const COMPILED: Duration = Duration::from_mins(10);

/// Somebody with cargo.
async fn rustacean() -> Desk {
    let mut desk = Desk::new().await;
    let ours = Environment::snapshot();
    let home = ours.path("HOME").unwrap_or_default();
    for (name, usual) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        desk.sets(name, ours.path(name).unwrap_or_else(|| home.join(usual)));
    }
    desk.sets("CARGO", env!("CARGO"));
    desk
}

/// A project on an SDK that is none: nothing is compiled.
async fn hollow() -> Desk {
    let mut desk = rustacean().await;
    let sdk = desk.aside("sdk");
    write(&sdk, "Cargo.toml", &package("countersign-slack-sdk", "0.1.0"));
    write(&sdk, "src/lib.rs", "");
    desk.creates("rust", &["--sdk-path", sdk.to_str().unwrap()]).await;
    desk
}

fn package(name: &str, version: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2021\"\n\n[features]\nderive = []\n")
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// What cargo asks in the place of crates.io, by its own configuration: three versions of one package.
fn shelf(desk: &Desk) {
    let shelf = "[source.crates-io]\nreplace-with = \"shelf\"\n[source.shelf]\ndirectory = \"shelf\"\n";
    desk.writes(".cargo/config.toml", shelf);
    let versions = [("serde", "1.0.0"), ("serde_json", "1.0.0"), ("serde_json", "1.1.0"), ("serde_json", "2.0.0")];
    for (name, version) in versions {
        let place = format!("shelf/{name}-{version}");
        write(desk.root(), &format!("{place}/Cargo.toml"), &package(name, version));
        write(desk.root(), &format!("{place}/src/lib.rs"), "");
        write(desk.root(), &format!("{place}/.cargo-checksum.json"), "{\"files\":{},\"package\":null}");
    }
    let locked = |name: &str| {
        format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n"
        )
    };
    let lock = format!(
        "version = 4\n\n[[package]]\nname = \"countersign-slack-sdk\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"demo\"\nversion = \"0.1.0\"\ndependencies = [\n \"countersign-slack-sdk\",\n \"serde\",\n \"serde_json\",\n]\n{}{}",
        locked("serde"),
        locked("serde_json")
    );
    desk.writes("Cargo.lock", &lock);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rust_project_says_its_manifest() {
    scenes::manifest(&hollow().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rust_app_answers_a_mention_and_follows_its_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let mut desk = rustacean().await;
    desk.creates("rust", &["--sdk-path", root.join("crates/slack-sdk").to_str().unwrap()]).await;
    fs::copy(root.join("Cargo.lock"), desk.root().join("Cargo.lock")).unwrap();
    // With what other tests' apps are built on, so that it is built once and then only looked at.
    desk.sets("CARGO_TARGET_DIR", root.join("target/hook-fixture"));
    desk.sets("CARGO_PROFILE_DEV_DEBUG", "false");
    desk.sets("CARGO_NET_OFFLINE", "true");
    // Our SDK keeps a second connection, for when the first is closed.
    scenes::run(&desk, &Way { code: "src/main.rs", connections: 2, within: COMPILED }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rust_project_is_examined_and_takes_newer_versions() {
    let desk = hollow().await;
    shelf(&desk);
    let project = scenes::doctor(&desk).await;
    assert_eq!(fact(&project, "Runtime").unwrap(), "rust");
    assert!(fact(&project, "rustc").is_some_and(|version| version.starts_with("1.")));
    assert_eq!(fact(&project, "serde_json").unwrap(), "1.0.0 → 2.0.0 (update available)");
    let before = desk.reads("Cargo.lock");
    let told = desk.json(&["upgrade", "--json"]).await;
    assert_eq!(told["outcome"], "not_asked", "{told}");
    assert_eq!(desk.reads("Cargo.lock"), before, "nobody has said yes");
    let taken = desk.slack(&["upgrade", "--yes", "--json"]).await.well();
    let told: Value = serde_json::from_str(taken.text()).unwrap();
    let updates = json!([{"name": "serde_json", "previous": "1.0.0", "installed": "1.1.0"}]);
    assert_eq!((&told["outcome"], &told["updates"]), (&json!("taken"), &updates), "{told}");
    assert!(taken.stderr.contains("serde_json 1.0.0 → 2.0.0 (breaking)"), "{}", taken.stderr);
    assert!(desk.reads("Cargo.lock").contains("version = \"1.1.0\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cargos_registry_out_of_reach_is_a_failed_upgrade() {
    let mut desk = hollow().await;
    // Nobody has fetched anything yet, and nobody listens on the discard port.
    let home = desk.aside("cargo");
    desk.sets("CARGO_HOME", home);
    desk.sets("CARGO_HTTP_PROXY", "http://127.0.0.1:9");
    let failed = desk.slack(&["upgrade"]).await.with_code(1);
    for text in ["check-update", "cargo: "] {
        assert!(failed.stderr.contains(text), "{text}: {}", failed.stderr);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rust_project_is_deployed_by_its_script() {
    scenes::deploy(&hollow().await).await;
}
