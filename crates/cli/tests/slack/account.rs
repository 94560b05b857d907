//! `auth`, `login`, `logout`.

use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::world::World;

/// Bob types what a ticket says, and is shown the challenge.
async fn challenge(world: &World, command: &str) -> String {
    let (command, ticket) = command.split_once(' ').unwrap();
    let answer = world.slack.person("bob").unwrap().command("general", command, ticket).await.unwrap();
    let said = answer.response.unwrap()["text"].as_str().unwrap().to_owned();
    said.rsplit(' ').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_person_signs_in_is_listed_and_signs_out() {
    let world = World::stranger().await;
    assert_eq!(world.slack(&["auth", "list", "--json"]).await.value(), Value::Array(Vec::new()));
    let asked = world.slack(&["login", "--no-prompt"]).await;
    let command = asked.fine().to_owned();
    assert!(asked.stderr.contains("login --ticket"), "{asked:?}");
    let (ticket, code) = (command.split_once(' ').unwrap().1.to_owned(), challenge(&world, &command).await);
    world.slack(&["login", "--ticket", &ticket, "--challenge", &code]).await.fine();

    let team = world.slack.ready().team_id.to_string();
    let listed = world.slack(&["auth", "list", "--json"]).await.value();
    assert_eq!(listed[0]["team_id"], team.as_str());
    assert_eq!(listed[0]["user_id"], world.slack.user("bob").unwrap().to_string());
    let table = world.slack(&["auth", "list"]).await;
    assert!(table.fine().starts_with(&team) && table.stderr.contains("TEAM"), "{table:?}");

    let token = world.credentials()[&team]["token"].as_str().unwrap().to_owned();
    assert!(!table.stdout.contains(&token), "tokens are not listed");
    world.slack(&["logout"]).await.fine();
    assert!(world.credentials().as_object().unwrap().is_empty());
    let call = world.slack(&["api", "auth.test", "--token", &token]).await;
    assert!(call.stdout.contains("invalid_auth") || call.stdout.contains("token_revoked"), "{call:?}");
    world.slack(&["app", "install", "-E", "local"]).await.failed("not_authed");
}

#[tokio::test]
async fn a_token_for_a_service_is_printed_and_not_kept() {
    let world = World::stranger().await;
    let command = world.slack(&["auth", "token", "--no-prompt"]).await.fine().to_owned();
    let (ticket, code) = (command.split_once(' ').unwrap().1.to_owned(), challenge(&world, &command).await);
    let token = world.slack(&["auth", "token", "--ticket", &ticket, "--challenge", &code]).await.fine().to_owned();
    assert_eq!(world.credentials(), Value::Null);
    let whose = world.slack(&["api", "auth.test", "--token", &token]).await.value();
    assert_eq!(whose["user"], "bob");
}

#[tokio::test]
async fn without_a_terminal_signing_in_says_how_to_go_on() {
    let world = World::stranger().await;
    let asked = world.slack(&["login"]).await;
    assert!(asked.fine().starts_with("/slackauthticket "), "{asked:?}");
    let wrong = world.slack(&["login", "--ticket", "none", "--challenge", "x"]).await;
    wrong.failed("invalid_ticket");
    assert_eq!(world.slack(&["login", "--ticket", "alone"]).await.code, Some(2));
}

#[tokio::test]
async fn the_directory_of_credentials_is_said_by_a_flag_or_a_variable() {
    let world = World::stranger().await;
    let token = world.slack.ready().cli_token.clone();
    world.slack(&["login", "--config-dir", "by-flag", "--token", token.expose_secret()]).await.fine();
    assert!(world.root().join("by-flag/credentials.json").exists());
    let mut command = world.command(&["login", "--token", token.expose_secret()]);
    command.env("SLACK_CONFIG_DIR", world.root().join("by-variable"));
    crate::world::Ended::of(command).await.fine();
    assert!(world.root().join("by-variable/credentials.json").exists());
    assert_eq!(world.credentials(), Value::Null);
}
