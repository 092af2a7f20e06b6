//! Medians: one slow round does not move them.

/// The median; of an even number of values, the mean of the middle two. `None`
/// without values.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(*upper);
    }
    let lower = sorted.get(sorted.len() / 2 - 1)?;
    Some(f64::midpoint(*lower, *upper))
}

/// Rounds of one measurement, each with both sides.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairs {
    with: Vec<f64>,
    without: Vec<f64>,
}

/// Medians of [`Pairs`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Compared {
    /// Median with Weir.
    pub(crate) with: f64,
    /// Median of the reference.
    pub(crate) without: f64,
    /// Median over rounds of one divided by the other: both halves of a round
    /// lie close together in time, so a machine that gets slower during the
    /// run does not distort it.
    pub(crate) ratio: f64,
}

impl Pairs {
    /// Notes one value of the side named.
    pub(crate) fn push(&mut self, with_weir: bool, value: f64) {
        if with_weir {
            self.with.push(value);
        } else {
            self.without.push(value);
        }
    }

    /// The medians; `None` without a round.
    pub(crate) fn compare(&self) -> Option<Compared> {
        let ratios: Vec<f64> = self
            .with
            .iter()
            .zip(&self.without)
            .map(|(with, without)| with / without)
            .collect();
        Some(Compared {
            with: median(&self.with)?,
            without: median(&self.without)?,
            ratio: median(&ratios)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 100.0]), Some(3.0));
    }

    #[test]
    fn divides_round_by_round() {
        let mut pairs = Pairs::default();
        assert_eq!(pairs.compare(), None);
        for (with, without) in [(20.0, 10.0), (40.0, 20.0), (90.0, 30.0)] {
            pairs.push(true, with);
            pairs.push(false, without);
        }
        let compared = Compared {
            with: 40.0,
            without: 20.0,
            ratio: 2.0,
        };
        assert_eq!(pairs.compare(), Some(compared));
    }
}
