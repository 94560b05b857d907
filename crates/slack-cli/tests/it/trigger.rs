//! Triggers: from definitions to Slack and back.

use std::path::{Path, PathBuf};

use countersign_slack_cli::{
    AppChoice, Code,
    app::{self, App, AppKind, Overwrite},
    trigger::{self, Selection, Source, Trigger},
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::world::{World, manifest};

/// A manifest with a workflow that wants a name, and one that opens forms.
fn with_workflows() -> Value {
    let mut manifest = manifest();
    let wants = |name: &str, kind: &str| json!({"properties": {(name): {"type": kind}}, "required": [name]});
    manifest["workflows"] = json!({
        "greet": {"title": "Greet", "input_parameters": wants("name", "string"), "steps": []},
        "ask": {"title": "Ask", "input_parameters": wants("interactivity", "slack#/types/interactivity"), "steps": []},
        "plain": {"title": "Plain", "steps": []},
    });
    manifest
}

fn definition() -> Value {
    json!({"type": "shortcut", "name": "Greet", "description": "Says hello", "workflow": "#/workflows/greet",
        "workflow_app_id": "A0OLDAPP01", "inputs": {"name": {"value": "world"}}})
}

/// A project with a local app on the workspace.
async fn world(hooks: Value) -> (World, App) {
    let mut all = json!({"get-manifest": "cat manifest.json #"});
    all.as_object_mut().unwrap().extend(hooks.as_object().unwrap().clone());
    let mut world = World::with_hooks(&json!({"hooks": all, "config": {"trigger-paths": ["triggers/"]}})).await;
    world.write("manifest.json", &with_workflows().to_string());
    let (project, account) = (world.open().await, world.account().await);
    let installed = app::install(&world.session, &project, &account, AppKind::Local, Overwrite::Ask).await.unwrap();
    world.session.settings.app = Some(AppChoice::Local);
    (world, installed.app)
}

fn file(path: impl AsRef<Path>) -> Source {
    Source::File(PathBuf::from(path.as_ref()))
}

/// What Slack knows of a trigger, read past us.
async fn known(world: &World, trigger: &Trigger) -> Value {
    world.slack("workflows.triggers.info", json!({"trigger_id": trigger.id})).await["trigger"].clone()
}

#[tokio::test]
async fn a_trigger_in_a_json_file_is_created_changed_listed_and_deleted() {
    let (world, app) = world(json!({})).await;
    world.write("triggers/greet.json", &definition().to_string());
    let made = trigger::create(&world.session, &file("triggers/greet.json")).await.unwrap();
    assert_eq!((made.name(), made.kind(), made.workflow()), ("Greet", "shortcut", "greet"));
    assert!(made.url().unwrap().starts_with("http"), "{made:?}");
    let there = known(&world, &made).await;
    // The file names another app; that which is meant counts.
    assert_eq!(there["workflow"]["app_id"], app.id.as_str());

    let mut changed = definition();
    changed["name"] = "Greet them".into();
    world.write("triggers/greet.json", &changed.to_string());
    let updated = trigger::update(&world.session, &made.id, &file("triggers/greet.json")).await.unwrap();
    assert_eq!(updated.id, made.id);
    assert_eq!(known(&world, &made).await["name"], "Greet them");

    let account = world.account().await;
    let all = trigger::list(&account, &app.id, &Selection::default()).await.unwrap();
    assert_eq!(all, std::slice::from_ref(&updated));
    assert_eq!(trigger::info(&account, &made.id).await.unwrap(), updated);
    trigger::delete(&account, &made.id).await.unwrap();
    let gone = trigger::info(&account, &made.id).await.unwrap_err();
    assert_eq!(gone.code().as_str(), "trigger_not_found");
    assert_eq!(trigger::list(&account, &app.id, &Selection::default()).await.unwrap(), []);
}

#[tokio::test]
async fn the_get_trigger_hook_is_told_the_file_the_team_and_which_app_it_is_for() {
    let hook = "sh ./get-trigger.sh";
    let (world, _app) = world(json!({"get-trigger": hook})).await;
    world.write(
        "get-trigger.sh",
        r##"
        source=${1#--source=}
        echo "compiling $source { not json }"
        cat <<END
{"type": "shortcut", "name": "$SLACK_WORKSPACE in $SLACK_ENV }", "workflow": "#/workflows/plain", "description": "$source"} and more {}
END
        "##,
    );
    let definition = world.write("triggers/greet.ts", "export default {}");
    let made = trigger::create(&world.session, &file("triggers/greet.ts")).await.unwrap();
    let domain = world.account().await.team_domain;
    assert_eq!(made.name(), format!("{domain} in local }}"));
    assert_eq!(made.all["description"], definition.to_str().unwrap());
}

#[tokio::test]
async fn a_definition_is_found_from_the_working_directory_and_from_the_projects() {
    let (mut world, _app) = world(json!({})).await;
    world.write("triggers/greet.json", &definition().to_string());
    let root = world.root();
    world.session.directory = root.join("triggers");
    trigger::create(&world.session, &file("greet.json")).await.unwrap();
    trigger::create(&world.session, &file("triggers/greet.json")).await.unwrap();
    trigger::create(&world.session, &file(root.join("triggers/greet.json"))).await.unwrap();
    let missing = trigger::create(&world.session, &file("nothing.json")).await.unwrap_err();
    assert_eq!(*missing.code(), Code::NotFound);
    assert_eq!(missing.details(), ["triggers/greet.json"]);
}

#[tokio::test]
async fn the_only_definition_is_taken_and_of_several_a_person_chooses() {
    let (world, _app) = world(json!({})).await;
    let nothing = trigger::create(&world.session, &Source::Project).await.unwrap_err();
    assert!(nothing.to_string().contains("no definitions"), "{nothing}");
    world.write("triggers/greet.json", &definition().to_string());
    world.write("triggers/README.md", "no definition");
    assert_eq!(trigger::create(&world.session, &Source::Project).await.unwrap().name(), "Greet");
    let mut other = definition();
    other["name"] = "Other".into();
    world.write("triggers/other.json", &other.to_string());
    let several = trigger::create(&world.session, &Source::Project).await.unwrap_err();
    assert_eq!(several.details(), ["triggers/greet.json", "triggers/other.json"]);
    world.talk.answer(1);
    assert_eq!(trigger::create(&world.session, &Source::Project).await.unwrap().name(), "Other");
}

#[tokio::test]
async fn a_workflow_alone_makes_a_link_with_interactivity_where_it_is_wanted() {
    let (world, _app) = world(json!({})).await;
    let link = |workflow: &str, interactivity: Option<&str>| Source::Link {
        workflow: workflow.to_owned(),
        title: None,
        description: None,
        interactivity: interactivity.map(str::to_owned),
    };
    assert_eq!(trigger::create(&world.session, &link("plain", None)).await.unwrap().workflow(), "plain");
    let refused = trigger::create(&world.session, &link("#/workflows/ask", None)).await.unwrap_err();
    assert!(refused.remedies().iter().any(|remedy| remedy.contains("--interactivity")), "{refused:?}");
    let made = trigger::create(&world.session, &link("ask", Some("interactivity"))).await.unwrap();
    assert_eq!(made.all["inputs"]["interactivity"]["value"], "{{data.interactivity}}");
}

#[tokio::test]
async fn the_app_that_is_named_is_installed_first_when_it_is_not_there_yet() {
    let mut world = World::start().await;
    world.write("manifest.json", &with_workflows().to_string());
    world.write("greet.json", &definition().to_string());
    let nobody = trigger::create(&world.session, &file("greet.json")).await.unwrap_err();
    assert_eq!(world.calls("apps.manifest.create"), 0, "{nobody}");
    world.session.settings.app = Some(AppChoice::Deployed);
    let made = trigger::create(&world.session, &file("greet.json")).await.unwrap();
    assert_eq!(world.calls("apps.developerInstall"), 1);
    let app = &world.json(".slack/apps.json")["apps"];
    let app = app.as_object().unwrap().values().next().unwrap().clone();
    assert_eq!(known(&world, &made).await["workflow"]["app_id"], app["app_id"]);
}

#[tokio::test]
async fn a_workflow_that_slack_does_not_know_says_to_bring_the_manifest_there() {
    let (world, _app) = world(json!({})).await;
    let source = Source::Link { workflow: "new".to_owned(), title: None, description: None, interactivity: None };
    let failure = trigger::create(&world.session, &source).await.unwrap_err();
    assert_eq!(failure.code().as_str(), "workflow_not_found");
    assert!(failure.remedies().iter().any(|remedy| remedy.contains("app install")), "{failure:?}");
}

#[rstest]
#[case::nothing("true", "it wrote nothing to stdout")]
#[case::prose("echo all is well", "it wrote: all is well")]
#[case::cut_off(r#"echo '{"type": "shortcut", "inputs": {"a": {}}'"#, "it wrote: {")]
#[tokio::test]
async fn a_hook_that_answers_without_a_trigger_is_told_with_what_it_wrote(#[case] command: &str, #[case] detail: &str) {
    // What stands after the command are flags, which these commands must not write out.
    let (world, _app) = world(json!({"get-trigger": format!("{command} #")})).await;
    world.write("greet.ts", "");
    let failure = trigger::create(&world.session, &file("greet.ts")).await.unwrap_err();
    assert_eq!(*failure.code(), Code::UnableToParseJson);
    assert!(failure.details().iter().any(|line| line.starts_with(detail)), "{failure:?}");
}

#[tokio::test]
async fn a_hook_that_fails_or_is_not_there_creates_nothing() {
    let (world, _app) = world(json!({"get-trigger": "echo no such file >&2; exit 3 #"})).await;
    world.write("greet.ts", "");
    let failed = trigger::create(&world.session, &file("greet.ts")).await.unwrap_err();
    assert_eq!(*failed.code(), Code::SdkHookInvocationFailed);
    world.write(".slack/hooks.json", r#"{"hooks": {"get-manifest": "cat manifest.json #"}}"#);
    let missing = trigger::create(&world.session, &file("greet.ts")).await.unwrap_err();
    assert_eq!(*missing.code(), Code::SdkHookNotFound);
    assert!(missing.remedies().iter().any(|remedy| remedy.contains("JSON file")), "{missing:?}");
    assert_eq!(world.calls("workflows.triggers.create"), 0);
}

#[rstest]
#[case::broken("{\"type\": ", "greet.json:1:")]
#[case::a_list("[1]", "greet.json:1:")]
#[tokio::test]
async fn a_json_file_that_is_no_definition_names_the_place(#[case] text: &str, #[case] place: &str) {
    let (world, _app) = world(json!({})).await;
    world.write("greet.json", text);
    let failure = trigger::create(&world.session, &file("greet.json")).await.unwrap_err();
    assert_eq!(*failure.code(), Code::UnableToParseJson);
    assert!(failure.details().iter().any(|line| line.contains(place)), "{failure:?}");
}

#[tokio::test]
async fn every_page_of_triggers_is_read_and_no_more_than_is_wanted() {
    let (mut world, app) = world(json!({})).await;
    let account = world.account().await;
    for number in 0..103 {
        let kind = if number < 2 { "webhook" } else { "shortcut" };
        let arguments = json!({"type": kind, "name": number.to_string(), "workflow": "#/workflows/plain", "workflow_app_id": app.id});
        account.api.call::<Value>("workflows.triggers.create", &arguments).await.unwrap();
    }
    let count = async |kind: Option<&str>, limit: Option<usize>| {
        let selection = Selection { kind: kind.map(str::to_owned), limit };
        trigger::list(&account, &app.id, &selection).await.unwrap().len()
    };
    assert_eq!(count(None, None).await, 103);
    assert_eq!(count(Some("all"), Some(101)).await, 101);
    assert_eq!(count(Some("webhook"), None).await, 2);
    assert_eq!(count(None, Some(4)).await, 4);
    // An app that is named by its id needs no project.
    world.session.directory = world.home().to_owned();
    world.session.settings.app = Some(AppChoice::Id(app.id.clone()));
    assert_eq!(trigger::app_id(&world.session, &account).await.unwrap(), app.id);
}

#[tokio::test]
async fn the_first_trigger_is_offered_and_those_that_are_there_are_told() {
    let (world, app) = world(json!({})).await;
    world.write("triggers/greet.json", &definition().to_string());
    let (project, account) = (world.open().await, world.account().await);
    let offered = async || trigger::offer(&world.session, &project, &account, &app).await.unwrap();
    assert_eq!(offered().await, [], "nobody can be asked");
    world.talk.answer(1);
    assert_eq!(offered().await, [], "none of them is an answer");
    world.talk.answer(0);
    assert_eq!(offered().await[0].name(), "Greet");
    let questions = world.talk.questions().len();
    assert_eq!(offered().await.len(), 1);
    assert_eq!(world.talk.questions().len(), questions, "an app that has triggers has been asked");
    assert!(world.talk.lines().iter().any(|line| line.contains("\"Greet\" (shortcut) http")), "{:?}", world.talk);
}

#[tokio::test]
async fn a_project_that_defines_no_triggers_is_not_asked_for_them() {
    let world = World::start().await;
    let (project, account) = (world.open().await, world.account().await);
    let installed = app::install(&world.session, &project, &account, AppKind::Local, Overwrite::Ask).await.unwrap();
    assert_eq!(trigger::offer(&world.session, &project, &account, &installed.app).await.unwrap(), []);
    assert_eq!(world.calls("workflows.triggers.list"), 0);
}
