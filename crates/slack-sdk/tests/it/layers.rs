//! tower layers around handlers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use countersign_slack::client::Reply;
use countersign_slack::socket_mode::EnvelopeKind;
use countersign_slack_sdk::{App, BoxService, Context, HandlerError, IntoResponse, Request, Response};
use serde_json::json;
use tower::{ServiceExt, layer::layer_fn, service_fn};

fn command() -> serde_json::Value {
    json!({"command": "/x", "user_id": "U1", "channel_id": "C1"})
}

async fn text(app: App) -> String {
    let answer = app.start().dispatch("1", EnvelopeKind::SlashCommands, &command(), None).await.unwrap();
    answer.unwrap()["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_first_layer_sees_a_request_first() {
    fn stage(order: &Arc<AtomicU32>, expected: u32) -> impl tower::Layer<BoxService, Service = BoxService> + use<> {
        let order = Arc::clone(order);
        layer_fn(move |inner: BoxService| {
            let order = Arc::clone(&order);
            BoxService::new(service_fn(move |request: Request| {
                assert_eq!(order.fetch_add(1, Ordering::SeqCst), expected);
                inner.clone().oneshot(request)
            }))
        })
    }
    let order = Arc::new(AtomicU32::new(0));
    let app =
        App::new().layer(stage(&order, 0)).command("/x", async || Reply::ephemeral("done")).layer(stage(&order, 1));
    assert_eq!(text(app).await, "done");
    assert_eq!(order.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_layer_may_answer_in_the_handlers_place() {
    let guard = layer_fn(|inner: BoxService| {
        service_fn(move |request: Request| {
            let inner = inner.clone();
            async move {
                match Context::of(&request).user_id() {
                    Some(user) if *user == "U1" => Reply::ephemeral("Not you.").into_response(),
                    _ => inner.oneshot(request).await,
                }
            }
        })
    });
    let app = App::new().command("/x", async || -> Reply<'static> { panic!("not reached") }).layer(guard);
    assert_eq!(text(app).await, "Not you.");
}

#[tokio::test]
async fn a_layers_error_is_the_handlers() {
    let broken =
        layer_fn(|_: BoxService| service_fn(|_: Request| async { Err::<Response, HandlerError>("broken".into()) }));
    let app = App::new().command("/x", async || Reply::ephemeral("done")).layer(broken);
    assert!(text(app).await.contains("did not work"));
}
