//! What is answered without the app's code.

use countersign_slack::hooks::{Doctor, HookName, ProtocolName};

use super::{CARGO, Project};
use crate::BINARY;

#[tokio::test]
async fn every_hook_of_the_specification_is_there() {
    let project = Project::of(&[("Cargo.toml", CARGO), ("src/main.rs", "fn main() {}")]);
    let interface = project.interface().await;
    assert_eq!(interface.runtime.as_deref(), Some("rust"));
    for hook in HookName::ALL.into_iter().filter(|hook| *hook != HookName::GetHooks) {
        let command = format!("{BINARY} slack sdk {hook}");
        assert_eq!(interface.command(hook).unwrap().trim_start_matches("exec "), command);
    }
    // A signal to the one process that the CLI started has to reach the app.
    assert!(interface.command(HookName::Start).unwrap().starts_with("exec "));
    assert_eq!(interface.protocol(), ProtocolName::MessageBoundaries);
    assert!(interface.config.sdk_managed_connection_enabled);
    let watch = interface.config.watch.unwrap();
    assert_eq!(watch.app.unwrap().paths, ["src", "Cargo.toml"]);
    assert_eq!(watch.manifest.unwrap().paths, ["src"]);
}

#[tokio::test]
async fn get_hooks_is_one_document_whatever_it_is_given() {
    let empty = Project::of(&[]);
    let command = format!("{BINARY} slack sdk get-hooks");
    let plain = empty.shell(&command, &[], b"").await;
    // It is asked for before a protocol is agreed on: it never answers by another than the default.
    let flags = ["--sdk-slack-dev-domain=dev.slack.com", "--protocol=message-boundaries", "--boundary=x"];
    let flagged = empty.shell(&command, &flags, b"").await;
    assert_eq!((plain.code, flagged.code), (Some(0), Some(0)));
    assert_eq!(plain.stdout, flagged.stdout);
    assert_eq!(plain.stdout.lines().count(), 1);
}

#[tokio::test]
async fn the_doctor_names_what_the_app_needs() {
    let project = Project::of(&[("Cargo.toml", CARGO), ("src/main.rs", "fn main() {}")]);
    let doctor: Doctor = serde_json::from_value(project.respond(HookName::Doctor, &[], b"").await).unwrap();
    let names: Vec<&str> = doctor.versions.iter().map(|version| version.name.as_str()).collect();
    assert_eq!(names, ["rustc", "cargo", "target", "countersign-slack-sdk", "countersign"]);
    for version in doctor.versions.iter().take(3) {
        assert!(!version.current.is_empty() && version.error.is_none(), "{version:?}");
    }
    let old = CARGO.replace("edition", "rust-version = \"999.0\"\nedition").replace("countersign-slack-sdk", "other");
    let project = Project::of(&[("Cargo.toml", &old), ("src/main.rs", "fn main() {}")]);
    let doctor: Doctor = serde_json::from_value(project.respond(HookName::Doctor, &[], b"").await).unwrap();
    assert!(doctor.versions[0].error.as_ref().unwrap().message.contains("Rust 999.0"));
    assert!(doctor.versions[3].error.as_ref().unwrap().message.contains("cargo add"));
}

#[tokio::test]
async fn what_a_project_misses_is_said_with_what_to_do() {
    let cases = [
        (Project::of(&[]), "no Cargo.toml", "cargo new"),
        (
            Project::of(&[("Cargo.toml", "[workspace]\nmembers = []")]),
            "workspace without a package",
            "directory of the app",
        ),
        (
            Project::of(&[("Cargo.toml", "[package]\nname = 'a'")]),
            "does not depend on",
            "cargo add countersign-slack-sdk",
        ),
        (Project::of(&[("Cargo.toml", CARGO)]), "has no program", "src/main.rs"),
    ];
    for (project, what, hint) in cases {
        for hook in [HookName::GetManifest, HookName::Start, HookName::Build] {
            let ended = project.call(hook, &[], b"").await;
            assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{hook}");
            assert!(ended.stderr.contains(what) && ended.stderr.contains(hint), "{hook}: {}", ended.stderr);
        }
    }
}

#[tokio::test]
async fn a_protocol_without_its_boundary_is_refused_and_an_unknown_one_is_the_default() {
    let project = Project::of(&[("Cargo.toml", CARGO), ("manifest.json", "{}")]);
    let ended = project.call(HookName::GetManifest, &["--protocol=message-boundaries"], b"").await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    assert!(ended.stderr.contains("--boundary"), "{}", ended.stderr);
    let ended = project.call(HookName::GetManifest, &["--protocol=message-boundaries", "--boundary=XYZ"], b"").await;
    assert_eq!(ended.code, Some(1));
    let ended = project.call(HookName::GetManifest, &["--protocol=smoke-signals"], b"").await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "{}\n"));
    let ended = project.shell(&format!("{BINARY} slack sdk get-nothing"), &[], b"").await;
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("get-hooks, get-manifest"), "{}", ended.stderr);
}
