//! Payloads, typed and whole.

use countersign_slack::payload::{
    self, BlockActions, BlockSuggestion, EventCallback, Interaction, SlashCommand, ViewClosed, ViewSubmission,
};

use crate::request::Parsed;
use crate::{FromRequest, Rejection, Request};

/// A slash command.
///
/// ```
/// # use countersign_slack_sdk::{App, Command};
/// # use countersign_slack::client::Reply;
/// async fn echo(command: Command) -> Reply<'static> {
///     Reply::ephemeral(command.text.clone())
/// }
///
/// let app: App = App::new().command("/echo", echo);
/// ```
pub type Command = SlashCommand;

/// A shortcut.
///
/// ```
/// # use countersign_slack_sdk::{App, OnShortcut, Shortcut};
/// async fn remember(shortcut: Shortcut) {
///     println!("{:?}", shortcut.message_ts);
/// }
///
/// let app: App = App::new().shortcut(OnShortcut::of_messages("remember"), remember);
/// ```
pub type Shortcut = payload::Shortcut;

/// A menu that asks for the options that fit what was typed.
///
/// ```
/// # use countersign_slack_sdk::{App, HandlerError, Suggestion};
/// # use countersign_slack::blocks::Choice;
/// async fn cities(menu: Suggestion) -> Result<Vec<Choice>, HandlerError> {
///     let fitting = ["Basel", "Bern", "Biel"].into_iter().filter(|city| city.contains(&menu.value));
///     Ok(fitting.map(|city| Choice::new(city, city)).collect::<Result<_, _>>()?)
/// }
///
/// let app: App = App::new().options("city", cities);
/// ```
pub type Suggestion = BlockSuggestion;

macro_rules! payloads {
    ($($payload:ty, $name:literal, $pattern:pat => $found:expr;)+) => {$(
        impl<S: Sync> FromRequest<S> for $payload {
            type Rejection = Rejection;

            async fn from_request(request: &Request, _: &S) -> Result<Self, Rejection> {
                match request.parsed()? {
                    $pattern => Ok($found),
                    _ => Err(Rejection::wrong_kind($name, request)),
                }
            }
        }
    )+};
}

payloads! {
    EventCallback, "EventCallback", Parsed::Event(found) => found;
    SlashCommand, "Command", Parsed::Command(found) => found;
    BlockActions, "BlockActions", Parsed::Interaction(Interaction::BlockActions(found)) => found;
    ViewSubmission, "ViewSubmission", Parsed::Interaction(Interaction::ViewSubmission(found)) => found;
    ViewClosed, "ViewClosed", Parsed::Interaction(Interaction::ViewClosed(found)) => found;
    payload::Shortcut, "Shortcut", Parsed::Interaction(Interaction::Shortcut(found)) => found;
    BlockSuggestion, "Suggestion", Parsed::Interaction(Interaction::BlockSuggestion(found)) => found;
    Interaction, "Interaction", Parsed::Interaction(found) => found;
}
