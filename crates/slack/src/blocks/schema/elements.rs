//! The elements.

use super::super::limits;
use super::objects::{
    CHOICE, CONFIRM, DISPATCH, FILTER, OPTION, OPTION_GROUPS, OPTIONS, OVERFLOW_OPTION, PLACEHOLDER, SLACK_FILE, STYLE,
    URL,
};
use super::{Field, Kind, NO_LIMIT, Spec, may, must, spec, str_to};

const ID: Field = may("action_id", str_to(limits::ACTION_ID));
const ASK: Field = may("confirm", CONFIRM);
const GREY: Field = may("placeholder", PLACEHOLDER);
const FOCUS: Field = may("focus_on_load", Kind::Bool);
const TYPED: Field = may("dispatch_action_config", DISPATCH);
const MOST: Field = may("max_selected_items", Kind::Count(NO_LIMIT));
const QUERY: Field = may("min_query_length", Kind::Integer);
const IDS: Kind = Kind::List { min: 1, max: NO_LIMIT, of: &str_to(limits::ACTION_ID) };
const CHOICES: Kind = Kind::List { min: 1, max: limits::CHOICES, of: &CHOICE };
const ANY_STR: Kind = Kind::Str { min: 0, max: NO_LIMIT };
const BUTTON_TEXT: Kind = Kind::Plain { max: limits::BUTTON_TEXT };
const VALUE: Field = may("value", Kind::Str { min: 0, max: limits::BUTTON_VALUE });
const LABEL: Field = may("accessibility_label", Kind::Str { min: 0, max: limits::BUTTON_LABEL });
const OPTION_SOURCES: &[&str] = &["options", "option_groups"];

/// What a context block holds; its texts are elements there.
pub(super) const CONTEXT_ELEMENTS: &[&str] = &["image", "plain_text", "mrkdwn"];
/// What a `context_actions` block holds.
pub(super) const CONTEXT_ACTION_ELEMENTS: &[&str] = &["feedback_buttons", "icon_button"];

/// What stands beside a section's text.
#[rustfmt::skip]
pub(super) const SECTION_ELEMENTS: &[&str] = &[
    "button", "checkboxes", "datepicker", "timepicker", "image", "overflow", "radio_buttons", "workflow_button",
    "static_select", "external_select", "users_select", "conversations_select", "channels_select", "multi_static_select",
    "multi_external_select", "multi_users_select", "multi_conversations_select", "multi_channels_select",
];

/// What an actions block holds.
#[rustfmt::skip]
pub(super) const ACTION_ELEMENTS: &[&str] = &[
    "button", "checkboxes", "datepicker", "datetimepicker", "timepicker", "overflow", "radio_buttons", "rich_text_input",
    "workflow_button", "static_select", "external_select", "users_select", "conversations_select", "channels_select",
    "multi_static_select", "multi_external_select", "multi_users_select", "multi_conversations_select",
    "multi_channels_select", "feedback_buttons", "icon_button",
];

/// What an input block holds.
#[rustfmt::skip]
pub(super) const INPUT_ELEMENTS: &[&str] = &[
    "checkboxes", "datepicker", "datetimepicker", "timepicker", "email_text_input", "file_input", "number_input",
    "plain_text_input", "radio_buttons", "rich_text_input", "url_text_input", "static_select", "external_select",
    "users_select", "conversations_select", "channels_select", "multi_static_select", "multi_external_select",
    "multi_users_select", "multi_conversations_select", "multi_channels_select",
];

/// Every element; the pieces of rich text have a table of their own.
pub(in super::super) static ELEMENTS: &[Spec] = &[
    spec("button", BUTTON),
    spec("workflow_button", &[ID, must("text", BUTTON_TEXT), must("workflow", Kind::Any), may("style", STYLE), LABEL]),
    spec("checkboxes", &[ID, must("options", CHOICES), may("initial_options", CHOICES), ASK, FOCUS]),
    spec("radio_buttons", &[ID, must("options", CHOICES), may("initial_option", CHOICE), ASK, FOCUS]),
    spec("overflow", &[ID, must("options", OVERFLOW), ASK]),
    spec(
        "datepicker",
        &[ID, may("initial_date", Kind::Str { min: limits::DATE, max: limits::DATE }), GREY, ASK, FOCUS],
    ),
    spec("datetimepicker", &[ID, may("initial_date_time", Kind::Integer), ASK, FOCUS]),
    spec(
        "timepicker",
        &[ID, may("initial_time", Kind::Str { min: limits::TIME, max: limits::TIME }), GREY, ASK, FOCUS],
    ),
    spec("plain_text_input", TEXT_INPUT),
    spec("email_text_input", &[ID, may("initial_value", ANY_STR), TYPED, GREY, FOCUS]),
    spec("url_text_input", &[ID, may("initial_value", ANY_STR), TYPED, GREY, FOCUS]),
    spec("number_input", &[ID, must("is_decimal_allowed", Kind::Bool), TYPED, GREY, FOCUS]),
    spec("rich_text_input", &[ID, TYPED, GREY, FOCUS]),
    spec("file_input", &[ID, may("filetypes", FILE_TYPES), may("max_files", Kind::Count(limits::FILE_INPUT_FILES))]),
    Spec { one_of: &["image_url", "slack_file"], ..spec("image", IMAGE) },
    Spec { one_of: OPTION_SOURCES, ..spec("static_select", STATIC_SELECT) },
    Spec { one_of: OPTION_SOURCES, ..spec("multi_static_select", MULTI_STATIC_SELECT) },
    spec("external_select", &[ID, may("initial_option", OPTION), QUERY, GREY, ASK, FOCUS]),
    spec("multi_external_select", &[ID, may("initial_options", OPTIONS), QUERY, MOST, GREY, ASK, FOCUS]),
    spec("users_select", &[ID, may("initial_user", ANY_STR), GREY, ASK, FOCUS]),
    spec("multi_users_select", &[ID, may("initial_users", IDS), MOST, GREY, ASK, FOCUS]),
    spec("conversations_select", &[ID, may("initial_conversation", ANY_STR), may("filter", FILTER), GREY, ASK, FOCUS]),
    spec(
        "multi_conversations_select",
        &[ID, may("initial_conversations", IDS), may("filter", FILTER), MOST, GREY, ASK, FOCUS],
    ),
    spec("channels_select", &[ID, may("initial_channel", ANY_STR), GREY, ASK, FOCUS]),
    spec("multi_channels_select", &[ID, may("initial_channels", IDS), MOST, GREY, ASK, FOCUS]),
    spec("feedback_buttons", &[ID, must("positive_button", FEEDBACK), must("negative_button", FEEDBACK)]),
    spec("icon_button", &[ID, must("icon", Kind::Enum(&["trash"])), must("text", BUTTON_TEXT), VALUE, ASK]),
    spec("plain_text", &[must("text", str_to(limits::TEXT)), may("emoji", Kind::Bool)]),
    spec("mrkdwn", &[must("text", str_to(limits::TEXT)), may("verbatim", Kind::Bool)]),
];

const FEEDBACK: Kind = Kind::Object(&[must("text", BUTTON_TEXT), VALUE, LABEL]);
const OVERFLOW: Kind = Kind::List { min: 1, max: limits::OVERFLOW_OPTIONS, of: &OVERFLOW_OPTION };
const FILE_TYPES: Kind = Kind::List { min: 0, max: NO_LIMIT, of: &ANY_STR };

const BUTTON: &[Field] = &[
    ID,
    must("text", BUTTON_TEXT),
    VALUE,
    may("url", Kind::Str { min: 0, max: limits::URL }),
    may("style", STYLE),
    LABEL,
    ASK,
];

const IMAGE: &[Field] = &[
    may("image_url", URL),
    may("slack_file", SLACK_FILE),
    must("alt_text", Kind::Str { min: 0, max: limits::ALT_TEXT }),
];

const TEXT_INPUT: &[Field] = &[
    ID,
    may("multiline", Kind::Bool),
    may("initial_value", Kind::Str { min: 0, max: limits::INPUT_LENGTH }),
    may("min_length", Kind::Integer),
    may("max_length", Kind::Integer),
    TYPED,
    GREY,
    FOCUS,
];

const STATIC_SELECT: &[Field] = &[
    ID,
    may("options", OPTIONS),
    may("option_groups", OPTION_GROUPS),
    may("initial_option", OPTION),
    GREY,
    ASK,
    FOCUS,
];

const MULTI_STATIC_SELECT: &[Field] = &[
    ID,
    may("options", OPTIONS),
    may("option_groups", OPTION_GROUPS),
    may("initial_options", OPTIONS),
    MOST,
    GREY,
    ASK,
    FOCUS,
];
