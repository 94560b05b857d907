//! New projects, and directories that become projects.

use countersign_slack::hooks::HookName;
use countersign_slack_cli::{
    AppChoice, Code, app,
    app::{AppKind, Overwrite},
    create::{self, Dependencies, Template, Wanted},
    project::Project,
    trigger::{self, Source},
};
use serde_json::json;

use crate::world::World;

fn wanted(template: Template) -> Wanted {
    Wanted { name: "orders".parse().unwrap(), template, sdk: None, install: false }
}

/// Where our SDK is.
fn sdk() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../slack-sdk")
}

#[tokio::test]
async fn every_template_is_a_project_whose_manifest_slack_takes() {
    for template in Template::ALL {
        let mut world = World::bare().await;
        let sdk = (template == Template::Rust).then(sdk);
        let created = create::create(&world.session, &Wanted { sdk, ..wanted(template) }).await.unwrap();
        assert_eq!(created.root, world.root().join("orders"));
        assert!(matches!(created.dependencies, Dependencies::LeftOut), "{created:?}");
        assert!(created.next().contains(&"countersign slack run".to_owned()));
        // The SDKs are not there; the manifest is a file.
        world.write("orders/.slack/hooks.json", &json!({"hooks": {"get-manifest": "cat manifest.json #"}}).to_string());
        world.session.directory = created.root;
        let project = Project::open(&world.session).await.unwrap();
        assert!(project.has(HookName::GetManifest));
        assert!(project.id().is_some_and(|id| id.len() == 36), "{project:?}");
        assert_eq!(project.runtime(), Some(template.as_str()));
        let account = world.account().await;
        let installed = app::install(&world.session, &project, &account, AppKind::Local, Overwrite::Ask).await.unwrap();
        assert!(installed.tokens.bot.is_some() && installed.tokens.app.is_some(), "{template}");
    }
}

#[tokio::test]
async fn the_rust_templates_trigger_is_one_that_slack_takes() {
    let mut world = World::bare().await;
    create::create(&world.session, &Wanted { sdk: Some(sdk()), ..wanted(Template::Rust) }).await.unwrap();
    let hooks = json!({"hooks": {"get-manifest": "cat manifest.json #"}, "config": {"trigger-paths": ["triggers/"]}});
    world.write("orders/.slack/hooks.json", &hooks.to_string());
    world.session.directory = world.root().join("orders");
    world.session.settings.app = Some(AppChoice::Local);
    let made = trigger::create(&world.session, &Source::Project).await.unwrap();
    assert_eq!((made.name(), made.workflow()), ("Greet me", "greet"));
}

#[tokio::test]
async fn without_a_template_a_person_is_asked_for_one() {
    let world = World::bare().await;
    assert_eq!(*create::choose_template(&world.session).unwrap_err().code(), Code::InvalidArguments);
    world.talk.answer(1);
    assert_eq!(create::choose_template(&world.session).unwrap(), Template::ALL[1]);
}

#[tokio::test]
async fn a_directory_with_something_in_it_is_left_alone() {
    let world = World::bare().await;
    world.write("orders/mine.txt", "mine");
    let failure = create::create(&world.session, &wanted(Template::Node)).await.unwrap_err();
    assert_eq!(*failure.code(), Code::AlreadyExists);
    assert!(!world.root().join("orders/app.js").exists());
    std::fs::remove_file(world.root().join("orders/mine.txt")).unwrap();
    create::create(&world.session, &wanted(Template::Node)).await.unwrap();
    assert!(world.read("orders/app.js").contains("app_mention"));
}

#[tokio::test]
async fn a_rust_project_is_not_made_to_depend_on_a_name_that_is_not_ours() {
    let world = World::bare().await;
    let failure = create::create(&world.session, &wanted(Template::Rust)).await.unwrap_err();
    assert!(failure.to_string().contains("not published"), "{failure}");
    assert!(failure.remedies().iter().any(|remedy| remedy.contains("--sdk-path")), "{failure:?}");
    let elsewhere = Wanted { sdk: Some(world.root()), ..wanted(Template::Rust) };
    assert_eq!(*create::create(&world.session, &elsewhere).await.unwrap_err().code(), Code::Template);
    let for_node = Wanted { sdk: Some(sdk()), ..wanted(Template::Node) };
    assert_eq!(*create::create(&world.session, &for_node).await.unwrap_err().code(), Code::InvalidArguments);
    assert!(!world.root().join("orders").exists());
}

#[tokio::test]
async fn a_checkout_is_as_good_as_the_sdks_own_directory() {
    let world = World::bare().await;
    let checkout = sdk().join("../..");
    create::create(&world.session, &Wanted { sdk: Some(checkout), ..wanted(Template::Rust) }).await.unwrap();
    let path = sdk().canonicalize().unwrap();
    assert!(world.read("orders/Cargo.toml").contains(&format!("path = \"{}\"", path.display())));
}

#[tokio::test]
async fn dependencies_are_installed_in_the_project_with_what_the_installer_says() {
    let mut world = World::bare().await;
    world.script("bin/npm", "#!/bin/sh\necho \"npm $* in ${PWD##*/}\"\ntouch installed\n");
    world.session.environment.set("PATH", format!("{}:/usr/bin:/bin", world.root().join("bin").display()));
    let created = create::create(&world.session, &Wanted { install: true, ..wanted(Template::Node) }).await.unwrap();
    assert!(matches!(created.dependencies, Dependencies::Installed), "{created:?}");
    assert!(world.root().join("orders/installed").exists());
    assert!(world.talk.streamed().contains("npm install --no-fund --no-audit in orders"), "{:?}", world.talk);
}

#[tokio::test]
async fn dependencies_that_cannot_be_installed_leave_the_project_and_say_what_to_do() {
    for (script, code) in
        [(Some("echo registry down >&2; exit 1"), Code::DependencyInstall), (None, Code::RuntimeNotFound)]
    {
        let mut world = World::bare().await;
        if let Some(script) = script {
            world.script("bin/npm", &format!("#!/bin/sh\n{script}\n"));
        }
        world.session.environment.set("PATH", world.root().join("bin").as_os_str());
        let created =
            create::create(&world.session, &Wanted { install: true, ..wanted(Template::Node) }).await.unwrap();
        let Dependencies::Failed(failure) = &created.dependencies else { panic!("{created:?}") };
        assert_eq!(*failure.code(), code);
        assert_eq!(created.next(), ["cd orders", "npm install", "countersign slack run"]);
        assert_eq!(world.talk.warnings().len(), 1);
        assert!(world.root().join("orders/app.js").exists());
    }
}
