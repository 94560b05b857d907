//! The variables of an app: in `.env`, or at Slack.

use countersign_slack_cli::{
    AppChoice, Code,
    app::{self, AppKind, Overwrite},
    variables::{Variable, Variables},
};
use serde_json::json;

use crate::world::{World, manifest};

fn variable(name: &str, value: Option<&str>) -> Variable {
    Variable { name: name.to_owned(), value: value.map(str::to_owned) }
}

#[tokio::test]
async fn a_variable_is_set_in_the_projects_env_from_anywhere_in_it_and_nothing_is_run() {
    let mut world = World::with_hooks(&json!({"hooks": {"get-hooks": "touch ran; exit 1"}})).await;
    world.write(".env", "# of the app\nB=2\n");
    world.write("src/x", "");
    world.session.directory = world.root().join("src");
    let variables = Variables::of(&world.session).await.unwrap();
    variables.set("A", "one two").await.unwrap();
    assert_eq!(variables.all().await.unwrap(), [variable("A", Some("one two")), variable("B", Some("2"))]);
    assert!(world.read(".env").starts_with("# of the app\nB=2\n"));
    assert!(variables.unset("A").await.unwrap());
    assert!(!variables.unset("A").await.unwrap());
    assert_eq!(world.read(".env"), "# of the app\nB=2\n");
    assert_eq!(*variables.set("no name", "x").await.unwrap_err().code(), Code::InvalidArguments);
    assert!(!world.root().join("ran").exists());
}

#[tokio::test]
async fn a_hosted_apps_variables_are_at_slack() {
    let mut world = World::start().await;
    let mut hosted = manifest();
    hosted["settings"]["function_runtime"] = "slack".into();
    world.write("manifest.json", &hosted.to_string());
    let (project, account) = (world.open().await, world.account().await);
    let installed = app::install(&world.session, &project, &account, AppKind::Deployed, Overwrite::Ask).await.unwrap();
    world.session.settings.app = Some(AppChoice::Deployed);
    let variables = Variables::of(&world.session).await.unwrap();
    variables.set("A", "1").await.unwrap();
    assert_eq!(variables.all().await.unwrap(), [variable("A", None)]);
    let known = world.slack("apps.hosted.variables.list", json!({"app_id": installed.app.id})).await;
    assert_eq!(known["variable_names"], json!(["A"]));
    assert!(variables.unset("A").await.unwrap());
    assert!(!variables.unset("A").await.unwrap());
    assert!(!world.root().join(".env").exists());
}

#[tokio::test]
async fn a_deployed_app_that_runs_elsewhere_has_the_projects_env() {
    let mut world = World::start().await;
    let (project, account) = (world.open().await, world.account().await);
    app::install(&world.session, &project, &account, AppKind::Deployed, Overwrite::Ask).await.unwrap();
    world.session.settings.app = Some(AppChoice::Deployed);
    Variables::of(&world.session).await.unwrap().set("A", "1").await.unwrap();
    assert_eq!(world.read(".env"), "A=1\n");
}
