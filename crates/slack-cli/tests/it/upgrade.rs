//! Newer versions of what a project is built on.

use countersign_slack_cli::{
    Code,
    upgrade::{self, Outcome},
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::world::World;

/// A project whose hooks answer with these files.
async fn world(check: &Value, install: Option<&Value>) -> World {
    let mut hooks = json!({"check-update": "cat check.json #"});
    if install.is_some() {
        hooks["install-update"] = "echo taken > taken; cat install.json #".into();
    }
    let world = World::with_hooks(&json!({"hooks": hooks})).await;
    world.write("check.json", &check.to_string());
    if let Some(install) = install {
        world.write("install.json", &install.to_string());
    }
    world
}

fn newer() -> Value {
    json!({"name": "the SDK", "message": "read the notes", "url": "https://example.com/notes", "releases": [
        {"name": "bolt", "current": "1.0.0", "latest": "2.0.0", "update": true, "breaking": true, "url": "https://example.com/2"},
        {"name": "web", "current": "7.0.0", "latest": "7.0.0", "update": false, "breaking": false},
    ]})
}

fn taken() -> Value {
    json!({"name": "the SDK", "updates": [{"name": "bolt", "previous": "1.0.0", "installed": "2.0.0"}]})
}

async fn upgraded(world: &World) -> upgrade::Upgrade {
    upgrade::upgrade(&world.session, &world.open().await).await.unwrap()
}

fn is_taken(world: &World) -> bool {
    world.root().join("taken").exists()
}

#[tokio::test]
async fn what_is_up_to_date_is_left_alone() {
    let check =
        json!({"name": "the SDK", "releases": [{"name": "bolt", "current": "2", "latest": "2", "update": false}]});
    let mut world = world(&check, Some(&taken())).await;
    world.session.settings.yes = true;
    let upgrade = upgraded(&world).await;
    assert_eq!(upgrade.outcome, Outcome::UpToDate);
    assert!(!is_taken(&world) && world.talk.questions().is_empty());
}

#[tokio::test]
async fn newer_versions_are_told_with_what_they_break_and_where_to_read_of_it() {
    let world = world(&newer(), None).await;
    let upgrade = upgraded(&world).await;
    assert_eq!(upgrade.outcome, Outcome::ByHand);
    assert_eq!(upgrade.newer().count(), 1);
    let told = world.talk.lines().join("\n");
    for part in ["update of the SDK", "bolt 1.0.0 → 2.0.0 (breaking)", "https://example.com/2", "read the notes"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("web"), "{told}");
    assert!(world.talk.warnings().iter().any(|line| line.contains("breaking")), "{told}");
}

#[rstest]
#[case::yes(Some(1), true)]
#[case::no(Some(0), false)]
#[tokio::test]
async fn a_person_is_asked_before_anything_is_taken(#[case] answer: Option<usize>, #[case] is_wanted: bool) {
    let world = world(&newer(), Some(&taken())).await;
    if let Some(answer) = answer {
        world.talk.answer(answer);
    }
    let upgrade = upgraded(&world).await;
    assert_eq!(world.talk.questions().len(), 1);
    assert_eq!(is_taken(&world), is_wanted);
    match upgrade.outcome {
        Outcome::Taken(installed) => assert!(is_wanted && installed[0].installed == "2.0.0", "{installed:?}"),
        outcome => assert!(!is_wanted && outcome == Outcome::Declined, "{outcome:?}"),
    }
}

#[tokio::test]
async fn where_nobody_can_be_asked_nothing_is_taken_but_with_yes() {
    let mut world = world(&newer(), Some(&taken())).await;
    assert_eq!(upgraded(&world).await.outcome, Outcome::NotAsked);
    assert!(!is_taken(&world));
    world.session.settings.yes = true;
    let Outcome::Taken(installed) = upgraded(&world).await.outcome else { panic!("not taken") };
    assert_eq!((installed[0].name.as_str(), installed[0].previous.as_str()), ("bolt", "1.0.0"));
    assert_eq!(world.talk.questions().len(), 1, "--yes asks nothing");
}

#[tokio::test]
async fn the_specifications_form_of_an_installed_update_is_read_too() {
    let releases =
        json!({"name": "", "releases": [{"name": "bolt", "current": "1", "latest": "2", "error": ""}], "error": ""});
    let mut world = world(&newer(), Some(&releases)).await;
    world.session.settings.yes = true;
    let upgrade = upgraded(&world).await;
    assert_eq!(upgrade.faults(), [""; 0]);
    let Outcome::Taken(installed) = upgrade.outcome else { panic!("not taken") };
    assert_eq!((installed[0].previous.as_str(), installed[0].installed.as_str()), ("1", "2"));
}

#[tokio::test]
async fn looking_that_failed_is_a_failure_and_never_up_to_date() {
    let offline = json!({"name": "the SDK", "releases": [{"name": "bolt", "error": {"message": "no network"}}],
        "error": {"message": "the registry did not answer"}});
    let world = world(&offline, None).await;
    let failure = upgrade::upgrade(&world.session, &world.open().await).await.unwrap_err();
    assert_eq!(*failure.code(), Code::SdkHookInvocationFailed);
    assert_eq!(failure.details(), ["the registry did not answer", "bolt: no network"]);
}

#[tokio::test]
async fn a_release_of_which_nothing_is_known_fails_the_upgrade() {
    let partly = json!({"name": "the SDK", "releases": [{"name": "bolt", "error": {"message": "no network"}}]});
    let world = world(&partly, None).await;
    assert_eq!(upgraded(&world).await.faults(), ["bolt: no network"]);
}

#[tokio::test]
async fn an_update_that_was_not_taken_fails_the_upgrade() {
    let failed =
        json!({"updates": [{"name": "bolt", "previous": "1", "installed": "", "error": {"message": "disk full"}}]});
    let mut world = world(&newer(), Some(&failed)).await;
    world.session.settings.yes = true;
    assert_eq!(upgraded(&world).await.faults(), ["bolt: disk full"]);
    world.write("install.json", &json!({"error": {"message": "no lock file"}}).to_string());
    let failure = upgrade::upgrade(&world.session, &world.open().await).await.unwrap_err();
    assert_eq!(*failure.code(), Code::SdkHookInvocationFailed);
    assert_eq!(failure.details(), ["no lock file"]);
}

#[rstest]
#[case::no_json("echo nothing #", Code::UnableToParseJson)]
#[case::another_shape("echo '{\"releases\": 7}' #", Code::UnableToParseJson)]
#[case::an_exit_code("echo oops >&2; exit 2 #", Code::SdkHookInvocationFailed)]
#[tokio::test]
async fn a_hook_that_does_not_answer_is_a_failure(#[case] command: &str, #[case] code: Code) {
    let world = World::with_hooks(&json!({"hooks": {"check-update": command}})).await;
    let failure = upgrade::upgrade(&world.session, &world.open().await).await.unwrap_err();
    assert_eq!(*failure.code(), code, "{failure:?}");
}

#[tokio::test]
async fn a_project_without_the_hook_says_so() {
    let world = World::with_hooks(&json!({"hooks": {"check-update": " "}})).await;
    let failure = upgrade::upgrade(&world.session, &world.open().await).await.unwrap_err();
    assert_eq!(*failure.code(), Code::SdkHookNotFound);
}
