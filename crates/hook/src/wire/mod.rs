//! Newline-delimited JSON between the hook client and the daemon.
//!
//! The client's first line is a [`Hello`]; for [`Op::Ask`] and [`Op::Observe`] the second line is the
//! host's input, byte for byte but for line breaks between tokens ([`host_line`]). The daemon answers
//! with any number of [`Progress`] lines and exactly one [`Final`] line.
//!
//! A first line without the key `countersign` is the original protocol of claude-slack-hook: a bare
//! host input, answered with [`bare_output`] or, for no decision, with a closed connection.

mod answer;
mod hello;
mod line;
mod version;

pub(crate) use answer::json_line;
pub use answer::{AnswerError, Final, Outcome, Progress, ProgressEvent, ServerLine, Verdict, bare_output};
pub use hello::{FirstLine, FirstLineError, Hello, Op, RequestKey, RequestKeyError, host_line};
pub use line::{LineError, LineSplitter, read_line_capped};
pub use version::is_newer;

/// Version of the protocol, the value of the key `countersign`.
pub const PROTOCOL: u64 = 1;

/// Largest host input, in bytes: 8 MiB.
///
/// A tool call is a file's content at most; what is larger cannot be reviewed by a person and would
/// only let a runaway host fill the memory of the client and the daemon.
pub const INPUT_MAX_BYTES: usize = 8 * 1024 * 1024;

/// Largest [`Hello`] line, in bytes: 64 KiB.
///
/// It carries ids, a version and the arguments of an operation, never content.
pub const HELLO_MAX_BYTES: usize = 64 * 1024;

/// Largest first line a daemon has to accept: a bare host input is a first line too.
pub const FIRST_LINE_MAX_BYTES: usize = INPUT_MAX_BYTES;

/// Largest line a client accepts from the daemon, in bytes: 96 MiB.
///
/// `show` answers in one line with the whole of a request, in which an invisible character takes a dozen bytes.
pub const ANSWER_MAX_BYTES: usize = 96 * 1024 * 1024;

/// Longest deadline a daemon grants, in milliseconds: one day.
pub const DEADLINE_MAX_MS: u64 = 24 * 60 * 60 * 1_000;
