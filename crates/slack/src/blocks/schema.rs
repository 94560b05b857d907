//! What Slack takes, as tables: one `Spec` per block and element, one `Field` per property.

mod blocks;
mod elements;
mod objects;
mod rich;

pub(super) use blocks::BLOCKS;
pub(super) use elements::ELEMENTS;
pub(super) use objects::{HOME, MODAL};
pub(super) use rich::RICH;

/// The shape of a property.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Anything; Slack's rule is not known here, and a wrong rule would be worse than none.
    Any,
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Integer,
    /// A whole number from 1 to this.
    Count(usize),
    /// Text of so many characters.
    Str { min: usize, max: usize },
    /// One of these texts.
    Enum(&'static [&'static str]),
    /// A `plain_text` object.
    Plain { max: usize },
    /// A `plain_text` or `mrkdwn` object.
    Text { max: usize },
    /// A list of so many items.
    List { min: usize, max: usize, of: &'static Kind },
    /// An object with these properties.
    Object(&'static [Field]),
    /// An object whose `type` is one of these, each with a spec among [`ELEMENTS`] or [`RICH`].
    Element(&'static [&'static str]),
    /// A block whose `type` is one of these; any block when empty.
    Block(&'static [&'static str]),
}

/// One property.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) kind: Kind,
}

/// One type of block or element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spec {
    pub(super) name: &'static str,
    /// Where a block is taken; for elements, everywhere that names them.
    pub(super) surfaces: Surfaces,
    pub(super) fields: &'static [Field],
    /// Of these properties at least one has to be there.
    pub(super) one_of: &'static [&'static str],
}

/// Where a block is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Surfaces {
    All,
    MessageOnly,
}

const NO_LIMIT: usize = usize::MAX;

const fn must(name: &'static str, kind: Kind) -> Field {
    Field { name, required: true, kind }
}

const fn may(name: &'static str, kind: Kind) -> Field {
    Field { name, required: false, kind }
}

const fn spec(name: &'static str, fields: &'static [Field]) -> Spec {
    Spec { name, surfaces: Surfaces::All, fields, one_of: &[] }
}

const fn str_to(max: usize) -> Kind {
    Kind::Str { min: 1, max }
}

/// Finds the spec of a type.
pub(super) fn find(specs: &'static [Spec], name: &str) -> Option<&'static Spec> {
    specs.iter().find(|spec| spec.name == name)
}
