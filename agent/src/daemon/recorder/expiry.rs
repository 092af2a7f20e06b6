//! Entries of the allowlists that end soon are warned of, once a day.

use super::Recorder;
use crate::{
    daemon::{Failure, pipeline::today},
    finding::{Deviation, Kind},
    kernel::Clock,
    output::{ExpiringEntry, ExpiringLine},
};

/// Entries that are told one by one; the others are counted.
pub(super) const MOST_EXPIRING: usize = 100;

impl Recorder<'_> {
    /// Warns of entries that end soon: at the start, of a set that is new, and on each new
    /// day.
    pub(super) fn warn_of_expiry(&mut self, clock: &Clock, anyway: bool) -> Result<(), Failure> {
        let today = today(clock);
        if !anyway && self.warned == Some(today) {
            return Ok(());
        }
        if self.warned.replace(today).is_some_and(|day| day != today) {
            self.store_open_findings(clock)?;
            self.expire_acknowledgements(clock);
            self.store_acknowledgements(clock)?;
        }
        let policy = self.policy();
        let found = policy.expiring(today);
        self.metrics.expiring(&found, MOST_EXPIRING);
        let deviations = found.iter().map(Deviation::of_expiring).collect();
        self.findings
            .stand(Kind::EntryExpiring, deviations, clock.now());
        if found.is_empty() {
            return Ok(());
        }
        let told: Vec<_> = found
            .iter()
            .take(MOST_EXPIRING)
            .map(ExpiringEntry::from)
            .collect();
        for one in &told {
            tracing::warn!(
                entry = one.entry, product = one.product, owner = one.owner,
                last_day = %one.last_day, days_left = one.days_left,
                "{}", if one.days_left < 0 { "an entry has ended" } else { "an entry ends soon" }
            );
        }
        let line = ExpiringLine {
            time: clock.now(),
            entries: &told,
            more_entries: found.len() - told.len(),
        };
        self.show(|display| display.expiring(&line));
        Ok(())
    }
}
