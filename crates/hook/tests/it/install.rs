//! Claude Code's settings file, before and after.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign_hook::client::Mode;
use countersign_hook::install::{ClaudeHooks, SettingsError, plan_install, plan_uninstall, status};
use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

fn hooks(mode: Mode) -> ClaudeHooks {
    ClaudeHooks {
        exe: PathBuf::from("/opt/countersign/bin/countersign"),
        config: PathBuf::from("/home/alice/.config/countersign/countersign.toml"),
        wait: Duration::from_mins(5),
        mode,
    }
}

struct Claude {
    dir: tempfile::TempDir,
}

impl Claude {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn with(text: &str) -> Self {
        let claude = Self::new();
        fs::write(claude.settings(), text).unwrap();
        claude
    }

    fn settings(&self) -> PathBuf {
        self.dir.path().join("settings.json")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.settings()).unwrap()
    }

    fn install(&self, mode: Mode) -> Vec<String> {
        let change = plan_install(&self.settings(), &hooks(mode)).unwrap();
        change.apply().unwrap();
        change.summary
    }

    fn uninstall(&self) -> Vec<String> {
        let change = plan_uninstall(&self.settings()).unwrap();
        change.apply().unwrap();
        change.summary
    }
}

const MINE: &str = r#"{
    "model": "opus",
    "bignum": 1.0e+2, "order": {"z": 1, "a": "\u00e9"},
    "hooks": {
        "PermissionRequest": [
            { "matcher": "Bash", "hooks": [ { "type": "command", "command": "countersign hook --config /x | tee log" } ] }
        ],
        "Notification": [ { "hooks": [ { "type": "command", "command": "say hi" } ] } ]
    },
    "zzz": null
}
"#;

#[rstest]
#[case::advise("advise", Mode::Advise)]
#[case::gate("gate", Mode::Gate)]
fn a_missing_file_is_made_with_exactly_our_entries(#[case] name: &str, #[case] mode: Mode) {
    let claude = Claude::new();
    assert_eq!(claude.install(mode).len(), 6);
    insta::assert_snapshot!(format!("fresh_{name}"), claude.text());
    assert_eq!(fs::metadata(claude.settings()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn everything_else_in_the_file_stays_as_it_is() {
    let claude = Claude::with(MINE);
    let change = plan_install(&claude.settings(), &hooks(Mode::Advise)).unwrap();
    insta::assert_snapshot!("beside_others", change.diff());
    change.apply().unwrap();
    serde_json::from_str::<Value>(&claude.text()).unwrap();
    claude.uninstall();
    assert_eq!(claude.text(), MINE);
}

#[test]
fn installing_again_changes_nothing() {
    let claude = Claude::with(MINE);
    claude.install(Mode::Advise);
    let text = claude.text();
    assert_eq!(claude.install(Mode::Advise), Vec::<String>::new());
    assert_eq!(claude.text(), text);
}

#[test]
fn uninstalling_again_changes_nothing() {
    let claude = Claude::with(MINE);
    assert_eq!(claude.uninstall(), Vec::<String>::new());
    assert_eq!(claude.text(), MINE);
    let nowhere = Claude::new();
    assert_eq!(nowhere.uninstall(), Vec::<String>::new());
    assert!(!nowhere.settings().exists());
}

#[test]
fn a_plan_writes_nothing() {
    let claude = Claude::new();
    let change = plan_install(&claude.settings(), &hooks(Mode::Advise)).unwrap();
    assert!(change.diff().contains("+ "));
    assert!(!claude.settings().exists());
}

#[test]
fn the_question_moves_when_the_gate_is_switched() {
    let claude = Claude::with("{}");
    claude.install(Mode::Advise);
    let advise = claude.text();
    assert_eq!(claude.install(Mode::Gate), ["remove PermissionRequest", "add PreToolUse"]);
    assert_eq!(claude.install(Mode::Advise), ["add PermissionRequest", "remove PreToolUse"]);
    let (now, then): (Value, Value) =
        (serde_json::from_str(&claude.text()).unwrap(), serde_json::from_str(&advise).unwrap());
    assert_eq!(now, then);
}

#[test]
fn an_entry_of_an_older_installation_is_replaced() {
    let old = json!({ "hooks": {
        "PermissionRequest": [{ "hooks": [
            { "type": "command", "command": "mine" },
            { "type": "command", "command": "'/old/countersign-0.0' hook --config '/old.toml'", "timeout": 60 },
        ]}],
        "PreCompact": [{ "hooks": [
            { "type": "command", "command": "'/old/countersign' hook --config '/old.toml'" },
        ]}],
    }});
    let claude = Claude::with(&old.to_string());
    assert_eq!(claude.install(Mode::Advise)[0], "replace PermissionRequest");
    assert!(!claude.text().contains("countersign-0.0"));
    assert!(claude.text().contains(r#"[{"command":"mine","type":"command"}]"#));
    assert_eq!(claude.uninstall().len(), 7, "the one at PreCompact too");
    assert!(!claude.text().contains("countersign"));
}

#[test]
fn a_matcher_that_the_user_put_on_our_entry_stays() {
    let claude = Claude::with("{}");
    claude.install(Mode::Gate);
    let text = claude.text().replacen("\"*\"", "\"Bash\"", 1);
    fs::write(claude.settings(), &text).unwrap();
    assert_eq!(claude.install(Mode::Gate), Vec::<String>::new());
    assert_eq!(claude.text(), text);
}

#[rstest]
#[case::syntax("{\n  \"a\": 1,\n}\n", ":3:1: not valid JSON: key must be a string; nothing")]
#[case::comment("// mine\n{}", ":1:1: not valid JSON")]
#[case::half("{\"a\":", "not valid JSON: EOF")]
#[case::array("[]", "the file is not a JSON object")]
#[case::hooks_list(r#"{"hooks":[]}"#, "`hooks` is not an object")]
#[case::event_object(r#"{"hooks":{"Stop":{}}}"#, "`hooks.Stop` is not a list")]
#[case::hooks_twice(r#"{"hooks":{},"hooks":{}}"#, "`hooks` occurs twice")]
#[case::event_twice(r#"{"hooks":{"Stop":[],"Stop":[]}}"#, "`Stop` occurs twice")]
fn a_file_that_cannot_be_edited_safely_is_left_alone(#[case] text: &str, #[case] expected: &str) {
    let claude = Claude::with(text);
    let path = claude.settings();
    for error in [
        plan_install(&path, &hooks(Mode::Advise)).unwrap_err(),
        plan_uninstall(&path).unwrap_err(),
        status(&path).unwrap_err(),
    ] {
        let error = error.to_string();
        assert!(error.contains(expected), "{error}");
        assert!(error.ends_with("nothing was changed"), "{error}");
    }
    assert_eq!(claude.text(), text);
}

#[test]
fn a_link_stays_a_link_and_its_target_is_written() {
    let claude = Claude::with("{}");
    let link = claude.dir.path().join("link.json");
    symlink("settings.json", &link).unwrap();
    plan_install(&link, &hooks(Mode::Advise)).unwrap().apply().unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(claude.text().contains("PermissionRequest"));
}

#[test]
fn a_link_to_nothing_is_refused() {
    let claude = Claude::new();
    symlink("/nonexistent/settings.json", claude.settings()).unwrap();
    let planned = plan_install(&claude.settings(), &hooks(Mode::Advise));
    assert!(matches!(planned, Err(SettingsError::Dangling(_))));
}

#[test]
fn a_directory_is_refused() {
    let claude = Claude::new();
    let planned = plan_install(claude.dir.path(), &hooks(Mode::Advise));
    assert!(matches!(planned, Err(SettingsError::NotAFile(_))));
}

#[test]
fn the_files_mode_stays_and_nothing_is_left_beside_it() {
    let claude = Claude::with("{}");
    fs::set_permissions(claude.settings(), fs::Permissions::from_mode(0o644)).unwrap();
    claude.install(Mode::Advise);
    assert_eq!(fs::metadata(claude.settings()).unwrap().permissions().mode() & 0o777, 0o644);
    assert_eq!(fs::read_dir(claude.dir.path()).unwrap().count(), 1);
}

#[test]
fn what_somebody_wrote_meanwhile_is_not_overwritten() {
    let claude = Claude::with("{}");
    let change = plan_install(&claude.settings(), &hooks(Mode::Advise)).unwrap();
    fs::write(claude.settings(), "{\"new\": 1}").unwrap();
    assert!(matches!(change.apply(), Err(SettingsError::Changed(_))));
    assert_eq!(claude.text(), "{\"new\": 1}");
}

#[test]
fn status_says_what_is_there_and_whether_it_would_work() {
    let claude = Claude::with(MINE);
    assert!(status(&claude.settings()).unwrap().is_empty());
    let exe = claude.dir.path().join("countersign");
    fs::write(&exe, "").unwrap();
    let hooks = ClaudeHooks { exe: exe.clone(), ..hooks(Mode::Gate) };
    plan_install(&claude.settings(), &hooks).unwrap().apply().unwrap();
    let installed = status(&claude.settings()).unwrap();
    assert_eq!(installed.len(), 6);
    let gate = installed.iter().find(|entry| entry.event == "PreToolUse").unwrap();
    assert_eq!((gate.exe_exists, gate.config_exists), (true, false));
    assert_eq!(gate.timeout_s, Some(330));
    assert_eq!(gate.command.flags, ["--gate"]);
    assert_eq!(gate.command.exe, exe);
}

#[test]
fn a_relative_path_is_not_installed() {
    let claude = Claude::new();
    let hooks = ClaudeHooks { exe: PathBuf::from("countersign"), ..hooks(Mode::Advise) };
    assert!(matches!(plan_install(&claude.settings(), &hooks), Err(SettingsError::Path(_))));
}

#[test]
fn a_shell_runs_the_command_with_exactly_its_arguments() {
    let claude = Claude::new();
    let exe = claude.dir.path().join("it's $HOME").join("countersign");
    fs::create_dir(exe.parent().unwrap()).unwrap();
    symlink("/bin/echo", &exe).unwrap();
    let config = Path::new("/tmp/a 'b'; `c`").to_owned();
    let hooks = ClaudeHooks { exe, config, ..hooks(Mode::Gate) };
    plan_install(&claude.settings(), &hooks).unwrap().apply().unwrap();
    let settings: Value = serde_json::from_str(&claude.text()).unwrap();
    let command = settings["hooks"]["PreToolUse"][0]["hooks"][0]["command"].as_str().unwrap();
    let output = std::process::Command::new("sh").args(["-c", command]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "hook --config /tmp/a 'b'; `c` --gate\n");
}

/// Any JSON, not deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Somebody's hooks: events of every kind with at least one group, of any shape. An empty container says no more than
/// none and is removed with ours, so there is none here.
fn any_hooks() -> impl Strategy<Value = Value> {
    let event = prop_oneof![
        Just("PermissionRequest".to_owned()),
        Just("PreToolUse".to_owned()),
        Just("Stop".to_owned()),
        Just("Notification".to_owned()),
        any::<String>(),
    ];
    let handler =
        prop_oneof![any_json(), any::<String>().prop_map(|command| json!({ "type": "command", "command": command })),];
    let group = prop_oneof![
        any_json(),
        proptest::collection::vec(handler, 0..3).prop_map(|handlers| json!({ "matcher": "Bash", "hooks": handlers })),
    ];
    proptest::collection::btree_map(event, proptest::collection::vec(group, 1..3), 1..5)
        .prop_map(|events| json!(events))
}

fn any_settings() -> impl Strategy<Value = Value> {
    let others = proptest::collection::btree_map("[a-gi-z]{1,6}", any_json(), 0..4);
    (others, proptest::option::of(any_hooks())).prop_map(|(others, hooks)| {
        let mut settings: serde_json::Map<String, Value> = others.into_iter().collect();
        settings.extend(hooks.map(|hooks| ("hooks".to_owned(), hooks)));
        Value::Object(settings)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn uninstalling_undoes_installing(
        settings in any_settings(),
        pretty in any::<bool>(),
        gate in any::<bool>(),
    ) {
        let text = if pretty { serde_json::to_string_pretty(&settings) } else { serde_json::to_string(&settings) }.unwrap();
        let claude = Claude::with(&text);
        let mode = if gate { Mode::Gate } else { Mode::Advise };
        prop_assert_eq!(claude.install(mode).len(), 6);
        let installed = claude.text();
        prop_assert!(serde_json::from_str::<Value>(&installed).is_ok());
        prop_assert!(claude.install(mode).is_empty());
        prop_assert_eq!(status(&claude.settings()).unwrap().len(), 6);
        claude.uninstall();
        prop_assert_eq!(claude.text(), text);
    }
}
