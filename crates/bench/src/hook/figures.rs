//! Which figures the table has, what they should be, and what the original takes.

use crate::{
    hook::{
        crowd::{Crowd, Crowds},
        floor::Floor,
        race::{AT_ONCE, Races},
        round::{Round, Rounds},
    },
    stats::{OverRounds, Samples, number},
    table::{Row, Table},
};

/// A figure of every round: how it is called, what it should be, and the original's figure that is documented.
struct Figure {
    name: &'static str,
    /// Largest value that is good.
    target: f64,
    unit: &'static str,
    documented: &'static str,
}

const WARM: Figure = Figure {
    name: "hook start → chat.postMessage received, warm",
    target: 6.0,
    unit: "ms",
    documented: "78.5, p95 115.5",
};
const COLD: Figure =
    Figure { name: "the same, first hook: starts the daemon", target: 60.0, unit: "ms", documented: "590 [581–609]" };
const CLIENT: Figure =
    Figure { name: "client, peak resident size (max)", target: 12.0, unit: "MiB", documented: "48.9" };
const DAEMON: Figure =
    Figure { name: "daemon, resident size after all requests", target: 25.0, unit: "MiB", documented: "64.0" };

/// The machine's floor.
pub(crate) fn floor(table: &mut Table, floor: &Floor) {
    let rows = [
        ("floor: start and end of /bin/true", &floor.process),
        ("floor: client start → 64 bytes at a Unix socket", &floor.said),
        ("floor: client start → echoed, client ended", &floor.echoed),
    ];
    for (figure, samples) in rows {
        let ours = format!("{}, p95 {} ms", number(samples.median()), number(samples.percentile(95)));
        table.add(Row { figure: figure.to_owned(), ours, ..Row::default() });
    }
}

/// What a daemon and its clients take.
pub(crate) fn rounds(table: &mut Table, own: &Rounds, original: Option<&Rounds>) {
    timed(table, &WARM, own, original, |round| &round.warm);
    timed(table, &COLD, own, original, |round| &round.cold);
    sized(table, &CLIENT, own, original, |round| round.client_mib.max());
    sized(table, &DAEMON, own, original, |round| round.daemon_mib);
    let answer = |rounds: &Rounds| with_percentiles(rounds, |round| &round.answer);
    table.add(Row {
        figure: format!("click → hook ended, one at a time (n = {})", own.count(|round| round.answer.len())),
        ours: format!("{} ms", answer(own)),
        other: original.map_or_else(String::new, |rounds| format!("measured: {} ms", answer(rounds))),
        ..Row::default()
    });
    table.add(Row {
        figure: "hooks of these without an answer".to_owned(),
        ours: own.hung().to_string(),
        target: "0".to_owned(),
        met: Some(own.hung() == 0),
        other: original.map_or_else(String::new, |rounds| format!("measured: {}", rounds.hung())),
    });
}

fn timed(
    table: &mut Table,
    figure: &Figure,
    own: &Rounds,
    original: Option<&Rounds>,
    samples: impl Fn(&Round) -> &Samples,
) {
    let median = own.over(|round| samples(round).median()).median();
    table.add(Row {
        figure: format!("{} (n = {})", figure.name, own.count(|round| samples(round).len())),
        ours: format!("{} {}", with_percentiles(own, &samples), figure.unit),
        target: format!("median ≤ {} {}", number(figure.target), figure.unit),
        met: Some(median <= figure.target),
        other: figure.original(original.map(|rounds| with_percentiles(rounds, &samples))),
    });
}

fn sized(table: &mut Table, figure: &Figure, own: &Rounds, original: Option<&Rounds>, size: impl Fn(&Round) -> f64) {
    let sizes = own.over(&size);
    table.add(Row {
        figure: figure.name.to_owned(),
        ours: format!("{} {}", sizes.show(), figure.unit),
        target: format!("≤ {} {}", number(figure.target), figure.unit),
        met: Some(sizes.median() <= figure.target),
        other: figure.original(original.map(|rounds| rounds.over(&size).show())),
    });
}

fn with_percentiles(rounds: &Rounds, samples: impl Fn(&Round) -> &Samples) -> String {
    let at = |percent| rounds.over(|round| samples(round).percentile(percent));
    format!("{}, p95 {}", at(50).show(), at(95).show())
}

impl Figure {
    fn original(&self, measured: Option<String>) -> String {
        match measured {
            Some(measured) => format!("measured: {measured} {}", self.unit),
            None => format!("documented: {} {}", self.documented, self.unit),
        }
    }
}

/// Who starts the daemon.
pub(crate) fn races(table: &mut Table, own: &Races, original: Option<&Races>) {
    let show = |races: &Races| {
        format!(
            "{} of {} hung; at most {} started, {} left",
            races.hung,
            races.rounds * AT_ONCE,
            races.most_started,
            races.most_left
        )
    };
    table.add(Row {
        figure: format!("{AT_ONCE} first hooks at once, {} rounds: hung; daemons", own.rounds),
        ours: show(own),
        target: "0 hung, 1 daemon".to_owned(),
        met: Some((own.hung, own.most_started, own.most_left) == (0, 1, 1)),
        other: original.map_or_else(
            || "documented: 14 of 20 hung; 1–5 daemons left".to_owned(),
            |races| format!("measured: {}", show(races)),
        ),
    });
}

/// Many at once.
pub(crate) fn crowds(table: &mut Table, crowds: &Crowds, size: usize) {
    let at = |percent| crowds.over(move |crowd: &Crowd| crowd.answer.percentile(percent));
    let (median, p99): (OverRounds, OverRounds) = (at(50), at(99));
    table.add(Row {
        figure: format!("{size} pending at once: lost"),
        ours: crowds.lost().to_string(),
        target: "0".to_owned(),
        met: Some(crowds.lost() == 0),
        other: "not measured".to_owned(),
    });
    table.add(Row {
        figure: format!("{size} pending at once: click → hook ended"),
        ours: format!("{}, p99 {} ms", median.show(), p99.show()),
        target: "p99 ≤ 10 ms".to_owned(),
        met: Some(p99.median() <= 10.0),
        other: "not measured".to_owned(),
    });
    table.add(Row {
        figure: "the same: decisions a second".to_owned(),
        ours: crowds.over(|crowd| crowd.decided_per_s).show(),
        ..Row::default()
    });
    table.add(Row {
        figure: format!("daemon, resident size with {size} pending"),
        ours: format!("{} MiB", crowds.over(|crowd| crowd.daemon_mib).show()),
        ..Row::default()
    });
}
