//! What decides where a payload goes, read in one pass without copying.
//!
//! A receiver reads this of every delivery, on the connection's own task; the payload itself is read when a handler asks
//! for it. Whatever has another type than Slack documents counts as absent, so that one odd field does not hide the rest.

use serde::Deserialize as Derive;

use super::lenient::{First, Lenient, Seconds, Switch, Text};

/// What decides where a payload goes: of an event, an interaction or a command.
#[derive(Debug, Default, Derive)]
#[serde(default)]
pub struct Head<'a> {
    /// The payload's `type`; commands have none.
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
    /// The event's id, the same in every redelivery.
    #[serde(borrow)]
    pub event_id: Text<'a>,
    /// When the event happened, the same in every redelivery.
    pub event_time: Seconds,
    /// The event.
    #[serde(borrow)]
    pub event: Lenient<EventHead<'a>>,
    /// For whom an event is delivered; Slack names one.
    #[serde(borrow)]
    pub authorizations: First<AuthorizationHead<'a>>,
    /// The app it is meant for.
    #[serde(borrow)]
    pub api_app_id: Text<'a>,
    /// The workspace, of events and commands.
    #[serde(borrow)]
    pub team_id: Text<'a>,
    /// The workspace that the token of an event is of, in shared channels.
    #[serde(borrow)]
    pub context_team_id: Text<'a>,
    /// The organisation, of events and commands.
    #[serde(borrow)]
    pub enterprise_id: Text<'a>,
    /// The organisation that the token of an event is of, in shared channels.
    #[serde(borrow)]
    pub context_enterprise_id: Text<'a>,
    /// The workspace, of interactions.
    #[serde(borrow)]
    pub team: Lenient<TeamHead<'a>>,
    /// The organisation, of interactions.
    #[serde(borrow)]
    pub enterprise: Text<'a>,
    /// Whether the app is installed in the whole organisation.
    pub is_enterprise_install: Switch,
    /// Who did it, of interactions.
    #[serde(borrow)]
    pub user: Text<'a>,
    /// Who did it, of commands.
    #[serde(borrow)]
    pub user_id: Text<'a>,
    /// Where, of interactions.
    #[serde(borrow)]
    pub channel: Text<'a>,
    /// Where, of commands.
    #[serde(borrow)]
    pub channel_id: Text<'a>,
    /// The thread, of commands.
    #[serde(borrow)]
    pub thread_ts: Text<'a>,
    /// What an element is part of.
    #[serde(borrow)]
    pub container: Lenient<ContainerHead<'a>>,
    /// The message that was clicked.
    #[serde(borrow)]
    pub message: Lenient<MessageHead<'a>>,
    /// What was clicked.
    #[serde(borrow)]
    pub actions: First<ElementHead<'a>>,
    /// The menu that asks for options.
    #[serde(borrow)]
    pub action_id: Text<'a>,
    /// The menu's block.
    #[serde(borrow)]
    pub block_id: Text<'a>,
    /// The shortcut.
    #[serde(borrow)]
    pub callback_id: Text<'a>,
    /// The modal.
    #[serde(borrow)]
    pub view: Lenient<ViewHead<'a>>,
    /// The command with its slash.
    #[serde(borrow)]
    pub command: Text<'a>,
    /// The right to open a view.
    #[serde(borrow)]
    pub trigger_id: Text<'a>,
    /// Where it can be answered.
    #[serde(borrow)]
    pub response_url: Text<'a>,
    /// The token of the function that the element belongs to.
    #[serde(borrow)]
    pub bot_access_token: Text<'a>,
}

/// What decides where an event goes.
#[derive(Debug, Default, Derive)]
#[serde(default)]
pub struct EventHead<'a> {
    /// Its type.
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
    /// Its subtype, of messages.
    #[serde(borrow)]
    pub subtype: Text<'a>,
    /// Who did it.
    #[serde(borrow)]
    pub user: Text<'a>,
    /// Where.
    #[serde(borrow)]
    pub channel: Text<'a>,
    /// Where, of some events.
    #[serde(borrow)]
    pub channel_id: Text<'a>,
    /// What kind of conversation that is.
    #[serde(borrow)]
    pub channel_type: Text<'a>,
    /// The message.
    #[serde(borrow)]
    pub ts: Text<'a>,
    /// The thread it is in.
    #[serde(borrow)]
    pub thread_ts: Text<'a>,
    /// What it says.
    #[serde(borrow)]
    pub text: Text<'a>,
    /// The bot that did it.
    #[serde(borrow)]
    pub bot_id: Text<'a>,
    /// The app that did it.
    #[serde(borrow)]
    pub app_id: Text<'a>,
    /// What was reacted to.
    #[serde(borrow)]
    pub item: Lenient<ItemHead<'a>>,
    /// The conversation with an assistant.
    #[serde(borrow)]
    pub assistant_thread: Lenient<ThreadHead<'a>>,
    /// The custom function.
    #[serde(borrow)]
    pub function: Lenient<FunctionHead<'a>>,
    /// The function's own token.
    #[serde(borrow)]
    pub bot_access_token: Text<'a>,
}

macro_rules! heads {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Default, Derive)]
        #[serde(default)]
        pub struct $name<'a> {
            $($(#[$field_doc])* #[serde(borrow)] pub $field: $kind,)+
        }
    )+};
}

heads! {
    /// The workspace of an interaction.
    TeamHead {
        /// The workspace.
        id: Text<'a>,
        /// Its organisation.
        enterprise_id: Text<'a>,
    }
    /// What an element is part of.
    ContainerHead {
        /// The conversation.
        channel_id: Text<'a>,
        /// The thread.
        thread_ts: Text<'a>,
    }
    /// A message that was clicked, or a shortcut was used on.
    MessageHead {
        /// The thread it is in.
        thread_ts: Text<'a>,
    }
    /// An element.
    ElementHead {
        /// The app's name for it.
        action_id: Text<'a>,
        /// Its block's.
        block_id: Text<'a>,
    }
    /// A view.
    ViewHead {
        /// This one.
        id: Text<'a>,
        /// The app's name for its kind.
        callback_id: Text<'a>,
        /// The workspace, or the organisation, in which the app that opened it is installed.
        app_installed_team_id: Text<'a>,
    }
    /// What was reacted to.
    ItemHead {
        /// The conversation.
        channel: Text<'a>,
    }
    /// A conversation with an assistant.
    ThreadHead {
        /// The person.
        user_id: Text<'a>,
        /// The direct message.
        channel_id: Text<'a>,
        /// The thread.
        thread_ts: Text<'a>,
    }
    /// A custom function.
    FunctionHead {
        /// The app's name for it.
        callback_id: Text<'a>,
    }
}

/// For whom an event is delivered.
#[derive(Debug, Default, Derive)]
#[serde(default)]
pub struct AuthorizationHead<'a> {
    /// The user, of a bot the bot user.
    #[serde(borrow)]
    pub user_id: Text<'a>,
    /// Whether it is a bot.
    pub is_bot: Switch,
    /// The workspace.
    #[serde(borrow)]
    pub team_id: Text<'a>,
    /// The organisation.
    #[serde(borrow)]
    pub enterprise_id: Text<'a>,
    /// Whether the app is installed in the whole organisation.
    pub is_enterprise_install: Switch,
}

impl<'a> Head<'a> {
    /// Reads it; `None` where the text is no JSON object.
    pub fn read(payload: &'a str) -> Option<Self> {
        // A list would be read as the fields in their order.
        let is_object = payload.trim_start().starts_with('{');
        serde_json::from_str(payload).ok().filter(|_| is_object)
    }

    /// Whether the app did it itself: its own posts and reactions come back to it as events.
    pub fn is_own(&self) -> bool {
        let (event, bot) = (&self.event.0, &self.authorizations.0);
        let by_user = bot.is_bot.0 && event.user.get().is_some() && event.user.get() == bot.user_id.get();
        let app = event.app_id.get();
        by_user || (event.bot_id.get().is_some() && app.is_some() && app == self.api_app_id.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_without_its_rest() {
        let head = Head::read(
            r#"{"type":"event_callback","event_id":"Ev1","event_time":7,"team_id":"T1","api_app_id":"A1","authorizations":[{"user_id":"UB","is_bot":true}],
               "event":{"type":"message","user":"U1","channel":{"id":"C1"},"text":"a \"b\"","blocks":[{"x":[1,{"y":null}]}]}}"#,
        );
        let head = head.unwrap();
        let event = &head.event.0;
        assert_eq!(
            (event.kind.get(), event.user.get(), event.channel.get()),
            (Some("message"), Some("U1"), Some("C1"))
        );
        assert_eq!((event.text.get(), head.event_id.get()), (Some("a \"b\""), Some("Ev1")));
        assert_eq!(head.event_time, Seconds(Some(7)));
        assert!(!head.is_own());
    }

    #[test]
    fn ones_own_is_known_by_user_or_by_app() {
        let own = |event: &str| {
            let text =
                format!(r#"{{"api_app_id":"A1","authorizations":[{{"user_id":"UB","is_bot":true}}],"event":{event}}}"#);
            Head::read(&text).unwrap().is_own()
        };
        assert!(own(r#"{"user":"UB"}"#) && own(r#"{"user":{"id":"UB"}}"#) && own(r#"{"bot_id":"B1","app_id":"A1"}"#));
        assert!(!own(r#"{"user":"U1"}"#) && !own(r#"{"bot_id":"B1","app_id":"A2"}"#) && !own("{}"));
    }

    #[test]
    fn odd_types_are_absent_and_hide_nothing() {
        for odd in ["null", "1", "-1", "1.5", "true", "\"\"", "[]", "[1,[2]]", "{}", "{\"a\":{\"id\":\"x\"}}"] {
            let text = format!(
                r#"{{"event":{odd},"authorizations":{odd},"actions":{odd},"view":{odd},"user":{odd},"is_enterprise_install":{odd},"event_time":{odd},"event_id":"Ev1"}}"#
            );
            let head = Head::read(&text).unwrap();
            assert_eq!((head.event_id.get(), head.user.get()), (Some("Ev1"), None), "{odd}");
            assert_eq!(head.event_time.0, (odd == "1").then_some(1), "{odd}");
        }
        assert!(Head::read("[]").is_none() && Head::read("{").is_none() && Head::read("7").is_none());
        assert!(Head::read(&format!("{{\"a\":{}", "[".repeat(100_000))).is_none());
    }

    #[test]
    fn interactions_and_commands_are_read_as_well() {
        let click =
            Head::read(r#"{"type":"block_actions","actions":[{"action_id":"a","block_id":"b"},{"action_id":"c"}]}"#);
        assert_eq!(click.unwrap().actions.0.action_id.get(), Some("a"));
        let command = Head::read(r#"{"command":"/x","user_id":"U1","is_enterprise_install":"true"}"#).unwrap();
        assert_eq!((command.command.get(), command.is_enterprise_install.0), (Some("/x"), true));
    }
}
