//! When to try again: later and later, and not all at the same moment.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    time::Duration,
};

/// The first wait, and the most that it grows to.
const FIRST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(60);

/// Longest wait that an answer may ask for (`Retry-After`).
const MOST_ASKED: Duration = Duration::from_secs(300);

/// Waits between attempts.
#[derive(Clone, Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Failures since the last success.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// It has failed once more: how long to wait, at least as long as was asked for.
    pub(super) fn wait(&mut self, asked: Option<Duration>) -> Duration {
        let wait = wait(self.failures, random());
        self.failures = self.failures.saturating_add(1);
        wait.max(asked.unwrap_or_default().min(MOST_ASKED))
    }
}

/// Doubles with each failure; of that, at least half, so that many agents whose receiver
/// comes back do not ask in step.
fn wait(failures: u32, random: u32) -> Duration {
    let whole = FIRST.saturating_mul(1 << failures.min(16)).min(MOST);
    let half = whole / 2;
    half + half.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

/// A number that nobody has to be unable to guess.
fn random() -> u32 {
    let number = RandomState::new().build_hasher().finish();
    u32::try_from(number >> 32).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute() {
        let least: Vec<u128> = (0..8).map(|n| wait(n, 0).as_millis()).collect();
        assert_eq!(least, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
        let most: Vec<u128> = (0..8).map(|n| wait(n, u32::MAX).as_millis()).collect();
        assert_eq!(
            most,
            [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]
        );
        assert_eq!(wait(u32::MAX, u32::MAX), MOST);
    }

    #[test]
    fn an_answer_may_ask_for_a_longer_wait_within_bounds() {
        let asked = |seconds| Backoff::default().wait(Some(Duration::from_secs(seconds)));
        assert_eq!(asked(90), Duration::from_secs(90));
        assert_eq!(asked(86_400), MOST_ASKED);
        assert!(asked(0) >= FIRST / 2);
    }
}
