//! What was acknowledged is handled, once, whatever happens.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use countersign_slack::blocks::Mrkdwn;
use countersign_slack::ids::EnvelopeId;
use countersign_slack::socket_mode::EnvelopeKind;
use countersign_slack_sdk::{
    App, Context, Dispatcher, HandlerError, Inbox, InboxError, Inserted, Receiver, Respond, ServeError, StoredEnvelope,
};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::fixture::{SOON, World};

/// An inbox in memory, which outlives the app as a database would.
#[derive(Default)]
struct Memory {
    rows: Mutex<BTreeMap<EnvelopeId, Row>>,
    handled: watch::Sender<usize>,
    fails: bool,
}

struct Row {
    kind: EnvelopeKind,
    payload: Box<RawValue>,
    is_handled: bool,
}

#[async_trait]
impl Inbox for Memory {
    async fn insert(&self, envelope: &StoredEnvelope<'_>) -> Result<Inserted, InboxError> {
        if self.fails {
            return Err(InboxError::new("the disk is full"));
        }
        let mut rows = self.rows.lock().unwrap();
        if rows.contains_key(envelope.envelope_id.as_ref()) {
            return Ok(Inserted::Duplicate);
        }
        let (kind, payload) = (envelope.kind.clone().into_owned(), envelope.payload.clone().into_owned());
        rows.insert(envelope.envelope_id.clone().into_owned(), Row { kind, payload, is_handled: false });
        Ok(Inserted::New)
    }

    async fn handled(&self, envelope_id: &EnvelopeId) -> Result<(), InboxError> {
        self.rows.lock().unwrap().get_mut(envelope_id).unwrap().is_handled = true;
        self.handled.send_modify(|count| *count += 1);
        Ok(())
    }

    async fn unhandled(&self, most: usize) -> Result<Vec<StoredEnvelope<'static>>, InboxError> {
        // As a database would, it lets others run first.
        others_run(10).await;
        let rows = self.rows.lock().unwrap();
        let open = rows.iter().filter(|(_, row)| !row.is_handled).take(most);
        Ok(open.map(|(id, row)| StoredEnvelope::new(id.clone(), row.kind.clone(), row.payload.clone())).collect())
    }
}

impl Memory {
    async fn until_handled(&self, count: usize) {
        let mut handled = self.handled.subscribe();
        tokio::time::timeout(SOON, handled.wait_for(|now| *now >= count)).await.unwrap().unwrap();
    }
}

async fn others_run(times: u32) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}

/// Has something to hand over at once.
struct Eager(watch::Receiver<usize>);

impl Receiver for Eager {
    async fn receive(mut self, app: Dispatcher, _: CancellationToken) -> Result<(), ServeError> {
        app.dispatch("1", EnvelopeKind::SlashCommands, &go(), None).await.unwrap();
        tokio::time::timeout(SOON, self.0.wait_for(|handled| *handled > 0)).await.unwrap().unwrap();
        Ok(())
    }
}

#[tokio::test]
async fn what_comes_in_at_once_is_not_taken_for_left_over() {
    let inbox = Arc::new(Memory::default());
    let calls = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&calls);
    let app: App = App::new().inbox(Arc::clone(&inbox) as Arc<dyn Inbox>).command("/go", move |context: Context| {
        let told = Arc::clone(&told);
        async move {
            told.lock().unwrap().push(context.is_resumed());
            others_run(100).await;
        }
    });
    app.serve(Eager(inbox.handled.subscribe()), CancellationToken::new()).await.unwrap();
    assert_eq!(*calls.lock().unwrap(), [false]);
}

/// Hands over what was left over as if Slack delivered it again, and waits until all is handled.
struct Again(watch::Receiver<usize>, usize);

impl Receiver for Again {
    async fn receive(mut self, app: Dispatcher, _: CancellationToken) -> Result<(), ServeError> {
        for n in (0..self.1).step_by(100) {
            app.dispatch(&n.to_string(), EnvelopeKind::SlashCommands, &go(), None).await.unwrap();
        }
        app.dispatch("new", EnvelopeKind::SlashCommands, &go(), None).await.unwrap();
        let all = self.1 + 1;
        tokio::time::timeout(SOON, self.0.wait_for(|handled| *handled >= all)).await.unwrap().unwrap();
        Ok(())
    }
}

fn go() -> serde_json::Value {
    json!({"command": "/go", "user_id": "U1", "channel_id": "C1", "team_id": "T1"})
}

#[tokio::test]
async fn much_that_is_left_over_is_handled_once_and_within_the_limit() {
    const LEFT: usize = 1234;
    const LIMIT: usize = 8;
    let inbox = Arc::new(Memory::default());
    for n in 0..LEFT {
        let row = Row {
            kind: EnvelopeKind::SlashCommands,
            payload: serde_json::value::to_raw_value(&go()).unwrap(),
            is_handled: false,
        };
        inbox.rows.lock().unwrap().insert(n.to_string().into(), row);
    }
    let running = Arc::new(Mutex::new((0, 0, Vec::new())));
    let seen = Arc::clone(&running);
    let app: App = App::new().most_at_once(LIMIT).inbox(Arc::clone(&inbox) as Arc<dyn Inbox>).command(
        "/go",
        move |context: Context| {
            let seen = Arc::clone(&seen);
            async move {
                {
                    let (now, most, ids) = &mut *seen.lock().unwrap();
                    *now += 1;
                    *most = (*most).max(*now);
                    ids.push((context.id().as_str().to_owned(), context.is_resumed()));
                }
                others_run(3).await;
                seen.lock().unwrap().0 -= 1;
            }
        },
    );
    app.serve(Again(inbox.handled.subscribe(), LEFT), CancellationToken::new()).await.unwrap();
    let (_, most, ids) = &*running.lock().unwrap();
    assert!((1..=LIMIT).contains(most), "{most} at once");
    let mut once: Vec<_> = ids.clone();
    once.sort_unstable();
    once.dedup_by(|one, other| one.0 == other.0);
    assert_eq!((ids.len(), once.len()), (LEFT + 1, LEFT + 1), "each once");
    assert!(ids.iter().all(|(id, is_resumed)| *is_resumed == (id != "new")));
    assert_eq!(*inbox.handled.borrow(), LEFT + 1);
}

fn whispering(world: &World) -> App {
    world.app().action("go", async |context: Context, respond: Respond| {
        let text = if context.is_resumed() { "resumed" } else { "live" };
        respond.ephemeral(&Mrkdwn::trusted(text)).await?;
        Ok::<_, HandlerError>(())
    })
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_acknowledged() {
    let world = World::start().await;
    let inbox = Arc::new(Memory { fails: true, ..Memory::default() });
    let _serving = world.serve(whispering(&world).inbox(inbox)).await;
    let ts = world.button("go").await;
    assert!(!world.click(ts, "go").await.acked);
    assert!(world.workspace.ephemerals(&world.channel, &world.alice).is_empty());
}

#[tokio::test]
async fn a_click_is_kept_before_it_is_acknowledged_and_then_marked() {
    let world = World::start().await;
    let inbox = Arc::new(Memory::default());
    let _serving = world.serve(whispering(&world).inbox(Arc::<Memory>::clone(&inbox))).await;
    let ts = world.button("go").await;
    assert!(world.click(ts, "go").await.acked);
    assert_eq!(inbox.rows.lock().unwrap().len(), 1);
    inbox.until_handled(1).await;
    world.whispered("live").await;
}

#[tokio::test]
async fn what_is_left_over_is_handled_by_the_next_process() {
    let world = World::start().await;
    let inbox = Arc::new(Memory::default());
    // The first process takes the click, and never gets to its end.
    let stuck = world.app().action("go", async || {
        Semaphore::new(0).acquire().await?.forget();
        Ok::<_, HandlerError>(())
    });
    let first = world.serve(stuck.inbox(Arc::<Memory>::clone(&inbox))).await;
    let ts = world.button("go").await;
    assert!(world.click(ts, "go").await.acked);
    drop(first);
    assert_eq!(inbox.unhandled(9).await.unwrap().len(), 1);
    let _second = world.serve(whispering(&world).inbox(Arc::<Memory>::clone(&inbox))).await;
    world.whispered("resumed").await;
    inbox.until_handled(1).await;
    assert!(inbox.unhandled(9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_click_that_is_kept_already_is_not_handled_twice() {
    let world = World::start().await;
    let inbox = Arc::new(Memory::default());
    world.workspace.fault(&serde_json::json!({"envelopes": {"duplicate": 1}})).unwrap();
    let _serving = world.serve(whispering(&world).inbox(Arc::<Memory>::clone(&inbox))).await;
    let ts = world.button("go").await;
    assert!(world.click(ts, "go").await.acked);
    world.whispered("live").await;
    let again = world.button("go").await;
    world.click(again, "go").await;
    inbox.until_handled(2).await;
    assert_eq!(*inbox.handled.borrow(), 2);
}

#[tokio::test]
async fn an_event_is_kept_under_its_own_id() {
    let world = World::start().await;
    let inbox = Arc::new(Memory::default());
    let app = world.app().event("app_mention", async || {});
    let _serving = world.serve(app.inbox(Arc::<Memory>::clone(&inbox))).await;
    let text = format!("<@{}> hello", world.workspace.ready().bot_user_id);
    world.workspace.post_message(&world.alice, &world.channel, &text).unwrap();
    inbox.until_handled(1).await;
    assert!(inbox.rows.lock().unwrap().keys().all(|key| key.as_str().starts_with("Ev")));
}
