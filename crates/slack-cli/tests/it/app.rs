//! The life of apps, from manifest to deletion, and the files that know of them.

use std::fs;

use countersign_slack_cli::{
    AppChoice, Code, Failure,
    app::{self, App, AppKind, Installed, Overwrite},
    manifest,
};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::world::{World, manifest as sample};

async fn install(world: &World, kind: AppKind) -> Result<Installed, Failure> {
    let (project, account) = (world.open().await, world.account().await);
    app::install(&world.session, &project, &account, kind, Overwrite::Ask).await
}

async fn installed(world: &World, kind: AppKind) -> App {
    install(world, kind).await.unwrap().app
}

fn team(world: &World) -> String {
    world.slack.ready().team_id.to_string()
}

fn whole(failure: &Failure) -> String {
    format!("{failure} {:?} {:?}", failure.details(), failure.remedies())
}

/// Somebody changes an app's settings on its page.
async fn changed_elsewhere(world: &World, app: &App) {
    let mut settings = world.manifest_of(app.id.as_str()).await;
    settings["display_information"]["description"] = json!("Changed by hand");
    let arguments = json!({"app_id": app.id, "manifest": settings});
    world.slack("apps.manifest.update", arguments).await;
}

#[tokio::test]
async fn the_first_installation_creates_the_local_app_and_its_tokens_work() {
    let world = World::start().await;
    let Installed { app, tokens, api_url } = install(&world, AppKind::Local).await.unwrap();
    let settings = world.manifest_of(app.id.as_str()).await;
    assert_eq!(settings["display_information"]["name"], "Orders (local)");
    assert_eq!(settings["features"]["bot_user"]["display_name"], "orders (local)");
    assert_eq!(api_url, world.slack.ready().api_url);
    let api = |token| countersign_slack_cli::api::Api::connect(&world.session, None, token).unwrap();
    let bot: Value = api(tokens.bot.as_ref().unwrap()).call("auth.test", &json!({})).await.unwrap();
    assert_eq!(bot["team_id"], team(&world));
    let app_level = tokens.app.as_ref().unwrap();
    let opened: Value = api(app_level).call("apps.connections.open", &json!({})).await.unwrap();
    assert!(opened["url"].as_str().unwrap().starts_with("ws://127.0.0.1"));
    assert!(!format!("{tokens:?}").contains(app_level.expose_secret()), "tokens are never printed");
}

#[tokio::test]
async fn apps_are_written_down_as_the_official_command_line_reads_them() {
    let world = World::start().await;
    let local = installed(&world, AppKind::Local).await;
    let deployed = installed(&world, AppKind::Deployed).await;
    let team = team(&world);
    let user = world.slack.user("alice").unwrap().to_string();
    assert_eq!(
        world.json(".slack/apps.dev.json"),
        json!({(team.as_str()): {
            "app_id": local.id, "IsDev": true, "team_domain": "countersign", "team_id": team, "user_id": user,
        }})
    );
    assert_eq!(
        world.json(".slack/apps.json"),
        json!({
            "apps": {(team.as_str()): {"app_id": deployed.id, "team_domain": "countersign", "team_id": team}},
            "default": "countersign",
        })
    );
    assert_ne!(local.id, deployed.id);
    assert_eq!(world.manifest_of(deployed.id.as_str()).await, sample(), "a deployed app's name stays as it is");
    assert_eq!(app::all(&world.open().await).unwrap(), [local, deployed]);
}

#[tokio::test]
async fn the_second_installation_updates_the_same_app() {
    let world = World::start().await;
    let first = installed(&world, AppKind::Local).await;
    let mut changed = sample();
    changed["display_information"]["description"] = json!("More of them");
    changed["oauth_config"]["scopes"]["bot"] = json!(["app_mentions:read", "chat:write", "reactions:write"]);
    world.write("manifest.json", &changed.to_string());
    assert_eq!(installed(&world, AppKind::Local).await, first);
    let settings = world.manifest_of(first.id.as_str()).await;
    assert_eq!(settings["display_information"]["description"], "More of them");
    assert_eq!((world.calls("apps.manifest.create"), world.calls("apps.manifest.update")), (1, 1));
}

#[tokio::test]
async fn an_update_that_changes_nothing_is_not_made() {
    let world = World::start().await;
    for _ in 0..3 {
        installed(&world, AppKind::Local).await;
    }
    assert_eq!((world.calls("apps.manifest.create"), world.calls("apps.manifest.update")), (1, 0));
    assert_eq!(world.calls("apps.developerInstall"), 3);
}

#[tokio::test]
async fn unknown_keys_of_the_manifest_are_kept() {
    let world = World::start().await;
    let mut manifest = sample();
    manifest["brand_new"] = json!({"key": [1, {"deep": true}]});
    manifest["settings"]["brand_new_too"] = json!("x");
    world.write("manifest.json", &manifest.to_string());
    let app = installed(&world, AppKind::Deployed).await;
    assert_eq!(world.manifest_of(app.id.as_str()).await, manifest);
}

#[tokio::test]
async fn settings_that_were_changed_elsewhere_are_refused_and_what_differs_is_told() {
    let world = World::start().await;
    let app = installed(&world, AppKind::Local).await;
    changed_elsewhere(&world, &app).await;
    let failure = install(&world, AppKind::Local).await.unwrap_err();
    assert_eq!(failure.code(), &Code::AppManifestUpdate);
    let text = whole(&failure);
    assert!(text.contains("changed elsewhere") && text.contains("/display_information/description"), "{text}");
    assert!(text.contains("--force"), "{text}");
    let settings = world.manifest_of(app.id.as_str()).await;
    assert_eq!(settings["display_information"]["description"], "Changed by hand");
}

#[tokio::test]
async fn force_a_person_and_an_edit_of_the_manifest_overwrite_what_was_changed_elsewhere() {
    let mut world = World::start().await;
    let app = installed(&world, AppKind::Local).await;
    let is_overwritten = async |world: &World| {
        let settings = world.manifest_of(app.id.as_str()).await;
        settings["display_information"].get("description").is_none()
    };

    changed_elsewhere(&world, &app).await;
    world.talk.answer(0);
    let failure = install(&world, AppKind::Local).await.unwrap_err();
    assert!(!whole(&failure).contains("--force"), "who said no is not told how to say yes: {failure:?}");
    world.talk.answer(1);
    install(&world, AppKind::Local).await.unwrap();
    assert!(is_overwritten(&world).await && world.talk.questions().len() == 2);

    changed_elsewhere(&world, &app).await;
    let (project, account) = (world.open().await, world.account().await);
    app::install(&world.session, &project, &account, AppKind::Local, Overwrite::Always).await.unwrap();
    assert!(is_overwritten(&world).await);

    changed_elsewhere(&world, &app).await;
    world.session.settings.force = true;
    install(&world, AppKind::Local).await.unwrap();
    assert!(is_overwritten(&world).await);
    world.session.settings.force = false;
    install(&world, AppKind::Local).await.unwrap();
}

#[tokio::test]
async fn settings_that_were_never_brought_there_from_here_are_not_overwritten_unasked() {
    let world = World::start().await;
    installed(&world, AppKind::Deployed).await;
    fs::remove_dir_all(world.root().join(".slack/cache")).unwrap();
    install(&world, AppKind::Deployed).await.expect("they are the same");
    let mut changed = sample();
    changed["display_information"]["description"] = json!("x");
    world.write("manifest.json", &changed.to_string());
    install(&world, AppKind::Deployed).await.expect("they were known from then on");
    fs::remove_dir_all(world.root().join(".slack/cache")).unwrap();
    world.write("manifest.json", &sample().to_string());
    assert_eq!(install(&world, AppKind::Deployed).await.unwrap_err().code(), &Code::AppManifestUpdate);
}

#[tokio::test]
async fn a_hash_that_the_official_command_line_wrote_counts() {
    let world = World::start().await;
    let app = installed(&world, AppKind::Deployed).await;
    // The hash of these settings by the official command line's own code; see src/app/fingerprint/tests.rs.
    let official = "b2f8fb8171d9854782c8049f4872e102877640b0d3a2675bdf2af80a37db0619";
    assert_eq!(world.json(".slack/cache/manifests.json")[app.id.as_str()]["hash"], official);
}

#[tokio::test]
async fn settings_that_slack_does_not_keep_to_the_letter_are_not_updated_again_and_again() {
    let world = World::start().await;
    let mut given = sample();
    given["display_information"]["description"] = json!("What Slack will leave out");
    world.write("manifest.json", &given.to_string());
    let app = installed(&world, AppKind::Deployed).await;
    // As if Slack had made this of it; its hash is known from the test above.
    world.slack("apps.manifest.update", json!({"app_id": app.id, "manifest": sample()})).await;
    let mut cache = world.json(".slack/cache/manifests.json");
    cache[app.id.as_str()]["hash"] = json!("b2f8fb8171d9854782c8049f4872e102877640b0d3a2675bdf2af80a37db0619");
    world.write(".slack/cache/manifests.json", &cache.to_string());
    installed(&world, AppKind::Deployed).await;
    assert_eq!(world.calls("apps.manifest.update"), 1, "ours alone");
    given["display_information"]["description"] = json!("Changed here");
    world.write("manifest.json", &given.to_string());
    installed(&world, AppKind::Deployed).await;
    assert_eq!(world.calls("apps.manifest.update"), 2);
}

#[tokio::test]
async fn where_slack_has_the_say_about_the_manifest_nothing_is_updated() {
    let world = World::start().await;
    let app = installed(&world, AppKind::Deployed).await;
    changed_elsewhere(&world, &app).await;
    world.write(".slack/config.json", &json!({"manifest": {"source": "remote"}}).to_string());
    world.write("manifest.json", "this is not even JSON");
    installed(&world, AppKind::Deployed).await;
    let settings = world.manifest_of(app.id.as_str()).await;
    assert_eq!(settings["display_information"]["description"], "Changed by hand");
}

#[tokio::test]
async fn a_manifest_that_slack_rejects_names_every_place() {
    let world = World::start().await;
    let mut manifest = sample();
    manifest["display_information"] = json!({"description": "no name"});
    manifest["oauth_config"]["scopes"]["bot"] = json!(["chat:write", "Not A Scope"]);
    world.write("manifest.json", &manifest.to_string());
    let failure = install(&world, AppKind::Local).await.unwrap_err();
    assert_eq!(failure.code(), &Code::InvalidManifest);
    let details = failure.details().join("\n");
    assert!(details.contains("/display_information/name: "), "{details}");
    assert!(details.contains("/oauth_config/scopes/bot/1: "), "{details}");
    assert!(!world.root().join(".slack/apps.dev.json").exists(), "no app was made");
}

#[tokio::test]
async fn what_is_no_manifest_is_an_error_with_its_code() {
    let world = World::with_hooks(&json!({"hooks": {"get-manifest": "echo loading; echo '{\"a\": '"}})).await;
    let failure = install(&world, AppKind::Local).await.unwrap_err();
    assert_eq!(failure.code(), &Code::InvalidManifest);
    assert!(whole(&failure).contains("line 2"), "{failure:?}");
    let world = World::with_hooks(&json!({"hooks": {}})).await;
    let failure = install(&world, AppKind::Local).await.unwrap_err();
    assert_eq!(failure.code(), &Code::SdkHookNotFound);
}

#[tokio::test]
async fn the_hook_is_told_for_which_app_and_team_the_manifest_is() {
    let world = World::start().await;
    let script = "#!/bin/sh\necho \"$SLACK_ENV $SLACK_WORKSPACE $*\" >>seen\ncat manifest.json\n";
    world.script("hook.sh", script);
    world.write(".slack/hooks.json", &json!({"hooks": {"get-manifest": "./hook.sh"}}).to_string());
    installed(&world, AppKind::Local).await;
    installed(&world, AppKind::Deployed).await;
    let root = world.root();
    let root = root.display();
    assert_eq!(
        world.read("seen"),
        format!("local countersign --source={root}\ndeployed countersign --source={root}\n")
    );
}

#[tokio::test]
async fn warnings_of_slack_are_told() {
    let world = World::start().await;
    let mut manifest = sample();
    manifest["oauth_config"]["scopes"]["bot"] = json!(["chat:write"]);
    world.write("manifest.json", &manifest.to_string());
    installed(&world, AppKind::Local).await;
    let warnings = world.talk.warnings().join("\n");
    assert!(warnings.contains("app_mentions:read"), "{warnings}");
}

#[tokio::test]
async fn an_app_is_written_down_even_if_its_installation_fails() {
    let world = World::start().await;
    let fault =
        json!({"fail": {"method": "apps.developerInstall", "times": 1, "error": "app_approval_request_pending"}});
    world.slack.fault(&fault).unwrap();
    let failure = install(&world, AppKind::Local).await.unwrap_err();
    assert_eq!(failure.code(), &Code::Api("app_approval_request_pending".to_owned()));
    assert!(whole(&failure).contains("administrator"), "{failure:?}");
    installed(&world, AppKind::Local).await;
    assert_eq!(world.calls("apps.manifest.create"), 1, "the second try finds the app of the first");
}

#[tokio::test]
async fn a_local_app_that_is_gone_is_made_anew_and_a_deployed_one_is_not() {
    let world = World::start().await;
    for kind in [AppKind::Local, AppKind::Deployed] {
        let app = installed(&world, kind).await;
        world.slack("apps.delete", json!({"app_id": app.id})).await;
        match kind {
            AppKind::Local => assert_ne!(installed(&world, kind).await.id, app.id),
            AppKind::Deployed => {
                let failure = install(&world, kind).await.unwrap_err();
                assert_eq!(failure.code(), &Code::Api("app_not_found".to_owned()));
                assert!(whole(&failure).contains("app unlink"), "{failure:?}");
            }
        }
    }
    assert!(world.talk.warnings()[0].contains("making a new one"));
}

#[tokio::test]
async fn an_app_that_is_named_needs_no_files() {
    let mut world = World::start().await;
    let created = world.slack("apps.manifest.create", json!({"manifest": sample()})).await;
    let id = created["app_id"].as_str().unwrap().to_owned();
    world.session.settings.app = Some(AppChoice::Id(id.as_str().into()));
    world.session.settings.force = true;
    let app = installed(&world, AppKind::Local).await;
    assert_eq!((app.id.as_str(), app.kind), (id.as_str(), AppKind::Local));
    assert_eq!(world.manifest_of(&id).await["display_information"]["name"], "Orders (local)");
    assert!(app::all(&world.open().await).unwrap().is_empty(), "it is not the project's");
}

#[tokio::test]
async fn the_app_that_is_meant_is_the_named_one_else_the_only_one_of_its_kind() {
    let mut world = World::start().await;
    let (local, deployed) = (installed(&world, AppKind::Local).await, installed(&world, AppKind::Deployed).await);
    let (project, account) = (world.open().await, world.account().await);
    let find = |world: &World, kind| app::find(&world.session, &project, &account, kind);
    assert_eq!(find(&world, Some(AppKind::Local)).unwrap(), local);
    assert_eq!(find(&world, Some(AppKind::Deployed)).unwrap(), deployed);

    let failure = find(&world, None).unwrap_err();
    assert_eq!(failure.code(), &Code::MismatchedFlags);
    assert!(failure.details()[0].contains(local.id.as_str()), "{failure:?}");
    world.talk.answer(1);
    assert_eq!(find(&world, None).unwrap(), deployed);

    world.session.settings.app = Some(AppChoice::Local);
    assert_eq!(find(&world, None).unwrap(), local);
    assert_eq!(find(&world, Some(AppKind::Deployed)).unwrap_err().code(), &Code::LocalAppNotSupported);
    world.session.settings.app = Some(AppChoice::Id(deployed.id.clone()));
    assert_eq!(find(&world, None).unwrap(), deployed);
    assert_eq!(find(&world, Some(AppKind::Local)).unwrap_err().code(), &Code::DeployedAppNotSupported);
}

#[tokio::test]
async fn without_an_app_one_is_told_how_to_install_it() {
    let world = World::start().await;
    let failure = app::find(&world.session, &world.open().await, &world.account().await, None).unwrap_err();
    assert_eq!(failure.code(), &Code::InstallationRequired);
    assert!(whole(&failure).contains("countersign slack app install"), "{failure:?}");
}

#[tokio::test]
async fn an_app_of_another_team_is_not_taken_for_one_of_this() {
    let mut world = World::start().await;
    let other = json!({"apps": {"T00000000X": {"app_id": "A00000000X", "team_id": "T00000000X", "team_domain": "x"}}});
    world.write(".slack/apps.json", &other.to_string());
    let (project, account) = (world.open().await, world.account().await);
    assert_eq!(app::find(&world.session, &project, &account, None).unwrap_err().code(), &Code::InstallationRequired);
    world.session.settings.app = Some(AppChoice::Id("A00000000X".into()));
    let failure = app::find(&world.session, &project, &account, None).unwrap_err();
    assert!(whole(&failure).contains("--team T00000000X"), "{failure:?}");
}

#[tokio::test]
async fn old_and_empty_app_files_are_read_and_what_nobody_knows_is_kept() {
    let world = World::start().await;
    world.write(".slack/apps.dev.json", "");
    let team = team(&world);
    let old = json!({
        "apps": {"acme": {"app_id": "A1", "team_id": "T1", "name": "acme", "later": 1}, "T2": {"team_id": "T2"}},
        "dev": {"T3": {"app_id": "A3", "team_domain": "three"}}, "default": "acme", "later": [2],
    });
    world.write(".slack/apps.json", &old.to_string());
    let apps = app::all(&world.open().await).unwrap();
    let read: Vec<_> = apps.iter().map(|app| (app.id.as_str(), app.team.as_str(), app.team_domain.as_str())).collect();
    assert_eq!(read, [("A3", "T3", "three"), ("A1", "T1", "acme")]);
    installed(&world, AppKind::Deployed).await;
    let written = world.json(".slack/apps.json");
    assert_eq!((&written["later"], &written["apps"]["acme"]["later"]), (&json!([2]), &json!(1)));
    assert!(written["apps"][&team]["app_id"].is_string() && written["default"] == "acme", "{written}");
}

#[tokio::test]
async fn a_truncated_app_file_is_an_error_and_left_as_it_is() {
    let world = World::start().await;
    world.write(".slack/apps.dev.json", "{\"T1\": {\"app_id\"");
    let failure = install(&world, AppKind::Local).await.unwrap_err();
    assert_eq!(failure.code(), &Code::UnableToParseJson);
    assert!(whole(&failure).contains("apps.dev.json:1:"), "{failure:?}");
    assert_eq!(world.read(".slack/apps.dev.json"), "{\"T1\": {\"app_id\"");
    assert_eq!(world.calls("apps.manifest.create"), 0);
}

#[tokio::test]
async fn an_app_file_of_another_shape_is_not_written_over() {
    let world = World::start().await;
    world.write(".slack/apps.json", r#"{"apps": ["precious"]}"#);
    assert_eq!(install(&world, AppKind::Deployed).await.unwrap_err().code(), &Code::UnableToParseJson);
    assert_eq!(world.read(".slack/apps.json"), r#"{"apps": ["precious"]}"#);
    assert_eq!(world.calls("apps.manifest.create"), 0);
    world.write(".slack/apps.json", r#"{"apps": {"T1": 7, "T2": {"app_id": 3}, "T3": {"app_id": "A3"}}, "dev": []}"#);
    assert_eq!(app::all(&world.open().await).unwrap().len(), 1);
}

#[tokio::test]
async fn an_uninstalled_app_is_still_the_projects_and_can_be_installed_again() {
    let world = World::start().await;
    let app = installed(&world, AppKind::Local).await;
    let (project, account) = (world.open().await, world.account().await);
    assert!(app::statuses(&account, std::slice::from_ref(&app)).await.unwrap()[0].is_installed);
    app::uninstall(&world.session, &account, &app).await.unwrap();
    assert!(!app::statuses(&account, std::slice::from_ref(&app)).await.unwrap()[0].is_installed);
    assert_eq!(app::all(&project).unwrap(), std::slice::from_ref(&app));
    let failure = app::uninstall(&world.session, &account, &app).await.unwrap_err();
    assert_eq!(failure.code(), &Code::Api("app_not_installed".to_owned()));
    assert_eq!(installed(&world, AppKind::Local).await, app);
}

#[tokio::test]
async fn a_deleted_app_is_gone_at_slack_and_from_the_files() {
    let world = World::start().await;
    let (local, deployed) = (installed(&world, AppKind::Local).await, installed(&world, AppKind::Deployed).await);
    let (project, account) = (world.open().await, world.account().await);
    app::delete(&world.session, &project, &account, &local).await.unwrap();
    assert_eq!(world.json(".slack/apps.dev.json"), json!({}));
    assert!(world.json(".slack/cache/manifests.json").get(local.id.as_str()).is_none());
    let gone = manifest::of_slack(&account.api, &local.id).await.unwrap_err();
    assert_eq!(gone.code(), &Code::Api("app_not_found".to_owned()));
    assert_eq!(app::all(&project).unwrap(), std::slice::from_ref(&deployed));

    world.slack("apps.delete", json!({"app_id": deployed.id})).await;
    app::delete(&world.session, &project, &account, &deployed).await.unwrap();
    assert!(world.talk.warnings()[0].contains("did not know"));
    assert_eq!(world.json(".slack/apps.json"), json!({"apps": {}}));
}

#[tokio::test]
async fn an_app_that_there_is_becomes_the_projects() {
    let mut world = World::start().await;
    let (project, account) = (world.open().await, world.account().await);
    let id = |created: Value| created["app_id"].as_str().unwrap().to_owned();
    let first = id(world.slack("apps.manifest.create", json!({"manifest": sample()})).await);
    let second = id(world.slack("apps.manifest.create", json!({"manifest": sample()})).await);
    let of = |id: &str, kind| App::of(&account, id.into(), kind);
    let link = async |world: &World, app| app::link(&world.session, &project, &account, app).await;

    link(&world, of(&first, AppKind::Deployed)).await.unwrap();
    assert_eq!(app::find(&world.session, &project, &account, None).unwrap().id.as_str(), first);
    let failure = link(&world, of(&second, AppKind::Deployed)).await.unwrap_err();
    assert_eq!(failure.code(), &Code::AppFound);
    assert_eq!(link(&world, of(&first, AppKind::Local)).await.unwrap_err().code(), &Code::AppFound);
    let failure = link(&world, of("A000000NONE", AppKind::Local)).await.unwrap_err();
    assert_eq!(failure.code(), &Code::AppNotFound);
    world.session.settings.force = true;
    link(&world, of(&second, AppKind::Deployed)).await.unwrap();
    let apps = app::all(&project).unwrap();
    assert_eq!(apps.len(), 1);
    app::unlink(&project, &apps[0]).unwrap();
    assert!(app::all(&project).unwrap().is_empty());
}

#[tokio::test]
async fn an_app_that_slack_hosts_runs_here_over_socket_mode() {
    let world = World::start().await;
    let mut manifest = sample();
    manifest["settings"] = json!({"function_runtime": "slack"});
    world.write("manifest.json", &manifest.to_string());
    let local = installed(&world, AppKind::Local).await;
    let settings = world.manifest_of(local.id.as_str()).await["settings"].clone();
    assert_eq!((&settings["function_runtime"], &settings["socket_mode_enabled"]), (&json!("local"), &json!(true)));
    let deployed = installed(&world, AppKind::Deployed).await;
    let settings = world.manifest_of(deployed.id.as_str()).await["settings"].clone();
    let host = world.slack.ready().api_url.trim_end_matches("/api/").to_owned();
    assert_eq!(settings["event_subscriptions"]["request_url"], host);
}
