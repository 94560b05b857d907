//! The tables: every app and case, and what was aimed at.

use std::fmt;

use super::{
    app::{App, OURS},
    case::{ALL, Acks, Case, Outcome},
    envelope::Kind,
};
use crate::{
    stats::{OverRounds, number},
    table::{Row, Table},
};

/// How many times the faster peer's acknowledgements a second, with 64 un-acknowledged.
const TIMES: f64 = 5.0;
/// The slowest but one in a hundred, with handlers of a second, in milliseconds.
const SLOW_P99_MS: f64 = 10.0;
/// Start to hello.
const HELLO_MS: f64 = 10.0;
/// Resident size without events.
const IDLE_MIB: f64 = 15.0;

/// A figure of a case.
type Figure = fn(&Outcome) -> f64;

/// Every outcome of every app.
#[derive(Debug)]
pub(crate) struct Results(Vec<(App, Vec<Outcome>)>);

impl Results {
    /// None yet.
    pub(crate) fn new(apps: &[App]) -> Self {
        Self(apps.iter().map(|app| (app.clone(), Vec::new())).collect())
    }

    /// Adds one of the app at this place.
    pub(crate) fn add(&mut self, at: usize, outcome: Outcome) {
        if let Some((_, outcomes)) = self.0.get_mut(at) {
            outcomes.push(outcome);
        }
    }

    /// A figure of an app's rounds of a case.
    fn over(&self, app: &str, case: Case, figure: impl Fn(&Outcome) -> f64) -> OverRounds {
        let outcomes = self.0.iter().filter(|(of, _)| of.name == app).flat_map(|(_, outcomes)| outcomes);
        let outcomes: Vec<&Outcome> = outcomes.filter(|outcome| outcome.case == case).collect();
        OverRounds::of(&outcomes, |outcome| figure(outcome))
    }

    fn acks(&self, app: &str, case: Case, figure: impl Fn(&Acks) -> f64) -> OverRounds {
        self.over(app, case, |outcome| outcome.acks.as_ref().map_or(f64::NAN, &figure))
    }

    /// The app of another SDK that acknowledges most.
    fn fastest_peer(&self, case: Case) -> Option<&'static str> {
        let peers = self.0.iter().map(|(app, _)| app).filter(|app| app.is_sdk && app.name != OURS);
        let per_s = |name: &str| self.acks(name, case, |acks| acks.per_s).median();
        peers.map(|app| app.name).max_by(|one, other| per_s(one).total_cmp(&per_s(other)))
    }

    fn targets(&self) -> Table {
        let mut table = Table::beside("the faster peer");
        for (window, times) in [(64, TIMES), (1, 1.0)] {
            for kind in [Kind::Mention, Kind::Button] {
                self.speed(&mut table, Case::Trivial(kind, window), times);
            }
        }
        for case in ALL.into_iter().filter(|case| matches!(case, Case::Slow(..) | Case::SlowPaced(_))) {
            let p99 = |name| self.acks(name, case, |acks| acks.latency.percentile(99));
            let peer = self.fastest_peer(case);
            self.limit(&mut table, (format!("{}: p99", case.name()), "ms", SLOW_P99_MS), &p99(OURS), peer.map(p99));
        }
        let quickest = |figure: fn(&Outcome) -> f64| {
            let peers = self.0.iter().map(|(app, _)| app).filter(|app| app.is_sdk && app.name != OURS);
            let all = peers.map(|app| self.over(app.name, Case::Start, figure));
            all.min_by(|one, other| one.median().total_cmp(&other.median()))
        };
        let starts: [(&str, &str, f64, Figure); 2] = [
            ("start → hello", "ms", HELLO_MS, |outcome| outcome.hello.median()),
            ("idle resident size", "MiB", IDLE_MIB, |outcome| outcome.idle_mib),
        ];
        for (name, unit, most, figure) in starts {
            let ours = self.over(OURS, Case::Start, figure);
            self.limit(&mut table, (name.to_owned(), unit, most), &ours, quickest(figure));
        }
        table
    }

    fn speed(&self, table: &mut Table, case: Case, times: f64) {
        let per_s = |name| self.acks(name, case, |acks| acks.per_s);
        let ours = per_s(OURS);
        let peer = self.fastest_peer(case);
        let ratio = peer.map(|peer| ours.ratio(&per_s(peer)));
        table.add(Row {
            figure: case.name(),
            ours: format!("{} acks/s", ours.show()),
            target: match &ratio {
                Some(ratio) => format!("≥ {} ×: {}", number(times), ratio.show()),
                None => format!("≥ {} ×", number(times)),
            },
            met: ratio.map(|ratio| ratio.median() >= times),
            other: peer.map_or_else(String::new, |peer| format!("{peer}: {} acks/s", per_s(peer).show())),
        });
    }

    #[expect(clippy::unused_self, reason = "reads as the other rows do")]
    fn limit(
        &self,
        table: &mut Table,
        (figure, unit, most): (String, &str, f64),
        ours: &OverRounds,
        peer: Option<OverRounds>,
    ) {
        table.add(Row {
            figure,
            ours: format!("{} {unit}", ours.show()),
            target: format!("≤ {} {unit}", number(most)),
            met: Some(ours.median() <= most),
            other: peer.map_or_else(String::new, |peer| format!("{} {unit}", peer.show())),
        });
    }

    fn everything(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| case | app | acks/s | p50 ms | p99 ms | later than 3 s | CPU µs/event | RSS end MiB |")?;
        writeln!(f, "|---|---|---|---|---|---|---|---|")?;
        for case in ALL.into_iter().filter(|case| *case != Case::Start) {
            for (app, _) in &self.0 {
                let show = |figure: fn(&Acks) -> f64| self.acks(app.name, case, figure).show();
                writeln!(
                    f,
                    "| {} | {} | {} | {} | {} | {} | {} | {} |",
                    case.name(),
                    app.name,
                    show(|acks| acks.per_s),
                    show(|acks| acks.latency.median()),
                    show(|acks| acks.latency.percentile(99)),
                    show(|acks| f64::from(u32::try_from(acks.late).unwrap_or(u32::MAX))),
                    show(|acks| acks.cpu_us),
                    show(|acks| acks.end_mib),
                )?;
            }
        }
        writeln!(f, "\n| app | start → hello, ms | → first ack, ms | RSS idle MiB |")?;
        writeln!(f, "|---|---|---|---|")?;
        for (app, _) in &self.0 {
            let show = |figure: fn(&Outcome) -> f64| self.over(app.name, Case::Start, figure).show();
            let (hello, ack) = (show(|outcome| outcome.hello.median()), show(|outcome| outcome.first_ack.median()));
            writeln!(f, "| {} | {hello} | {ack} | {} |", app.name, show(|outcome| outcome.idle_mib))?;
        }
        Ok(())
    }
}

impl fmt::Display for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.targets())?;
        self.everything(f)
    }
}
