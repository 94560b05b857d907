//! When it is acknowledged, whatever handlers do.

use std::sync::Arc;

use countersign_slack::blocks::{Input, Mrkdwn, PlainText, PlainTextInput, Section, View};
use countersign_slack::client::Reply;
use countersign_slack::socket_mode::StopReason;
use countersign_slack_sdk::{App, HandlerError, Respond, ServeError, ViewResponse, Views};
use serde_json::Map;
use tokio::sync::Semaphore;

use crate::fixture::{SOON, World};

#[tokio::test]
async fn a_click_is_acknowledged_while_its_handler_waits() {
    let world = World::start().await;
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let app = world.app().action("slow", move |respond: Respond| {
        let gate = Arc::clone(&held);
        async move {
            gate.acquire().await?.forget();
            respond.ephemeral(&Mrkdwn::trusted("done")).await?;
            Ok::<_, HandlerError>(())
        }
    });
    let _serving = world.serve(app).await;
    let ts = world.button("slow").await;
    for _ in 0..50 {
        assert!(world.click(ts, "slow").await.acked);
    }
    gate.add_permits(1);
    world.whispered("done").await;
}

#[tokio::test]
async fn a_failing_handler_tells_the_person_and_harms_nobody() {
    let world = World::start().await;
    let app = world
        .app()
        .action("error", async || Err::<(), _>(HandlerError::from("broken")))
        .action("panic", async || -> () { panic!("at the disco") })
        .action("fine", async |respond: Respond| {
            respond.ephemeral(&Mrkdwn::trusted("fine")).await?;
            Ok::<_, HandlerError>(())
        });
    let _serving = world.serve(app).await;
    for (action, told) in [("error", 1), ("panic", 2)] {
        let ts = world.button(action).await;
        assert!(world.click(ts, action).await.acked);
        let enough = |_: &serde_json::Value| told_failures(&world) >= told;
        world.workspace.wait_for_ephemeral(&world.channel, &world.alice, enough, SOON).await.unwrap();
    }
    let ts = world.button("fine").await;
    world.click(ts, "fine").await;
    world.whispered("fine").await;
}

fn told_failures(world: &World) -> usize {
    let all = world.workspace.workspace().read(|state| {
        state
            .ephemerals(&world.channel, &world.alice)
            .iter()
            .map(|message| Arc::clone(message.body()))
            .collect::<Vec<_>>()
    });
    all.iter().filter(|message| message["text"].as_str().is_some_and(|text| text.contains("did not work"))).count()
}

fn modal(callback_id: &str) -> View {
    let input =
        Input::new("Reason", PlainTextInput::line("text").unwrap()).unwrap().optional().block_id("reason").unwrap();
    let view = View::modal("Deny", vec![input.into()]).unwrap().submit("Deny").unwrap();
    view.callback_id(callback_id).unwrap()
}

fn opening(world: &World, callback_id: &'static str) -> App {
    world.app().action("open", move |views: Views| async move {
        views.open(&modal(callback_id)).await?;
        Ok::<_, HandlerError>(())
    })
}

/// Opens the modal and returns its id.
async fn opened(world: &World) -> countersign_slack::ids::ViewId {
    let ts = world.button("open").await;
    world.click(ts, "open").await;
    let view = world.workspace.wait_for_view(&world.alice, |_| true, SOON).await.unwrap();
    view["id"].as_str().unwrap().into()
}

#[tokio::test]
async fn a_slow_submission_is_acknowledged_in_time_and_updated_later() {
    let world = World::start().await;
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let app = opening(&world, "slow").view("slow", move || {
        let gate = Arc::clone(&held);
        async move {
            gate.acquire().await?.forget();
            let done = Section::new(PlainText::new("It is done."))?;
            Ok::<_, HandlerError>(ViewResponse::update(View::modal("Done", vec![done.into()])?))
        }
    });
    let _serving = world.serve(app).await;
    let id = opened(&world).await;
    let answer = world.workspace.submit_view(&world.alice, &id, Map::new()).await.unwrap();
    assert!(answer.acked && (2400..3000).contains(&answer.ack_ms), "{answer:?}");
    assert!(answer.errors.unwrap()["reason"].as_str().unwrap().contains("still being worked on"));
    gate.add_permits(1);
    let done = |view: &serde_json::Value| view["title"]["text"] == "Done";
    world.workspace.wait_for_view(&world.alice, done, SOON).await.unwrap();
}

#[tokio::test]
async fn a_failing_submission_says_so_in_the_modal() {
    let world = World::start().await;
    let app = opening(&world, "bad").view("bad", async || Err::<ViewResponse, _>("broken"));
    let _serving = world.serve(app).await;
    let id = opened(&world).await;
    let answer = world.workspace.submit_view(&world.alice, &id, Map::new()).await.unwrap();
    assert!(answer.errors.unwrap()["reason"].as_str().unwrap().contains("did not work"));
}

#[tokio::test]
async fn a_late_reply_to_a_command_comes_by_its_response_address() {
    let world = World::start().await;
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let app = world.app().command("/countersign", move || {
        let gate = Arc::clone(&held);
        async move {
            gate.acquire().await?.forget();
            Ok::<_, HandlerError>(Some(Reply::ephemeral("late but here")))
        }
    });
    let _serving = world.serve(app).await;
    let answer = world.command("x").await;
    assert!(answer.response.unwrap()["text"].as_str().unwrap().contains("still being worked on"));
    gate.add_permits(1);
    world.whispered("late but here").await;
}

#[tokio::test]
async fn clicks_are_taken_while_connections_come_and_go() {
    let world = World::start().await;
    let app = world.app().action("go", async |respond: Respond| {
        respond.ephemeral(&Mrkdwn::trusted("went")).await?;
        Ok::<_, HandlerError>(())
    });
    let _serving = world.serve(app).await;
    let ts = world.button("go").await;
    for fault in ["warning", "refresh_requested", "refresh_requested"] {
        world.workspace.fault(&serde_json::json!({"disconnect": fault})).unwrap();
        for _ in 0..10 {
            assert!(world.click(ts, "go").await.acked, "after {fault}");
        }
    }
}

#[tokio::test]
async fn switching_socket_mode_off_ends_serving() {
    let world = World::start().await;
    let serving = world.serve(world.app()).await;
    world.workspace.fault(&serde_json::json!({"disconnect": "link_disabled"})).unwrap();
    let error = serving.end().await.unwrap_err();
    assert!(matches!(error, ServeError::Stopped(StopReason::LinkDisabled)), "{error:?}");
}
