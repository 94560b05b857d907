//! Which figures the table has, and what they should be.

use super::{crowd::Crowd, stream::Streamed};
use crate::{
    ms,
    stats::{OverRounds, Samples, number},
    table::{Row, Table},
};

/// Most that a command may cost, in milliseconds.
const OVERHEAD_MS: f64 = 15.0;

/// Least that is to be streamed, in millions of bytes a second.
const MB_PER_S: f64 = 400.0;

/// Most that an echo may cost, in milliseconds, at the 99th percentile.
const ECHO_MS: f64 = 5.0;

/// What one round came to.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) overhead: Samples,
    pub(crate) clicks: Samples,
    pub(crate) keys: Samples,
    pub(crate) out: Streamed,
    pub(crate) into: Streamed,
    /// Resident sizes of server and agent before streaming.
    pub(crate) before: (f64, f64),
    /// The largest that they were up to its end.
    pub(crate) after: (f64, f64),
    pub(crate) crowd: Crowd,
}

/// Both databases' rounds.
struct Sides<'a> {
    sqlite: &'a [Figures],
    postgres: &'a [Figures],
}

impl Sides<'_> {
    /// A row of one figure, judged by the median on SQLite.
    fn row(
        &self,
        figure: String,
        unit: &str,
        target: &str,
        met: Option<fn(f64) -> bool>,
        of: impl Fn(&Figures) -> f64,
    ) -> Row {
        let ours = OverRounds::of(self.sqlite, &of);
        let other = if self.postgres.is_empty() {
            "not measured".to_owned()
        } else {
            format!("{} {unit}", OverRounds::of(self.postgres, &of).show())
        };
        let met = met.map(|good| good(ours.median()));
        Row { figure, ours: format!("{} {unit}", ours.show()), target: target.to_owned(), met, other }
    }

    /// A row of samples: median and a percentile.
    fn spread(&self, figure: String, percent: usize, of: impl Fn(&Figures) -> &Samples) -> Row {
        let show = |rounds: &[Figures]| {
            let at = |percent| OverRounds::of(rounds, |round| of(round).percentile(percent));
            format!("{}, p{percent} {} ms", at(50).show(), at(percent).show())
        };
        let other = if self.postgres.is_empty() { "not measured".to_owned() } else { show(self.postgres) };
        Row { figure, ours: show(self.sqlite), other, ..Row::default() }
    }
}

/// Every row.
pub(crate) fn add(
    table: &mut Table,
    mib: u32,
    crowd: usize,
    (floor, bare): (&Samples, &Samples),
    sqlite: &[Figures],
    postgres: &[Figures],
) {
    let sides = Sides { sqlite, postgres };
    let shown = |samples: &Samples, percent| {
        format!("{}, p{percent} {} ms", number(samples.median()), number(samples.percentile(percent)))
    };
    table.add(Row { figure: "floor: start and end of `true`".to_owned(), ours: shown(floor, 95), ..Row::default() });
    table.add(Row {
        figure: "floor: a key on a terminal of this machine".to_owned(),
        ours: shown(bare, 99),
        ..Row::default()
    });
    table.add(sides.spread("`exec` of `true`, start to end".to_owned(), 95, |round| &round.overhead));
    let added = |round: &Figures| round.overhead.median() - floor.median();
    let target = format!("≤ {} ms", number(OVERHEAD_MS));
    table.add(sides.row("the same, over `true` itself".to_owned(), "ms", &target, Some(|ms| ms <= OVERHEAD_MS), added));
    let rate = format!("≥ {} MB/s", number(MB_PER_S));
    table.add(sides.row(
        format!("{mib} MiB of stdout, recorded"),
        "MB/s",
        &rate,
        Some(|rate| rate >= MB_PER_S),
        |round| round.out.mb_per_s,
    ));
    table.add(sides.row(
        format!("{mib} MiB of stdin, recorded"),
        "MB/s",
        &rate,
        Some(|rate| rate >= MB_PER_S),
        |round| round.into.mb_per_s,
    ));
    sizes(table, &sides);
    table.add(sides.spread("key on the screen, through `connect`".to_owned(), 99, |round| &round.keys));
    let added = |round: &Figures| round.keys.percentile(99) - bare.percentile(99);
    let target = format!("p99 ≤ {} ms", number(ECHO_MS));
    table.add(sides.row(
        "the same, added at the 99th percentile".to_owned(),
        "ms",
        &target,
        Some(|ms| ms <= ECHO_MS),
        added,
    ));
    table.add(sides.spread("click → the command's first word".to_owned(), 95, |round| &round.clicks));
    crowds(table, &sides, crowd);
}

fn sizes(table: &mut Table, sides: &Sides<'_>) {
    table
        .add(sides.row("client, peak resident size, stdout".to_owned(), "MiB", "", None, |round| round.out.client_mib));
    table
        .add(sides.row("client, peak resident size, stdin".to_owned(), "MiB", "", None, |round| round.into.client_mib));
    table.add(sides.row("server, resident size before streaming".to_owned(), "MiB", "", None, |round| round.before.0));
    table.add(sides.row("server, peak up to its end".to_owned(), "MiB", "flat", None, |round| round.after.0));
    table.add(sides.row("agent, resident size before streaming".to_owned(), "MiB", "", None, |round| round.before.1));
    table.add(sides.row("agent, peak up to its end".to_owned(), "MiB", "flat", None, |round| round.after.1));
}

fn crowds(table: &mut Table, sides: &Sides<'_>, size: usize) {
    let of = |figure: &str| format!("{size} sessions at once: {figure}");
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let lost = |round: &Figures| round.crowd.lost as f64;
    table.add(sides.row(of("lost"), "", "0", Some(|lost| lost < 1.0), lost));
    table.add(sides.row(of("all of them up"), "ms", "", None, |round| ms(round.crowd.all_up)));
    table.add(sides.spread(of("start → first echo, each"), 99, |round| &round.crowd.each));
    table.add(sides.spread(of("an echo"), 99, |round| &round.crowd.echo));
    table.add(sides.row(of("all of them over"), "ms", "", None, |round| ms(round.crowd.all_over)));
    table.add(sides.row(of("server, resident size"), "MiB", "", None, |round| round.crowd.size.0));
    table.add(sides.row(of("agent, resident size"), "MiB", "", None, |round| round.crowd.size.1));
}
