//! The table, in Markdown, so that it can be copied as it is.

use std::fmt;

/// One line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// What was measured.
    pub(crate) figure: String,
    /// What we take.
    pub(crate) ours: String,
    /// What was aimed at; empty where nothing was.
    pub(crate) target: String,
    /// Whether that was reached.
    pub(crate) met: Option<bool>,
    /// What the original takes, and how that is known.
    pub(crate) original: String,
}

/// Every line so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    /// Adds a line.
    pub(crate) fn add(&mut self, row: Row) {
        self.0.push(row);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| figure | ours | target | met | claude-slack-hook |")?;
        writeln!(f, "|---|---|---|---|---|")?;
        for row in &self.0 {
            let met = match row.met {
                Some(true) => "yes",
                Some(false) => "NO",
                None => "",
            };
            writeln!(f, "| {} | {} | {} | {met} | {} |", row.figure, row.ours, row.target, row.original)?;
        }
        Ok(())
    }
}
