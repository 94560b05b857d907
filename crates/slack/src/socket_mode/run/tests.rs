use axum::extract::ws;
use serde_json::{Value, json};

use super::*;
use crate::socket_mode::{AckError, EnvelopeKind};
use crate::testing::{Server, Wire};

struct Running {
    deliveries: mpsc::Receiver<Delivery>,
    status: watch::Receiver<Status>,
    cancel: CancellationToken,
    done: tokio::task::JoinHandle<Result<(), StopReason>>,
}

fn run(server: &Server, connections: usize) -> Running {
    run_with(server, Config { connections, first_pause: Duration::from_millis(5), ..Config::default() }, 16)
}

fn run_with(server: &Server, config: Config, room: usize) -> Running {
    let mode = SocketMode::new(server.client(), "xapp-1-A1-2-secret".parse().unwrap(), config);
    let (sender, deliveries) = mpsc::channel(room);
    let (status, cancel) = (mode.status(), CancellationToken::new());
    let done = TaskTracker::new().spawn(mode.run(sender, cancel.clone()));
    Running { deliveries, status, cancel, done }
}

impl Running {
    async fn delivery(&mut self) -> Delivery {
        let next = tokio::time::timeout(Duration::from_secs(10), self.deliveries.recv()).await;
        next.expect("a delivery in time").expect("a delivery")
    }

    async fn until(&mut self, holds: impl FnMut(&Status) -> bool) -> Status {
        let status = tokio::time::timeout(Duration::from_secs(10), self.status.wait_for(holds)).await;
        status.expect("a status in time").unwrap().clone()
    }

    async fn end(self) -> Result<(), StopReason> {
        tokio::time::timeout(Duration::from_secs(10), self.done).await.expect("an end in time").unwrap()
    }
}

fn event(envelope: &str, event: &str) -> Value {
    json!({"type": "events_api", "envelope_id": envelope, "accepts_response_payload": false, "payload": {"event_id": event}})
}

fn command(envelope: &str) -> Value {
    json!({"type": "slash_commands", "envelope_id": envelope, "accepts_response_payload": true, "payload": {"command": "/x"}})
}

async fn acked(wire: &mut Wire) -> String {
    wire.text().await.expect("an acknowledgement")["envelope_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_envelope_is_delivered_and_acknowledged_with_its_answer() {
    let mut server = Server::start().await;
    let mut app = run(&server, 1);
    let mut wire = server.greeted(1).await;
    wire.send(&command("e1")).await;
    let delivery = app.delivery().await;
    assert_eq!(delivery.envelope.kind, EnvelopeKind::SlashCommands);
    assert!(delivery.envelope.accepts_response_payload);
    assert_eq!(delivery.envelope.payload.get(), r#"{"command":"/x"}"#);
    delivery.ack.ack(Some(json!({"text": "ok"}))).unwrap();
    assert_eq!(wire.text().await.unwrap(), json!({"envelope_id": "e1", "payload": {"text": "ok"}}));
    assert_eq!(server.calls()[0].header("authorization"), "Bearer xapp-1-A1-2-secret");
}

#[tokio::test]
async fn acknowledgements_wait_for_nobody() {
    let mut server = Server::start().await;
    let mut app = run(&server, 1);
    let mut wire = server.greeted(1).await;
    for n in 1..=3 {
        wire.send(&event(&format!("e{n}"), &format!("Ev{n}"))).await;
    }
    let (first, second, third) = (app.delivery().await, app.delivery().await, app.delivery().await);
    third.ack.ack(None).unwrap();
    second.ack.ack(None).unwrap();
    assert_eq!(wire.text().await.unwrap(), json!({"envelope_id": "e3"}));
    assert_eq!(acked(&mut wire).await, "e2");
    first.ack.ack(None).unwrap();
    assert_eq!(acked(&mut wire).await, "e1");
}

#[tokio::test]
async fn a_full_receiver_delays_but_loses_nothing() {
    let mut server = Server::start().await;
    let mut app = run_with(&server, Config { connections: 1, ..Config::default() }, 1);
    let mut wire = server.greeted(1).await;
    for n in 0..20 {
        wire.send(&event(&format!("e{n}"), &format!("Ev{n}"))).await;
    }
    for n in 0..20 {
        app.delivery().await.ack.ack(None).unwrap();
        assert_eq!(acked(&mut wire).await, format!("e{n}"));
    }
}

#[tokio::test]
async fn the_second_connection_opens_after_the_first_is_ready() {
    let mut server = Server::start().await;
    let mut app = run(&server, 2);
    let mut first = server.connection().await;
    assert_eq!(server.calls().len(), 1);
    first.send(&json!({"type": "hello", "num_connections": 1})).await;
    let _second = server.greeted(2).await;
    let status = app.until(|status| status.connected == 2).await;
    assert_eq!((status.foreign, status.stopped), (0, None));
}

#[tokio::test]
async fn connections_of_others_are_counted() {
    let mut server = Server::start().await;
    let mut app = run(&server, 1);
    let _wire = server.greeted(3).await;
    assert_eq!(app.until(|status| status.connected == 1).await.foreign, 2);
}

#[tokio::test]
async fn a_refresh_opens_the_new_connection_before_the_old_one_closes() {
    for reason in ["warning", "refresh_requested"] {
        let mut server = Server::start().await;
        let mut app = run(&server, 1);
        let mut old = server.greeted(1).await;
        old.send(&event("e1", "Ev1")).await;
        let held = app.delivery().await;
        old.send(&json!({"type": "disconnect", "reason": reason, "debug_info": {}})).await;
        let mut new = server.greeted(2).await;
        app.until(|status| status.connected == 2).await;
        // Both work: what comes late over the old one, and the acknowledgement of what came before.
        old.send(&event("e2", "Ev2")).await;
        new.send(&event("e3", "Ev3")).await;
        let (a, b) = (app.delivery().await, app.delivery().await);
        held.ack.ack(None).unwrap();
        assert_eq!(acked(&mut old).await, "e1");
        a.ack.ack(None).unwrap();
        b.ack.ack(None).unwrap();
        assert_eq!(acked(&mut old).await, "e2");
        assert_eq!(acked(&mut new).await, "e3");
        assert_eq!(old.text().await, None);
        app.until(|status| status.connected == 1).await;
    }
}

#[tokio::test]
async fn a_lost_connection_is_replaced_and_its_acknowledgements_fail() {
    let mut server = Server::start().await;
    let mut app = run(&server, 1);
    let mut wire = server.greeted(1).await;
    wire.send(&event("e1", "Ev1")).await;
    let held = app.delivery().await;
    drop(wire);
    let mut wire = server.greeted(1).await;
    app.until(|status| status.connected == 1).await;
    assert_eq!(held.ack.ack(None), Err(AckError::ConnectionEnded));
    // It was taken on all the same: when it comes again, under a new envelope, it is acknowledged and not delivered.
    wire.send(&event("e2", "Ev1")).await;
    assert_eq!(acked(&mut wire).await, "e2");
    wire.send(&event("e3", "Ev3")).await;
    assert_eq!(app.delivery().await.envelope.envelope_id, "e3");
}

#[tokio::test]
async fn one_connection_too_many_is_left_after_its_acknowledgements() {
    let mut server = Server::start().await;
    let mut app = run(&server, 1);
    let mut wire = server.greeted(11).await;
    for n in 1..=2 {
        wire.send(&event(&format!("e{n}"), &format!("Ev{n}"))).await;
    }
    let (first, second) = (app.delivery().await, app.delivery().await);
    wire.send(&json!({"type": "disconnect", "reason": "too_many_websockets"})).await;
    first.ack.ack(None).unwrap();
    assert_eq!(acked(&mut wire).await, "e1");
    second.ack.ack(None).unwrap();
    assert_eq!(acked(&mut wire).await, "e2");
    assert_eq!(wire.text().await, None, "then it ends");
    app.until(|status| status.connected == 0).await;
}

#[tokio::test]
async fn link_disabled_stops_with_the_reason() {
    let mut server = Server::start().await;
    let app = run(&server, 1);
    let mut wire = server.greeted(1).await;
    wire.send(&json!({"type": "disconnect", "reason": "link_disabled"})).await;
    let status = app.status.clone();
    assert_eq!(app.end().await, Err(StopReason::LinkDisabled));
    assert_eq!(status.borrow().stopped, Some(StopReason::LinkDisabled));
}

#[tokio::test]
async fn a_refused_token_stops_at_once() {
    let server = Server::start().await;
    server.next_json(&json!({"ok": false, "error": "invalid_auth"}));
    let app = run(&server, 2);
    assert_eq!(app.end().await, Err(StopReason::Refused { error: "invalid_auth".to_owned() }));
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn a_passing_error_is_tried_again() {
    let mut server = Server::start().await;
    server.next_json(&json!({"ok": false, "error": "internal_error"}));
    server.next_json(&json!({"ok": true, "url": "ws://10.0.0.1/link"}));
    let mut app = run(&server, 1);
    let _wire = server.greeted(1).await;
    app.until(|status| status.connected == 1).await;
    assert_eq!(server.calls().len(), 3);
}

#[tokio::test]
async fn what_comes_twice_is_delivered_once() {
    let mut server = Server::start().await;
    let mut app = run(&server, 1);
    let mut wire = server.greeted(1).await;
    wire.send(&event("e1", "Ev1")).await;
    wire.send(&event("e1", "Ev1")).await;
    app.delivery().await.ack.ack(None).unwrap();
    assert_eq!(acked(&mut wire).await, "e1");
    // Again after the acknowledgement: acknowledged at once, not delivered.
    wire.send(&event("e2", "Ev1")).await;
    assert_eq!(acked(&mut wire).await, "e2");
    wire.send(&event("e3", "Ev3")).await;
    assert_eq!(app.delivery().await.envelope.envelope_id, "e3");
}

#[tokio::test]
async fn what_was_given_up_is_delivered_again() {
    let mut server = Server::start().await;
    let mut app = run(&server, 1);
    let mut wire = server.greeted(1).await;
    wire.send(&event("e1", "Ev1")).await;
    drop(app.delivery().await);
    wire.send(&event("e2", "Ev1")).await;
    assert_eq!(app.delivery().await.envelope.envelope_id, "e2");
}

#[tokio::test]
async fn strange_frames_are_ignored_and_pings_answered() {
    let mut server = Server::start().await;
    let mut app = run(&server, 1);
    let mut wire = server.greeted(1).await;
    for text in ["null", "{", "{\"type\":\"new\"}", "[]"] {
        wire.raw(ws::Message::Text(text.into())).await;
    }
    wire.raw(ws::Message::Binary(vec![0, 1].into())).await;
    wire.raw(ws::Message::Ping("Ping from applink".into())).await;
    wire.send(&event("e1", "Ev1")).await;
    assert_eq!(app.delivery().await.envelope.envelope_id, "e1");
    assert!(matches!(wire.message().await, Some(ws::Message::Pong(bytes)) if bytes == "Ping from applink"));
}

#[tokio::test]
async fn a_silent_connection_is_replaced() {
    let mut server = Server::start().await;
    let quick = Duration::from_millis(20);
    let config =
        Config { connections: 1, ping_interval: quick, silence: quick, first_pause: quick, ..Config::default() };
    let _app = run_with(&server, config, 16);
    // Nobody reads the server's end, so nobody answers its pings.
    let _silent = server.greeted(1).await;
    let _replacement = server.greeted(1).await;
}

#[tokio::test]
async fn cancelling_waits_for_the_last_acknowledgement() {
    let mut server = Server::start().await;
    let mut app = run(&server, 1);
    let mut wire = server.greeted(1).await;
    wire.send(&event("e1", "Ev1")).await;
    let held = app.delivery().await;
    app.cancel.cancel();
    held.ack.ack(None).unwrap();
    assert_eq!(acked(&mut wire).await, "e1");
    assert_eq!(wire.text().await, None);
    assert_eq!(app.end().await, Ok(()));
}

#[tokio::test]
async fn nobody_to_receive_is_a_reason_to_stop() {
    let mut server = Server::start().await;
    let mut app = run(&server, 1);
    let mut wire = server.greeted(1).await;
    app.deliveries.close();
    wire.send(&event("e1", "Ev1")).await;
    assert_eq!(app.end().await, Err(StopReason::ReceiverGone));
}

/// Acknowledges each at once, as apps do with what needs no answer.
struct AtOnce;

impl Sink for AtOnce {
    fn take(&self, incoming: crate::socket_mode::Incoming<'_>, ack: crate::socket_mode::AckHandle) {
        assert_eq!(incoming.head.as_ref().and_then(|head| head.event_id.get()), Some("Ev1"));
        ack.ack(None).unwrap();
    }
}

#[tokio::test]
async fn a_sink_acknowledges_from_the_connections_own_task() {
    let mut server = Server::start().await;
    let config = Config { connections: 1, ..Config::default() };
    let mode = SocketMode::new(server.client(), "xapp-1-A1-2-secret".parse().unwrap(), config);
    let cancel = CancellationToken::new();
    let done = TaskTracker::new().spawn(mode.feed(Arc::new(AtOnce), cancel.clone()));
    let mut wire = server.greeted(1).await;
    for n in 0..3 {
        wire.send(&event(&format!("e{n}"), "Ev1")).await;
        assert_eq!(acked(&mut wire).await, format!("e{n}"));
    }
    cancel.cancel();
    tokio::time::timeout(Duration::from_secs(10), done).await.expect("an end in time").unwrap().unwrap();
}
