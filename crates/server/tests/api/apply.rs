//! The declarative file.

use serde_json::{Value, json};

use crate::fixture::{ROOT, World};

const FILE: &str = "
users:
  alice@example.com: {name: Alice, groups: [sre, admin], slack_id: U012AB, slack_team: T012AB}
agents: {default: }
connections:
  bash: {agent: default, command: [bash], env: {PASSWORD: hunter2, REGION: 'env:REGION'}}
policies:
  night: {connection: 'bash*', doors: [exec], groups: [ext], deny: not at night}
plugins:
  review: {connections: ['bash:admin;sre']}
";

async fn apply(world: &World, file: &str, dry_run: bool) -> Value {
    world.post("/apply", json!({ "file": file, "dry_run": dry_run })).await.ok()
}

fn steps(applied: &Value) -> Vec<String> {
    let word = |step: &Value, key: &str| step[key].as_str().unwrap().to_owned();
    let steps = applied["plan"]["steps"].as_array().unwrap();
    steps.iter().map(|step| format!("{} {} {}", word(step, "action"), word(step, "kind"), word(step, "name"))).collect()
}

const ALL: [&str; 5] = [
    "create agent default",
    "create user alice@example.com",
    "create policy night",
    "create plugin review",
    "create connection bash",
];

#[tokio::test]
async fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let world = World::start().await;
    let applied = apply(&world, FILE, true).await;
    assert_eq!(steps(&applied), ALL);
    assert_eq!((&applied["done"], &applied["agents"]), (&json!(0), &json!([])));
    assert!(!applied.to_string().contains("hunter2"));
    assert_eq!(world.get("/connections").await.ok()["items"], json!([]));
    assert_eq!(world.get("/policies").await.ok()["items"], json!([]));
}

#[tokio::test]
async fn applied_twice_nothing_is_left_to_do() {
    let world = World::start().await;
    let applied = apply(&world, FILE, false).await;
    assert_eq!((applied["done"].as_u64(), &applied["failed"]), (Some(5), &Value::Null), "{applied}");
    assert!(applied["agents"][0]["token"].as_str().unwrap().starts_with("csa_"));
    let again = apply(&world, FILE, false).await;
    assert_eq!((steps(&again), again["plan"]["unchanged"].as_u64()), (Vec::new(), Some(5)));
    let connection = world.get("/connections/bash").await.ok();
    assert_eq!((&connection["revision"], &connection["plugins"]), (&json!(1), &json!(["review"])));

    let changed = FILE.replace("hunter2", "hunter3").replace("[sre, admin]", "[sre]");
    let applied = apply(&world, &changed, false).await;
    assert_eq!(steps(&applied), ["change user alice@example.com", "change connection bash"]);
    let text = applied.to_string();
    assert!(text.contains("(changed)") && !text.contains("hunter"), "{text}");
    assert_eq!(world.get("/connections/bash").await.ok()["revision"], 2);
    assert_eq!(steps(&apply(&world, &changed, true).await), Vec::<String>::new());
}

#[tokio::test]
async fn pruning_deletes_what_is_not_named() {
    let world = World::start().await;
    apply(&world, FILE, false).await;
    let pruned = format!(
        "prune: true\nusers: {{{ROOT}: {{groups: [admin]}}}}\nagents: {{}}\nconnections: {{}}\npolicies: {{}}\nplugins: {{}}"
    );
    let applied = apply(&world, &pruned, false).await;
    assert_eq!(applied["failed"], Value::Null, "{applied}");
    assert_eq!(
        steps(&applied),
        [
            "delete plugin review",
            "delete connection bash",
            "delete policy night",
            "delete user alice@example.com",
            "delete agent default"
        ]
    );
    for list in ["/connections", "/policies", "/plugins", "/agents"] {
        assert_eq!(world.get(list).await.ok()["items"], json!([]), "{list}");
    }
}

#[tokio::test]
async fn a_step_that_fails_is_named_and_what_was_done_stays() {
    let world = World::start().await;
    let file = "agents: {default: }\nusers: {b@example.com: {slack_id: U012AB}}\nconnections: {bash: {agent: default, command: [bash]}}";
    let applied = apply(&world, file, false).await;
    assert_eq!(applied["done"], 1);
    let failed = applied["failed"].as_str().unwrap();
    assert!(failed.starts_with("user b@example.com: ") && failed.contains("--slack-team"), "{failed}");
    assert_eq!(world.get("/agents").await.ok()["items"].as_array().unwrap().len(), 1);
    let mended = file.replace("slack_id: U012AB", "slack_id: U012AB, slack_team: T012AB");
    assert_eq!(apply(&world, &mended, false).await["done"], 2, "it goes on from there");
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_said_and_nothing_is_done() {
    let world = World::start().await;
    for (file, field, part) in [
        ("agents: {a: }\nconections: {}", "file", "did you mean `connections`?"),
        ("agents: {a: }\nusers: {x: }", "users.x.email", "is not an e-mail address"),
        (
            "agents: {a: }\nplugins: {review: {connections: ['nope:sre']}}",
            "plugins.review",
            "there is no connection nope",
        ),
        ("agents: {a: }\nprune: true\nusers: {}", "users", "would delete root@example.com"),
        ("agents: [", "file", "line 1"),
    ] {
        let answer = world.post("/apply", json!({ "file": file })).await;
        assert_eq!(answer.field(), field, "{}", answer.body);
        let message = answer.refused(422, "invalid");
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(world.get("/agents").await.ok()["items"], json!([]));
    let long = "#".repeat(5 * 1024 * 1024);
    assert!(world.post("/apply", json!({ "file": long })).await.refused(422, "invalid").contains("4 MiB"));
}
