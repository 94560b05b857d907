//! Finding a project and resolving its hooks.

use countersign_slack::hooks::{HookName, ProtocolName};
use countersign_slack_cli::{
    Code, Failure,
    project::{ManifestSource, Project},
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::world::World;

async fn failure(world: &World) -> Failure {
    Project::open(&world.session).await.unwrap_err()
}

/// Everything that a failure tells.
fn told(failure: &Failure) -> String {
    format!("{failure}\n{}\n{}", failure.details().join("\n"), failure.remedies().join("\n"))
}

/// A project whose `get-hooks` answers this, and whose file has this besides.
async fn with_sdk(offered: &Value, own: Value) -> World {
    let mut hooks = own;
    hooks["hooks"]["get-hooks"] = json!("cat offered.json");
    let world = World::with_hooks(&hooks).await;
    world.write("offered.json", &offered.to_string());
    world
}

#[tokio::test]
async fn a_project_is_found_from_below() {
    let mut world = World::with_hooks(&json!({"hooks": {"start": "x"}})).await;
    let root = world.root();
    for below in ["", "src/deep", ".slack"] {
        world.session.directory = root.join(below);
        std::fs::create_dir_all(&world.session.directory).unwrap();
        assert_eq!(world.open().await.root(), root, "{below}");
    }
}

#[rstest]
#[case::beside("slack.json", "slack_json_location_error")]
#[case::inside(".slack/slack.json", "slack_slack_json_location_error")]
#[tokio::test]
async fn a_deprecated_place_is_taken_and_told(#[case] place: &str, #[case] code: &str) {
    let world = World::bare().await;
    world.write(place, "{\"hooks\": {\"start\": \"x\"}}");
    assert!(world.open().await.has(HookName::Start));
    assert!(world.talk.warnings()[0].contains(place) && world.talk.warnings()[0].contains(code));
}

#[tokio::test]
async fn the_right_place_beats_a_deprecated_one() {
    let world = World::with_hooks(&json!({"hooks": {"start": "x"}})).await;
    world.write("slack.json", "{}");
    assert!(world.open().await.has(HookName::Start));
    assert_eq!(world.talk.warnings(), [""; 0]);
}

#[tokio::test]
async fn a_file_of_long_ago_is_refused_with_what_to_do() {
    let world = World::bare().await;
    world.write(".slack/cli.json", "{}");
    let failure = failure(&world).await;
    assert_eq!(failure.code(), &Code::CliConfigLocation);
    assert!(told(&failure).contains("move the .slack/cli.json file to .slack/hooks.json"));
}

#[tokio::test]
async fn a_directory_without_hooks_is_refused_and_nothing_above_it_is_taken() {
    let mut world = World::with_hooks(&json!({})).await;
    world.write("inner/.slack/config.json", "{}");
    world.session.directory = world.root().join("inner");
    assert_eq!(failure(&world).await.code(), &Code::HooksJsonLocation);
    // A directory with the file's name is no file.
    std::fs::create_dir(world.root().join("inner/.slack/hooks.json")).unwrap();
    assert_eq!(failure(&world).await.code(), &Code::HooksJsonLocation);
}

#[tokio::test]
async fn nothing_is_looked_for_above_home_and_credentials_there_are_no_project() {
    let mut world = World::with_hooks(&json!({})).await;
    let home = world.root().join("home");
    world.write("home/.slack/credentials.json", "{}");
    world.write("home/deep/file", "");
    world.session.environment.set("HOME", &home);
    world.session.directory = home.join("deep");
    let failure = failure(&world).await;
    assert_eq!(failure.code(), &Code::InvalidAppDirectory);
    assert!(told(&failure).contains(".slack/hooks.json"));
    world.write("home/.slack/hooks.json", "{}");
    assert_eq!(world.open().await.root(), home);
}

#[rstest]
#[case::comment("{\n  // why\n  \"hooks\": {\"start\": \"x\"}}", ":2:3: a comment")]
#[case::trailing_comma("{\"hooks\": {\"start\": \"x\",}}", ":1:24: a trailing comma")]
#[case::byte_order_mark("\u{feff}{\"hooks\": {\"start\": \"x\"}}", ":1:1: a byte-order mark")]
#[tokio::test]
async fn what_is_tolerated_in_hooks_json_is_told_with_file_line_and_column(#[case] text: &str, #[case] place: &str) {
    let world = World::bare().await;
    world.write(".slack/hooks.json", text);
    assert!(world.open().await.has(HookName::Start));
    let warnings = world.talk.warnings();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains(&format!(".slack/hooks.json{place}")), "{warnings:?}");
}

#[rstest]
#[case::junk("{\n \"hooks\": ...\n}", "hooks.json:2:11: expected value")]
#[case::cut_off("{\"hooks\": {", "hooks.json:1:")]
#[case::empty("", "hooks.json:1:1: EOF")]
#[case::more_than_one("{} {}", "hooks.json:1:4: trailing characters")]
#[case::a_number_for_a_command("{\"hooks\": {\n\"start\": 1}}", "hooks.json:2:10: invalid type: integer `1`")]
#[case::a_list("[]", "it is not an object")]
#[case::a_list_for_hooks("{\"hooks\": []}", "/hooks is not an object")]
#[case::a_text_for_config("{\"config\": \"x\"}", "/config is not an object")]
#[case::a_number_for_paths("{\"config\": {\"watch\": {\"app\": {\"paths\": 1}}}}", "invalid type: integer `1`")]
#[case::another_encoding("\u{0}{\u{0}}\u{0}", "save it as UTF-8")]
#[tokio::test]
async fn what_else_is_wrong_with_hooks_json_is_an_error_with_its_place(#[case] text: &str, #[case] expected: &str) {
    let world = World::bare().await;
    world.write(".slack/hooks.json", text);
    let failure = failure(&world).await;
    assert_eq!(failure.code(), &Code::SdkConfigLoad);
    assert!(told(&failure).contains(expected), "{}", told(&failure));
}

#[tokio::test]
async fn hooks_json_that_is_deep_or_huge_is_an_error() {
    let world = World::bare().await;
    for text in ["[".repeat(100_000), format!("{{\"a\": \"{}\"}}", "x".repeat(5 << 20))] {
        world.write(".slack/hooks.json", &text);
        assert_eq!(failure(&world).await.code(), &Code::SdkConfigLoad);
    }
}

#[tokio::test]
async fn the_specifications_own_samples_are_taken_with_a_warning() {
    let config = json!({"sdk-managed-connection-enabled": "true", "protocol-version": "message-boundaries"});
    let world = World::with_hooks(&json!({"config": config})).await;
    let project = world.open().await;
    assert!(project.interface().config.sdk_managed_connection_enabled);
    assert_eq!(project.interface().protocol(), ProtocolName::MessageBoundaries);
    let warnings = world.talk.warnings().join("\n");
    assert!(
        warnings.contains("/config/sdk-managed-connection-enabled is a text where true or false belongs"),
        "{warnings}"
    );
    assert!(warnings.contains("/config/protocol-version is a text where a list of names belongs"));
}

#[tokio::test]
async fn a_hook_of_the_file_beats_one_of_the_sdk() {
    let offered = json!({"hooks": {"start": "sdk", "doctor": "sdk"}, "runtime": "deno"});
    let world = with_sdk(&offered, json!({"hooks": {"start": "own", "custom": "mine"}})).await;
    let project = world.open().await;
    let command = |hook| project.interface().command(hook);
    assert_eq!((command(HookName::Start), command(HookName::Doctor)), (Some("own"), Some("sdk")));
    assert_eq!(project.interface().hooks["custom"], "mine");
    assert_eq!(project.runtime(), Some("deno"));
}

#[tokio::test]
async fn settings_are_joined_by_their_keys_and_lists_are_replaced() {
    let offered = json!({"config": {
        "protocol-version": ["message-boundaries", "default"], "sdk-managed-connection-enabled": true,
        "watch": {"manifest": {"paths": ["manifest.json"], "filter-regex": "x"}, "app": {"paths": ["."]}},
    }});
    let own = json!({"config": {"protocol-version": ["default"], "watch": {"manifest": {"paths": ["m"]}}}});
    let config = with_sdk(&offered, own).await.open().await.interface().config.clone();
    assert_eq!(config.protocol_version, ["default"]);
    assert!(config.sdk_managed_connection_enabled);
    let watch = config.watch.unwrap();
    let manifest = watch.manifest.unwrap();
    assert_eq!((manifest.paths, manifest.filter_regex.as_deref()), (vec!["m".to_owned()], Some("x")));
    assert_eq!(watch.app.unwrap().paths, ["."]);
}

#[tokio::test]
async fn an_empty_command_or_null_switches_a_hook_of_the_sdk_off() {
    let offered = json!({"hooks": {"start": "sdk", "doctor": "sdk", "build": "sdk"}});
    let own = json!({"hooks": {"start": "", "doctor": null, "build": "  "}, "config": null});
    let world = with_sdk(&offered, own).await;
    let project = world.open().await;
    for hook in [HookName::Start, HookName::Doctor, HookName::Build] {
        let failure = project.hook(&world.session, hook).unwrap_err();
        assert_eq!(failure.code(), &Code::SdkHookNotFound);
        assert!(told(&failure).contains("switches"), "{failure:?}");
    }
}

#[tokio::test]
async fn a_hook_that_nobody_has_is_not_found_and_the_failure_says_where_it_was_looked_for() {
    let world = World::with_hooks(&json!({})).await;
    let failure = world.open().await.hook(&world.session, HookName::GetManifest).unwrap_err();
    assert_eq!(failure.to_string(), "the command for `get-manifest` was not found (sdk_hook_not_found)");
    assert!(told(&failure).contains("has no `get-hooks` to ask"));
    let world = with_sdk(&json!({}), json!({})).await;
    let failure = world.open().await.hook(&world.session, HookName::GetManifest).unwrap_err();
    assert!(told(&failure).contains("nor the project's `get-hooks` has it"));
}

#[tokio::test]
async fn get_hooks_that_fails_is_the_failure_with_its_stderr_and_exit_code() {
    let world = World::with_hooks(&json!({"hooks": {"get-hooks": "echo no module >&2; exit 3"}})).await;
    let failure = failure(&world).await;
    assert_eq!(failure.code(), &Code::SdkHookInvocationFailed);
    let told = told(&failure);
    assert!(told.contains("`get-hooks`") && told.contains("code 3") && told.contains("no module"), "{told}");
    assert_eq!(world.talk.streamed(), "");
}

#[tokio::test]
async fn get_hooks_whose_program_is_missing_says_which_and_what_to_do() {
    let world = World::with_hooks(&json!({"hooks": {"get-hooks": "no-such-program-here"}})).await;
    let told = told(&failure(&world).await);
    assert!(told.contains("code 127") && told.contains("no-such-program-here") && told.contains("install"), "{told}");
}

#[rstest]
#[case::junk("Warning: old\n{\"hooks\"", "begins with: Warning: old")]
#[case::a_list("[1]", "it is not an object")]
#[case::a_wrong_type("{\"hooks\": {\"start\": [1]}}", "invalid type")]
#[tokio::test]
async fn get_hooks_that_answers_something_else_is_told_what(#[case] answer: &str, #[case] expected: &str) {
    let world = World::with_hooks(&json!({"hooks": {"get-hooks": "cat answer"}})).await;
    world.write("answer", answer);
    let failure = failure(&world).await;
    assert_eq!(failure.code(), &Code::SdkConfigLoad);
    assert!(told(&failure).contains(expected), "{}", told(&failure));
}

#[tokio::test]
async fn get_hooks_that_answers_without_end_is_an_error() {
    let endless =
        json!({"hooks": {"get-hooks": "printf '{\"a\": \"'; head -c 8388608 /dev/zero | tr '\\0' x; echo '\"}';"}});
    let failure = failure(&World::with_hooks(&endless).await).await;
    assert_eq!(failure.code(), &Code::SdkConfigLoad);
    assert!(told(&failure).contains("larger than"));
}

#[tokio::test]
async fn get_hooks_may_answer_nothing_and_its_log_is_no_obstacle() {
    let world = World::with_hooks(&json!({"hooks": {"get-hooks": "true"}})).await;
    assert!(!world.open().await.has(HookName::Start));
    // On purpose better than the original, where a line of a package manager breaks every command.
    let world = World::with_hooks(&json!({"hooks": {"get-hooks": "echo 'npm notice'; cat answer"}})).await;
    world.write("answer", "{\"hooks\": {\"start\": \"x\"}}\n");
    assert!(world.open().await.has(HookName::Start));
    assert!(world.talk.warnings()[0].contains("last line"));
}

#[tokio::test]
async fn get_hooks_is_called_by_the_default_protocol_whatever_the_file_says() {
    let own = json!({
        "hooks": {"get-hooks": "sh answer.sh"}, "config": {"protocol-version": ["message-boundaries"]},
    });
    let world = World::with_hooks(&own).await;
    world.write("answer.sh", "printf '{\"hooks\": {\"start\": \"%s\"}}' \"got $#\"");
    assert_eq!(world.open().await.interface().command(HookName::Start), Some("got 0"));
}

#[tokio::test]
async fn get_hooks_is_told_of_a_slack_under_development() {
    for (host, arguments) in
        [("https://dev123.slack.com", 2), ("https://slack.com", 0), ("https://device.slack.com", 0)]
    {
        let mut world = World::with_hooks(&json!({"hooks": {"get-hooks": "sh answer.sh"}})).await;
        world.session.settings.apihost = Some(host.to_owned());
        world.write("answer.sh", "printf '{\"hooks\": {\"start\": \"%s\"}}' \"$#\"");
        assert_eq!(world.open().await.interface().command(HookName::Start), Some(arguments.to_string().as_str()));
    }
}

#[tokio::test]
async fn what_a_project_says_of_itself_is_read() {
    let world = World::with_hooks(&json!({})).await;
    let project = world.open().await;
    assert_eq!((project.id(), project.manifest_source(), project.runtime()), (None, ManifestSource::Local, None));
    world.write(
        ".slack/config.json",
        "{\"project_id\": \"p-1\", \"manifest\": {\"source\": \"remote\"}, \"surveys\": {}}",
    );
    world.write("package.json", "{}");
    let project = world.open().await;
    assert_eq!(project.id(), Some("p-1"));
    assert_eq!((project.manifest_source(), project.runtime()), (ManifestSource::Remote, Some("node")));
}

#[tokio::test]
async fn a_broken_config_is_an_error_and_an_empty_one_is_none() {
    let world = World::with_hooks(&json!({})).await;
    world.write(".slack/config.json", "");
    assert_eq!(world.open().await.id(), None);
    world.write(".slack/config.json", "{\"project_id\": ");
    assert!(told(&failure(&world).await).contains("config.json"));
    world.write(".slack/config.json", "{\"manifest\": {\"source\": \"moon\"}}");
    assert_eq!(failure(&world).await.code(), &Code::ProjectConfigManifestSource);
}

#[tokio::test]
async fn an_unreadable_dotenv_is_an_error_with_its_line() {
    // On purpose: the original warns and goes on, and the app fails later without its variables.
    let world = World::with_hooks(&json!({})).await;
    world.write(".env", "A=1\nB=\"never closed\n");
    let failure = failure(&world).await;
    assert_eq!(failure.code(), &Code::DotEnvFileParse);
    assert!(told(&failure).contains("line 2") && !told(&failure).contains("never closed"));
}
