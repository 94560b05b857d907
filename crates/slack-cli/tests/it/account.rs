//! Who is signed in, which of them is meant, and tokens that are renewed.

use std::{fs, time::Duration};

use countersign_slack_cli::{
    AppChoice, Code, Failure, Session,
    account::{self, Account, Origin, Purpose, Ticket},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::world::World;

/// An account as it stands in `credentials.json`.
fn entry(world: &World, team: &str, domain: &str) -> Value {
    json!({
        "token": world.slack.ready().cli_token.expose_secret(), "team_domain": domain, "team_id": team,
        "user_id": "U0000000001", "last_updated": "2026-01-01T00:00:00Z", "later": {"unknown": [1]},
    })
}

/// A world in which people are signed in to these teams.
async fn signed_in(teams: &[(&str, &str)]) -> World {
    let mut world = World::bare().await;
    world.session.settings.token = None;
    let file: serde_json::Map<String, Value> =
        teams.iter().map(|(team, domain)| ((*team).to_owned(), entry(&world, team, domain))).collect();
    world.write_home("credentials.json", &Value::Object(file).to_string());
    world
}

async fn chosen(session: &Session) -> Result<String, Failure> {
    Account::choose(session).await.map(|account| account.team.into_string())
}

fn whole(failure: &Failure) -> String {
    format!("{failure} {:?} {:?}", failure.details(), failure.remedies())
}

#[tokio::test]
async fn a_token_stands_for_whom_slack_says() {
    let world = World::bare().await;
    let account = world.account().await;
    assert_eq!(account.team.as_str(), world.slack.ready().team_id.to_string());
    assert_eq!(account.user.as_str(), world.slack.user("alice").unwrap().to_string());
    assert_eq!((account.team_domain.as_str(), &account.origin), ("countersign", &Origin::Token));
    assert!(!world.home().join(".slack").exists(), "nothing is kept");
}

#[tokio::test]
async fn a_token_of_another_team_than_was_named_is_refused() {
    let mut world = World::bare().await;
    world.session.settings.team = Some("COUNTERSIGN".to_owned());
    assert!(Account::choose(&world.session).await.is_ok());
    world.session.settings.team = Some("other".to_owned());
    let failure = Account::choose(&world.session).await.unwrap_err();
    assert_eq!(failure.code(), &Code::TeamNotFound);
}

#[tokio::test]
async fn a_revoked_token_says_what_to_do() {
    let mut world = World::bare().await;
    world.session.settings.token = Some(SecretString::from("xoxe.xoxp-1-gone"));
    let failure = Account::choose(&world.session).await.unwrap_err();
    assert_eq!(failure.code(), &Code::Api("invalid_auth".to_owned()));
    assert!(failure.remedies()[0].contains("countersign slack login"), "{failure:?}");
    world.session.settings.token = Some(SecretString::from("no token"));
    assert_eq!(Account::choose(&world.session).await.unwrap_err().code(), &Code::NotAuthed);
}

#[tokio::test]
async fn the_only_account_is_meant_and_of_several_the_one_that_is_named() {
    let mut world = signed_in(&[("T0000000AA", "acme")]).await;
    assert_eq!(chosen(&world.session).await.unwrap(), "T0000000AA");
    world = signed_in(&[("T0000000AA", "acme"), ("T0000000BB", "globex")]).await;
    for (named, expected) in [("T0000000BB", "T0000000BB"), ("acme", "T0000000AA"), ("Globex", "T0000000BB")] {
        world.session.settings.team = Some(named.to_owned());
        assert_eq!(chosen(&world.session).await.unwrap(), expected);
    }
}

#[tokio::test]
async fn of_several_accounts_a_person_chooses_and_without_one_they_are_listed() {
    let world = signed_in(&[("T0000000AA", "acme"), ("T0000000BB", "globex")]).await;
    world.talk.answer(1);
    assert_eq!(chosen(&world.session).await.unwrap(), "T0000000BB");
    let failure = chosen(&world.session).await.unwrap_err();
    assert_eq!(failure.code(), &Code::MismatchedFlags);
    assert_eq!(failure.details(), ["acme (T0000000AA)", "globex (T0000000BB)"]);
    assert!(failure.remedies()[0].contains("--team"), "{failure:?}");
}

#[tokio::test]
async fn an_app_that_the_project_knows_says_the_team() {
    let mut world = signed_in(&[("T0000000AA", "acme"), ("T0000000BB", "globex")]).await;
    world.write(".slack/hooks.json", "{}");
    world.write(".slack/apps.json", &json!({"apps": {"T0000000BB": {"app_id": "A0000000BB"}}}).to_string());
    world.session.settings.app = Some(AppChoice::Id("A0000000BB".into()));
    assert_eq!(chosen(&world.session).await.unwrap(), "T0000000BB");
    world.session.settings.app = Some(AppChoice::Id("A0000000CC".into()));
    assert_eq!(chosen(&world.session).await.unwrap_err().code(), &Code::MismatchedFlags);
}

#[tokio::test]
async fn who_is_not_signed_in_is_told_how() {
    let mut world = signed_in(&[]).await;
    assert_eq!(chosen(&world.session).await.unwrap_err().code(), &Code::NotAuthed);
    fs::remove_dir_all(world.home().join(".slack")).unwrap();
    assert_eq!(chosen(&world.session).await.unwrap_err().code(), &Code::NotAuthed);
    assert!(!world.home().join(".slack").exists(), "looking makes nothing");
    world = signed_in(&[("T0000000AA", "acme")]).await;
    world.session.settings.team = Some("globex".to_owned());
    let failure = chosen(&world.session).await.unwrap_err();
    assert_eq!((failure.code(), failure.details()), (&Code::TeamNotFound, &["acme (T0000000AA)".to_owned()][..]));
}

#[tokio::test]
async fn an_empty_file_is_nobody_and_a_truncated_one_says_where_it_ends() {
    let mut world = signed_in(&[]).await;
    world.write_home("credentials.json", "");
    assert_eq!(chosen(&world.session).await.unwrap_err().code(), &Code::NotAuthed);
    world.write_home("credentials.json", "{\"T0000000AA\": {\"token\": \"xoxe.xoxp-secr");
    let failure = chosen(&world.session).await.unwrap_err();
    assert_eq!(failure.code(), &Code::UnableToParseJson);
    let text = whole(&failure);
    assert!(text.contains("credentials.json:1:") && !text.contains("xoxe"), "{text}");
    world.session.settings.token = Some(world.slack.ready().cli_token.clone());
    assert!(Account::choose(&world.session).await.is_ok(), "with a token the file does not matter");
}

#[tokio::test]
async fn an_account_of_another_shape_is_named_without_its_secret() {
    let world = signed_in(&[]).await;
    for broken in [json!({"T1": {"token": "xoxe.xoxp-secret"}}), json!({"T1": "xoxe.xoxp-secret"}), json!({"T1": 7})] {
        world.write_home("credentials.json", &broken.to_string());
        let text = whole(&chosen(&world.session).await.unwrap_err());
        assert!(text.contains("T1") && text.contains("credentials_not_found"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}

#[tokio::test]
async fn accounts_under_their_teams_domain_are_known_and_moved_when_something_is_written() {
    let mut world = signed_in(&[]).await;
    world.write_home("credentials.json", &json!({"acme": entry(&world, "T0000000AA", "acme")}).to_string());
    assert_eq!(chosen(&world.session).await.unwrap(), "T0000000AA");
    world.session.settings.token = Some(world.slack.ready().cli_token.clone());
    account::login_with_token(&world.session).await.unwrap();
    let file = world.home_json("credentials.json");
    assert_eq!(file["T0000000AA"]["later"]["unknown"], json!([1]));
    assert!(file.get("acme").is_none());
}

#[tokio::test]
async fn the_address_is_the_flags_then_the_environments_then_the_accounts() {
    let mut world = World::bare().await;
    world.sign_in();
    let here = world.slack.ready().api_url.clone();
    let elsewhere = "http://127.0.0.1:9/api/";
    let base = async |session: &Session| Account::choose(session).await.unwrap().api.client().base().to_string();
    assert_eq!(base(&world.session).await, here);
    world.session.environment.set("SLACK_API_URL", elsewhere);
    assert_eq!(base(&world.session).await, here, "the flag counts first");
    world.session.settings.apihost = None;
    assert_eq!(base(&world.session).await, elsewhere);
    world.session.environment.unset("SLACK_API_URL");
    assert_eq!(base(&world.session).await, "https://slack.com/api/");
    let mut file = world.home_json("credentials.json");
    let team = world.slack.ready().team_id.to_string();
    file[&team]["api_host"] = json!(here.trim_end_matches("/api/"));
    world.write_home("credentials.json", &file.to_string());
    assert_eq!(base(&world.session).await, here);
}

#[tokio::test]
async fn plain_http_leaves_this_machine_never() {
    let mut world = World::bare().await;
    world.session.settings.apihost = Some("http://slack.example".to_owned());
    let failure = Account::choose(&world.session).await.unwrap_err();
    assert_eq!(failure.code(), &Code::InvalidArguments);
    assert!(failure.to_string().contains("--apihost") && failure.details()[0].contains("loopback"), "{failure:?}");
}

#[tokio::test]
async fn signing_in_with_a_token_writes_what_the_official_command_line_reads() {
    let mut world = World::bare().await;
    let account = account::login_with_token(&world.session).await.unwrap();
    let file = world.home_json("credentials.json");
    let written = &file[account.team.as_str()];
    assert_eq!(written["token"], world.slack.ready().cli_token.expose_secret());
    assert_eq!((&written["team_id"], &written["team_domain"]), (&json!(account.team), &json!("countersign")));
    assert_eq!(written["user_id"], json!(account.user));
    assert_eq!(written["api_host"], world.slack.ready().api_url.trim_end_matches("/api/"));
    assert!(written["last_updated"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    world.session.settings.token = None;
    world.session.settings.apihost = None;
    assert!(world.account().await.test().await.is_ok(), "the account knows where its Slack is");
}

#[cfg(unix)]
#[tokio::test]
async fn credentials_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let world = World::bare().await;
    account::login_with_token(&world.session).await.unwrap();
    let mode = |path: &str| fs::metadata(world.home().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(".slack"), mode(".slack/credentials.json")), (0o700, 0o600));
}

#[tokio::test]
async fn a_person_signs_in_with_a_ticket_and_its_challenge() {
    let mut world = World::bare().await;
    world.session.settings.token = None;
    let ticket = account::ticket(&world.session, Purpose::Person).await.unwrap();
    let early = account::login(&world.session, &ticket, "x").await.unwrap_err();
    assert_eq!(early.code(), &Code::Api("not_ready".to_owned()));
    let challenge = confirm(&world, &ticket).await;
    let account = account::login(&world.session, &ticket, &format!(" {challenge}\n")).await.unwrap();
    assert_eq!(account.user.as_str(), world.slack.user("bob").unwrap().to_string());
    let written = world.home_json("credentials.json")[account.team.as_str()].clone();
    assert!(written["refresh_token"].is_string() && written["exp"].is_number(), "{written}");
    assert!(world.account().await.test().await.is_ok());
    let again = account::login(&world.session, &Ticket::known(ticket.text()), &challenge).await.unwrap_err();
    assert_eq!(again.code(), &Code::Api("invalid_ticket".to_owned()));
}

#[tokio::test]
async fn a_services_token_is_not_kept() {
    let mut world = World::bare().await;
    world.session.settings.token = None;
    let ticket = account::ticket(&world.session, Purpose::Service).await.unwrap();
    let challenge = confirm(&world, &ticket).await;
    let token = account::service_token(&world.session, &ticket, &challenge).await.unwrap();
    assert!(!world.home().join(".slack").exists());
    world.session.settings.token = Some(token);
    assert!(Account::choose(&world.session).await.is_ok());
}

/// Bob types the ticket's command, and is shown the challenge.
async fn confirm(world: &World, ticket: &Ticket) -> String {
    let command = ticket.command();
    let (command, text) = command.split_once(' ').unwrap();
    let answer = world.slack.person("bob").unwrap().command("general", command, text).await.unwrap();
    let said = answer.response.unwrap()["text"].as_str().unwrap().to_owned();
    said.rsplit(' ').next().unwrap().to_owned()
}

/// A world in which alice signed in with a ticket, so that her token expires.
async fn expiring() -> World {
    let mut world = World::bare().await;
    world.session.settings.token = None;
    let ticket = account::ticket(&world.session, Purpose::Person).await.unwrap();
    let challenge = confirm(&world, &ticket).await;
    account::login(&world.session, &ticket, &challenge).await.unwrap();
    world
}

/// Rewrites when the only account's token expires.
fn expire(world: &World, at: i64) -> Value {
    let mut file = world.home_json("credentials.json");
    let account = file.as_object_mut().unwrap().values_mut().next().unwrap();
    account["exp"] = json!(at);
    account["later"] = json!("kept");
    let before = account.clone();
    world.write_home("credentials.json", &file.to_string());
    before
}

fn only(world: &World) -> Value {
    world.home_json("credentials.json").as_object().unwrap().values().next().unwrap().clone()
}

#[tokio::test]
async fn a_token_that_is_about_to_expire_is_renewed_once_and_written_down() {
    let world = expiring().await;
    let before = expire(&world, jiff::Timestamp::now().as_second() + 200);
    let account = world.account().await;
    let after = only(&world);
    assert_eq!(account.api.token().secret().expose_secret(), after["token"].as_str().unwrap());
    assert_ne!((&before["token"], &before["refresh_token"]), (&after["token"], &after["refresh_token"]));
    assert!(after["exp"].as_i64() > before["exp"].as_i64() && after["later"] == "kept", "{after}");
    assert!(account.test().await.is_ok());
    world.account().await;
    assert_eq!(only(&world), after, "a fresh token stays");
}

#[tokio::test]
async fn two_commands_that_renew_at_once_do_not_sign_one_another_out() {
    let world = expiring().await;
    expire(&world, jiff::Timestamp::now().as_second() + 200);
    let (one, other) = tokio::join!(Account::choose(&world.session), Account::choose(&world.session));
    for account in [one.unwrap(), other.unwrap()] {
        assert!(account.test().await.is_ok());
    }
    assert_eq!(world.calls("tooling.tokens.rotate"), 1);
}

#[tokio::test]
async fn a_token_that_cannot_be_renewed_is_used_while_it_lasts() {
    let world = expiring().await;
    expire(&world, jiff::Timestamp::now().as_second() + 200);
    let fault = json!({"fail": {"method": "tooling.tokens.rotate", "times": 9, "error": "internal_error"}});
    world.slack.fault(&fault).unwrap();
    assert!(world.account().await.test().await.is_ok());
    assert!(world.talk.warnings()[0].contains("could not be renewed"), "{:?}", world.talk.warnings());
    expire(&world, jiff::Timestamp::now().as_second() - 1);
    let failure = Account::choose(&world.session).await.unwrap_err();
    assert!(whole(&failure).contains("countersign slack login"), "{failure:?}");
    assert_eq!(Account::all(&world.session).await.unwrap().len(), 1, "who looks for faults sees it");
}

#[tokio::test]
async fn a_long_run_gets_its_token_renewed() {
    let world = expiring().await;
    let account = world.account().await;
    expire(&world, jiff::Timestamp::now().as_second() + 10);
    let renewed = account.renewed(&world.session).await.unwrap();
    assert_ne!(renewed.api.token().secret().expose_secret(), account.api.token().secret().expose_secret());
    assert!(renewed.test().await.is_ok());
}

#[tokio::test]
async fn signing_out_revokes_the_token_and_forgets_it() {
    let world = expiring().await;
    let account = world.account().await;
    account::logout(&world.session, &account).await.unwrap();
    assert_eq!(world.home_json("credentials.json"), json!({}));
    assert!(account.test().await.is_err());
}

#[tokio::test]
async fn who_is_signed_out_at_slack_already_is_forgotten_all_the_same() {
    let world = signed_in(&[("T0000000AA", "acme"), ("T0000000BB", "globex")]).await;
    let mut file = world.home_json("credentials.json");
    file["T0000000AA"]["token"] = json!("xoxe.xoxp-1-gone");
    world.write_home("credentials.json", &file.to_string());
    let all = Account::all(&world.session).await.unwrap();
    let acme = all.iter().find(|account| account.team_domain == "acme").unwrap();
    account::logout(&world.session, acme).await.unwrap();
    assert_eq!(world.home_json("credentials.json").as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn without_slack_signing_out_needs_force() {
    let mut world = signed_in(&[("T0000000AA", "acme")]).await;
    let fault = json!({"fail": {"method": "auth.revoke", "times": 2, "error": "internal_error"}});
    world.slack.fault(&fault).unwrap();
    let account = world.account().await;
    let failure = account::logout(&world.session, &account).await.unwrap_err();
    assert!(whole(&failure).contains("--force"), "{failure:?}");
    world.session.settings.force = true;
    account::logout(&world.session, &account).await.unwrap();
    assert_eq!(world.home_json("credentials.json"), json!({}));
    assert!(!world.talk.warnings().is_empty());
}

#[tokio::test]
async fn a_refusal_has_slacks_code_and_what_is_missing() {
    let world = World::bare().await;
    let created = world.slack("apps.manifest.create", json!({"manifest": crate::world::manifest()})).await;
    let installed = world.slack("apps.developerInstall", json!({"app_id": created["app_id"]})).await;
    let bot = SecretString::from(installed["api_access_tokens"]["bot"].as_str().unwrap());
    let api = world.account().await.api.with_token(&bot).unwrap();
    let failure = api.call::<Value>("users.list", &json!({})).await.unwrap_err();
    assert_eq!(failure.code(), &Code::Api("missing_scope".to_owned()));
    let text = whole(&failure);
    assert!(text.contains("users:read") && text.contains("chat:write"), "{text}");
    let failure = api.call::<Value>("no.such", &json!({})).await.unwrap_err();
    assert_eq!(failure.code(), &Code::Api("unknown_method".to_owned()));
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_named() {
    let mut world = World::bare().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    world.session.settings.apihost = Some(format!("http://{address}"));
    let failure = tokio::time::timeout(Duration::from_mins(1), Account::choose(&world.session)).await.unwrap();
    let failure = failure.unwrap_err();
    assert_eq!(failure.code(), &Code::HttpRequestFailed);
    assert!(whole(&failure).contains(&address.to_string()), "{failure:?}");
}
