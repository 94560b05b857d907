//! What goes where.

use countersign_slack::blocks::{Input, Mrkdwn, PlainTextInput, View};
use countersign_slack::client::{Message, Reply, Token};
use countersign_slack::payload::{BlockActions, EventCallback, Interaction, MessageEvent, ViewClosed, ViewSubmission};
use countersign_slack::socket_mode::{Config, SocketMode, StopReason};
use countersign_slack_sdk::{
    Client, Command, Constraint, Event, HandlerError, Respond, Say, ServeError, ViewResponse, Views,
};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::fixture::{SOON, World};

async fn whisper(respond: &Respond, text: &str) -> Result<(), HandlerError> {
    Ok(respond.ephemeral(&Mrkdwn::text(text)).await?)
}

#[tokio::test]
async fn a_click_goes_to_the_first_handler_that_matches() {
    let world = World::start().await;
    let app = world
        .app()
        .action("exact", async |respond: Respond, click: BlockActions| {
            whisper(
                &respond,
                &format!("exact {}", click.action().and_then(|action| action.value.as_deref()).unwrap_or("?")),
            )
            .await
        })
        .action(Constraint::prefix("ex"), async |respond: Respond| whisper(&respond, "prefix").await)
        .fallback(async |respond: Respond, any: Interaction| {
            whisper(&respond, &format!("fallback {}", any.kind())).await
        });
    let _serving = world.serve(app).await;
    for (action_id, heard) in [("exact", "exact value"), ("extra", "prefix"), ("other", "fallback block_actions")] {
        let ts = world.button(action_id).await;
        assert!(world.click(ts, action_id).await.acked);
        world.whispered(heard).await;
    }
}

fn modal() -> View {
    let input = Input::new("Reason", PlainTextInput::line("text").unwrap()).unwrap().block_id("reason").unwrap();
    let view = View::modal("Deny", vec![input.into()]).unwrap().submit("Deny").unwrap();
    view.callback_id("deny").unwrap().private_metadata("r1").unwrap().notify_on_close()
}

fn reason(text: &str) -> Map<String, Value> {
    let Value::Object(values) = json!({"reason": {"text": text}}) else { unreachable!("an object") };
    values
}

#[tokio::test]
async fn a_modal_is_opened_corrected_and_submitted() {
    let world = World::start().await;
    let channel = world.channel.clone();
    let app = world
        .app()
        .action("open", async |views: Views| {
            views.open(&modal()).await?;
            Ok::<_, HandlerError>(())
        })
        .view("deny", move |client: Client, submission: ViewSubmission| {
            let channel = channel.clone();
            async move {
                let text = submission.text("reason", "text").unwrap_or_default().to_owned();
                if text.len() < 3 {
                    return Ok(ViewResponse::error("reason", "Please say more."));
                }
                let said = format!("denied {}: {text}", submission.view.private_metadata);
                client.post_message(&channel, &Message::text(said)).await?;
                Ok::<_, HandlerError>(ViewResponse::Close)
            }
        });
    let _serving = world.serve(app).await;
    let ts = world.button("open").await;
    world.click(ts, "open").await;
    let view = world.workspace.wait_for_view(&world.alice, |view| view["callback_id"] == "deny", SOON).await.unwrap();
    let id = view["id"].as_str().unwrap().into();
    let answer = world.workspace.submit_view(&world.alice, &id, reason("no")).await.unwrap();
    assert_eq!(answer.errors.unwrap()["reason"], "Please say more.");
    let answer = world.workspace.submit_view(&world.alice, &id, reason("not today")).await.unwrap();
    assert!(answer.acked && answer.errors.is_none() && answer.response.is_none());
    world.said("denied r1: not today").await;
    assert!(world.workspace.views(&world.alice).is_empty());
}

#[tokio::test]
async fn a_closed_modal_is_told() {
    let world = World::start().await;
    let channel = world.channel.clone();
    let app = world
        .app()
        .action("open", async |views: Views| {
            views.open(&modal()).await?;
            Ok::<_, HandlerError>(())
        })
        .view_closed("deny", move |client: Client, closed: ViewClosed| {
            let channel = channel.clone();
            async move {
                let said = format!("closed {}", closed.view.private_metadata);
                client.post_message(&channel, &Message::text(said)).await?;
                Ok::<_, HandlerError>(())
            }
        });
    let _serving = world.serve(app).await;
    let ts = world.button("open").await;
    world.click(ts, "open").await;
    let view = world.workspace.wait_for_view(&world.alice, |_| true, SOON).await.unwrap();
    world.workspace.close_view(&world.alice, &view["id"].as_str().unwrap().into()).await.unwrap();
    world.said("closed r1").await;
}

#[tokio::test]
async fn a_command_is_acknowledged_and_may_speak() {
    let world = World::start().await;
    let app = world.app().command("/countersign", async |say: Say, command: Command| {
        say.text(&format!("asked for {}", command.text)).await?;
        Ok::<_, HandlerError>(())
    });
    let _serving = world.serve(app).await;
    let answer = world.command("requests").await;
    assert!(answer.acked && answer.response.is_none());
    world.said("asked for requests").await;
}

#[tokio::test]
async fn a_command_may_be_answered_at_once() {
    let world = World::start().await;
    let app = world
        .app()
        .command("/countersign", async |command: Command| Some(Reply::ephemeral(format!("you said {}", command.text))));
    let _serving = world.serve(app).await;
    assert_eq!(world.command("hi").await.response.unwrap()["text"], "you said hi");
}

#[tokio::test]
async fn an_unknown_command_says_so() {
    let world = World::start().await;
    let _serving = world.serve(world.app()).await;
    assert_eq!(world.command("hi").await.response.unwrap()["text"], "This app does not know /countersign.");
}

#[tokio::test]
async fn a_mention_is_heard() {
    let world = World::start().await;
    let app = world.app().event("app_mention", async |say: Say, event: EventCallback| {
        let user = event.user_id.as_ref().map_or("?", |user| user.as_str());
        say.text(&format!("heard {user}")).await?;
        Ok::<_, HandlerError>(())
    });
    let _serving = world.serve(app).await;
    let text = format!("<@{}> hello", world.workspace.ready().bot_user_id);
    world.workspace.post_message(&world.alice, &world.channel, &text).unwrap();
    world.said(&format!("heard {}", world.alice)).await;
}

#[tokio::test]
async fn an_app_does_not_hear_itself() {
    let world = World::start().await;
    let app = world.app().event("message", async |say: Say, Event(event): Event<MessageEvent>| {
        say.text(&format!("echo of {}", event.text)).await?;
        Ok::<_, HandlerError>(())
    });
    let _serving = world.serve(app).await;
    for text in ["one", "two"] {
        world.workspace.post_message(&world.alice, &world.channel, text).unwrap();
        world.said(&format!("echo of {text}")).await;
    }
    let echoes = world.workspace.messages(&world.channel).len();
    assert_eq!(echoes, 4);
}

#[tokio::test]
async fn a_refused_token_ends_serving() {
    let world = World::start().await;
    let token: Token = "xapp-1-A0-0-wrong".parse().unwrap();
    let mode = SocketMode::new(world.client.clone(), token, Config::default());
    let error = world.app().serve(mode, CancellationToken::new()).await.unwrap_err();
    assert!(matches!(error, ServeError::Stopped(StopReason::Refused { .. })), "{error:?}");
}

#[tokio::test]
async fn serving_ends_when_cancelled() {
    let world = World::start().await;
    world.serve(world.app()).await.stop().await.unwrap();
}
