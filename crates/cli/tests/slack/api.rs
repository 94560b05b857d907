//! `api`: any method, in anybody's name.

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::world::{Ended, World};

/// The `args` that Slack was given.
fn given(ended: &Ended) -> Value {
    ended.value()["args"].clone()
}

#[tokio::test]
async fn arguments_are_pairs_a_form_or_json() {
    let world = World::start().await;
    let expected = json!({"a": "b c", "d": "e=f&g"});
    for arguments in [
        &["api", "api.test", "a=b c", "d=e=f&g"][..],
        &["api", "api.test", r#"{"a": "b c", "d": "e=f&g"}"#],
        &["api", "api.test", "--json", r#"{"a": "b c", "d": "e=f&g"}"#],
        &["api", "api.test", "--data", "a=b+c&d=e%3Df%26g"],
        &["api", "api.test", "-X", "get", "a=b c", "d=e=f&g"],
    ] {
        assert_eq!(given(&world.slack(arguments).await), expected, "{arguments:?}");
    }
    assert_eq!(given(&world.slack(&["api", "api.test"]).await), json!({}));
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused() {
    let world = World::start().await;
    world.slack(&["api", "api.test", "no-pair"]).await.failed("invalid_args");
    world.slack(&["api", "api.test", "-H", "no header"]).await.failed("invalid_args");
    world.slack(&["api", "api.test", "-X", "G T"]).await.failed("invalid_args");
    assert_eq!(world.slack(&["api", "api.test", "--json", "{}", "--data", "a=b"]).await.code, Some(2));
}

#[tokio::test]
async fn a_message_arrives_in_the_name_of_the_apps_bot() {
    let world = World::start().await;
    world.slack(&["app", "install", "-E", "local"]).await.fine();
    let general = world.slack.channel("general").unwrap();
    world.slack(&["api", "conversations.invite", &format!("channel={general}"), &bot(&world).await]).await.fine();
    let post = ["api", "chat.postMessage", "--app", "local", &format!("channel={general}"), "text=Hello"];
    let posted = world.slack(&post).await.value();
    let last = world.slack.messages(&general).pop().unwrap();
    assert_eq!((&last["text"], &last["ts"]), (&json!("Hello"), &posted["ts"]));
    assert!(last["bot_id"].is_string(), "{last}");
}

/// `users=` the local app's bot.
async fn bot(world: &World) -> String {
    let whose = world.slack(&["api", "auth.test", "--app", "local"]).await.value();
    format!("users={}", whose["user_id"].as_str().unwrap())
}

#[tokio::test]
async fn a_call_is_made_in_the_name_of_who_is_nearest() {
    let world = World::start().await;
    world.slack(&["app", "install", "-E", "deployed"]).await.fine();
    let ready = world.slack.ready();
    let (bot, user) = (ready.bot_token.expose_secret().to_owned(), ready.user_token.expose_secret().to_owned());
    let whose = async |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = world.command(&[&["api", "auth.test"], arguments].concat());
        command.envs(variables.iter().copied());
        Ended::of(command).await.value()["user_id"].as_str().unwrap().to_owned()
    };
    let (alice, countersign) = (ready.users["alice"].to_string(), ready.bot_user_id.to_string());
    let both = [("SLACK_BOT_TOKEN", bot.as_str()), ("SLACK_USER_TOKEN", user.as_str())];
    assert_eq!(whose(&[], &[]).await, alice, "who is signed in");
    assert_eq!(whose(&[], &both).await, countersign, "the bot's token of the environment");
    assert_eq!(whose(&[], &both[1..]).await, alice, "else the person's");
    assert_eq!(whose(&["--team", "countersign"], &both).await, alice, "the team that is named");
    let apps = whose(&["--app", "deployed"], &both).await;
    assert!(apps != alice && apps != countersign, "the app that is named");
    assert_eq!(whose(&["--token", &bot, "--app", "deployed"], &[]).await, countersign, "the token before all");
}

#[tokio::test]
async fn nobodys_call_has_no_token() {
    let world = World::start().await;
    let refused = world.slack(&["api", "auth.test", "--no-auth"]).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stdout.contains("not_authed"), "{refused:?}");
    world.slack(&["api", "auth.test", "--no-auth", "--app", "local"]).await.failed("mismatched_flags");
    world.slack(&["logout"]).await.fine();
    let refused = world.slack(&["api", "auth.test"]).await;
    assert!(refused.stdout.contains("not_authed") && refused.stderr.contains("warning"), "{refused:?}");
}

#[tokio::test]
async fn a_refusal_is_printed_and_fails() {
    let world = World::start().await;
    let refused = world.slack(&["api", "chat.postMessage", "channel=C0000000000", "text=x"]).await;
    assert_eq!(refused.code, Some(1), "scripts see it; the original ends with 0");
    let answer: Value = serde_json::from_str(&refused.stdout).unwrap();
    assert_eq!(answer["error"], "channel_not_found");
    let fault = json!({"fail": {"method": "api.test", "times": 1, "http": 503}});
    world.slack.fault(&fault).unwrap();
    let ended = world.slack(&["api", "api.test"]).await;
    assert!(ended.code == Some(1) && ended.stderr.contains("503"), "{ended:?}");
}

#[tokio::test]
async fn status_and_headers_are_printed_in_order_when_asked_for() {
    let world = World::start().await;
    let ended = world.slack(&["api", "-i", "auth.test"]).await;
    let (head, body) = ended.fine().split_once("\n\n").unwrap();
    let lines: Vec<&str> = head.lines().collect();
    assert_eq!(lines[0], "HTTP 200");
    assert!(lines[1..].is_sorted() && lines.iter().any(|line| line.starts_with("content-type: ")), "{head}");
    assert!(serde_json::from_str::<Value>(body).is_ok());
}
