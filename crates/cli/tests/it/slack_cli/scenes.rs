//! What is done with every project.

use std::time::Duration;

use countersign_slack_workspace::model::{AppId, UserId};
use serde_json::{Value, json};

use super::{
    desk::Desk,
    processes::{Run, are_gone, below},
};

/// How long an app may take to start, on a machine that does much else.
pub(super) const STARTED: Duration = Duration::from_mins(2);
/// The exit code of what was interrupted.
const INTERRUPTED: i32 = 130;

/// How the templates' apps answer alice, and how they are made to.
const BEFORE: &str = "Hi <@";
const AFTER: &str = "Good day <@";

/// How an app is run.
#[derive(Debug)]
pub(super) struct Way {
    /// The file with what it answers.
    pub(super) code: &'static str,
    /// How many connections it keeps open.
    pub(super) connections: usize,
    /// How long it may take to start.
    pub(super) within: Duration,
}

/// The project's hooks are asked for by `get-hooks` alone, and its manifest is what Slack takes.
pub(super) async fn manifest(desk: &Desk) {
    let hooks: Value = serde_json::from_str(&desk.reads(".slack/hooks.json")).unwrap();
    let names: Vec<&String> = hooks["hooks"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["get-hooks"], "everything else is what the SDK says");
    let manifest = desk.json(&["manifest", "info"]).await;
    let file: Value = serde_json::from_str(&desk.reads("manifest.json")).unwrap();
    assert_eq!(manifest, file);
    let validated = desk.json(&["manifest", "validate", "--json"]).await;
    assert_eq!(validated["valid"], true, "{validated}");
    desk.edits("manifest.json", "\"app_mention\"", "\"no event\"");
    let refused = desk.slack(&["manifest", "validate"]).await.with_code(1);
    assert!(refused.stderr.contains("/settings/event_subscriptions/bot_events/0"), "{}", refused.stderr);
}

/// The app runs, answers a mention, follows its code, and leaves nothing behind.
pub(super) async fn run(desk: &Desk, way: &Way) {
    let run = desk.runs();
    let app = desk.connected(way.connections, &run, way.within).await;
    let dev: Value = serde_json::from_str(&desk.reads(".slack/apps.dev.json")).unwrap();
    assert_eq!(dev[desk.slack.ready().team_id.as_str()]["app_id"], app.as_str());
    let bot = desk.invites(&app, "general").await;
    mention(desk, &bot, BEFORE).await;
    let old = below(run.pid());
    assert!(!old.is_empty(), "the app is a process");
    desk.edits(way.code, BEFORE, AFTER);
    assert_eq!(desk.connected(2 * way.connections, &run, way.within).await, app);
    // The new one was started when nothing was left of the old one.
    are_gone(&old).await;
    desk.has_connections(&app, way.connections).await;
    mention(desk, &bot, AFTER).await;
    assert_eq!([BEFORE, AFTER].map(|text| desk.counts("general", &answer(desk, text))), [1, 1]);
    let said = run.stderr();
    assert!(said.contains(&format!("App change detected: {}, restarting server...", way.code)), "{said}");
    mend(desk, way, &run, &app).await;
    interrupt(desk, run, &app).await;
}

/// Code that cannot even begin is told, and the next change mends it.
async fn mend(desk: &Desk, way: &Way, run: &Run, app: &AppId) {
    let good = desk.reads(way.code);
    desk.writes(way.code, &format!("{good}\n)(\n"));
    run.says("waiting for a change of its files").await;
    desk.has_connections(app, 0).await;
    desk.writes(way.code, &good);
    assert_eq!(desk.connected(3 * way.connections, run, way.within).await, *app);
}

/// Ends a run as Ctrl-C does.
pub(super) async fn interrupt(desk: &Desk, run: Run, app: &AppId) {
    let processes = below(run.pid());
    run.interrupted().await.with_code(INTERRUPTED);
    are_gone(&processes).await;
    desk.has_connections(app, 0).await;
}

async fn mention(desk: &Desk, bot: &UserId, text: &str) {
    let alice = desk.slack.person("alice").unwrap();
    alice.type_in("general", &format!("<@{bot}> hello")).unwrap();
    let seen = alice.sees("general", &answer(desk, text)).await.unwrap();
    assert_eq!(seen.message["user"], bot.as_str());
}

/// What the templates' apps answer to alice.
fn answer(desk: &Desk, text: &str) -> String {
    format!("{text}{}>!", desk.slack.user("alice").unwrap())
}

/// A script brings the app to where it runs: it hears what is typed, and has what the app needs.
pub(super) async fn deploy(desk: &Desk) {
    desk.scripts("deploy.sh", DEPLOY);
    let (token, url) = (desk.aside("token"), desk.aside("url"));
    let mut deploy = desk.starts(&["deploy", "--json"]);
    deploy.type_in(format!("{}\n{}\n", token.display(), url.display()).as_bytes()).await;
    let ended = deploy.finish().await.well();
    let lines: Vec<&str> = ended.text().lines().collect();
    assert_eq!(lines[0], "on its way");
    let deployed: Value = serde_json::from_str(lines[1]).unwrap();
    let (team, app) = (desk.slack.ready().team_id.as_str(), deployed["app_id"].as_str().unwrap());
    assert_eq!(deployed, json!({"app_id": app, "team_id": team, "way": "script"}));
    let apps: Value = serde_json::from_str(&desk.reads(".slack/apps.json")).unwrap();
    assert_eq!(apps["apps"][team]["app_id"], app);
    // What the script was given is good for this app, at this Slack.
    let (token, url) = (std::fs::read_to_string(token).unwrap(), std::fs::read_to_string(url).unwrap());
    let whose = desk.json(&["api", "auth.test", "--token", &token, "--apihost", &url]).await;
    assert_eq!(url, desk.slack.ready().api_url);
    let bot = desk.slack.workspace().read(|state| state.app(app).map(|app| app.bot_user.clone())).unwrap();
    assert_eq!(whose["user_id"], bot.as_str(), "{whose}");
    let manifest = desk.json(&["manifest", "info", "--app", "deployed"]).await;
    assert_eq!(manifest["display_information"]["name"], "demo");
    desk.scripts("deploy.sh", "#!/bin/sh\necho no room there >&2\nexit 3\n");
    let failed = desk.slack(&["deploy"]).await.with_code(1);
    assert!(failed.stderr.contains("no room there") && failed.stderr.contains("exit status 3"), "{}", failed.stderr);
}

const DEPLOY: &str = "\
#!/bin/sh
read -r token && read -r url || exit 1
printf %s \"$SLACK_BOT_TOKEN\" > \"$token\"
printf %s \"$SLACK_API_URL\" > \"$url\"
echo 'on its way'
";

/// The doctor finds what is to be found, and nothing wrong with it; answers what it says of the project.
pub(super) async fn doctor(desk: &Desk) -> Value {
    let report = desk.json(&["doctor", "--json", "--strict"]).await;
    assert_eq!(report["errors"], 0, "{report:#}");
    let sections = report["sections"].as_array().unwrap();
    let named = |name: &str| sections.iter().find(|section| section["name"] == name).unwrap().clone();
    assert_eq!(fact(&named("Slack"), "Token status"), Some("Valid".to_owned()));
    named("Project")
}

/// What a report says of something.
pub(super) fn fact(section: &Value, name: &str) -> Option<String> {
    let facts = section["groups"].as_array()?.iter().flat_map(|group| group["facts"].as_array().unwrap());
    let found = facts.into_iter().find(|fact| fact["name"] == name)?;
    Some(found["value"].as_str()?.to_owned())
}
