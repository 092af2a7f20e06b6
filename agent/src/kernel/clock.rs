//! Times of the kernel's records as times of day.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use nix::time::{ClockId, clock_gettime};

/// Whether a time service keeps the clock, as adjtimex(2) says.
pub fn is_synchronised() -> bool {
    let mut status = std::mem::MaybeUninit::<libc::timex>::zeroed();
    // SAFETY: all-zero bytes are a valid `timex`: integers alone, and no mode, so that the
    // kernel writes to it and sets nothing.
    let state = unsafe { libc::adjtimex(status.as_mut_ptr()) };
    state >= 0 && state != libc::TIME_ERROR
}

/// Relation between `CLOCK_BOOTTIME`, which the programs write, and the time of
/// day, read at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    boot_ns: u64,
    now: Timestamp,
}

impl Clock {
    /// Reads both clocks.
    ///
    /// # Errors
    /// The kernel's, which happens only without `CLOCK_BOOTTIME`.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the time"
    )]
    pub fn read() -> Result<Self, nix::Error> {
        let boot = clock_gettime(ClockId::CLOCK_BOOTTIME)?;
        let boot_ns = u64::try_from(boot.tv_sec()).unwrap_or(0) * 1_000_000_000
            + u64::try_from(boot.tv_nsec()).unwrap_or(0);
        Ok(Self {
            boot_ns,
            now: Timestamp::now(),
        })
    }

    /// A reading that was made elsewhere, or is made up.
    pub fn at(boot_ns: u64, now: Timestamp) -> Self {
        Self { boot_ns, now }
    }

    /// Nanoseconds since boot at the moment of reading.
    pub fn boot_ns(&self) -> u64 {
        self.boot_ns
    }

    /// Time of day at the moment of reading.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Time that has passed since an earlier reading, whatever was done to the
    /// time of day.
    pub fn since(&self, earlier: &Self) -> Duration {
        Duration::from_nanos(self.boot_ns.saturating_sub(earlier.boot_ns))
    }

    /// How far the time of day moved since an earlier reading beyond the time
    /// that passed.
    pub fn stepped_since(&self, earlier: &Self) -> SignedDuration {
        let passed = SignedDuration::try_from(self.since(earlier)).unwrap_or(SignedDuration::MAX);
        self.now.duration_since(earlier.now).saturating_sub(passed)
    }

    /// Time of day of a kernel time.
    pub fn time_of(&self, boot_ns: u64) -> Timestamp {
        let behind = i128::from(self.boot_ns) - i128::from(boot_ns);
        Timestamp::from_nanosecond(self.now.as_nanosecond() - behind).unwrap_or(self.now)
    }
}
