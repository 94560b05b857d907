//! What became of playing a recording.

use std::fmt;

use serde_json::Value;

/// What became of playing a recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// How many things people did.
    pub gestures: usize,
    /// How many of the app's calls were recorded.
    pub calls: usize,
    /// Where the app did something else, in the recording's order.
    pub differences: Vec<Difference>,
}

impl Report {
    /// Whether the app did what it did then.
    pub fn is_same(&self) -> bool {
        self.differences.is_empty()
    }
}

/// Something that was different.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The step, counted from one; zero is what the app did before anybody did anything.
    pub step: usize,
    /// What somebody did in that step.
    pub gesture: String,
    /// What was different.
    pub what: What,
}

/// What was different.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// The app did not do this again.
    Missing {
        /// The method, `response_url` or `acknowledgement`.
        method: String,
        /// Its arguments.
        args: Value,
    },
    /// The app did this, and did not then.
    Unexpected {
        /// The method, `response_url` or `acknowledgement`.
        method: String,
        /// Its arguments.
        args: Value,
    },
    /// The app did this differently.
    Changed {
        /// The method, `response_url` or `acknowledgement`.
        method: String,
        /// Where, as a JSON pointer into `args` and `outcome`.
        pointer: String,
        /// What it was.
        then: Value,
        /// What it is.
        now: Value,
    },
    /// What somebody did then could not be done again.
    Impossible {
        /// Why.
        why: String,
    },
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = None;
        for difference in &self.differences {
            if last != Some(difference.step) {
                writeln!(f, "step {}: {}", difference.step, difference.gesture)?;
            }
            last = Some(difference.step);
            write!(f, "{}", difference.what)?;
        }
        match self.differences.len() {
            0 => write!(f, "the same: {} gestures, {} calls", self.gestures, self.calls),
            1 => write!(f, "1 difference in {} gestures and {} calls", self.gestures, self.calls),
            count => write!(f, "{count} differences in {} gestures and {} calls", self.gestures, self.calls),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { method, args } => writeln!(f, "  not called: {method} {}", brief(args)),
            Self::Unexpected { method, args } => writeln!(f, "  called beside: {method} {}", brief(args)),
            Self::Changed { method, pointer, then, now } => {
                writeln!(f, "  {method} differs at {pointer}")?;
                writeln!(f, "    recorded: {}", brief(then))?;
                writeln!(f, "    now:      {}", brief(now))
            }
            Self::Impossible { why } => writeln!(f, "  could not be done again: {why}"),
        }
    }
}

/// A value on one line that is not too long.
fn brief(value: &Value) -> String {
    const MAX: usize = 400;
    let text = value.to_string();
    match text.char_indices().nth(MAX) {
        Some((at, _)) => format!("{}… ({} characters)", text.get(..at).unwrap_or_default(), text.chars().count()),
        None => text,
    }
}
