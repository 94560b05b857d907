//! Says hello to whoever mentions it, and counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use countersign_slack_sdk::slack::client::Reply;
use countersign_slack_sdk::slack::payload::AppMention;
use countersign_slack_sdk::{App, Event, HandlerError, Say, State};

type Count = Arc<AtomicU32>;

async fn hello(Event(mention): Event<AppMention>, State(count): State<Count>, say: Say) -> Result<(), HandlerError> {
    let user = mention.user.ok_or("a mention by nobody")?;
    count.fetch_add(1, Ordering::Relaxed);
    say.markup(&format!("Hi <@{user}>!")).await?;
    Ok(())
}

async fn count(State(count): State<Count>) -> Reply<'static> {
    Reply::ephemeral(format!("I have said hello {} times.", count.load(Ordering::Relaxed)))
}

/// The app.
pub(crate) fn app() -> App {
    App::new().event("app_mention", hello).command("/hellos", count).state(Count::default())
}
