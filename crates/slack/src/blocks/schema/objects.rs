//! Composition objects and views.

use super::super::limits;
use super::{Field, Kind, NO_LIMIT, may, must, str_to};

pub(super) const URL: Kind = str_to(limits::URL);
pub(super) const PLACEHOLDER: Kind = Kind::Plain { max: limits::PLACEHOLDER };

pub(super) const CONFIRM: Kind = Kind::Object(&[
    must("title", Kind::Plain { max: limits::CONFIRM_TITLE }),
    must("text", Kind::Text { max: limits::CONFIRM_TEXT }),
    must("confirm", Kind::Plain { max: limits::CONFIRM_BUTTON }),
    must("deny", Kind::Plain { max: limits::CONFIRM_BUTTON }),
    may("style", STYLE),
]);

pub(super) const STYLE: Kind = Kind::Enum(&["primary", "danger", "default"]);

/// An option of a menu, whose texts are plain.
pub(super) const OPTION: Kind = Kind::Object(&[
    must("text", Kind::Plain { max: limits::OPTION_TEXT }),
    must("value", str_to(limits::OPTION_VALUE)),
    may("description", Kind::Plain { max: limits::OPTION_DESCRIPTION }),
]);

/// An option of an overflow menu, which may lead to an address.
pub(super) const OVERFLOW_OPTION: Kind = Kind::Object(&[
    must("text", Kind::Plain { max: limits::OPTION_TEXT }),
    may("value", str_to(limits::OPTION_VALUE)),
    may("description", Kind::Plain { max: limits::OPTION_DESCRIPTION }),
    may("url", URL),
]);

/// An option of checkboxes or radio buttons, whose texts may be markup.
pub(super) const CHOICE: Kind = Kind::Object(&[
    must("text", Kind::Text { max: limits::OPTION_TEXT }),
    must("value", str_to(limits::OPTION_VALUE)),
    may("description", Kind::Text { max: limits::OPTION_DESCRIPTION }),
]);

pub(super) const OPTIONS: Kind = Kind::List { min: 1, max: limits::OPTIONS, of: &OPTION };

pub(super) const OPTION_GROUPS: Kind = Kind::List {
    min: 1,
    max: limits::OPTION_GROUPS,
    of: &Kind::Object(&[must("label", Kind::Plain { max: limits::OPTION_TEXT }), must("options", OPTIONS)]),
};

pub(super) const DISPATCH: Kind = Kind::Object(&[may(
    "trigger_actions_on",
    Kind::List { min: 1, max: 2, of: &Kind::Enum(&["on_enter_pressed", "on_character_entered"]) },
)]);

pub(super) const FILTER: Kind = Kind::Object(&[
    may("include", Kind::List { min: 1, max: 4, of: &Kind::Enum(&["im", "mpim", "private", "public"]) }),
    may("exclude_external_shared_channels", Kind::Bool),
    may("exclude_bot_users", Kind::Bool),
]);

pub(super) const SLACK_FILE: Kind = Kind::Object(&[may("id", str_to(limits::URL)), may("url", URL)]);

const VIEW_BLOCKS: Kind = Kind::List { min: 0, max: limits::VIEW_BLOCKS, of: &Kind::Block(&[]) };
const VIEW_TEXT: Kind = Kind::Plain { max: limits::VIEW_TITLE };
const METADATA: Kind = Kind::Str { min: 0, max: limits::PRIVATE_METADATA };
const CALLBACK_ID: Kind = Kind::Str { min: 0, max: limits::CALLBACK_ID };
const EXTERNAL_ID: Kind = Kind::Str { min: 0, max: limits::EXTERNAL_ID };

/// A modal.
pub(in super::super) const MODAL: &[Field] = &[
    must("type", str_to(NO_LIMIT)),
    must("title", VIEW_TEXT),
    must("blocks", VIEW_BLOCKS),
    may("submit", VIEW_TEXT),
    may("close", VIEW_TEXT),
    may("private_metadata", METADATA),
    may("callback_id", CALLBACK_ID),
    may("external_id", EXTERNAL_ID),
    may("clear_on_close", Kind::Bool),
    may("notify_on_close", Kind::Bool),
    may("submit_disabled", Kind::Bool),
];

/// A Home tab.
pub(in super::super) const HOME: &[Field] = &[
    must("type", str_to(NO_LIMIT)),
    must("blocks", VIEW_BLOCKS),
    may("private_metadata", METADATA),
    may("callback_id", CALLBACK_ID),
    may("external_id", EXTERNAL_ID),
];
