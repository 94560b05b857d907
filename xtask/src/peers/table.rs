//! Scenarios × SDKs.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// What came of one scenario with one SDK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    sdk: String,
    scenario: String,
    outcome: Outcome,
    why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    NotRun,
}

impl Outcome {
    const ALL: [Self; 3] = [Self::Passed, Self::Failed, Self::NotRun];

    fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotRun => "not run",
        }
    }

    /// As it stands in the table, where there is little room.
    fn mark(self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Failed => "FAILED",
            Self::NotRun => "not run",
        }
    }
}

/// The cells that tests have written, SDKs in the order of their names.
pub(super) fn read(dir: &Path) -> Result<Vec<Cell>> {
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths = fs::read_dir(dir)?.map(|file| Ok(file?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    let mut cells = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
        for line in text.lines() {
            let cell = cell(line);
            cells.push(cell.with_context(|| format!("{} has a line that is no cell: {line}", path.display()))?);
        }
    }
    Ok(cells)
}

fn cell(line: &str) -> Option<Cell> {
    let line: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| Some(line.get(name)?.as_str()?.to_owned());
    let outcome = text("outcome")?;
    let outcome = Outcome::ALL.into_iter().find(|known| known.name() == outcome)?;
    Some(Cell { sdk: text("sdk")?, scenario: text("scenario")?, outcome, why: text("why")? })
}

/// The table, why cells are not as they should be, and how many there are of each.
pub(super) fn draw(cells: &[Cell]) -> String {
    let sdks = distinct(cells, |cell| &cell.sdk);
    let scenarios = distinct(cells, |cell| &cell.scenario);
    let first = scenarios.iter().map(|scenario| scenario.chars().count()).max().unwrap_or_default();
    let mut lines = vec![format!("{:first$}  {}", "", sdks.join("  "))];
    for scenario in scenarios {
        let marks: Vec<String> = sdks.iter().map(|sdk| mark(cells, sdk, scenario)).collect();
        lines.push(format!("{scenario:first$}  {}", marks.join("  ")).trim_end().to_owned());
    }
    lines.extend(remarks(cells));
    lines.push(closing(cells));
    lines.join("\n")
}

/// Why cells failed, and why SDKs were not run, once each.
fn remarks(cells: &[Cell]) -> Vec<String> {
    let mut remarks = Vec::new();
    for cell in cells {
        let remark = match cell.outcome {
            Outcome::Passed => continue,
            Outcome::Failed => format!("{} with {}: {}", cell.scenario, cell.sdk, cell.why),
            Outcome::NotRun => format!("{}: not run: {}", cell.sdk, cell.why),
        };
        if !remarks.contains(&remark) {
            remarks.push(remark);
        }
    }
    remarks
}

/// What stands in a place of the table, as wide as the SDK's name.
fn mark(cells: &[Cell], sdk: &str, scenario: &str) -> String {
    let found = cells.iter().find(|cell| cell.sdk == sdk && cell.scenario == scenario);
    let mark = found.map_or("–", |cell| cell.outcome.mark());
    format!("{mark:width$}", width = sdk.chars().count())
}

fn closing(cells: &[Cell]) -> String {
    let count = |outcome| cells.iter().filter(|cell| cell.outcome == outcome).count();
    let counted = Outcome::ALL.map(|outcome| format!("{} {}", count(outcome), outcome.name()));
    format!("peers: {}", counted.join(", "))
}

fn distinct<'a>(cells: &'a [Cell], of: impl Fn(&'a Cell) -> &'a String) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for cell in cells {
        let name = of(cell).as_str();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_came_of_every_cell() {
        let line = |sdk: &str, scenario: &str, outcome: &str, why: &str| {
            let line = serde_json::json!({"sdk": sdk, "scenario": scenario, "outcome": outcome, "why": why, "ms": 1});
            cell(&line.to_string()).unwrap()
        };
        let cells = [
            line("node bolt", "auth.test", "passed", ""),
            line("node bolt", "modal", "failed", "no modal opens"),
            line("slack-go", "auth.test", "not run", "no go"),
        ];
        let wanted = [
            "           node bolt  slack-go",
            "auth.test  ok         not run",
            "modal      FAILED     –",
            "modal with node bolt: no modal opens",
            "slack-go: not run: no go",
            "peers: 1 passed, 1 failed, 1 not run",
        ];
        assert_eq!(draw(&cells), wanted.join("\n"));
    }

    #[test]
    fn what_is_no_cell_is_refused() {
        assert_eq!(cell("{}"), None);
        assert_eq!(cell(r#"{"sdk":"a","scenario":"b","outcome":"perhaps","why":""}"#), None);
    }
}
