//! Reads the slots and tells what changed since the last time.

use std::{ops::Range, time::Duration};

use weir_common::{FlowKey, KIND_UPLINK, KIND_UPLINK_FOLDED, SLOT_SINK};

use super::{Counters, FlowId, FlowRecord, UplinkRecord, decode};
use crate::kernel::{Capture, CaptureError, Clock, SlotCounts};

/// What became of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Seen for the first time.
    Opened,
    /// A counter has changed.
    Updated,
    /// Idle long enough: its slot goes back to the kernel and its counts are
    /// final. Further packets make a new flow.
    Closed,
}

/// What a slot counts.
#[derive(Clone, Debug)]
pub enum Seen {
    /// What sockets sent and received.
    Flow(FlowRecord),
    /// What left the host.
    Uplink(UplinkRecord),
}

/// One flow of which there is something to tell.
#[derive(Clone, Debug)]
pub struct Observation {
    /// What became of it.
    pub change: Change,
    /// The slot, stable from `Opened` to `Closed`.
    pub slot: u32,
    /// The record with its counts as of now.
    pub seen: Seen,
}

/// When a flow has been idle long enough to close it.
#[derive(Clone, Copy, Debug)]
pub struct IdlePolicy {
    /// All its connected sockets are released.
    pub released: Duration,
    /// Sockets may still be open.
    pub open: Duration,
}

impl Default for IdlePolicy {
    fn default() -> Self {
        Self {
            released: Duration::from_secs(60),
            open: Duration::from_secs(900),
        }
    }
}

struct Tracked {
    id: FlowId,
    key: FlowKey,
    counts: SlotCounts,
    last_ns: u64,
}

/// Remembers what it last read of each slot.
#[derive(Default)]
pub struct Sweeper {
    tracked: Vec<Option<Tracked>>,
    retired: Vec<u32>,
    closed: Vec<u32>,
    flows: u64,
}

impl Sweeper {
    /// Looks at one slot, because the kernel told of a first sight.
    pub fn look(&mut self, capture: &Capture, slot: u32, clock: &Clock) -> Option<Observation> {
        let counts = capture.slots().counts(slot)?;
        let used = slot == SLOT_SINK && (counts.egress_packets > 0 || counts.ingress_packets > 0);
        if !used && !capture.slots().is_live(slot) {
            return None;
        }
        self.observe(capture, slot, clock)
    }

    fn observe(&mut self, capture: &Capture, slot: u32, clock: &Clock) -> Option<Observation> {
        let counts = capture.slots().counts(slot)?;
        let index = slot as usize;
        if self.tracked.len() <= index {
            self.tracked.resize_with(index + 1, || None);
        }
        let entry = self.tracked.get_mut(index)?;
        let change = match entry {
            Some(known) if known.counts == counts => return None,
            Some(known) => {
                known.counts = counts;
                known.last_ns = clock.boot_ns();
                Change::Updated
            }
            None => {
                let key = capture
                    .slots()
                    .identity(slot)
                    .map_or(EMPTY_KEY, |(key, ..)| key);
                if !is_uplink(&key) {
                    self.flows += 1;
                }
                let id = FlowId(self.flows);
                *entry = Some(Tracked {
                    id,
                    key,
                    counts,
                    last_ns: clock.boot_ns(),
                });
                Change::Opened
            }
        };
        let known = entry.as_ref()?;
        Some(Observation {
            change,
            slot,
            seen: seen(capture, slot, known),
        })
    }

    /// Looks at every slot that was ever used.
    ///
    /// # Errors
    /// The kernel's, if the number of used slots cannot be read.
    pub fn sweep(
        &mut self,
        capture: &Capture,
        clock: &Clock,
    ) -> Result<Vec<Observation>, CaptureError> {
        let used = capture.used_slots()?;
        Ok(self.sweep_part(capture, clock, 0..used))
    }

    /// Looks at some slots: what a whole sweep finds can be many times the size of
    /// what it is found in.
    pub fn sweep_part(
        &mut self,
        capture: &Capture,
        clock: &Clock,
        slots: Range<u32>,
    ) -> Vec<Observation> {
        slots
            .filter_map(|slot| self.look(capture, slot, clock))
            .collect()
    }

    /// Takes over what an earlier agent left half done: slots that it had
    /// retired but not given back.
    ///
    /// # Errors
    /// The kernel's, if the number of used slots cannot be read.
    pub fn adopt(
        &mut self,
        capture: &Capture,
        clock: &Clock,
    ) -> Result<Vec<Observation>, CaptureError> {
        let retired: Vec<_> = (0..capture.used_slots()?)
            .filter(|slot| !capture.slots().is_live(*slot))
            .filter(|slot| capture.slots().identity(*slot).is_some())
            .collect();
        let seen = retired
            .iter()
            .filter_map(|slot| self.observe(capture, *slot, clock))
            .collect();
        self.retired.extend(retired);
        Ok(seen)
    }

    /// Closes flows that have been idle, in steps so that no packet is lost:
    /// sockets are made to forget the slot; after a grace period nothing can be
    /// added to it any more, and its counts are final. Once those are stored,
    /// [`Sweeper::give_back`] empties the slots.
    ///
    /// # Errors
    /// The kernel's, if a grace period is refused.
    pub fn close_idle(
        &mut self,
        capture: &mut Capture,
        clock: &Clock,
        idle: IdlePolicy,
    ) -> Result<Vec<Observation>, CaptureError> {
        for (index, entry) in self.tracked.iter().enumerate().skip(1) {
            let Some(known) = entry else { continue };
            let slot = u32::try_from(index).unwrap_or(u32::MAX);
            let quiet = Duration::from_nanos(clock.boot_ns().saturating_sub(known.last_ns));
            let released =
                known.counts.attempts > 0 && known.counts.released >= known.counts.attempts;
            if quiet >= if released { idle.released } else { idle.open } {
                capture.retire(slot, &known.key);
                self.retired.push(slot);
            }
        }
        if self.retired.is_empty() {
            return Ok(Vec::new());
        }
        Capture::grace_period().map_err(CaptureError::GracePeriod)?;
        let mut closed = Vec::with_capacity(self.retired.len());
        for slot in std::mem::take(&mut self.retired) {
            let Some(mut known) = self.tracked.get_mut(slot as usize).and_then(Option::take) else {
                continue;
            };
            if let Some(counts) = capture.slots().counts(slot) {
                known.counts = counts;
            }
            closed.push(Observation {
                change: Change::Closed,
                slot,
                seen: seen(capture, slot, &known),
            });
            self.closed.push(slot);
        }
        Ok(closed)
    }

    /// Gives the slots of closed flows back to the kernel.
    ///
    /// # Errors
    /// The kernel's, if a queue is refused.
    pub fn give_back(&mut self, capture: &mut Capture) -> Result<(), CaptureError> {
        self.closed
            .drain(..)
            .try_for_each(|slot| capture.give_back(slot))
    }

    /// A number for a flow that no slot counts.
    pub fn number(&mut self) -> FlowId {
        self.flows += 1;
        FlowId(self.flows)
    }

    /// Flows seen since the start.
    pub fn flows(&self) -> u64 {
        self.flows
    }

    /// Counts of all flows that are open now, as last read.
    pub fn open_counters(&self) -> Counters {
        self.tracked
            .iter()
            .flatten()
            .filter(|known| !is_uplink(&known.key))
            .fold(Counters::default(), |sum, known| {
                let counts = decode::counters(&known.counts);
                Counters {
                    egress_bytes: sum.egress_bytes + counts.egress_bytes,
                    egress_packets: sum.egress_packets + counts.egress_packets,
                    ingress_bytes: sum.ingress_bytes + counts.ingress_bytes,
                    ingress_packets: sum.ingress_packets + counts.ingress_packets,
                }
            })
    }
}

const EMPTY_KEY: FlowKey = FlowKey {
    cgroup_id: 0,
    netns_cookie: 0,
    remote: [0; 16],
    port: 0,
    protocol: 0,
    direction: 0,
    kind: 0,
    padding: [0; 3],
};

fn is_uplink(key: &FlowKey) -> bool {
    matches!(key.kind, KIND_UPLINK | KIND_UPLINK_FOLDED)
}

fn seen(capture: &Capture, slot: u32, known: &Tracked) -> Seen {
    let identity = capture.slots().identity(slot).unwrap_or((
        known.key,
        weir_common::Process::default(),
        known.last_ns,
        0,
    ));
    match decode::uplink(&known.key, identity.2, &known.counts) {
        Some(uplink) => Seen::Uplink(uplink),
        None => {
            let record = decode::record(known.id, slot, identity, &known.counts, known.last_ns);
            Seen::Flow(record)
        }
    }
}
