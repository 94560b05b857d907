//! The request's page.

use countersign_approval::RequestState;
use reqwest::{Response, header};
use serde_json::{Value, json};

use crate::fixture::World;

/// A link for somebody, as `countersign login --web` gets one.
async fn link(world: &World, name: &str, to: &str) -> String {
    let token = world.token(name).await;
    let url = format!("{}/api/v1/web", world.url);
    let answer: Value =
        world.http.post(url).bearer_auth(token).json(&json!({ "to": to })).send().await.unwrap().json().await.unwrap();
    answer["url"].as_str().unwrap().to_owned()
}

fn secret(link: &str) -> String {
    let (_, rest) = link.split_once("token=").unwrap();
    rest.split('&').next().unwrap().to_owned()
}

async fn enter(world: &World, link: &str, to: &str) -> Response {
    let form = [("token", secret(link)), ("to", to.to_owned())];
    world.http.post(format!("{}/sign-in", world.url)).form(&form).send().await.unwrap()
}

/// Signs somebody in; answers the cookie.
async fn sign_in(world: &World, name: &str) -> String {
    let link = link(world, name, "").await;
    let answer = enter(world, &link, "").await;
    assert_eq!(answer.status(), 303);
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

async fn get(world: &World, cookie: &str, path: &str) -> Response {
    world.http.get(format!("{}{path}", world.url)).header(header::COOKIE, cookie).send().await.unwrap()
}

fn form_token(page: &str) -> String {
    let (_, rest) = page.split_once("name=\"form\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn whoever_may_decide_reads_and_decides() {
    let world = World::without_slack().await;
    let request = world.ask("ada", &["sre", "dba"]).await;
    let cookie = sign_in(&world, "alice").await;
    let path = format!("/requests/{}", request.id);
    let answer = get(&world, &cookie, &path).await;
    assert_eq!(answer.status(), 200);
    let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let page = answer.text().await.unwrap();
    assert!(page.contains("bash ls") && page.contains("INC-7") && page.contains("1 more needed"), "{page}");
    let form = [("form", form_token(&page)), ("reason", String::new())];
    let url = format!("{}{path}/approve", world.url);
    let voted = world.http.post(url).header(header::COOKIE, &cookie).form(&form).send().await.unwrap();
    assert_eq!((voted.status().as_u16(), voted.headers()[header::LOCATION].to_str().unwrap()), (303, path.as_str()));
    let page = get(&world, &cookie, &path).await.text().await.unwrap();
    assert!(page.contains("alice") && page.contains("approved"), "{page}");
    let url = format!("{}{path}/deny", world.url);
    let form = [("form", form_token(&page)), ("reason", "no".to_owned())];
    world.http.post(url).header(header::COOKIE, &cookie).form(&form).send().await.unwrap();
    let state = world.approvals.store().request_state(request.id).await.unwrap().unwrap();
    assert!(matches!(state, RequestState::Denied { .. }), "{state:?}");
}

#[tokio::test]
async fn a_link_works_once_and_looking_at_it_does_not_use_it_up() {
    let world = World::without_slack().await;
    let link = link(&world, "alice", "/requests/0190a1b2").await;
    for _ in 0..2 {
        let page = world.http.get(&link).send().await.unwrap().text().await.unwrap();
        assert!(page.contains("alice@example.org"), "{page}");
    }
    let answer = enter(&world, &link, "/requests/0190a1b2").await;
    assert_eq!(answer.headers()[header::LOCATION], "/requests/0190a1b2");
    assert_eq!(enter(&world, &link, "").await.status(), 410);
    assert_eq!(world.http.get(&link).send().await.unwrap().status(), 410);
}

#[tokio::test]
async fn a_link_is_no_token_of_the_api() {
    let world = World::without_slack().await;
    let link = link(&world, "alice", "").await;
    let url = format!("{}/api/v1/web", world.url);
    let answer = world.http.post(url).bearer_auth(secret(&link)).json(&json!({})).send().await.unwrap();
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
async fn nobody_else_sees_a_request() {
    let world = World::without_slack().await;
    let request = world.ask("ada", &["sre"]).await;
    let path = format!("/requests/{}", request.id);
    assert_eq!(world.http.get(format!("{}{path}", world.url)).send().await.unwrap().status(), 401);
    let bob = sign_in(&world, "bob").await;
    assert_eq!(get(&world, &bob, &path).await.status(), 404);
    let root = sign_in(&world, "root").await;
    let page = get(&world, &root, &path).await.text().await.unwrap();
    assert!(page.contains("You cannot decide this") && !page.contains("/approve\""), "{page}");
}

#[tokio::test]
async fn a_foreign_page_decides_nothing() {
    let world = World::without_slack().await;
    let request = world.ask("ada", &["sre"]).await;
    let cookie = sign_in(&world, "alice").await;
    let path = format!("/requests/{}", request.id);
    let page = get(&world, &cookie, &path).await.text().await.unwrap();
    let url = format!("{}{path}/approve", world.url);
    let vote =
        |form: String| world.http.post(url.as_str()).header(header::COOKIE, cookie.as_str()).form(&[("form", form)]);
    assert_eq!(vote("wrong".to_owned()).send().await.unwrap().status(), 403);
    let foreign = vote(form_token(&page)).header(header::ORIGIN, "https://evil.test").send().await.unwrap();
    assert_eq!(foreign.status(), 403);
    let elsewhere = vote(form_token(&page)).header(header::HOST, "evil.test").send().await.unwrap();
    assert_eq!(elsewhere.status(), 421);
    let state = world.approvals.store().request_state(request.id).await.unwrap().unwrap();
    assert_eq!(state, RequestState::Pending);
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let world = World::without_slack().await;
    let cookie = sign_in(&world, "alice").await;
    assert_eq!(get(&world, &cookie, "/").await.status(), 200);
    let url = format!("{}/sign-out", world.url);
    world.http.post(url).header(header::COOKIE, &cookie).send().await.unwrap();
    assert_eq!(get(&world, &cookie, "/").await.status(), 401);
}
