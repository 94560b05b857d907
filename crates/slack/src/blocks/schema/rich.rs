//! Rich text, and what it is made of.

use super::super::limits;
use super::{Field, Kind, NO_LIMIT, Spec, may, must, spec, str_to};

/// The parts of a rich text block.
pub(super) const RICH_PARTS: &[&str] =
    &["rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"];

const PIECES: &[&str] =
    &["text", "link", "user", "channel", "emoji", "usergroup", "broadcast", "color", "date", "team"];

const PIECE_LIST: Kind = Kind::List { min: 0, max: NO_LIMIT, of: &Kind::Element(PIECES) };
const STYLE: Field = may("style", Kind::Any);
const ID: Kind = str_to(limits::BLOCK_ID);
const ANY_STR: Kind = Kind::Str { min: 0, max: NO_LIMIT };
const BORDER: Field = may("border", Kind::Integer);

/// The parts and pieces of rich text.
pub(in super::super) static RICH: &[Spec] = &[
    spec("rich_text_section", &[must("elements", PIECE_LIST)]),
    spec("rich_text_preformatted", &[must("elements", PIECE_LIST), BORDER]),
    spec("rich_text_quote", &[must("elements", PIECE_LIST), BORDER]),
    spec("rich_text_list", LIST),
    spec("text", &[must("text", str_to(NO_LIMIT)), STYLE]),
    spec("link", &[must("url", str_to(limits::URL)), may("text", ANY_STR), may("unsafe", Kind::Bool), STYLE]),
    spec("user", &[must("user_id", ID), STYLE]),
    spec("channel", &[must("channel_id", ID), STYLE]),
    spec("emoji", &[must("name", ID), may("unicode", ANY_STR)]),
    spec("usergroup", &[must("usergroup_id", ID), STYLE]),
    spec("broadcast", &[must("range", Kind::Enum(&["here", "channel", "everyone"])), STYLE]),
    spec("color", &[must("value", ID)]),
    spec("date", &[must("timestamp", Kind::Integer), must("format", str_to(NO_LIMIT)), may("fallback", ANY_STR)]),
    spec("team", &[must("team_id", ID), STYLE]),
];

const LIST: &[Field] = &[
    must("style", Kind::Enum(&["bullet", "ordered"])),
    must("elements", Kind::List { min: 0, max: NO_LIMIT, of: &Kind::Element(&["rich_text_section"]) }),
    may("indent", Kind::Integer),
    may("offset", Kind::Integer),
    BORDER,
];
