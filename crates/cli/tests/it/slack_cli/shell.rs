//! A project in plain shell: every event is a process, and the command line holds the connection.

use countersign_slack_workspace::{Seen, model::UserId};
use countersign_testkit::WITHIN;
use serde_json::{Value, json};

use super::{
    desk::Desk,
    processes::{Process, are_gone},
    scenes::{self, fact},
};

/// Every hook: `hook.sh NAME FLAGS…`.
const HOOK: &str = r#"name=$1
shift
for flag in "$@"; do
  case $flag in --boundary=*) boundary=${flag#--boundary=} ;; esac
done
respond() {
  printf '%s%s%s\n' "$boundary" "$1" "$boundary"
}
case $name in
  get-hooks) cat get-hooks.json ;;
  get-manifest) echo 'looking for the manifest'; respond "$(cat manifest.json)" ;;
  start) . ./app.sh ;;
  doctor) respond '{"versions":[{"name":"sh","current":"POSIX","message":"it is everywhere"}]}' ;;
  check-update)
    current=$(cat version) && update=false
    if [ "$current" != 1.1.0 ]; then update=true; fi
    respond '{"name":"the shell SDK","releases":[{"name":"greeter","current":"'"$current"'","latest":"1.1.0","update":'$update'}]}' ;;
  install-update)
    echo 'fetching 1.1.0' >&2
    previous=$(cat version) && echo 1.1.0 > version
    respond '{"name":"the shell SDK","updates":[{"name":"greeter","previous":"'"$previous"'","installed":"1.1.0"}]}' ;;
  *) exit 9 ;;
esac
"#;

/// Answers a mention, and leaves a process behind that has the hook's pipes.
const APP: &str = r#"event=$(cat)
channel=$(printf %s "$event" | sed 's/.*"channel":"\([^"]*\)".*/\1/')
sleep 1000 &
countersign slack api chat.postMessage channel="$channel" text="Hi from the shell $$ $!" >&2
respond '{}'
"#;

fn hooks() -> Value {
    let names = ["get-manifest", "start", "doctor", "check-update", "install-update"];
    let mut hooks: serde_json::Map<_, _> =
        names.iter().map(|name| ((*name).to_owned(), format!("sh hook.sh {name}").into())).collect();
    hooks.insert("deploy".to_owned(), "sh deploy.sh".into());
    let watch = json!({"manifest": {"paths": ["manifest.json"]}});
    json!({"runtime": "sh", "hooks": hooks, "config": {"protocol-version": ["message-boundaries"], "watch": watch}})
}

fn manifest() -> Value {
    json!({
        "display_information": {"name": "demo"},
        "features": {"bot_user": {"display_name": "demo", "always_online": true}},
        "oauth_config": {"scopes": {"bot": ["app_mentions:read", "chat:write"]}},
        "settings": {"event_subscriptions": {"bot_events": ["app_mention"]}, "socket_mode_enabled": true},
    })
}

async fn project() -> Desk {
    let mut desk = Desk::new().await;
    desk.enters("demo");
    desk.writes(".slack/hooks.json", &json!({"hooks": {"get-hooks": "sh hook.sh get-hooks"}}).to_string());
    desk.writes("get-hooks.json", &hooks().to_string());
    desk.writes("hook.sh", HOOK);
    desk.writes("app.sh", APP);
    desk.writes("manifest.json", &manifest().to_string());
    desk.writes("version", "1.0.0\n");
    desk
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shell_project_says_its_manifest() {
    scenes::manifest(&project().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shell_script_answers_mentions_and_is_followed() {
    let desk = project().await;
    let run = desk.runs();
    run.says("Connected, awaiting events").await;
    let app = desk.connected(1, &run, WITHIN).await;
    let bot = desk.invites(&app, "general").await;
    let first = told(&mentioned(&desk, &bot, "Hi from the shell ").await);
    // Edited code is the next event's.
    desk.edits("app.sh", "Hi from", "Good day from");
    let second = told(&mentioned(&desk, &bot, "Good day from the shell ").await);
    // An edited manifest is Slack's at once.
    desk.edits("manifest.json", "\"name\":\"demo\"", "\"description\":\"edited\",\"name\":\"demo\"");
    run.says("App successfully reinstalled").await;
    let remote = desk.json(&["manifest", "info", "--app", "local"]).await;
    let wanted = json!({"name": "demo (local)", "description": "edited"});
    assert_eq!(remote["display_information"], wanted);
    // What an event's process left behind is ended after it, not with the run.
    are_gone(&first).await;
    are_gone(&second).await;
    scenes::interrupt(&desk, run, &app).await;
}

/// Mentions the app; answers what it says then.
async fn mentioned(desk: &Desk, bot: &UserId, answer: &str) -> Seen {
    let alice = desk.slack.person("alice").unwrap();
    alice.type_in("general", &format!("<@{bot}> hello")).unwrap();
    alice.sees("general", answer).await.unwrap()
}

/// The processes whose numbers an event's process has told: its own, and one that it left behind.
fn told(seen: &Seen) -> Vec<Process> {
    let numbers: Vec<i32> = seen.text().split(' ').filter_map(|word| word.parse().ok()).collect();
    assert_eq!(numbers.len(), 2, "{}", seen.text());
    numbers.into_iter().filter_map(Process::of).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shell_project_is_examined_and_takes_newer_versions() {
    let desk = project().await;
    let project = scenes::doctor(&desk).await;
    assert_eq!((fact(&project, "Runtime").unwrap(), fact(&project, "sh").unwrap()), ("sh".into(), "POSIX".into()));
    assert_eq!(fact(&project, "greeter").unwrap(), "1.0.0 → 1.1.0 (update available)");
    let asked = desk.slack(&["upgrade"]).await.well();
    assert!(asked.stderr.contains("greeter 1.0.0 → 1.1.0"), "{}", asked.stderr);
    assert_eq!(desk.reads("version"), "1.0.0\n", "nobody has said yes");
    let taken = desk.slack(&["upgrade", "--yes"]).await.well();
    assert_eq!(taken.text(), "greeter 1.0.0 → 1.1.0\n");
    assert!(taken.stderr.contains("fetching 1.1.0"), "{}", taken.stderr);
    assert_eq!(desk.reads("version"), "1.1.0\n");
    let again = desk.json(&["upgrade", "--json"]).await;
    assert_eq!(again["outcome"], "up_to_date");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shell_project_is_deployed_by_its_script() {
    scenes::deploy(&project().await).await;
}
