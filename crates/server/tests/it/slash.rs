//! `/countersign` and *Open…*.

use countersign_server::render::ids;

use crate::fixture::World;

#[tokio::test]
async fn pending_lists_what_waits_for_whoever_asks() {
    let world = World::start().await;
    let request = world.ask("ada", &["sre"]).await;
    world.slash("alice", "pending").await;
    world.whispered("alice", &request.id.short()).await;
    world.slash("bob", "pending").await;
    world.whispered("bob", "Nothing waits for you").await;
    world.slash("carol", "pending").await;
    world.whispered("carol", "not linked to anybody here").await;
}

#[tokio::test]
async fn show_shows_a_request_to_those_whom_it_concerns() {
    let world = World::start().await;
    let request = world.ask("ada", &["sre"]).await;
    let id = request.id.to_string();
    let tail = id.get(24..).unwrap();
    world.slash("alice", &format!("show {tail}")).await;
    world.whispered("alice", "Open the request's page").await;
    world.slash("bob", &format!("show {id}")).await;
    world.whispered("bob", "no such request").await;
}

#[tokio::test]
async fn help_and_link_say_how() {
    let world = World::start().await;
    world.slash("carol", "").await;
    world.whispered("carol", "/countersign pending").await;
    world.slash("carol", "link").await;
    let user = world.identity("carol").user;
    world.whispered("carol", &format!("countersign link {user}")).await;
}

#[tokio::test]
async fn open_gives_a_link_of_ones_own() {
    let world = World::start().await;
    let request = world.ask("ada", &["sre"]).await;
    let ts = world.shown("approvals", request.id, "⬜").await;
    world.click("alice", ts, ids::OPEN).await;
    world.whispered("alice", "/sign-in?token=").await;
    world.click("bob", ts, ids::OPEN).await;
    world.whispered("bob", "in none of the groups").await;
}
