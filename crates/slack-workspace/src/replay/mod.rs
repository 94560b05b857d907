//! Recordings of runs, played again as tests.
//!
//! A recording (`Config::record`) is the journal, a line of JSON an entry, after a first line that says what the
//! workspace was made of. Playing it again makes the same workspace afresh, does what people did, in their order, and
//! compares what the app does with what it did then. Ids, timestamps, ports and words that look random are other ones
//! each time: they are compared by where they stand, one of then for one of now.

mod call;
mod gesture;
mod names;
mod recording;
mod report;
mod run;

pub(crate) use recording::describe;
pub use recording::{Recording, RecordingError};
pub use report::{Difference, Report, What};
pub use run::Pace;
