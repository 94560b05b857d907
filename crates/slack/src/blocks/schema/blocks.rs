//! The blocks.

use super::super::limits;
use super::elements::{ACTION_ELEMENTS, CONTEXT_ACTION_ELEMENTS, CONTEXT_ELEMENTS, INPUT_ELEMENTS, SECTION_ELEMENTS};
use super::objects::{SLACK_FILE, URL};
use super::rich::RICH_PARTS;
use super::{Field, Kind, NO_LIMIT, Spec, Surfaces, may, must, spec, str_to};

const ID: Field = may("block_id", Kind::Str { min: 0, max: limits::BLOCK_ID });
const TEXT_3000: Kind = Kind::Text { max: limits::TEXT };

/// Every block.
pub(in super::super) static BLOCKS: &[Spec] = &[
    spec("header", &[ID, must("text", Kind::Plain { max: limits::HEADER_TEXT }), may("level", Kind::Integer)]),
    Spec { one_of: &["text", "fields"], ..spec("section", SECTION) },
    spec("divider", &[ID]),
    spec("context", &[ID, must("elements", elements(limits::CONTEXT_ELEMENTS, &Kind::Element(CONTEXT_ELEMENTS)))]),
    spec("actions", &[ID, must("elements", elements(limits::ACTIONS_ELEMENTS, &Kind::Element(ACTION_ELEMENTS)))]),
    spec("input", INPUT),
    Spec { one_of: &["image_url", "slack_file"], ..spec("image", IMAGE) },
    spec("rich_text", &[ID, must("elements", elements(NO_LIMIT, &Kind::Element(RICH_PARTS)))]),
    spec("video", VIDEO),
    message("file", &[ID, must("external_id", str_to(limits::EXTERNAL_ID)), must("source", Kind::Enum(&["remote"]))]),
    message("markdown", &[ID, must("text", str_to(limits::MARKDOWN_TEXT))]),
    message("table", TABLE),
    message("data_table", &[ID]),
    message("data_visualization", &[ID]),
    message("card", CARD),
    message("carousel", &[ID, must("elements", elements(10, &Kind::Block(&["card"])))]),
    message("container", &[ID]),
    message(
        "plan",
        &[ID, must("title", Kind::Any), may("tasks", Kind::List { min: 0, max: NO_LIMIT, of: &Kind::Any })],
    ),
    message(
        "task_card",
        &[ID, must("task_id", str_to(NO_LIMIT)), must("title", Kind::Any), may("status", TASK_STATUS)],
    ),
    spec("alert", &[ID, must("text", TEXT_3000), may("level", ALERT_LEVEL)]),
    message("context_actions", &[ID, must("elements", elements(5, &Kind::Element(CONTEXT_ACTION_ELEMENTS)))]),
    message("call", &[ID, must("call_id", str_to(NO_LIMIT))]),
];

const TASK_STATUS: Kind = Kind::Enum(&["pending", "in_progress", "complete", "error"]);
const ALERT_LEVEL: Kind = Kind::Enum(&["default", "info", "warning", "error", "success"]);

const SECTION: &[Field] = &[
    ID,
    may("text", Kind::Text { max: limits::SECTION_TEXT }),
    may("fields", elements(limits::SECTION_FIELDS, &Kind::Text { max: limits::SECTION_FIELD })),
    may("accessory", Kind::Element(SECTION_ELEMENTS)),
    may("expand", Kind::Bool),
];

const INPUT: &[Field] = &[
    ID,
    must("label", Kind::Plain { max: limits::INPUT_LABEL }),
    must("element", Kind::Element(INPUT_ELEMENTS)),
    may("hint", Kind::Plain { max: limits::INPUT_HINT }),
    may("optional", Kind::Bool),
    may("dispatch_action", Kind::Bool),
];

const IMAGE: &[Field] = &[
    ID,
    may("image_url", URL),
    may("slack_file", SLACK_FILE),
    must("alt_text", Kind::Str { min: 0, max: limits::ALT_TEXT }),
    may("title", Kind::Plain { max: limits::IMAGE_TITLE }),
];

const VIDEO: &[Field] = &[
    ID,
    must("alt_text", Kind::Str { min: 0, max: limits::ALT_TEXT }),
    must("title", Kind::Plain { max: limits::VIDEO_TITLE }),
    must("thumbnail_url", URL),
    must("video_url", URL),
    may("title_url", URL),
    may("description", Kind::Plain { max: limits::VIDEO_DESCRIPTION }),
    may("author_name", Kind::Str { min: 0, max: limits::VIDEO_AUTHOR }),
    may("provider_name", Kind::Str { min: 0, max: limits::VIDEO_AUTHOR }),
    may("provider_icon_url", URL),
];

const TABLE: &[Field] = &[
    ID,
    must("rows", elements(limits::TABLE_ROWS, &elements(limits::TABLE_COLUMNS, &Kind::Any))),
    may("column_settings", Kind::List { min: 0, max: limits::TABLE_COLUMNS, of: &Kind::Any }),
];

const CARD: &[Field] = &[
    ID,
    may("title", Kind::Text { max: limits::HEADER_TEXT }),
    may("subtitle", Kind::Text { max: limits::HEADER_TEXT }),
    may("body", TEXT_3000),
    may("actions", Kind::List { min: 0, max: limits::ACTIONS_ELEMENTS, of: &Kind::Element(ACTION_ELEMENTS) }),
];

const fn message(name: &'static str, fields: &'static [Field]) -> Spec {
    Spec { surfaces: Surfaces::MessageOnly, ..spec(name, fields) }
}

const fn elements(max: usize, of: &'static Kind) -> Kind {
    Kind::List { min: 1, max, of }
}
