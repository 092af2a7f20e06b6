//! Notices on their way from the recorder to the ways out: the latest in memory, those before
//! in the ledger.

use std::{collections::VecDeque, path::Path, sync::Arc};

use jiff::Timestamp;
use weir_ledger::LedgerError;

use super::notice::{Notice, TAGS};
use crate::ledger::Entry;

/// Notices that are kept in memory, for all ways out together.
const MOST: usize = 1024;

/// Notices that are read from the ledger at a time, and entries that are looked at for them.
const AT_ONCE: usize = 1024;
const ENTRIES_AT_ONCE: u64 = 1 << 18;

/// The latest notices.
#[derive(Debug)]
pub(super) struct Feed {
    /// Every notice after this entry is in `latest`.
    from: u64,
    latest: VecDeque<Arc<Notice>>,
    /// The last entry that is known to be.
    last: u64,
}

/// Where the notices after an entry are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    /// Here they are, and there are no others up to the entry.
    Here(Vec<Arc<Notice>>, u64),
    /// In the ledger, up to this entry.
    InLedger(u64),
}

/// What was read of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Read {
    /// The notices, in order.
    pub(super) notices: Vec<Arc<Notice>>,
    /// There are no others up to this entry.
    pub(super) to: u64,
}

impl Feed {
    /// Begins after an entry.
    pub(super) fn after(seq: u64) -> Self {
        Self {
            from: seq,
            latest: VecDeque::new(),
            last: seq,
        }
    }

    /// Takes the next notice.
    pub(super) fn push(&mut self, notice: Arc<Notice>) {
        self.reached(notice.seq);
        self.latest.push_back(notice);
        while self.latest.len() > MOST {
            if let Some(oldest) = self.latest.pop_front() {
                self.from = oldest.seq;
            }
        }
    }

    /// Up to this entry, there are no notices but those that were taken.
    pub(super) fn reached(&mut self, seq: u64) {
        self.last = self.last.max(seq);
    }

    /// The notices after an entry.
    pub(super) fn ready(&self, position: u64) -> Ready {
        if position < self.from {
            return Ready::InLedger(self.from);
        }
        let after = self.latest.iter().filter(|notice| notice.seq > position);
        Ready::Here(after.cloned().collect(), self.last)
    }
}

/// Gives every notice that a store has after an entry and up to another, in order; the last
/// entry up to there that the disk has.
///
/// # Errors
/// The store cannot be read.
pub(super) fn each(
    store: &Path,
    (after, to): (u64, u64),
    mut take: impl FnMut(Notice),
) -> Result<u64, LedgerError> {
    let mut last = after;
    let mut odd = None;
    weir_ledger::for_each_row_within(store, (after, to), |row| {
        if odd.is_some() || row.seq <= after || row.seq > to {
            return;
        }
        if TAGS.contains(&row.tag()) {
            match notice(row) {
                Ok(notice) => notice.into_iter().for_each(&mut take),
                Err(what) => odd = Some(format!("entry {} ({what})", row.seq)),
            }
        }
        last = row.seq;
    })?;
    match odd {
        None => Ok(last),
        Some(at) => Err(LedgerError::Damaged {
            path: store.to_owned(),
            at,
        }),
    }
}

fn notice(row: &weir_ledger::Row<'_>) -> Result<Option<Notice>, String> {
    let entry = row.entry().ok_or("it is none")?;
    let entry: Entry = serde_json::from_value(entry).map_err(|error| error.to_string())?;
    let time = Timestamp::from_nanosecond(row.time_ns.into()).map_err(|error| error.to_string())?;
    Ok(Notice::of(row.seq, time, &entry))
}

/// Reads so many notices as are taken at a time.
///
/// # Errors
/// The store cannot be read.
pub(super) fn read(store: &Path, (after, to): (u64, u64)) -> Result<Read, LedgerError> {
    let mut notices = Vec::new();
    let mut more = false;
    let mut from = after;
    loop {
        let until = to.min(from.saturating_add(ENTRIES_AT_ONCE));
        let last = each(store, (from, until), |notice| {
            match notices.len() < AT_ONCE {
                true => notices.push(Arc::new(notice)),
                false => more = true,
            }
        })?;
        let full = notices.last().map(|notice: &Arc<Notice>| notice.seq);
        if last > from || is_gone(store, until)? {
            let all = if last > from { last } else { until };
            from = full.filter(|_| more).unwrap_or(all);
        }
        // What is pruned is gone through at once.
        if !notices.is_empty() || from < until || from == to {
            return Ok(Read { notices, to: from });
        }
    }
}

/// Whether the disk has what comes after an entry, so that what is missing before is pruned
/// and not to come.
fn is_gone(store: &Path, seq: u64) -> Result<bool, LedgerError> {
    let mut beyond = false;
    weir_ledger::for_each_row_within(store, (seq, u64::MAX), |row| beyond |= row.seq > seq)?;
    Ok(beyond)
}
