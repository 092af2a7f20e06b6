//! Makes entries of rows.
//!
//! Intervals of one flow differ in numbers. What they have in common is made of the first
//! row that has it, and kept; of the others, only the numbers are put in.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use jiff::Timestamp;
use serde_json::{Value, json};
use weir_ledger::{COLUMNS, Kind, Row, column};

use super::{Entry, FlowInterval};
use crate::record::{Counters, FlowId};

/// Flows that are kept at most; each takes some 4 kB.
const MOST: usize = 16_384;

/// Columns whose values differ between intervals of a flow.
const NUMBERS: [&str; 13] = [
    "egress_bytes",
    "egress_packets",
    "ingress_bytes",
    "ingress_packets",
    "before_egress_bytes",
    "before_egress_packets",
    "before_ingress_bytes",
    "before_ingress_packets",
    "flow",
    "slot",
    "first_ns",
    "last_ns",
    "attempts",
];

/// What a row has in common with others: places of its texts, and its other integers.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Case {
    texts: Vec<u32>,
    integers: Vec<Option<i64>>,
}

/// Makes entries, and keeps what they have in common.
#[derive(Debug)]
pub(super) struct Typed {
    /// Columns of [`NUMBERS`].
    numbers: [usize; NUMBERS.len()],
    /// The other columns of texts, and of integers.
    texts: Vec<usize>,
    integers: Vec<usize>,
    /// The batch whose rows are kept.
    batch: u64,
    kept: HashMap<Case, Entry, RandomState>,
    /// Of the row at hand; again and again the same memory.
    case: Case,
}

impl Typed {
    pub(super) fn new() -> Self {
        let others = |of: fn(Kind) -> bool| {
            let places = COLUMNS.iter().enumerate().filter(move |(_, column)| {
                of(column.kind) && !NUMBERS.contains(&column.name) && column.name != "seq"
            });
            places.map(|(place, _)| place).collect()
        };
        Self {
            numbers: NUMBERS.map(|name| column(name).unwrap_or(usize::MAX)),
            texts: others(|kind| !matches!(kind, Kind::Int | Kind::Time)),
            integers: others(|kind| kind == Kind::Int),
            batch: 0,
            kept: HashMap::default(),
            case: Case {
                texts: Vec::new(),
                integers: Vec::new(),
            },
        }
    }

    /// Gives the time and the entry of a row; what is withheld of it is unknown.
    ///
    /// # Errors
    /// Why the row is none.
    pub(super) fn give(
        &mut self,
        row: &Row<'_>,
        take: impl FnOnce(Timestamp, &Entry),
    ) -> Result<(), String> {
        let time =
            Timestamp::from_nanosecond(row.time_ns.into()).map_err(|error| error.to_string())?;
        let numbers = match row.tag() {
            "flow" => Numbers::of(row, &self.numbers),
            _ => None,
        };
        let Some(numbers) = numbers else {
            take(time, &typed(row)?);
            return Ok(());
        };
        if self.batch != row.batch() {
            self.batch = row.batch();
            self.kept.clear();
        }
        self.case.texts.clear();
        let texts = self.texts.iter().map(|column| row.place(*column));
        self.case.texts.extend(texts);
        self.case.integers.clear();
        let integers = self.integers.iter().map(|column| row.integer(*column));
        self.case.integers.extend(integers);
        if let Some(entry) = self.kept.get_mut(&self.case) {
            if let Entry::Flow(interval) = entry {
                numbers.put(interval);
            }
            take(time, entry);
            return Ok(());
        }
        let entry = typed(row)?;
        take(time, &entry);
        if self.kept.len() < MOST {
            let case = Case {
                texts: self.case.texts.clone(),
                integers: self.case.integers.clone(),
            };
            self.kept.insert(case, entry);
        }
        Ok(())
    }
}

/// The numbers of an interval.
struct Numbers {
    counters: Counters,
    sums: Counters,
    id: FlowId,
    slot: u32,
    first_ns: u64,
    last_ns: u64,
    attempts: u32,
}

impl Numbers {
    /// `None` where one of them stands elsewhere, as what is odd does.
    fn of(row: &Row<'_>, columns: &[usize; NUMBERS.len()]) -> Option<Self> {
        let mut values = [0_u64; NUMBERS.len()];
        for (value, column) in values.iter_mut().zip(columns) {
            *value = u64::try_from(row.integer(*column)?).ok()?;
        }
        let [
            egress_bytes,
            egress_packets,
            ingress_bytes,
            ingress_packets,
            before_egress_bytes,
            before_egress_packets,
            before_ingress_bytes,
            before_ingress_packets,
            id,
            slot,
            first_ns,
            last_ns,
            attempts,
        ] = values;
        Some(Self {
            counters: Counters {
                egress_bytes,
                egress_packets,
                ingress_bytes,
                ingress_packets,
            },
            sums: Counters {
                egress_bytes: before_egress_bytes.checked_add(egress_bytes)?,
                egress_packets: before_egress_packets.checked_add(egress_packets)?,
                ingress_bytes: before_ingress_bytes.checked_add(ingress_bytes)?,
                ingress_packets: before_ingress_packets.checked_add(ingress_packets)?,
            },
            id: FlowId(id),
            slot: u32::try_from(slot).ok()?,
            first_ns,
            last_ns,
            attempts: u32::try_from(attempts).ok()?,
        })
    }

    fn put(self, interval: &mut FlowInterval) {
        interval.counters = self.counters;
        interval.slot = self.slot;
        let record = &mut interval.judged.flow.flow.flow.record;
        record.id = self.id;
        record.first_ns = self.first_ns;
        record.last_ns = self.last_ns;
        record.attempts = self.attempts;
        record.counters = self.sums;
    }
}

/// The entry of a row, by way of JSON.
fn typed(row: &Row<'_>) -> Result<Entry, String> {
    let mut entry = row.entry().ok_or("it is none")?;
    if row.tag() == "flow" {
        stand_in(&mut entry, row.text("workload"));
    }
    serde_json::from_value(entry).map_err(|error| error.to_string())
}

/// Puts what is known in the place of what is withheld: a pseudonym, and nothing.
fn stand_in(entry: &mut Value, workload: Option<&str>) {
    let Some(attributed) = entry.pointer_mut("/judged/flow/flow/flow") else {
        return;
    };
    let withheld = |value: &Value| {
        let fields = value.as_object();
        fields.is_some_and(|fields| fields.len() == 1 && fields.contains_key("sha256"))
    };
    if withheld(&attributed["workload"]) {
        let name = workload.unwrap_or("withheld");
        attributed["workload"] = json!({ "kind": "unknown", "name": name, "unknown": "withheld" });
    }
    if withheld(&attributed["executable"]) {
        attributed["executable"] = json!({ "unknown": "withheld" });
    }
    if withheld(&attributed["record"]["process"]) {
        attributed["record"]["process"] = Value::Null;
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::{
        history::sample::{self, With as _},
        ledger::{Ledger, Options, Source as _},
    };

    /// Usual numbers, and such as have no room in a column.
    fn number() -> impl Strategy<Value = u64> {
        prop_oneof![0..5_u64, Just(u64::MAX), Just(u64::MAX / 2 - 7)]
    }

    fn interval() -> impl Strategy<Value = FlowInterval> {
        let numbers = prop::array::uniform8(number());
        (0..3_u8, any::<u32>(), 0..3_u32, numbers).prop_map(|(kind, slot, attempts, numbers)| {
            let mut flow = match kind {
                0 => sample::flow(1, 10),
                1 => sample::flow(1, 10).to("203.0.113.9", 8443),
                _ => sample::flow(2, 10).of("other.service", Some("other")),
            };
            let [a, b, c, d, first_ns, last_ns, id, sum] = numbers;
            flow.counters = Counters {
                egress_bytes: a,
                egress_packets: b,
                ingress_bytes: c,
                ingress_packets: d,
            };
            flow.slot = slot;
            let record = &mut flow.judged.flow.flow.flow.record;
            (record.first_ns, record.last_ns, record.attempts) = (first_ns, last_ns, attempts);
            record.id = FlowId(id);
            record.counters = Counters {
                egress_bytes: sum,
                ..flow.counters
            };
            flow
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Entries that are put together are those that were written, sealed or not.
        #[test]
        fn entries_of_rows_are_those_that_were_written(
            flows in prop::collection::vec(interval(), 1..40),
            seals in any::<bool>(),
        ) {
            let store = tempfile::tempdir().unwrap();
            let time = sample::time("2026-11-01T00:00:00Z");
            let options = Options {
                seal_age_ns: if seals { 0 } else { i64::MAX },
                background: false,
                ..Options::default()
            };
            let mut ledger = Ledger::open_with(store.path(), time, options).unwrap();
            let mut wanted = Vec::new();
            for flow in flows {
                let entry = Entry::Flow(Box::new(flow));
                ledger.append(time, entry.clone()).unwrap();
                wanted.push(entry);
            }
            ledger.flush().unwrap();
            let mut found = Vec::new();
            store.path().each(&mut |_, _, entry| {
                if matches!(entry, Entry::Flow(_)) {
                    found.push(entry.clone());
                }
            }).unwrap();
            prop_assert_eq!(found, wanted);
        }
    }
}
