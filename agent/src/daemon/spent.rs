//! What entries with a budget have carried before an agent starts.

use std::{collections::HashMap, path::Path};

use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::Offset,
};

use crate::{
    kernel::Clock,
    ledger::{Entry, FlowInterval, Ledger, LedgerError},
    policy::Policy,
    verdict::Spent,
};

/// Reads it from the record of the current month, the longest period there is. Without any
/// budget, nothing is read.
///
/// # Errors
/// When the store cannot be read or a segment is damaged before its end.
pub(super) fn recorded(
    store: &Path,
    policy: &Policy,
    now: Timestamp,
) -> Result<Spent, LedgerError> {
    let mut pass = Pass {
        policy,
        clocks: HashMap::new(),
        spent: Spent::default(),
    };
    if policy.limits().without_budgets() {
        return Ok(pass.spent);
    }
    let month = civil(now).date().first_of_month();
    Ledger::each_since(store, beginning(month), |_, time, entry| match entry {
        Entry::Started {
            recording,
            boot_ns: Some(boot_ns),
            ..
        } => {
            pass.clocks.insert(recording, Clock::at(boot_ns, time));
        }
        Entry::Flow(flow) => pass.take(&flow, time),
        _ => {}
    })?;
    Ok(pass.spent)
}

struct Pass<'a> {
    policy: &'a Policy,
    /// Relation of the kernel's clock to the time of day, by recording.
    clocks: HashMap<String, Clock>,
    spent: Spent,
}

impl Pass<'_> {
    /// An interval belongs to the period in which it last counted anything: it may be
    /// written after the end.
    fn take(&mut self, flow: &FlowInterval, written: Timestamp) {
        let judged = &flow.judged;
        let last_ns = judged.flow.flow.flow.record.last_ns;
        let clock = self.clocks.get(&flow.recording);
        let time = clock.map_or(written, |clock| clock.time_of(last_ns).min(written));
        let bytes = flow.counters.egress_bytes;
        self.spent.charge(self.policy, judged, bytes, civil(time));
    }
}

fn civil(time: Timestamp) -> DateTime {
    Offset::UTC.to_datetime(time)
}

fn beginning(day: Date) -> Timestamp {
    let midnight = day.at(0, 0, 0, 0);
    Offset::UTC.to_timestamp(midnight).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests;
