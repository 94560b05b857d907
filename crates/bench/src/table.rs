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
    /// What the other program takes, and how that is known.
    pub(crate) other: String,
}

/// Every line so far.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    rows: Vec<Row>,
    /// What ours is measured beside.
    other: &'static str,
}

impl Table {
    /// No lines yet.
    pub(crate) fn beside(other: &'static str) -> Self {
        Self { rows: Vec::new(), other }
    }

    /// Adds a line.
    pub(crate) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| figure | ours | target | met | {} |", self.other)?;
        writeln!(f, "|---|---|---|---|---|")?;
        for row in &self.rows {
            let met = match row.met {
                Some(true) => "yes",
                Some(false) => "NO",
                None => "",
            };
            writeln!(f, "| {} | {} | {} | {met} | {} |", row.figure, row.ours, row.target, row.other)?;
        }
        Ok(())
    }
}
