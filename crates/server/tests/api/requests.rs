//! Requests: who sees them, votes, withdrawals, revocations.

use std::{collections::BTreeSet, time::Duration};

use countersign_approval::{
    Access, Ask, AskPolicy, Asked, Blob, Combine, Command, EnvValue, GroupName, PersonId, Request, Requester,
    Requirement, SelfApproval, Subject, Voters,
};
use serde_json::{Value, json};

use crate::fixture::World;

fn policy(groups: &[&str]) -> AskPolicy {
    let group = |name: &&str| Requirement { voters: Voters::Group(GroupName::new(*name)), min: 1 };
    AskPolicy {
        requirements: groups.iter().map(group).collect(),
        combine: Combine::AllOf,
        min_people: 1,
        self_approval: SelfApproval::Refused,
        ttl: Duration::from_hours(1),
        max_duration: None,
        channels: Vec::new(),
        reason_required: true,
        claim_within: Some(Duration::from_hours(1)),
        break_glass: BTreeSet::new(),
    }
}

fn command(input: &[u8]) -> Subject {
    Subject::Command(Command {
        connection: "bash".into(),
        revision: 1,
        agent: "default".into(),
        argv: vec!["bash".into(), "-c".into(), "rm -rf /tmp/\u{202e}x".into()],
        input: Blob::from(input.to_vec()),
        env: vec![EnvValue { name: "PASSWORD".into(), value_hash: "00".into() }],
        requester: PersonId::new("dev@example.com"),
    })
}

fn access() -> Subject {
    Subject::Access(Access {
        connection: "bash".into(),
        revision: 1,
        requester: PersonId::new("dev@example.com"),
        duration: Duration::from_mins(30),
    })
}

/// A request of `dev`, as the hub would ask it.
async fn asked(world: &World, subject: Subject, groups: &[&str]) -> Request {
    let ask = Ask {
        key: world.approvals.fresh_key(),
        subject,
        requester: Requester::Person(PersonId::new("dev@example.com")),
        policy: policy(groups),
        reason: Some("INC-7".to_owned()),
        patience: Duration::from_hours(1),
    };
    let Asked::New(request) = world.approvals.ask(ask).await.unwrap() else { panic!("asked twice") };
    request
}

/// A node with `dev`, who asks, `sre` and `dba`, who may approve, and `other`.
struct Office {
    world: World,
    dev: String,
    sre: String,
    dba: String,
    other: String,
}

impl Office {
    async fn open() -> Self {
        let world = World::start().await;
        let dev = world.person("dev", &["dev"]).await;
        let sre = world.person("sre", &["sre"]).await;
        let dba = world.person("dba", &["dba"]).await;
        let other = world.person("other", &["dev"]).await;
        Self { world, dev, sre, dba, other }
    }

    async fn vote(&self, token: &str, request: &Request, verb: &str, words: Value) -> crate::fixture::Answer {
        self.world.post_as(token, &format!("/requests/{}/{verb}", request.id), words).await
    }
}

#[tokio::test]
async fn a_request_shows_everything_to_those_whom_it_concerns() {
    let office = Office::open().await;
    let request = asked(&office.world, command(b"drop table x;"), &["sre", "dba"]).await;
    let path = format!("/requests/{}", request.id);
    let whole = office.world.get_as(&office.sre, &path).await.ok();
    assert_eq!(whole["digest"], request.digest.to_string());
    assert_eq!(whole["short_digest"], request.digest.short());
    assert_eq!(whole["input"]["text"], "drop table x;");
    assert_eq!((&whole["state"], &whole["reason"]), (&json!("pending"), &json!("INC-7")));
    assert_eq!(whole["what"], "bash -c \"rm -rf /tmp/\\u{202e}x\" < drop table x;", "what is hidden is shown");
    assert_eq!(whole["subject"]["env"][0]["name"], "PASSWORD");
    assert_eq!(whole["missing"], json!(["1 of sre", "1 of dba"]));
    assert_eq!(whole["eligible"], json!(["dba@example.com", "sre@example.com"]));
    assert_eq!(whole["may"], json!({ "approve": true, "deny": true, "cancel": false, "revoke": false }));
    let text = whole.to_string();
    assert!(!text.contains(&request.token.to_string()) && !text.contains(&request.key.to_string()), "no secret of it");
    let own = office.world.get_as(&office.dev, &path).await.ok();
    assert_eq!(own["may"], json!({ "approve": false, "deny": false, "cancel": true, "revoke": false }));
    office.world.get_as(&office.other, &path).await.refused(404, "not_found");
    office.world.get_as(&office.other, &format!("{path}/input")).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_list_has_what_concerns_the_caller() {
    let office = Office::open().await;
    let first = asked(&office.world, command(b""), &["sre"]).await;
    let second = asked(&office.world, access(), &["dba"]).await;
    let ids = |answer: Value| -> Vec<String> {
        answer["items"].as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect()
    };
    let (first, second) = (first.id.to_string(), second.id.to_string());
    assert_eq!(ids(office.world.get_as(&office.sre, "/requests").await.ok()), std::slice::from_ref(&first));
    assert_eq!(ids(office.world.get_as(&office.dba, "/requests").await.ok()), std::slice::from_ref(&second));
    assert_eq!(ids(office.world.get_as(&office.dev, "/requests").await.ok()), [first.clone(), second.clone()]);
    assert_eq!(ids(office.world.get("/requests?state=all").await.ok()), [second, first]);
    assert_eq!(ids(office.world.get_as(&office.other, "/requests?state=all").await.ok()), Vec::<String>::new());
    assert_eq!(ids(office.world.get("/requests?state=all&limit=1").await.ok()).len(), 1);
    assert_eq!(ids(office.world.get_as(&office.dba, "/requests?limit=1").await.ok()).len(), 1, "others do not count");
    office.world.get("/requests?state=some").await.refused(400, "invalid");
    office.world.get("/requests?limit=-1").await.refused(400, "invalid");
    office.world.get("/requests?stat=all").await.refused(400, "invalid");
}

#[tokio::test]
async fn two_groups_approve_and_each_step_is_shown() {
    let office = Office::open().await;
    let request = asked(&office.world, command(b""), &["sre", "dba"]).await;
    let digest = json!({ "digest": request.digest.short() });
    let one = office.vote(&office.sre, &request, "approve", digest).await.ok();
    assert_eq!((&one["state"], &one["missing"]), (&json!("pending"), &json!(["1 of dba"])));
    assert_eq!(one["approvals"]["requirements"][0]["approved_by"], json!(["sre@example.com"]));
    assert_eq!(one["may"]["approve"], false, "nobody approves twice");
    let both = office.vote(&office.dba, &request, "approve", json!({})).await.ok();
    assert_eq!((&both["state"], &both["grant"]), (&json!("approved"), &json!("issued")));
    let voters: Vec<_> =
        both["votes"].as_array().unwrap().iter().map(|vote| vote["person"].as_str().unwrap()).collect();
    assert_eq!(voters, ["sre@example.com", "dba@example.com"]);
    office.vote(&office.sre, &request, "deny", json!({ "reason": "late" })).await.refused(409, "already_ended");
}

#[tokio::test]
async fn a_vote_that_is_not_taken_says_why() {
    let office = Office::open().await;
    let request = asked(&office.world, command(b""), &["sre"]).await;
    let wrong = json!({ "digest": "000000000000" });
    let answer = office.vote(&office.sre, &request, "approve", wrong).await;
    assert_eq!(answer.field(), "digest");
    answer.refused(409, "digest_mismatch");
    for short in ["", " ", &request.digest.to_string()[..11]] {
        office.vote(&office.sre, &request, "approve", json!({ "digest": short })).await.refused(409, "digest_mismatch");
    }
    office.vote(&office.dba, &request, "approve", json!({})).await.refused(404, "not_found");
    office.vote(&office.dev, &request, "approve", json!({})).await.refused(403, "forbidden");
    let message = office.vote(&office.world.root, &request, "approve", json!({})).await.refused(403, "forbidden");
    assert!(message.contains("other approvers"), "an administrator is no approver: {message}");
    let answer = office.vote(&office.sre, &request, "deny", json!({})).await;
    assert_eq!(answer.field(), "reason");
    office.vote(&office.sre, &request, "deny", json!({ "reason": "no" })).await.ok();
    let state = office.world.approvals.store().request_state(request.id).await.unwrap().unwrap();
    assert_eq!(state.name(), "denied");
}

#[tokio::test]
async fn nobody_approves_their_own_request() {
    let office = Office::open().await;
    office.world.put("/users/dev@example.com", json!({ "overwrite": true, "groups": ["sre"] })).await.ok();
    let request = asked(&office.world, command(b""), &["sre"]).await;
    let message = office.vote(&office.dev, &request, "approve", json!({})).await.refused(403, "forbidden");
    assert!(message.contains("their own request"), "{message}");
    let whole = office.world.get_as(&office.dev, &format!("/requests/{}", request.id)).await.ok();
    assert_eq!(whole["eligible"], json!(["sre@example.com"]));
}

#[tokio::test]
async fn somebody_who_left_the_group_does_not_count() {
    let office = Office::open().await;
    let request = asked(&office.world, command(b""), &["sre", "dba"]).await;
    office.vote(&office.sre, &request, "approve", json!({})).await.ok();
    office.world.put("/users/sre@example.com", json!({ "overwrite": true, "groups": [] })).await.ok();
    office.world.get_as(&office.sre, &format!("/requests/{}", request.id)).await.refused(404, "not_found");
    let after = office.vote(&office.dba, &request, "approve", json!({})).await.ok();
    assert_eq!((&after["state"], &after["missing"]), (&json!("pending"), &json!(["1 of sre"])));
}

#[tokio::test]
async fn whoever_asked_withdraws() {
    let office = Office::open().await;
    let request = asked(&office.world, command(b""), &["sre"]).await;
    office.vote(&office.sre, &request, "cancel", json!({})).await.refused(403, "forbidden");
    let ended = office.vote(&office.dev, &request, "cancel", json!({})).await.ok();
    assert_eq!(ended["state"], "cancelled");
    office.vote(&office.dev, &request, "cancel", json!({})).await.refused(409, "already_ended");
    office.vote(&office.sre, &request, "approve", json!({})).await.refused(409, "already_ended");
}

#[tokio::test]
async fn an_approval_is_taken_back() {
    let office = Office::open().await;
    for (subject, grant) in [(command(b""), "revoked"), (access(), "ended")] {
        let request = asked(&office.world, subject, &["sre"]).await;
        office.vote(&office.sre, &request, "revoke", json!({})).await.refused(409, "not_revocable");
        office.vote(&office.sre, &request, "approve", json!({})).await.ok();
        office.vote(&office.dev, &request, "revoke", json!({})).await.refused(403, "forbidden");
        office.vote(&office.other, &request, "revoke", json!({})).await.refused(404, "not_found");
        let revoked = office.vote(&office.world.root, &request, "revoke", json!({ "reason": "leak" })).await.ok();
        assert_eq!(revoked["grant"], grant, "{revoked}");
        office.vote(&office.sre, &request, "revoke", json!({})).await.refused(409, "not_revocable");
    }
}

#[tokio::test]
async fn a_request_whose_time_is_over_takes_no_vote() {
    let office = Office::open().await;
    let request = asked(&office.world, command(b""), &["sre"]).await;
    office.world.clock.advance(Duration::from_hours(2));
    let answer = office.vote(&office.sre, &request, "approve", json!({})).await;
    assert_eq!(answer.status, 409, "{}", answer.body);
    let code = answer.body["error"]["code"].as_str().unwrap();
    assert!(code == "expired" || code == "already_ended", "{code}");
}

#[tokio::test]
async fn input_comes_back_byte_for_byte() {
    let office = Office::open().await;
    let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let request = asked(&office.world, command(&bytes), &["sre"]).await;
    let path = format!("/api/v1/requests/{}/input", request.id);
    let response = office.world.request(reqwest::Method::GET, &office.sre, &path).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/octet-stream");
    assert_eq!(response.bytes().await.unwrap(), bytes);
    let whole = office.world.get_as(&office.sre, &format!("/requests/{}", request.id)).await.ok();
    assert_eq!((&whole["input"]["bytes"], &whole["input"]["text"]), (&json!(300_000), &Value::Null));
    let none = asked(&office.world, access(), &["sre"]).await;
    office.world.get_as(&office.sre, &format!("/requests/{}/input", none.id)).await.refused(404, "not_found");
}

#[tokio::test]
async fn sessions_of_others_are_administrators_business() {
    let office = Office::open().await;
    assert_eq!(office.world.get_as(&office.dev, "/sessions").await.ok()["items"], json!([]));
    office.world.get_as(&office.dev, "/sessions?person=sre@example.com").await.refused(403, "forbidden");
    office.world.get_as(&office.dev, "/sessions?person=me&open=true").await.ok();
    office.world.get("/sessions?person=sre@example.com").await.ok();
    let wrong = office.world.get("/sessions?connection=a%20b").await;
    assert_eq!(wrong.field(), "connection");
    let id = "0".repeat(32);
    office.world.get(&format!("/sessions/{id}")).await.refused(404, "not_found");
    office.world.get("/sessions/..%2f..%2fetc").await.refused(404, "not_found");
}
