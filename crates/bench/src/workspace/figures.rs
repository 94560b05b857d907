//! Which figures the table has, and what they should be.

use super::{
    cell::{CELLS, MANY},
    memory::Size,
    round::{Round, Rounds},
};
use crate::{
    load::Counted,
    stats::{OverRounds, number},
    table::{Row, Table},
};

/// Start to ready, in milliseconds.
const READY_MS: f64 = 50.0;

/// How many times the other's calls a second, with many connections.
const TIMES: f64 = 5.0;

/// How much of the other's size, with the most messages.
const PART: f64 = 0.5;

/// A figure of a round.
type Figure = fn(&Round) -> f64;

/// What the load client can ask for.
pub(crate) fn ceiling(table: &mut Table, rounds: &[Counted]) {
    if rounds.is_empty() {
        return;
    }
    table.add(Row {
        figure: format!("ceiling: the load client and a bare server, {MANY} connections"),
        ours: format!("{} calls/s", OverRounds::of(rounds, |counted| counted.per_s).show()),
        ..Row::default()
    });
}

/// Everything that was measured.
pub(crate) fn all(table: &mut Table, own: &Rounds, other: Option<&Rounds>) {
    starts(table, own, other);
    for (at, (method, connections)) in CELLS.iter().enumerate() {
        calls(table, at, (method, *connections), own, other);
    }
    events(table, own);
    sizes(table, own, other);
}

fn starts(table: &mut Table, own: &Rounds, other: Option<&Rounds>) {
    let ready = own.over(|round| round.ready.median());
    if ready.median().is_nan() {
        return;
    }
    let show =
        |rounds: &Rounds, figure: fn(&Round) -> f64, unit: &str| format!("{} {unit}", rounds.over(figure).show());
    table.add(Row {
        figure: "start → ready".to_owned(),
        ours: format!("{} ms", ready.show()),
        target: format!("≤ {} ms", number(READY_MS)),
        met: Some(ready.median() <= READY_MS),
        other: "says nothing".to_owned(),
    });
    let rows: [(&str, Figure, &str); 2] = [
        ("start → auth.test answers", |round| round.answer.median(), "ms"),
        ("resident size then", |round| round.idle_mib.median(), "MiB"),
    ];
    for (name, figure, unit) in rows {
        table.add(Row {
            figure: name.to_owned(),
            ours: show(own, figure, unit),
            other: other.map_or_else(String::new, |other| show(other, figure, unit)),
            ..Row::default()
        });
    }
}

fn calls(table: &mut Table, at: usize, (method, connections): (&str, usize), own: &Rounds, other: Option<&Rounds>) {
    let per_s = |round: &Round| round.cells.get(at).map_or(f64::NAN, |cell| cell.per_s);
    let show = |rounds: &Rounds| {
        let of = |figure: fn(&Counted) -> f64| rounds.over(|round| round.cells.get(at).map_or(f64::NAN, figure)).show();
        let failures: usize = rounds.0.iter().filter_map(|round| round.cells.get(at)).map(|cell| cell.failures).sum();
        let failed = if failures > 0 { format!(", {failures} FAILED") } else { String::new() };
        format!(
            "{} calls/s, p50 {}, p99 {} ms, CPU {} µs/call{failed}",
            of(|cell| cell.per_s),
            of(|cell| cell.latency.median()),
            of(|cell| cell.latency.percentile(99)),
            of(|cell| cell.cpu_us)
        )
    };
    if own.over(per_s).median().is_nan() {
        return;
    }
    let times = if connections == MANY { TIMES } else { 1.0 };
    let ratio = other.map(|other| own.ratio(other, per_s));
    table.add(Row {
        figure: format!("{method}, {connections} connection{}", if connections == 1 { "" } else { "s" }),
        ours: show(own),
        target: match &ratio {
            Some(ratio) => format!("≥ {} ×: {}", number(times), ratio.show()),
            None => format!("≥ {} ×", number(times)),
        },
        met: ratio.map(|ratio| ratio.median() >= times),
        other: other.map_or_else(String::new, show),
    });
}

fn events(table: &mut Table, own: &Rounds) {
    let of =
        |figure: fn(&super::events::Events) -> f64| own.over(|round| round.events.as_ref().map_or(f64::NAN, figure));
    let per_s = of(|events| events.per_s);
    if !per_s.median().is_nan() {
        table.add(Row {
            figure: format!(
                "events acknowledged on one Socket Mode connection; source: chat.postMessage, {MANY} under way"
            ),
            ours: format!("{} events/s, CPU {} µs/event", per_s.show(), of(|events| events.cpu_us).show()),
            other: "has no Socket Mode".to_owned(),
            ..Row::default()
        });
    }
}

fn sizes(table: &mut Table, own: &Rounds, other: Option<&Rounds>) {
    let first = own.0.first().map_or(&[][..], |round| &round.sizes);
    for (at, messages) in first.iter().map(|size| size.messages).enumerate() {
        let mib = |round: &Round| round.sizes.get(at).map_or(f64::NAN, |size| size.mib);
        let show = |rounds: &Rounds| {
            let of =
                |figure: fn(&Size) -> f64| rounds.over(|round| round.sizes.get(at).map_or(f64::NAN, figure)).show();
            let posted =
                if at > 0 { format!(", posted at {} calls/s", of(|size| size.posted_per_s)) } else { String::new() };
            format!(
                "{} MiB{posted}, auth.test p50 {} ms, conversations.history limit=100 p50 {} ms",
                of(|size| size.mib),
                of(|size| size.auth.median()),
                of(|size| size.history.median())
            )
        };
        let is_last = at + 1 == first.len();
        let ratio = other.filter(|_| is_last).map(|other| own.ratio(other, mib));
        table.add(Row {
            figure: format!("with {messages} messages, journal on"),
            ours: show(own),
            target: ratio.as_ref().map_or_else(String::new, |ratio| format!("≤ {} ×: {}", number(PART), ratio.show())),
            met: ratio.map(|ratio| ratio.median() <= PART),
            other: other.map_or_else(String::new, show),
        });
    }
}

impl Rounds {
    /// One figure over them.
    fn over(&self, figure: impl Fn(&Round) -> f64) -> OverRounds {
        OverRounds::of(&self.0, figure)
    }

    /// A figure of each round over the other's in the same round.
    fn ratio(&self, other: &Self, figure: impl Fn(&Round) -> f64) -> OverRounds {
        self.over(&figure).ratio(&other.over(&figure))
    }
}
