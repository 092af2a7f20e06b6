//! What the ledger already has of a recording that goes on: followed entry by
//! entry, and kept beside the ledger whenever a segment is begun, so that an agent
//! that starts reads no more than what was not sealed.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, File},
    io::{self, Write as _},
    path::Path,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use weir_ledger::LedgerError;

use super::{Entry, open_findings::OpenFindings};
use crate::{
    finding::{Acknowledgement, Finding},
    record::Counters,
};

/// Flow within a recording: its slot and its first sight.
pub type SlotLife = (u32, u64);

/// What is recorded already.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Resume {
    /// Cumulative counts of each flow, as last recorded.
    pub counters: HashMap<SlotLife, Counters>,
    /// Losses by kind.
    pub losses: BTreeMap<String, u64>,
}

/// The file beside the ledger: CRC32C, then this in postcard.
const FILE: &str = "resume";

/// Follows the recording that was begun last.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tracker {
    /// Entries that were followed.
    seq: u64,
    recording: String,
    /// First sight and counts of the latest flow in each slot: those before it in the
    /// slot have ended.
    slots: HashMap<u32, (u64, Counters)>,
    losses: BTreeMap<String, u64>,
    findings: OpenFindings,
}

impl Tracker {
    /// How many entries it knows.
    pub(super) fn seq(&self) -> u64 {
        self.seq
    }

    /// What was kept; nothing if that is not there or not whole.
    pub(super) fn read(directory: &Path) -> Self {
        let read = || -> Option<Self> {
            let bytes = fs::read(directory.join(FILE)).ok()?;
            let (sum, body) = bytes.split_first_chunk()?;
            (crc32c::crc32c(body) == u32::from_le_bytes(*sum))
                .then(|| postcard::from_bytes(body).ok())?
        };
        read().unwrap_or_default()
    }

    /// Keeps it; whether there was room.
    pub(super) fn write(&self, directory: &Path) -> Result<bool, LedgerError> {
        let path = directory.join(FILE);
        let temporary = directory.join("resume.tmp");
        let write = || -> io::Result<()> {
            let body = postcard::to_stdvec(self).map_err(io::Error::other)?;
            let mut file = File::create(&temporary)?;
            file.write_all(&crc32c::crc32c(&body).to_le_bytes())?;
            file.write_all(&body)?;
            file.sync_all()?;
            fs::rename(&temporary, &path)?;
            File::open(directory)?.sync_all()
        };
        match write() {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::StorageFull => Ok(false),
            Err(cause) => Err(LedgerError::Io {
                path,
                action: "written",
                cause,
            }),
        }
    }

    /// Follows an entry.
    ///
    /// # Errors
    /// When a finding cannot be serialised, which would be a defect.
    pub(super) fn take(&mut self, seq: u64, entry: &Entry) -> Result<(), LedgerError> {
        self.seq = seq;
        self.findings.take(entry)?;
        match entry {
            Entry::Started {
                recording,
                adopted: false,
                ..
            } => self.began(recording),
            Entry::Flow(flow) => {
                let record = &flow.judged.flow.flow.flow.record;
                self.counted(&flow.recording, flow.slot, record.first_ns, record.counters);
            }
            Entry::Uplink(uplink) => {
                let record = &uplink.record;
                let recording = &uplink.recording;
                self.counted(recording, uplink.slot, record.first_ns, record.counters);
            }
            Entry::Gap(gap) => self.lost(&gap.losses),
            _ => {}
        }
        Ok(())
    }

    /// Follows an entry by its leaf; whether that is the next, and could be read.
    pub(super) fn take_leaf(&mut self, seq: u64, leaf: &[u8]) -> bool {
        let Ok(mut leaf) = serde_json::from_slice::<Value>(leaf) else {
            return false;
        };
        if seq != self.seq + 1 {
            return false;
        }
        self.take_value(seq, &leaf["entry"].take());
        true
    }

    /// Follows an entry as a value, which may lack what is not counted.
    pub(super) fn take_value(&mut self, seq: u64, entry: &Value) {
        self.seq = seq;
        let record = match entry["type"].as_str() {
            Some("flow") => entry.pointer("/judged/flow/flow/flow/record"),
            Some("uplink") => entry.get("record"),
            Some("started") if entry["adopted"] == false => {
                if let Some(recording) = entry["recording"].as_str() {
                    self.began(recording);
                }
                return;
            }
            Some("gap") => {
                if let Ok(losses) = BTreeMap::deserialize(&entry["losses"]) {
                    self.lost(&losses);
                }
                return;
            }
            _ => return self.findings.take_value(entry),
        };
        let recording = entry["recording"].as_str();
        let slot = entry["slot"].as_u64().and_then(|slot| slot.try_into().ok());
        let counts = record.and_then(|record| {
            let counters = Counters::deserialize(&record["counters"]).ok()?;
            Some((record["first_ns"].as_u64()?, counters))
        });
        if let (Some(recording), Some(slot), Some((first_ns, counters))) = (recording, slot, counts)
        {
            self.counted(recording, slot, first_ns, counters);
        }
    }

    fn began(&mut self, recording: &str) {
        *self = Self {
            seq: self.seq,
            recording: recording.to_owned(),
            findings: std::mem::take(&mut self.findings),
            ..Self::default()
        };
    }

    fn counted(&mut self, recording: &str, slot: u32, first_ns: u64, counters: Counters) {
        // What no slot counts is not gone on with.
        if recording == self.recording && slot != u32::MAX {
            self.slots.insert(slot, (first_ns, counters));
        }
    }

    fn lost(&mut self, losses: &BTreeMap<String, u64>) {
        for (kind, count) in losses {
            *self.losses.entry(kind.clone()).or_default() += count;
        }
    }

    /// Findings that are open.
    pub(super) fn open_findings(&self) -> Result<Vec<Finding>, LedgerError> {
        self.findings.list()
    }

    /// The last acknowledgement of each finding.
    pub(super) fn acknowledgements(&self) -> Result<Vec<Acknowledgement>, LedgerError> {
        self.findings.acknowledgements()
    }

    /// What is known of a recording.
    pub(super) fn resume(&self, recording: &str) -> Resume {
        if recording != self.recording {
            return Resume::default();
        }
        let slots = self.slots.iter();
        Resume {
            counters: slots
                .map(|(slot, (first_ns, counters))| ((*slot, *first_ns), *counters))
                .collect(),
            losses: self.losses.clone(),
        }
    }
}
