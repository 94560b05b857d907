//! Updates through cargo, and a bundle.

use std::fs;

use countersign_slack::hooks::{CheckUpdate, HookName, InstallUpdate};
use serde_json::{Value, json};

use super::{CARGO, Project};

const SDK: &[(&str, &str)] = &[
    ("sdk/Cargo.toml", "[package]\nname = \"countersign-slack-sdk\"\nversion = \"0.1.0\"\nedition = \"2024\"\n"),
    ("sdk/src/lib.rs", ""),
];

/// A project that depends on a crate of which a registry has three versions; the oldest is locked.
fn project() -> Project {
    let project = Project::of(SDK);
    project.write("Cargo.toml", &format!("{CARGO}greeting = \"1\"\n"));
    project.write("src/main.rs", "fn main() {}");
    project.write(
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"shelf\"\n[source.shelf]\ndirectory = \"shelf\"\n",
    );
    for version in ["1.0.0", "1.1.0", "2.0.0"] {
        let shelf = format!("shelf/greeting-{version}");
        let cargo = format!("[package]\nname = \"greeting\"\nversion = \"{version}\"\nedition = \"2021\"\n");
        project.write(&format!("{shelf}/Cargo.toml"), &cargo);
        project.write(&format!("{shelf}/src/lib.rs"), "");
        project.write(&format!("{shelf}/.cargo-checksum.json"), "{\"files\":{},\"package\":null}");
    }
    let lock = "version = 4\n\n[[package]]\nname = \"countersign-slack-sdk\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"demo\"\nversion = \"0.1.0\"\ndependencies = [\n \"countersign-slack-sdk\",\n \"greeting\",\n]\n\n[[package]]\nname = \"greeting\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
    project.write("Cargo.lock", lock);
    project
}

#[tokio::test]
async fn newer_versions_are_found_without_changing_anything() {
    let project = project();
    let before = fs::read_to_string(project.path().join("Cargo.lock")).unwrap();
    let response = project.respond(HookName::CheckUpdate, &[], b"").await;
    let check: CheckUpdate = serde_json::from_value(response.clone()).unwrap();
    assert_eq!(check.error, None, "{response}");
    assert_eq!(check.name, "the Slack SDK for Rust");
    let names: Vec<&str> = check.releases.iter().map(|release| release.name.as_str()).collect();
    assert_eq!(names, ["countersign-slack-sdk", "greeting"]);
    assert!(!check.releases[0].update);
    let greeting = &check.releases[1];
    assert_eq!((greeting.current.as_deref(), greeting.latest.as_deref()), (Some("1.0.0"), Some("2.0.0")));
    assert!(greeting.update && greeting.breaking && greeting.message.as_ref().unwrap().contains("1.1.0"));
    assert_eq!(fs::read_to_string(project.path().join("Cargo.lock")).unwrap(), before);
}

#[tokio::test]
async fn what_fits_is_installed_and_named_as_the_reference_reads_it() {
    let project = project();
    let ended = project.call(HookName::InstallUpdate, &[], b"").await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let response: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(response["updates"], json!([{"name": "greeting", "previous": "1.0.0", "installed": "1.1.0"}]));
    let install: InstallUpdate = serde_json::from_value(response).unwrap();
    assert_eq!(install.releases[0].current.as_deref(), Some("1.1.0"));
    let again = project.respond(HookName::InstallUpdate, &[], b"").await;
    assert_eq!(again["updates"], json!([]));
}

#[tokio::test]
async fn a_registry_that_cannot_be_reached_is_an_error_in_the_answer() {
    let mut project = project();
    fs::remove_file(project.path().join(".cargo/config.toml")).unwrap();
    let home = tempfile::tempdir().unwrap();
    project.set("CARGO_HOME", home.path().to_str().unwrap());
    // Nobody listens on the discard port.
    project.set("CARGO_HTTP_PROXY", "http://127.0.0.1:9");
    for hook in [HookName::CheckUpdate, HookName::InstallUpdate] {
        let response = project.respond(hook, &[], b"").await;
        assert!(response["error"]["message"].as_str().is_some_and(|text| text.starts_with("cargo: ")), "{response}");
    }
    let check: CheckUpdate = serde_json::from_value(project.respond(HookName::CheckUpdate, &[], b"").await).unwrap();
    assert_eq!(check.releases[0].current.as_deref(), Some("0.1.0"), "what is known is said all the same");
}

const PRINTING: &str = r#"
fn main() {
    println!("{{\"talk\": \"of an app\"}}");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let boundary = arguments.iter().find_map(|flag| flag.strip_prefix("--boundary=")).unwrap_or_default();
    println!("{boundary}{{\"display_information\":{{\"name\":\"{}\"}}}}{boundary}", arguments[0]);
    println!("more talk");
}
"#;

#[tokio::test]
async fn a_bundle_is_a_program_that_needs_nothing_and_its_manifest() {
    let mut project = Project::of(SDK);
    project.write("Cargo.toml", CARGO);
    // It answers as apps do: what else it prints, to whoever, is no part of its manifest.
    project.write("src/main.rs", PRINTING);
    project.set("CARGO_NET_OFFLINE", "true");
    let output = project.path().join("a bundle");
    let (source, to) = (format!("--source={}", project.path().display()), format!("--output={}", output.display()));
    let ended = project.call(HookName::Build, &[&source, &to], b"").await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{}", ended.stderr);
    let manifest: Value = serde_json::from_str(&fs::read_to_string(output.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["display_information"]["name"], "get-manifest");
    let program = tokio::process::Command::new(output.join("demo")).arg("x").output().await.unwrap();
    assert!(String::from_utf8(program.stdout).unwrap().contains("\"x\""));
    let kind = tokio::process::Command::new("ldd").arg(output.join("demo")).output().await.unwrap();
    let said = String::from_utf8_lossy(&kind.stdout).into_owned() + &String::from_utf8_lossy(&kind.stderr);
    assert!(said.contains("statically linked") || said.contains("not a dynamic"), "{said}");
}
