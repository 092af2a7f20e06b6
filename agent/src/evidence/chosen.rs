//! Which entries a bundle of a period shows.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use jiff::Timestamp;
use weir_ledger::Row;

use super::EvidenceError;
use crate::{
    Build,
    coverage::Gap,
    history::Span,
    ledger::{Entry, LedgerError},
};

/// The entries of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The first of the period.
    pub first: u64,
    /// The last: the heartbeat that closes the period.
    pub last: u64,
    /// Those before the first that say what was so when the period began.
    pub before: BTreeSet<u64>,
    /// Where the bundle of the period before ends; `None` where the log begins in this one.
    pub previous: Option<u64>,
    /// The builds of Weir that began to record, each with its entry.
    pub starts: BTreeMap<u64, Build>,
    /// Whether the period is over, and all is in that was noticed of it.
    pub closed: bool,
    /// The entries of the bundle before, if there is one.
    pub earlier: Option<Box<Chosen>>,
}

impl Chosen {
    /// Looks for the entries of a period in a store. One that is not closed is refused unless
    /// it is asked for as `unfinished`.
    ///
    /// # Errors
    /// The store cannot be read; it has nothing of the period, or not yet all.
    pub fn find(store: &Path, span: &Span, unfinished: bool) -> Result<Self, EvidenceError> {
        // Before the beginning of time nothing is recorded.
        let earlier = span.before().unwrap_or(*span);
        let mut both = [Bounds::of(earlier), Bounds::of(*span)];
        let mut odd = None;
        weir_ledger::for_each_row(store, |row| {
            let taken = both.iter_mut().try_for_each(|one| one.take(row));
            odd = odd.take().or(taken.err().map(|what| (row.seq, what)));
        })?;
        if let Some((seq, what)) = odd {
            let at = format!("entry {seq} ({what})");
            let path = store.to_owned();
            return Err(LedgerError::Damaged { path, at }.into());
        }
        let [earlier, own] = both;
        let mut chosen = own.finish(unfinished)?;
        if chosen.first > 1 {
            let earlier = earlier.finish(false)?;
            chosen.previous = Some(earlier.last);
            chosen.earlier = Some(Box::new(earlier));
        }
        Ok(chosen)
    }

    /// The builds that recorded, as the entries of the bundle say.
    pub fn builds(&self) -> BTreeSet<Build> {
        let shown = self.starts.iter().filter(|(seq, _)| self.contains(**seq));
        shown.map(|(_, build)| build.clone()).collect()
    }

    /// Whether an entry is of the bundle.
    pub fn contains(&self, seq: u64) -> bool {
        (self.first..=self.last).contains(&seq) || self.before.contains(&seq)
    }
}

/// Finds the entries of one period.
struct Bounds {
    span: Span,
    /// When the first entry of all was written, and the last.
    record: Option<(Timestamp, Timestamp)>,
    /// The first and the last entry of the period.
    within: Option<(u64, u64)>,
    /// The first after those before the period, where none is of it.
    after: Option<u64>,
    /// The first heartbeat behind the last entry of the period.
    closing: Option<u64>,
    last: u64,
    beginning: Beginning,
    /// As the period began.
    before: BTreeSet<u64>,
    /// The builds that began to record.
    starts: BTreeMap<u64, Build>,
}

/// What is so at the moment, each with its entry.
#[derive(Default)]
struct Beginning {
    keys: BTreeSet<u64>,
    /// The last start, and what is known since of the set, the databases and the end.
    start: BTreeSet<u64>,
    allowlists: Option<u64>,
    findings: BTreeSet<u64>,
    acknowledged: BTreeSet<u64>,
    gaps: BTreeSet<u64>,
    heartbeat: Option<u64>,
}

impl Beginning {
    fn take(&mut self, row: &Row<'_>, span: &Span) -> Result<(), String> {
        let seq = row.seq;
        match row.tag() {
            "node_key" | "key_rotated" => drop(self.keys.insert(seq)),
            "started" => {
                self.start = BTreeSet::from([seq]);
                self.allowlists = None;
            }
            "not_covered" | "database_loaded" | "database_removed" | "stopped" => {
                self.start.insert(seq);
            }
            "allowlists_loaded" => self.allowlists = Some(seq),
            "open_findings" => self.findings = BTreeSet::from([seq]),
            "finding_opened" | "finding_updated" | "finding_closed" => {
                self.findings.insert(seq);
            }
            "open_acknowledgements" => self.acknowledged = BTreeSet::from([seq]),
            "acknowledged" => drop(self.acknowledged.insert(seq)),
            "heartbeat" => self.heartbeat = Some(seq),
            "gap" => {
                if let Entry::Gap(Gap { from, to, .. }) = entry_of(row)?
                    && span.touches(from, to)
                {
                    self.gaps.insert(seq);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn all(&self) -> BTreeSet<u64> {
        let sets = [
            &self.keys,
            &self.start,
            &self.findings,
            &self.acknowledged,
            &self.gaps,
        ];
        let each = sets.into_iter().flatten().copied();
        each.chain(self.allowlists).chain(self.heartbeat).collect()
    }
}

fn entry_of(row: &Row<'_>) -> Result<Entry, String> {
    let entry = row.entry().ok_or("it is none")?;
    serde_json::from_value(entry).map_err(|error| error.to_string())
}

impl Bounds {
    fn of(span: Span) -> Self {
        Self {
            span,
            record: None,
            within: None,
            after: None,
            closing: None,
            last: 0,
            beginning: Beginning::default(),
            before: BTreeSet::new(),
            starts: BTreeMap::new(),
        }
    }

    fn take(&mut self, row: &Row<'_>) -> Result<(), String> {
        let time = Timestamp::from_nanosecond(row.time_ns.into()).map_err(|e| e.to_string())?;
        self.last = row.seq;
        if row.tag() == "started"
            && let Entry::Started { build, .. } = entry_of(row)?
        {
            self.starts.extend(build.map(|build| (row.seq, build)));
        }
        let first = self.record.map_or(time, |(first, _)| first);
        self.record = Some((first, time));
        if self.span.contains(time) {
            if self.within.is_none() {
                self.before = self.beginning.all();
            }
            let first = self.within.map_or(row.seq, |(first, _)| first);
            self.within = Some((first, row.seq));
            self.closing = None;
        } else if time >= self.span.to {
            if self.within.is_none() && self.after.is_none() {
                self.before = self.beginning.all();
                self.after = Some(row.seq);
            }
            if row.tag() == "heartbeat" {
                self.closing.get_or_insert(row.seq);
            }
        } else if self.within.is_none() && self.after.take().is_some() {
            // A clock that was set back: what was after the period is before it.
            self.closing = None;
        }
        if self.within.is_none() {
            self.beginning.take(row, &self.span)?;
        }
        Ok(())
    }

    fn finish(self, unfinished: bool) -> Result<Chosen, EvidenceError> {
        let not_closed = || EvidenceError::NotClosed {
            period: self.span,
            until: self.record.map(|(_, last)| last),
        };
        let (first, within) = match (self.record, self.within, self.after) {
            (_, Some((first, last)), _) => (first, last),
            // Nothing of the period, but something of before and after.
            (Some((begin, _)), None, Some(after)) if begin < self.span.from => (after, after),
            (Some((begin, _)), None, None) if begin < self.span.from => return Err(not_closed()),
            (record, ..) => {
                return Err(EvidenceError::NotRecorded {
                    period: self.span,
                    since: record.map(|(first, _)| first),
                });
            }
        };
        let (last, closed) = match self.closing {
            Some(closing) => (closing, true),
            None if unfinished => (within, false),
            None => return Err(not_closed()),
        };
        Ok(Chosen {
            first,
            last,
            before: self.before,
            previous: None,
            starts: self.starts,
            closed,
            earlier: None,
        })
    }
}
