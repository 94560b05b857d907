//! Administration from the command line.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{on_every_database, team};

const FILE: &str = "\
users:
  erin@example.com: { groups: [ops] }
agents: { edge: {} }
connections:
  edge: { agent: edge, command: [sh, -c, 'echo $0'], env: { TOKEN: s3cret-value } }
policies:
  edge:
    connection: edge
    ask: { approvers: [ops] }
";

on_every_database! {
    async fn applying_twice_changes_nothing_the_second_time(app: GatewayApp) {
        let ada = app.ada();
        let dry = ada.run_with(&["apply", "-f", "-", "--dry-run"], FILE.as_bytes()).await.well();
        assert!(dry.text().contains("edge"), "{}", dry.text());
        assert!(!dry.text().contains("s3cret-value"), "{}", dry.text());
        ada.run(&["admin", "get", "conn", "edge"]).await.with_code(1);
        let first = ada.run_with(&["apply", "-f", "-", "--json"], FILE.as_bytes()).await.well();
        let first: Value = serde_json::from_str(first.text()).unwrap();
        assert_eq!(first["done"], 4, "{first}");
        let second = ada.run_with(&["apply", "-f", "-", "--json"], FILE.as_bytes()).await.well();
        let second: Value = serde_json::from_str(second.text()).unwrap();
        assert_eq!(second["done"], 0, "{second}");
        let changed = FILE.replace("[ops]", "[ops, sre]");
        let third = ada.run_with(&["apply", "-f", "-", "--json"], changed.as_bytes()).await.well();
        let third: Value = serde_json::from_str(third.text()).unwrap();
        assert_eq!(third["done"], 2, "{third}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_cannot_be_read_changes_nothing_and_says_where() {
    let app = team().await;
    let ended =
        app.ada().run_with(&["apply", "-f", "-"], b"users:\n  x@example.com: { gruops: [a] }\n").await.with_code(1);
    assert!(ended.stderr.contains("gruops"), "{}", ended.stderr);
    let ended = app.ada().run_with(&["apply", "-f", "-"], b"\x00\xff").await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_use_is_not_deleted_and_names_what_uses_it() {
    let app = team().await;
    let ended = app.ada().run(&["admin", "delete", "agent", "default"]).await.with_code(1);
    assert!(ended.stderr.contains("used by") && ended.stderr.contains("bash"), "{}", ended.stderr);
    let ended = app.ada().run(&["admin", "delete", "conn", "bash"]).await.with_code(1);
    assert!(ended.stderr.contains("used by"), "{}", ended.stderr);
    app.ada().does(&["admin", "delete", "conn", "cat"]).await;
    app.ada().run(&["admin", "delete", "conn", "cat"]).await.with_code(1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_there_is_not_overwritten_by_accident() {
    let app = team().await;
    let ended =
        app.ada().run(&["admin", "create", "conn", "bash", "--agent", "default", "--", "zsh"]).await.with_code(1);
    assert!(ended.stderr.contains("--overwrite"), "{}", ended.stderr);
    let ended = app.ada().run(&["admin", "create", "plugin", "review", "--connection", "bash:x"]).await.with_code(1);
    assert!(ended.stderr.contains("--overwrite"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_no_sense_is_refused_with_what_to_do() {
    let app = team().await;
    for (args, wanted) in [
        (&["plugin", "review", "--overwrite", "--connection", "nowhere:sre"][..], "nowhere"),
        (&["plugin", "review", "--overwrite", "--connection", "bash"][..], "group"),
        (&["plugin", "revue", "--connection", "bash:sre"][..], "review"),
        (&["user", "not-an-address"][..], "e-mail"),
        (&["user", "x@example.com", "--slackid", "alice"][..], "Slack"),
        (&["conn", "x", "--agent", "default", "--tcp", "no-port"][..], "HOST:PORT"),
    ] {
        let ended = app.ada().run(&[&["admin", "create"], args].concat()).await.with_code(1);
        assert!(ended.stderr.contains(wanted), "{args:?}: {}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_names_are_refused_everywhere() {
    let app = team().await;
    let long = "x".repeat(5000);
    let mut seen = BTreeSet::new();
    for name in
        ["..", "a/../b", "a b", "", "\u{202e}evil", "a\nb", "<!channel>", "'; DROP TABLE request; --", long.as_str()]
    {
        let created =
            app.ada().run(&["admin", "create", "conn", "--agent", "default", "--overwrite", name, "--", "sh"]).await;
        assert!(matches!(created.code, Some(1 | 2)), "{name:?}: {created:?}");
        let ran = app.ada().run(&["exec", name, "ls"]).await;
        assert!(matches!(ran.code, Some(2 | 125 | 127)), "{name:?}: {ran:?}");
        seen.insert(created.code);
    }
    app.ada().run(&["exec", "sh", "echo fine"]).await.well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_administrators_administer() {
    let app = team().await;
    let dan = app.person("dan").await;
    for args in [
        &["admin", "create", "user", "dan@example.com", "--overwrite", "--groups", "admin"][..],
        &["admin", "get", "user"][..],
        &["admin", "create", "token", "mine", "--user", "ada@example.com"][..],
        &["admin", "delete", "plugin", "review"][..],
    ] {
        dan.run(args).await.with_code(1);
    }
    let whoami = dan.does(&["whoami", "--json"]).await;
    let whoami: Value = serde_json::from_str(&whoami).unwrap();
    assert_eq!((whoami.pointer("/user/email"), &whoami["admin"]), (Some(&"dan@example.com".into()), &false.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_link_works_once() {
    let app = team().await;
    let eve = app.stranger("eve");
    let link = app.node().login_link().unwrap();
    eve.run(&["login", link, "--email", "eve@example.com"]).await.with_code(1);
    eve.run(&["whoami"]).await.with_code(1);
}

on_every_database! {
    async fn the_record_of_it_all_holds(app: GatewayApp) {
        app.ada().run(&["exec", "sh", "true"]).await.well();
        let (program, _) = super::waiting(&app, &["echo audited"]).await;
        super::approve(&app, "echo audited").await;
        program.finish().await.well();
        let database = app.database();
        let status = app.ada().does(&["db", "status", "--database", &database, "--json"]).await;
        let status: Value = serde_json::from_str(&status).unwrap();
        assert_eq!(status["schema"], status["known"]);
        app.until("the whole trail linked", || async {
            let proof = app.ada().does(&["audit", "verify", "--database", &database, "--json"]).await;
            let proof: Value = serde_json::from_str(&proof).unwrap();
            (proof["unchained"] == 0 && proof["rows"].as_u64() > Some(5)).then_some(())
        })
        .await;
    }
}
