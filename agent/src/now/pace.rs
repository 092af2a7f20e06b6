//! How fast a flow carries.

use serde::{Deserialize, Serialize};

/// Length of a window in nanoseconds.
const WINDOW_NS: u64 = 5_000_000_000;

/// Bytes in each second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// IP bytes sent.
    pub sent: u64,
    /// IP bytes received.
    pub received: u64,
}

impl Rate {
    /// Both ways.
    pub fn both(self) -> u64 {
        self.sent.saturating_add(self.received)
    }
}

/// What a flow has carried in the current window of five seconds, and in the one before:
/// its rate is the mean over the last five to ten seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    window: u64,
    now: Rate,
    before: Rate,
}

impl Pace {
    /// It has carried this much more, at nanoseconds since boot.
    pub fn add(&mut self, boot_ns: u64, sent: u64, received: u64) {
        *self = self.at(boot_ns);
        self.now.sent = self.now.sent.saturating_add(sent);
        self.now.received = self.now.received.saturating_add(received);
    }

    /// Bytes in each second, at nanoseconds since boot.
    pub fn rate(&self, boot_ns: u64) -> Rate {
        let pace = self.at(boot_ns);
        let milliseconds = (WINDOW_NS + boot_ns % WINDOW_NS) / 1_000_000;
        let each = |now: u64, before: u64| {
            now.saturating_add(before).saturating_mul(1000) / milliseconds.max(1)
        };
        Rate {
            sent: each(pace.now.sent, pace.before.sent),
            received: each(pace.now.received, pace.before.received),
        }
    }

    fn at(&self, boot_ns: u64) -> Self {
        let window = boot_ns / WINDOW_NS;
        match window.saturating_sub(self.window) {
            0 => *self,
            passed => Self {
                window,
                now: Rate::default(),
                before: if passed == 1 {
                    self.now
                } else {
                    Rate::default()
                },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_rate_is_the_mean_of_this_window_and_the_one_before() {
        let mut pace = Pace::default();
        assert_eq!(pace.rate(7 * SECOND), Rate::default());
        pace.add(100 * SECOND, 5000, 500);
        let rate = |sent, received| Rate { sent, received };
        assert_eq!(pace.rate(100 * SECOND), rate(1000, 100));
        pace.add(104 * SECOND, 4000, 0);
        assert_eq!(pace.rate(104 * SECOND), rate(1000, 55));
        // The window before counts whole, as long as this one lasts.
        assert_eq!(pace.rate(105 * SECOND), rate(1800, 100));
        assert_eq!(pace.rate(109 * SECOND), rate(1000, 55));
        assert_eq!(pace.rate(110 * SECOND), Rate::default());
        // A clock that is read earlier than the last count changes nothing.
        assert_eq!(pace.rate(99 * SECOND), rate(1000, 55));
    }

    #[test]
    fn no_count_overflows() {
        let mut pace = Pace::default();
        pace.add(5 * SECOND, u64::MAX, u64::MAX);
        pace.add(5 * SECOND, u64::MAX, 1);
        assert_eq!(pace.rate(5 * SECOND).both(), u64::MAX / 5000 * 2);
    }
}
