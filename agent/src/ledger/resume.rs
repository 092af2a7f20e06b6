//! What the ledger already has of a recording that goes on.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use super::{Entry, LedgerError, log};
use crate::record::Counters;

/// Flow within a recording: its slot and its first sight.
pub type SlotLife = (u32, u64);

/// What is recorded already.
#[derive(Debug, Default)]
pub struct Resume {
    /// Cumulative counts of each flow, as last recorded.
    pub counters: HashMap<SlotLife, Counters>,
    /// Losses by kind.
    pub losses: BTreeMap<String, u64>,
}

impl Resume {
    /// Reads a ledger back to the beginning of a recording.
    ///
    /// # Errors
    /// When the directory cannot be read or a segment is damaged before its end.
    pub fn read(directory: &Path, recording: &str) -> Result<Self, LedgerError> {
        let mut resume = Self::default();
        for path in log::segments(directory)?.iter().rev() {
            let mut of_segment = Self::default();
            let mut began = false;
            log::visit(path, |line| match line.entry {
                Entry::Started {
                    recording: started,
                    adopted: false,
                    ..
                } if started == recording => {
                    began = true;
                    of_segment = Self::default();
                }
                Entry::Flow(flow) if flow.recording == recording => {
                    let record = flow.judged.flow.flow.flow.record;
                    let life = (flow.slot, record.first_ns);
                    of_segment.counters.insert(life, record.counters);
                }
                Entry::Uplink(uplink) if uplink.recording == recording => {
                    let life = (uplink.slot, uplink.record.first_ns);
                    of_segment.counters.insert(life, uplink.record.counters);
                }
                Entry::Gap(gap) => add(&mut of_segment.losses, gap.losses),
                _ => {}
            })?;
            resume.before(of_segment);
            if began {
                break;
            }
        }
        Ok(resume)
    }

    /// Puts what an earlier segment has before what is known.
    fn before(&mut self, earlier: Self) {
        for (life, counters) in earlier.counters {
            self.counters.entry(life).or_insert(counters);
        }
        add(&mut self.losses, earlier.losses);
    }
}

fn add(sums: &mut BTreeMap<String, u64>, more: BTreeMap<String, u64>) {
    for (kind, count) in more {
        *sums.entry(kind).or_default() += count;
    }
}
