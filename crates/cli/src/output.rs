//! stdout is data, stderr is talk. The only place that writes to either.

use std::io::{IsTerminal as _, Write as _};

/// An error with what to do about it, each hint on a line of its own.
#[derive(Debug)]
pub(crate) struct Hinted {
    message: String,
    hints: Vec<String>,
    /// The server's word for it, where it came from there.
    code: Option<String>,
}

impl Hinted {
    /// An error.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hints: Vec::new(), code: None }
    }

    /// The server's word for it.
    #[must_use]
    pub(crate) fn coded(mut self, code: String) -> Self {
        self.code = Some(code);
        self
    }

    /// The server's word for it, where it came from there.
    pub(crate) fn code(&self) -> Option<&str> {
        self.code.as_deref()
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

/// Writes a table. The heads are talk: what a script reads has none.
pub(crate) fn table(heads: &[&str], rows: &[Vec<String>]) {
    let cell = |row: &[String], column: usize| row.get(column).map_or(0, |text| text.chars().count());
    let widths: Vec<usize> = heads
        .iter()
        .enumerate()
        .map(|(column, head)| rows.iter().map(|row| cell(row, column)).fold(head.len(), usize::max))
        .collect();
    let line = |cells: &[String]| {
        let padded: Vec<String> =
            cells.iter().zip(&widths).map(|(text, width)| format!("{text:<width$}", width = *width)).collect();
        padded.join("  ").trim_end().to_owned()
    };
    say(&line(&heads.iter().map(|&head| head.to_owned()).collect::<Vec<_>>()));
    for row in rows {
        data(&line(row));
    }
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

/// Says that something failed.
pub(crate) fn failed(line: &str) {
    say(&format!("{} {line}", paint("error:", "31")));
}

/// Reports an error with its causes and hints.
pub(crate) fn error(error: &anyhow::Error) {
    failed(&format!("{error:#}"));
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
