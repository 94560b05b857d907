//! Tests of apps that read like the conversations they are about, against the local workspace.
//!
//! A [`Conversation`] starts a workspace of its own, installs the app there and serves it; people then say and click
//! things, and expectations wait for what the app does. What does not happen in time is a panic that shows what did:
//!
//! ```
//! use countersign_slack::payload::AppMention;
//! use countersign_slack_sdk::testing::Conversation;
//! use countersign_slack_sdk::{App, Event, HandlerError, Say};
//!
//! async fn hello(Event(mention): Event<AppMention>, say: Say) -> Result<(), HandlerError> {
//!     let user = mention.user.ok_or("nobody")?;
//!     say.markup(&format!("Hi <@{user}>!")).await?;
//!     Ok(())
//! }
//!
//! # #[tokio::main]
//! # async fn main() {
//! let app = App::new().event("app_mention", hello);
//! let t = Conversation::with(app).await;
//! t.user("alice").says("#general", "<@bot> hello").await;
//! t.expects_reply("Hi <@alice>!").await;
//! # }
//! ```
//!
//! In what is said and expected, `<@bot>` is the app and `<@alice>` is alice.

mod clock;
mod conversation;
mod install;
mod person;

pub use clock::WorkspaceClock;
pub use conversation::{Conversation, Over, Setup};
pub use person::{Message, Person};
