//! Recordings of sessions: written while they run, redacted, capped, and kept in an object store.
//!
//! Two formats, both a line of JSON for each record (`docs/recordings.md` has them for readers):
//!
//! - terminals: asciicast v2 (docs.asciinema.org, "asciicast v2"): a header, then `[seconds, "o" | "i" | "r" | "m", text]`;
//! - anything else: a header, then `{"t":seconds,"ch":"in" | "out" | "err","data":base64}`, and `{"t":…,"ch":"end","end":{…}}`.
//!
//! A recording that reaches its cap ends with a record that says so: `"m"` of a terminal, `{"ch":"cap","limit":bytes}`.
//! What the redactions match is replaced before it is written anywhere; see [`redact`] for how that is sound across
//! chunks. Nothing else is ever left out: whoever copies frames waits for the recorder, and where a
//! recording cannot be written the session is ended.

mod format;
mod merge;
mod redact;
mod shelf;
mod tap;

pub(crate) use self::{
    format::{Head, Kind, Size},
    redact::Patterns,
    shelf::Shelf,
    tap::{NotRecorded, Tap, begin},
};
