//! The run of one agent: what its heartbeats count against the flows that are recorded.
//!
//! A heartbeat has the counts of all flows since the agent began. What was written of flows
//! before it is at most that; what is written up to the next `balance`, before which every
//! open flow is written, is at least that. What was written before the first entry that is
//! shown is not known, and the same throughout: so it is bounded from both sides, and the
//! bounds must meet. A heartbeat of the same sweep as a `balance`, which is one of the same
//! time, counts exactly what is written.

use super::check::{Doubt, failed};
use crate::record::Counters;

/// Counts by kind, as heartbeats and flows have them.
type Counts = [i128; 4];

/// Names of [`Counts`].
const NAMES: [&str; 4] = [
    "egress_bytes",
    "egress_packets",
    "ingress_bytes",
    "ingress_packets",
];

fn counts(of: &Counters) -> Counts {
    [
        of.egress_bytes,
        of.egress_packets,
        of.ingress_bytes,
        of.ingress_packets,
    ]
    .map(i128::from)
}

/// The run of one agent.
#[derive(Debug)]
pub(super) struct Run {
    written: Counts,
    counted: Counts,
    /// Bounds of what was written before the first entry that is shown.
    least: Counts,
    most: [Option<i128>; 4],
    /// Time of a `balance` after which no flow was written.
    settled: Option<i64>,
    /// Whether the store had no room meanwhile, so that counts may be missing.
    lossy: bool,
}

impl Run {
    /// A run that is shown from its beginning, or not.
    pub(super) fn new(whole: bool) -> Self {
        Self {
            written: [0; 4],
            counted: [0; 4],
            least: [0; 4],
            most: [whole.then_some(0); 4],
            settled: None,
            lossy: false,
        }
    }

    /// A flow was written.
    pub(super) fn flow(&mut self, counters: Counts) {
        self.settled = None;
        for (sum, more) in self.written.iter_mut().zip(counters) {
            *sum += more;
        }
    }

    /// The store had no room.
    pub(super) fn without_room(&mut self) {
        self.lossy = true;
    }

    /// A heartbeat was written.
    ///
    /// # Errors
    /// It counts less than the one before, or other than the flows.
    pub(super) fn beat(
        &mut self,
        seq: u64,
        time_ns: i64,
        counters: &Counters,
    ) -> Result<(), Doubt> {
        let now = counts(counters);
        if now
            .iter()
            .zip(self.counted)
            .any(|(now, before)| *now < before)
        {
            return Err(failed(format!(
                "heartbeat {seq} counts less than the one before it, and no agent began between \
                 them: entries were left out or changed"
            )));
        }
        self.counted = now;
        for (most, rest) in self.most.iter_mut().zip(difference(now, self.written)) {
            *most = Some(most.map_or(rest, |most| most.min(rest)));
        }
        if self.settled == Some(time_ns) {
            return self.settle(seq, time_ns);
        }
        self.compare(seq)
    }

    /// Every flow that is open was written before this entry.
    ///
    /// # Errors
    /// Flows are not what heartbeats count.
    pub(super) fn settle(&mut self, seq: u64, time_ns: i64) -> Result<(), Doubt> {
        self.settled = Some(time_ns);
        if !self.lossy {
            for (least, rest) in self
                .least
                .iter_mut()
                .zip(difference(self.counted, self.written))
            {
                *least = (*least).max(rest);
            }
        }
        self.compare(seq)
    }

    /// The agent ended: all that it counted is written.
    ///
    /// # Errors
    /// As [`Run::settle`].
    pub(super) fn stop(
        &mut self,
        seq: u64,
        time_ns: i64,
        counters: &Counters,
    ) -> Result<(), Doubt> {
        self.beat(seq, time_ns, counters)?;
        self.settle(seq, time_ns)
    }

    fn compare(&self, seq: u64) -> Result<(), Doubt> {
        for ((name, least), most) in NAMES.iter().zip(self.least).zip(self.most) {
            if let Some(off) = most.map(|most| least - most).filter(|off| *off > 0) {
                return Err(failed(format!(
                    "up to entry {seq}, heartbeats and flows differ by {off} {name}: entries \
                     were left out, added or changed"
                )));
            }
        }
        Ok(())
    }
}

fn difference(one: Counts, other: Counts) -> Counts {
    let mut rest = one;
    for (rest, other) in rest.iter_mut().zip(other) {
        *rest -= other;
    }
    rest
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn sent(egress_bytes: u64) -> Counters {
        Counters {
            egress_bytes,
            ..Counters::default()
        }
    }

    #[test]
    fn what_is_written_lags_behind_what_is_counted_until_a_balance() {
        for whole in [true, false] {
            let mut run = Run::new(whole);
            run.flow(counts(&sent(10)));
            run.beat(2, 20, &sent(15)).unwrap();
            run.flow(counts(&sent(5)));
            run.settle(4, 40).unwrap();
            run.beat(5, 50, &sent(15)).unwrap();
            run.stop(6, 60, &sent(15)).unwrap();
        }
    }

    #[test]
    fn a_flow_that_is_missing_or_added_is_seen() {
        let wanted = |off, at| {
            failed(format!(
                "up to entry {at}, heartbeats and flows differ by {off} egress_bytes: entries \
                 were left out, added or changed"
            ))
        };
        let mut run = Run::new(true);
        run.beat(1, 10, &sent(15)).unwrap();
        run.flow(counts(&sent(5)));
        assert_eq!(run.settle(3, 30).unwrap_err(), wanted(10, 3));
        let mut run = Run::new(true);
        run.flow(counts(&sent(5)));
        assert_eq!(run.beat(3, 30, &sent(4)).unwrap_err(), wanted(1, 3));
        // Of a run that began before, by the difference.
        let mut run = Run::new(false);
        run.beat(1, 10, &sent(100)).unwrap();
        run.settle(2, 20).unwrap();
        run.beat(3, 30, &sent(110)).unwrap();
        assert_eq!(run.settle(4, 40).unwrap_err(), wanted(10, 4));
    }

    /// However much is written later.
    #[test]
    fn a_heartbeat_of_the_same_sweep_counts_exactly_what_is_written() {
        let mut run = Run::new(false);
        run.settle(1, 7).unwrap();
        run.beat(2, 7, &sent(100)).unwrap();
        run.flow(counts(&sent(5)));
        run.settle(4, 8).unwrap();
        let off = run.beat(5, 8, &sent(106)).unwrap_err();
        let says = "up to entry 5, heartbeats and flows differ by 1 egress_bytes: entries were \
                    left out, added or changed";
        assert_eq!(off, failed(says));
    }

    #[test]
    fn counts_do_not_fall() {
        let mut run = Run::new(true);
        run.beat(1, 10, &sent(5)).unwrap();
        assert_eq!(
            run.beat(2, 20, &sent(4)).unwrap_err(),
            failed(
                "heartbeat 2 counts less than the one before it, and no agent began between \
                 them: entries were left out or changed"
            )
        );
    }
}
