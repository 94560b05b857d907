//! Medians, percentiles and their spread over rounds.

/// One round's samples, sorted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    /// Takes samples in any order.
    pub(crate) fn new(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        Self(samples)
    }

    /// The value that this many percent of the samples do not exceed, by the nearest rank.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100);
        self.0.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    }

    /// The middle value.
    pub(crate) fn median(&self) -> f64 {
        self.percentile(50)
    }

    /// The largest value.
    pub(crate) fn max(&self) -> f64 {
        self.0.last().copied().unwrap_or(f64::NAN)
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// One figure of each round.
#[derive(Clone, Debug, Default)]
pub(crate) struct OverRounds(Vec<f64>);

impl OverRounds {
    /// A figure of every round.
    pub(crate) fn of<R>(rounds: &[R], figure: impl Fn(&R) -> f64) -> Self {
        Self(rounds.iter().map(figure).collect())
    }

    /// The median over rounds.
    pub(crate) fn median(&self) -> f64 {
        Samples::new(self.0.clone()).median()
    }

    /// Each round's figure over another's in the same round.
    pub(crate) fn ratio(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(own, other)| own / other).collect())
    }

    /// The median with its range, e.g. `4.1 [3.9–4.4]`.
    pub(crate) fn show(&self) -> String {
        let sorted = Samples::new(self.0.clone());
        let (Some(first), Some(last)) = (sorted.0.first(), sorted.0.last()) else { return "–".to_owned() };
        if sorted.0.iter().all(|value| value.is_nan()) {
            return "–".to_owned();
        }
        format!("{} [{}–{}]", number(sorted.median()), number(*first), number(*last))
    }
}

/// A number with as many digits as it is good for.
pub(crate) fn number(value: f64) -> String {
    match value {
        value if value.is_nan() => "–".to_owned(),
        value if value.abs() >= 100.0 => format!("{value:.0}"),
        value if value.abs() >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let samples = Samples::new((1..=100).rev().map(f64::from).collect());
        let found = [50, 95, 99, 100].map(|percent| samples.percentile(percent));
        assert_eq!(found.map(number), ["50.0", "95.0", "99.0", "100"]);
        assert!(Samples::default().median().is_nan());
    }

    #[test]
    fn a_figure_shows_its_median_and_range() {
        let rounds = OverRounds::of(&[3.0, 1.0, 2.0], |round| *round);
        assert_eq!(rounds.show(), "2.00 [1.00–3.00]");
        assert_eq!(OverRounds::default().show(), "–");
    }
}
