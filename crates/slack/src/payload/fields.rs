//! What the typed views of interactions and commands are made of, read in one pass without copying.

use serde::Deserialize as Derive;

use super::head::TeamHead;
use super::lenient::{First, Lenient, Many, Switch, Text};

/// Every field that a view of an interaction or command has.
#[derive(Debug, Default, Derive)]
#[serde(default)]
pub(super) struct Fields<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) api_app_id: Text<'a>,
    #[serde(borrow)]
    pub(super) user: Lenient<PersonFields<'a>>,
    #[serde(borrow)]
    pub(super) team: Lenient<TeamHead<'a>>,
    #[serde(borrow)]
    pub(super) enterprise: Text<'a>,
    #[serde(borrow)]
    pub(super) container: Lenient<ContainerFields<'a>>,
    #[serde(borrow)]
    pub(super) channel: Text<'a>,
    #[serde(borrow)]
    pub(super) message: Lenient<MessageFields<'a>>,
    #[serde(borrow)]
    pub(super) message_ts: Text<'a>,
    #[serde(borrow)]
    pub(super) view: Lenient<ViewFields<'a>>,
    #[serde(borrow)]
    pub(super) actions: Many<ElementFields<'a>>,
    #[serde(borrow)]
    pub(super) action_id: Text<'a>,
    #[serde(borrow)]
    pub(super) block_id: Text<'a>,
    #[serde(borrow)]
    pub(super) value: Text<'a>,
    #[serde(borrow)]
    pub(super) callback_id: Text<'a>,
    pub(super) is_cleared: Switch,
    #[serde(borrow)]
    pub(super) trigger_id: Text<'a>,
    #[serde(borrow)]
    pub(super) response_url: Text<'a>,
    #[serde(borrow)]
    pub(super) command: Text<'a>,
    #[serde(borrow)]
    pub(super) text: Text<'a>,
    #[serde(borrow)]
    pub(super) user_id: Text<'a>,
    #[serde(borrow)]
    pub(super) user_name: Text<'a>,
    #[serde(borrow)]
    pub(super) team_id: Text<'a>,
    #[serde(borrow)]
    pub(super) enterprise_id: Text<'a>,
    #[serde(borrow)]
    pub(super) channel_id: Text<'a>,
    #[serde(borrow)]
    pub(super) thread_ts: Text<'a>,
}

/// What an interactive element is part of.
#[derive(Debug, Default, Derive)]
#[serde(default)]
pub(super) struct ContainerFields<'a> {
    #[serde(borrow)]
    pub(super) channel_id: Text<'a>,
    #[serde(borrow)]
    pub(super) message_ts: Text<'a>,
    #[serde(borrow)]
    pub(super) thread_ts: Text<'a>,
    #[serde(borrow)]
    pub(super) view_id: Text<'a>,
    pub(super) is_ephemeral: Switch,
}

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident { $($field:ident),+ })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Default, Derive)]
        #[serde(default)]
        pub(super) struct $name<'a> {
            $(#[serde(borrow)] pub(super) $field: Text<'a>,)+
        }
    )+};
}

fields! {
    /// A person.
    PersonFields { id, team_id, username, name }
    /// A message that was clicked, or a shortcut was used on.
    MessageFields { ts, thread_ts }
    /// A view.
    ViewFields { id, callback_id, private_metadata, hash, root_view_id, previous_view_id }
    /// An option of a menu.
    OptionFields { value }
}

/// One of the elements that were used.
#[derive(Debug, Default, Derive)]
#[serde(default)]
pub(super) struct ElementFields<'a> {
    #[serde(borrow)]
    pub(super) action_id: Text<'a>,
    #[serde(borrow)]
    pub(super) block_id: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) action_ts: Text<'a>,
    #[serde(borrow)]
    value: Text<'a>,
    #[serde(borrow)]
    selected_option: Lenient<OptionFields<'a>>,
    #[serde(borrow)]
    selected_user: Text<'a>,
    #[serde(borrow)]
    selected_conversation: Text<'a>,
    #[serde(borrow)]
    selected_channel: Text<'a>,
    #[serde(borrow)]
    selected_date: Text<'a>,
    #[serde(borrow)]
    selected_time: Text<'a>,
    #[serde(borrow)]
    selected_options: First<OptionFields<'a>>,
}

impl ElementFields<'_> {
    /// The one thing an element stands at, whatever its type calls it.
    pub(super) fn chosen(&self) -> Option<&str> {
        let places = [
            &self.value,
            &self.selected_option.0.value,
            &self.selected_user,
            &self.selected_conversation,
            &self.selected_channel,
            &self.selected_date,
            &self.selected_time,
            &self.selected_options.0.value,
        ];
        places.into_iter().find_map(Text::get)
    }
}
