//! Where a person is told what happens.

use std::fmt::Debug;

/// Where a person is told what happens: a terminal, or a test's memory. What is data goes to stdout and not here.
pub trait Talk: Debug + Send + Sync {
    /// Bytes that a hook wrote beside its response, live, as they came.
    fn stream(&self, bytes: &[u8]);

    /// A line of ours.
    fn say(&self, line: &str);

    /// A line of ours that should not be overlooked.
    fn warn(&self, line: &str);

    /// Asks a person to choose; `None` where nobody can be asked, and nothing is asked there.
    fn choose(&self, question: &str, options: &[String]) -> Option<usize>;

    /// Asks a person yes or no; `None` where nobody can be asked.
    fn confirm(&self, question: &str) -> Option<bool>;

    /// Asks a person for a text; `None` where nobody can be asked.
    fn ask(&self, _question: &str) -> Option<String> {
        None
    }
}
