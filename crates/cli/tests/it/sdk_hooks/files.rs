//! What stands in the project's files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use countersign_slack::hooks::HookName;
use serde_json::json;

use super::{CARGO, Project};

/// A cargo that is not there: whoever calls it is found out.
const NO_CARGO: (&str, &str) = ("CARGO", "/nonexistent/cargo");

fn project(files: &[(&str, &str)]) -> Project {
    let mut project = Project::of(&[("Cargo.toml", CARGO), ("src/main.rs", "fn main() {}")]);
    for (path, text) in files {
        project.write(path, text);
    }
    project.set(NO_CARGO.0, NO_CARGO.1);
    project
}

#[tokio::test]
async fn a_manifest_file_is_the_manifest_and_nothing_is_compiled() {
    let text = "\u{feff}{\n  \"display_information\": {\"name\": \"Demo\"},\n  \"unknown_key\": [1]\n}\n";
    let project = project(&[("manifest.json", text)]);
    let source = format!("--source={}", project.path().display());
    let expected = json!({"display_information": {"name": "Demo"}, "unknown_key": [1]});
    assert_eq!(project.respond(HookName::GetManifest, &[&source], b"").await, expected);
}

#[tokio::test]
async fn a_path_that_was_given_names_the_manifest() {
    for variable in ["SLACK_CLI_CUSTOM_FILE_PATH", "SLACK_APP_PATH"] {
        let mut project = project(&[
            ("manifest.json", "{\"a\": 1}"),
            ("other/manifest.json", "{\"a\": 2}"),
            ("x.json", "{\"a\": 3}"),
        ]);
        project.set(variable, "other");
        assert_eq!(project.respond(HookName::GetManifest, &[], b"").await, json!({"a": 2}), "{variable}");
        project.set(variable, "x.json");
        assert_eq!(project.respond(HookName::GetManifest, &[], b"").await, json!({"a": 3}), "{variable}");
    }
}

#[tokio::test]
async fn a_manifest_that_is_none_is_named_with_its_place() {
    for (text, what) in [("{\"a\": }", "line 1 column 7"), ("[]", "not a JSON object")] {
        let project = project(&[("manifest.json", text)]);
        let ended = project.call(HookName::GetManifest, &[], b"").await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
        assert!(ended.stderr.contains("manifest.json") && ended.stderr.contains(what), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn a_trigger_in_a_json_file_is_given_as_it_is() {
    let trigger = json!({"type": "shortcut", "name": "Submit an issue", "workflow": "#/workflows/submit_issue",
        "inputs": {"channel": {"value": "{{data.channel_id}}"}}});
    let project = project(&[("triggers/my issue.json", &trigger.to_string())]);
    let source = format!("--source={}", project.path().join("triggers/my issue.json").display());
    assert_eq!(project.respond(HookName::GetTrigger, &[&source], b"").await, trigger);
    let ended = project.call(HookName::GetTrigger, &[], b"").await;
    assert!(ended.code == Some(1) && ended.stderr.contains("--source"), "{}", ended.stderr);
    let missing = project.call(HookName::GetTrigger, &["--source=triggers/none.json"], b"").await;
    assert!(missing.code == Some(1) && missing.stderr.contains("none.json"), "{}", missing.stderr);
}

#[tokio::test]
async fn a_project_without_a_deploy_script_is_told_how_to_add_one() {
    let ended = project(&[]).call(HookName::Deploy, &[], b"").await;
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stderr.contains("deploy.sh") && ended.stderr.contains("[package.metadata.slack]"),
        "{}",
        ended.stderr
    );
}

#[tokio::test]
async fn a_deploy_script_has_stdin_and_its_exit_code_counts() {
    let project = project(&[("deploy.sh", "#!/bin/sh\nread line\necho \"out $line $PWD\"\necho err >&2\nexit 7\n")]);
    let script = project.path().join("deploy.sh");
    let ended = project.call(HookName::Deploy, &[], b"typed\n").await;
    assert_eq!(ended.code, Some(1), "a file that cannot be run is no script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let ended = project.call(HookName::Deploy, &[], b"typed\n").await;
    let root = project.path().canonicalize().unwrap();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(7), "err\n"));
    assert_eq!(ended.stdout, format!("out typed {}\n", root.display()));
}

#[tokio::test]
async fn a_deploy_command_in_cargo_toml_keeps_its_quotes() {
    let cargo = format!("{CARGO}\n[package.metadata.slack]\ndeploy = \"printf '%s|' 'a   b'\"\n");
    let ended = project(&[("Cargo.toml", &cargo)]).call(HookName::Deploy, &[], b"").await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "a   b|"));
}
