//! stdout is data, stderr is talk. The only place that writes to either.

use std::io::{IsTerminal as _, Write as _};

/// An error with what to do about it, each hint on a line of its own.
#[derive(Debug)]
pub(crate) struct Hinted {
    message: String,
    hints: Vec<String>,
}

impl Hinted {
    /// An error.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hints: Vec::new() }
    }

    /// One more hint.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl std::fmt::Display for Hinted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Hinted {}

/// Writes a line of data. A reader that has gone (`| head`) is no failure.
pub(crate) fn data(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Writes bytes of data as they are. A reader that has gone is no failure.
pub(crate) fn raw(bytes: &[u8]) {
    let _ = try_raw(bytes);
}

/// Writes bytes of data as they are, for whoever has to know whether they arrived.
pub(crate) fn try_raw(bytes: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush())
}

/// Writes a value as one line of JSON.
pub(crate) fn json(value: &serde_json::Value) {
    data(&value.to_string());
}

/// Says something.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Warns.
pub(crate) fn warn(line: &str) {
    say(&format!("{} {line}", paint("warning:", "33")));
}

/// Reports an error with its causes and hints.
pub(crate) fn error(error: &anyhow::Error) {
    say(&format!("{} {error:#}", paint("error:", "31")));
    for cause in error.chain() {
        if let Some(hinted) = cause.downcast_ref::<Hinted>() {
            for hint in &hinted.hints {
                say(&format!("hint: {hint}"));
            }
        }
    }
}

/// Colours a word where a person reads it.
fn paint(word: &str, colour: &str) -> String {
    if std::io::stderr().is_terminal() { format!("\u{1b}[{colour};1m{word}\u{1b}[0m") } else { word.to_owned() }
}
