//! What a hook is given, and what is taken from it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use countersign_slack::hooks::HookName;
use countersign_slack_cli::{Code, Talk, app::Tokens};
use rstest::rstest;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{One, text, told};

#[tokio::test]
async fn arguments_arrive_exactly() {
    let one = One::plain(HookName::GetTrigger, "sh show.sh").await;
    one.world.write("show.sh", "printf '%s|' \"$@\"");
    let hostile = "/a b/it's \"$HOME\" `id` $(id) \\ *;&|\n#é";
    let call = one.call().await.argument("source", hostile).argument("output", "");
    assert_eq!(text(call).await, format!("--source={hostile}|--output=|"));
}

#[tokio::test]
async fn quotes_spaces_and_shell_syntax_of_the_command_are_kept() {
    let one = One::plain(HookName::Doctor, "  A=1 sh -c 'echo \"$A   b\"' && echo \"c   d\" \n").await;
    assert_eq!(one.answer().await, "1   b\nc   d");
}

#[tokio::test]
async fn a_hook_runs_in_the_projects_root_wherever_the_command_was_started() {
    let mut one = One::plain(HookName::Doctor, "pwd; cat here").await;
    one.world.write("here", "it is");
    one.world.write("below/file", "");
    one.world.session.directory = one.world.root().join("below");
    assert_eq!(one.answer().await, format!("{}\nit is", one.world.root().display()));
}

#[tokio::test]
async fn flags_of_the_protocol_come_last_and_only_where_it_was_negotiated() {
    let one = One::bounded(HookName::GetTrigger, "sh show.sh own").await;
    one.world.write("show.sh", "echo \"$@\" > arguments; B=${4#--boundary=}; echo \"$B{}$B\"");
    assert_eq!(text(one.call().await.argument("source", "x")).await, "{}");
    let arguments = one.world.read("arguments");
    let boundary = arguments.strip_prefix("own --source=x --protocol=message-boundaries --boundary=").unwrap().trim();
    assert!(boundary.len() == 64 && boundary.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
    assert_eq!(text(one.call().await.argument("source", "x")).await, "{}");
    assert!(!one.world.read("arguments").contains(boundary), "each call has a boundary of its own");
    let one = One::bounded(HookName::Deploy, "sh show.sh").await;
    one.world.write("show.sh", "echo $#");
    assert_eq!(one.answer().await, "0");
}

#[tokio::test]
async fn by_the_default_protocol_all_of_stdout_is_the_response_and_stderr_is_shown() {
    let one = One::plain(HookName::GetManifest, "echo; echo '{'; echo log >&2; echo '}  '").await;
    assert_eq!(one.answer().await, "{\n}");
    assert_eq!(one.world.talk.streamed(), "log\n");
}

#[tokio::test]
async fn by_the_default_protocol_the_last_line_of_start_is_the_response_and_earlier_ones_are_shown() {
    let one = One::plain(HookName::Start, "echo one; echo two; echo '{\"a\":1}'").await;
    assert_eq!(one.answer().await, "{\"a\":1}");
    assert_eq!(one.world.talk.streamed(), "one\ntwo\n");
}

#[tokio::test]
async fn a_message_is_taken_out_of_what_stands_around_it() {
    let one = One::writes("echo \"before ${B}{\"; echo \" \\\"a\\\": 1}${B} after\"").await;
    let answer = one.call().await.answer().await.unwrap();
    assert_eq!(answer.bytes, b"{\n \"a\": 1}");
    assert_eq!(answer.json::<Value>().unwrap(), json!({"a": 1}));
    assert_eq!(one.world.talk.streamed(), "before  after\n");
    assert_eq!(one.world.talk.warnings(), [""; 0]);
}

#[tokio::test]
async fn a_boundary_that_comes_in_two_writes_is_found() {
    // The pipe between the two writes is read first, so that they cannot come as one.
    let one = One::writes("printf '%.40s' \"$B\"; echo now >&2; read go < go; printf '%s' \"${B#????????????????????????????????????????}{}$B\"").await;
    let go = one.pipe("go");
    let world = &one.world;
    let release = async {
        world.talk.streams("now").await;
        tokio::task::spawn_blocking(move || std::fs::write(go.0, "go\n").unwrap()).await.unwrap();
    };
    let (answer, ()) = tokio::join!(one.answer(), release);
    assert_eq!(answer, "{}");
    assert_eq!(world.talk.streamed(), "now\n");
}

#[tokio::test]
async fn diagnostics_are_shown_while_the_hook_runs() {
    let one = One::writes("echo working; read go < go; echo \"$B{}$B\"").await;
    let go = one.pipe("go");
    let release = async {
        one.world.talk.streams("working\n").await;
        tokio::task::spawn_blocking(move || std::fs::write(go.0, "go\n").unwrap()).await.unwrap();
    };
    let (answer, ()) = tokio::join!(one.answer(), release);
    assert_eq!(answer, "{}");
}

#[tokio::test]
async fn a_boundary_in_stderr_is_no_response_and_is_not_shown() {
    let one = One::writes("echo \"x${B}y\" >&2; echo \"$B{}$B\"").await;
    assert_eq!(one.answer().await, "{}");
    assert_eq!(one.world.talk.streamed().trim(), "xy");
}

#[tokio::test]
async fn a_response_may_have_any_size() {
    let one =
        One::writes("echo log; printf '%s\"' \"$B\"; head -c 8388608 /dev/zero | tr '\\0' 7; echo \"\\\"$B\"").await;
    let answer = one.call().await.answer().await.unwrap();
    assert_eq!(answer.json::<String>().unwrap().len(), 8 << 20);
}

#[rstest]
#[case::two_messages("echo \"$B{}$B$B{}$B\"", "exactly one message")]
#[case::three_boundaries("echo \"log $B$B{}$B\"", "exactly one message")]
#[case::no_boundary("echo all is well", "no boundary")]
#[case::half_a_boundary("printf '%.32s{}' \"$B\"", "no boundary")]
#[case::not_closed("echo \"$B{\"", "no closing boundary")]
#[tokio::test]
async fn what_is_badly_bounded_is_an_error(#[case] script: &str, #[case] expected: &str) {
    let failure = One::writes(script).await.failure().await;
    assert_eq!(failure.code(), &Code::UnableToParseJson);
    assert!(told(&failure).contains(expected) && told(&failure).contains("`doctor`"), "{}", told(&failure));
}

#[rstest]
#[case::no_boundary("echo '{}'")]
#[case::opening_boundary_only("echo log; echo \"$B{}\"")]
#[tokio::test]
async fn json_that_is_badly_bounded_is_used_with_a_warning(#[case] script: &str) {
    // On purpose better than the original, which takes nothing, or fails later without saying why.
    let one = One::writes(script).await;
    assert_eq!(one.answer().await, "{}");
    assert!(one.world.talk.warnings()[0].contains("boundary"), "{:?}", one.world.talk.warnings());
}

#[tokio::test]
async fn a_build_may_write_what_it_likes() {
    let one = One::bounded(HookName::Build, "echo bundled x.js; exit 0;").await;
    assert!(one.call().await.answer().await.unwrap().is_empty());
    assert_eq!(one.world.talk.streamed(), "bundled x.js\n");
}

#[tokio::test]
async fn a_hook_that_fails_is_told_with_code_command_and_what_it_wrote() {
    let one = One::plain(HookName::GetManifest, "echo no manifest >&2; echo half; exit 3;").await;
    let failure = one.failure().await;
    assert_eq!(failure.code(), &Code::SdkHookInvocationFailed);
    assert_eq!(failure.exit(), 1);
    let all = told(&failure);
    assert!(
        all.contains("`get-manifest` hook failed: it exited with code 3") && all.contains("its stdout:\nhalf"),
        "{all}"
    );
    // What was shown as it came is not shown again.
    assert!(one.world.talk.streamed().contains("no manifest") && !all.contains("its stderr"));
}

#[tokio::test]
async fn a_hook_that_is_called_quietly_shows_its_stderr_when_it_fails() {
    let one = One::plain(HookName::GetManifest, "seq 1000 >&2; exit 1;").await;
    let failure = one.call().await.quietly().answer().await.unwrap_err();
    let all = told(&failure);
    assert!(all.contains("999\n1000") && !all.contains("\n900\n"), "{all}");
    assert_eq!(one.world.talk.streamed(), "");
}

#[tokio::test]
async fn a_response_is_nothing_where_the_hook_fails() {
    let failure = One::writes("echo \"$B{}$B\"; exit 9").await.failure().await;
    assert!(told(&failure).contains("code 9"));
}

#[tokio::test]
async fn its_input_comes_to_stdin_and_without_one_stdin_is_empty() {
    let one = One::plain(HookName::Start, "cat;").await;
    let input = "x".repeat(1 << 20);
    assert_eq!(text(one.call().await.input(input.clone().into_bytes())).await, input);
    assert_eq!(one.answer().await, "");
}

#[tokio::test]
async fn a_hook_may_leave_its_input_unread() {
    let one = One::plain(HookName::Start, "echo done;").await;
    assert_eq!(text(one.call().await.input(vec![b'x'; 1 << 20])).await, "done");
}

#[tokio::test]
async fn the_environment_has_its_order_and_a_differing_token_warns_once() {
    let mut one = One::plain(
        HookName::Doctor,
        "echo $A $B $C $SLACK_APP_TOKEN $SLACK_BOT_TOKEN $SLACK_CLI_XAPP $SLACK_CLI_XOXB;",
    )
    .await;
    one.world.write(".env", "A=dotenv\nB=dotenv\nSLACK_BOT_TOKEN=xoxb-dotenv\n");
    one.world.session.environment.set("A", "shell");
    one.world.session.environment.set("SLACK_APP_TOKEN", "xapp-shell");
    let secret = |text: &str| Some(SecretString::from(text));
    let tokens = Tokens { app: secret("xapp-1"), bot: secret("xoxb-1") };
    let project = one.world.open().await;
    for _ in 0..2 {
        let call = project.hook(&one.world.session, HookName::Doctor).unwrap().tokens(&tokens);
        let call = call.variable("A", "given").variable("B", "given").variable("C", "given");
        assert_eq!(text(call).await, "shell dotenv given xapp-shell xoxb-1 xapp-1 xoxb-1");
    }
    let warnings = one.world.talk.warnings();
    assert_eq!(warnings.len(), 2);
    assert!(warnings[0].contains("SLACK_APP_TOKEN") && warnings[1].contains("SLACK_BOT_TOKEN"), "{warnings:?}");
}

#[tokio::test]
async fn a_virtual_environment_is_active_for_hooks() {
    let mut one = One::plain(HookName::Doctor, "python-of-the-project; echo $VIRTUAL_ENV ${PYTHONHOME-unset};").await;
    one.world.session.environment.set("PYTHONHOME", "/old");
    one.world.script(".venv/bin/python-of-the-project", "#!/bin/sh\necho found\n");
    assert_eq!(one.answer().await, format!("found\n{}/.venv unset", one.world.root().display()));
}

/// Counts what it is shown.
#[derive(Debug, Default)]
struct Counter(AtomicU64);

impl Talk for Counter {
    fn stream(&self, bytes: &[u8]) {
        self.0.fetch_add(bytes.len() as u64, Ordering::Relaxed);
    }

    fn say(&self, _line: &str) {}

    fn warn(&self, _line: &str) {}

    fn choose(&self, _question: &str, _options: &[String]) -> Option<usize> {
        None
    }

    fn confirm(&self, _question: &str) -> Option<bool> {
        None
    }
}

#[rstest]
#[case::around_the_message("head -c 134217728 /dev/zero; echo \"$B{}$B\"; head -c 134217728 /dev/zero")]
#[case::to_stderr("head -c 268435456 /dev/zero >&2; echo \"$B{}$B\"")]
#[tokio::test]
async fn a_flood_of_diagnostics_passes_through_in_little_memory(#[case] script: &str) {
    let mut one = One::writes(script).await;
    let counter = Arc::new(Counter::default());
    one.world.session.talk = Arc::clone(&counter) as Arc<dyn Talk>;
    #[cfg(target_os = "linux")]
    let before = memory::reset();
    assert_eq!(one.answer().await, "{}");
    assert!(counter.0.load(Ordering::Relaxed) >= 256 << 20);
    // What other tests do meanwhile counts too, and is little.
    #[cfg(target_os = "linux")]
    assert!(memory::peak() - before < 150_000, "{} KiB", memory::peak() - before);
}

/// The memory of this process, in KiB (proc(5)).
#[cfg(target_os = "linux")]
mod memory {
    /// Forgets the peak so far; what is used now.
    pub(super) fn reset() -> u64 {
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        of("VmRSS:")
    }

    pub(super) fn peak() -> u64 {
        of("VmHWM:")
    }

    fn of(name: &str) -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let size = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        size.trim().trim_end_matches(" kB").parse().unwrap()
    }
}
