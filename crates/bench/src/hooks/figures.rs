//! Which figures the table has, and what they should be.

use super::{
    Options,
    calls::{Calls, PROTOCOLS},
    events::Events,
    round::Round,
    watching::{Taken, Watching},
};
use crate::{
    stats::{OverRounds, number},
    table::{Row, Table},
};

/// What a call may take longer than its shell, in milliseconds.
const OVERHEAD_MS: f64 = 2.0;

/// What counts as no processor time, in milliseconds in ten seconds: half a percent of a core. The system counts in tens.
const NOTHING_MS: f64 = 50.0;

/// Everything that was measured.
pub(crate) fn table(rounds: &[Round], options: &Options) -> Table {
    let mut table = Table::beside("peer, same run");
    for (at, protocol) in PROTOCOLS.iter().enumerate() {
        calls(&mut table, rounds, at, protocol.as_str());
    }
    bulk(&mut table, rounds, options);
    for at in 0..rounds.first().map_or(0, |round| round.events.len()) {
        events(&mut table, rounds, at);
    }
    watching(&mut table, rounds, options);
    restarts(&mut table, rounds);
    table
}

/// A figure of what rounds have.
fn over<T>(rounds: &[Round], part: impl Fn(&Round) -> Option<&T>, figure: impl Fn(&T) -> f64) -> OverRounds {
    OverRounds::of(rounds, |round| part(round).map_or(f64::NAN, &figure))
}

fn calls(table: &mut Table, rounds: &[Round], at: usize, protocol: &str) {
    let of = |figure: &dyn Fn(&Calls) -> f64| over(rounds, |round| round.calls.get(at), figure);
    let overhead = of(&|calls| calls.overhead(50));
    if overhead.median().is_nan() {
        return;
    }
    let count: usize = rounds.iter().filter_map(|round| round.calls.get(at)).map(|calls| calls.ours.len()).sum();
    let show = |median: OverRounds, p99: OverRounds| format!("{}, p99 {} ms", median.show(), p99.show());
    table.add(Row {
        figure: format!("call of a hook, {protocol} (n = {count})"),
        ours: show(of(&|calls| calls.ours.median()), of(&|calls| calls.ours.percentile(99))),
        other: format!("`sh -c`: {}", show(of(&|calls| calls.shell.median()), of(&|calls| calls.shell.percentile(99)))),
        ..Row::default()
    });
    table.add(Row {
        figure: "the same: ours less `sh -c`, median and p99".to_owned(),
        ours: show(overhead.clone(), of(&|calls| calls.overhead(99))),
        target: format!("median ≤ {} ms", number(OVERHEAD_MS)),
        met: Some(overhead.median() <= OVERHEAD_MS),
        ..Row::default()
    });
}

fn bulk(table: &mut Table, rounds: &[Round], options: &Options) {
    let ours = over(rounds, |round| round.bulk.as_ref(), |bulk| bulk.ours.median());
    if ours.median().is_nan() {
        return;
    }
    let shell = over(rounds, |round| round.bulk.as_ref(), |bulk| bulk.shell.median());
    table.add(Row {
        figure: format!("response of {} MiB between boundaries", options.payload_mib),
        ours: format!("{} MB/s", ours.show()),
        other: format!("`sh -c`, read and nothing else: {} MB/s", shell.show()),
        ..Row::default()
    });
}

fn events(table: &mut Table, rounds: &[Round], at: usize) {
    let of = |figure: fn(&Events) -> f64| over(rounds, |round| round.events.get(at), figure);
    let channels = rounds.first().and_then(|round| round.events.get(at)).map_or(0, |events| events.channels);
    let place = if channels == 1 { "one channel".to_owned() } else { format!("{channels} channels at once") };
    table.add(Row {
        figure: format!("events to a shell hook, acknowledged, {place}"),
        ours: format!(
            "{} events/s, p50 {}, p99 {} ms, CPU of countersign alone {} µs/event",
            of(|events| events.per_s).show(),
            of(|events| events.acked.median()).show(),
            of(|events| events.acked.percentile(99)).show(),
            of(|events| events.cpu_us).show()
        ),
        other: format!("`sh -c`, as many at once, no events: {} a second", of(|events| events.shell_per_s).show()),
        ..Row::default()
    });
}

fn watching(table: &mut Table, rounds: &[Round], options: &Options) {
    let of = |taken: fn(&Watching) -> Taken, figure: fn(&Taken) -> f64| {
        over(rounds, |round| round.watching.as_ref(), |watching| figure(&taken(watching)))
    };
    let show = |taken: fn(&Watching) -> Taken| {
        let (cpu, mib) = (of(taken, |taken| taken.cpu_ms), of(taken, |taken| taken.mib));
        format!("{} ms, {} MiB", cpu.show(), mib.show())
    };
    let ours = of(|watching| watching.ours, |taken| taken.cpu_ms);
    if ours.median().is_nan() {
        return;
    }
    table.add(Row {
        figure: format!("CPU in 10 s of watching {} files that nobody changes, resident size", options.files),
        ours: show(|watching| watching.ours),
        target: format!("≈ 0 (≤ {} ms)", number(NOTHING_MS)),
        met: Some(ours.median() <= NOTHING_MS),
        other: format!("a poller of 100 ms, written for this: {}", show(|watching| watching.poller)),
    });
}

fn restarts(table: &mut Table, rounds: &[Round]) {
    let of = |percent| over(rounds, |round| round.restarts.as_ref(), move |times| times.percentile(percent));
    if of(50).median().is_nan() {
        return;
    }
    let count: usize = rounds.iter().filter_map(|round| round.restarts.as_ref()).map(crate::stats::Samples::len).sum();
    table.add(Row {
        figure: format!("change of a file → new app runs, 200 ms of quiet included (n = {count})"),
        ours: format!("{}, slowest {} ms", of(50).show(), of(100).show()),
        ..Row::default()
    });
}
