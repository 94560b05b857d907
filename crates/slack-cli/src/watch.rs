//! Files, and when they change.
//!
//! [`Watching`] waits for the system to tell of changes and never looks by itself: fifty thousand files cost nothing while
//! nobody touches them. Where the system has no recursion, each directory is watched by itself, so that ignored ones cost
//! nothing either. A file is watched through its directory, which sees it replaced, deleted and created again.

mod ignored;
mod map;
mod pace;
mod selection;
mod watching;

pub use pace::Pace;
pub use selection::Selection;
pub use watching::Watching;
