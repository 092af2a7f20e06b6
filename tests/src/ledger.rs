//! The agent's ledger, read by the documentation and not by the agent's own
//! code.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    net::IpAddr,
    path::Path,
};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use parquet::{
    file::reader::{FileReader as _, SerializedFileReader},
    record::{Field, Row},
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::wire::{Count, Exchange};

/// Every entry of a store, in order.
///
/// # Errors
/// A file cannot be read or is not as documented.
pub fn entries(store: &Path) -> Result<Vec<Value>> {
    let entries = timed(store)?.into_values();
    Ok(entries.map(|(_, entry)| entry).collect())
}

/// The period from the first start that a store has to its last end, as
/// `--period` takes it.
///
/// # Errors
/// As [`entries`], or there is no start or end.
pub fn period(store: &Path) -> Result<String> {
    let entries = timed(store)?;
    let of = |kind: &'static str| {
        let entries = entries.values();
        let of_kind = entries.filter(move |(_, entry)| entry["type"] == kind);
        of_kind.map(|(time_ns, _)| *time_ns)
    };
    let from = of("started").next().context("no start in the store")?;
    let to = of("stopped").next_back().context("no end in the store")?;
    let [from, to] = [from, to].map(|ns| Timestamp::from_nanosecond(ns.into()));
    Ok(format!("{}..{}", from?, to?))
}

/// Entries by number, each with its time in nanoseconds since 1970.
type Timed = BTreeMap<u64, (i64, Value)>;

fn timed(store: &Path) -> Result<Timed> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(store).context("read the store")? {
        let path = entry?.path();
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("weirtail") => tail(&path, &mut found)?,
            Some("parquet") => segment(&path, &mut found)?,
            _ => {}
        }
    }
    for (n, seq) in found.keys().enumerate() {
        ensure!(*seq == n as u64 + 1, "entry {} is missing", n + 1);
    }
    Ok(found)
}

/// A tail: a line, then frames of length, checksum, kind and content.
fn tail(path: &Path, found: &mut Timed) -> Result<()> {
    let bytes = fs::read(path).context("read a tail")?;
    let line = bytes.iter().position(|byte| *byte == b'\n');
    let mut rest = &bytes[line.context("no first line")? + 1..];
    let mut contexts = HashMap::new();
    while let Some((head, body)) = rest.split_at_checked(8) {
        let length = usize::try_from(u32::from_le_bytes(head[..4].try_into()?))?;
        let body = body.get(..length).context("a torn frame")?;
        match body.split_first().context("an empty frame")? {
            (b'C', context) => {
                let value: Value = serde_json::from_slice(context)?;
                contexts.insert(sha256(context), value);
            }
            (b'E', leaf) => {
                let mut leaf: Value = serde_json::from_slice(leaf)?;
                let seq = leaf["seq"].as_u64().context("no number")?;
                let mut entry = leaf["entry"].take();
                resolve(&mut entry, &contexts);
                let time = leaf["time_ns"].as_i64().context("no time")?;
                found.insert(seq, (time, entry));
            }
            _ => {}
        }
        rest = &rest[8 + length..];
    }
    Ok(())
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Puts contexts in the place of their digests.
fn resolve(value: &mut Value, contexts: &HashMap<String, Value>) {
    if let Some(context) = value
        .as_object()
        .filter(|fields| fields.len() == 1)
        .and_then(|fields| contexts.get(fields.get("sha256")?.as_str()?))
    {
        *value = context.clone();
        return;
    }
    if let Some(fields) = value.as_object_mut() {
        for (_, value) in fields {
            resolve(value, contexts);
        }
    }
}

/// A segment: rows whose columns have their place in the file's metadata.
fn segment(path: &Path, found: &mut Timed) -> Result<()> {
    let file = SerializedFileReader::new(fs::File::open(path)?)?;
    let facts = file.metadata().file_metadata().key_value_metadata();
    let layout = facts
        .and_then(|facts| {
            facts
                .iter()
                .find(|fact| fact.key == "weir.layout")?
                .value
                .as_ref()
        })
        .context("no layout")?;
    let layout: Value = serde_json::from_str(layout)?;
    for row in file.get_row_iter(None)? {
        let row = row?.to_json_value_of_columns();
        let text = |name: &str| row[name].as_str().unwrap_or_default();
        let mut entry: Value = serde_json::from_str(text("rest"))?;
        let tag = text("type");
        put(&mut entry, "/type", tag.into());
        let places = |kind: &str| layout[tag][kind].as_object().into_iter().flatten();
        for (column, at) in places("at").filter(|(column, _)| !row[*column].is_null()) {
            put(
                &mut entry,
                at.as_str().unwrap_or_default(),
                row[column].clone(),
            );
        }
        for (column, sum) in places("sums") {
            if let (Some(before), Some(more)) = (
                row[column].as_i64(),
                row[sum["add"].as_str().unwrap_or_default()].as_i64(),
            ) {
                let at = sum["at"].as_str().unwrap_or_default();
                put(&mut entry, at, (before + more).into());
            }
        }
        for (column, at) in places("contexts").filter(|(column, _)| !row[*column].is_null()) {
            let context = serde_json::from_str(text(column))?;
            put(&mut entry, at.as_str().unwrap_or_default(), context);
        }
        let seq = row["seq"].as_u64().context("no number")?;
        let time = row["time"].as_i64().context("no time")?;
        found.insert(seq, (time, entry));
    }
    Ok(())
}

trait Columns {
    fn to_json_value_of_columns(&self) -> Value;
}

impl Columns for Row {
    /// Texts and integers, the only ones that there are; times as integers.
    fn to_json_value_of_columns(&self) -> Value {
        self.get_column_iter()
            .map(|(name, field)| {
                let value = match field {
                    Field::Str(text) => text.as_str().into(),
                    Field::Long(number) => (*number).into(),
                    Field::TimestampMicros(us) => (us * 1000).into(),
                    Field::TimestampMillis(ms) => (ms * 1_000_000).into(),
                    _ => Value::Null,
                };
                (name.clone(), value)
            })
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

/// Puts a value at a JSON pointer, with the objects on the way to it.
fn put(root: &mut Value, pointer: &str, value: Value) {
    let place = pointer
        .split('/')
        .skip(1)
        .fold(root, |place, key| &mut place[key]);
    *place = value;
}

/// Everything that the workload at `cgroup_path` exchanged with an address,
/// summed over all entries.
pub fn exchanged(entries: &[Value], cgroup_path: &str, address: IpAddr) -> Exchange {
    let mut sum = Exchange {
        egress: Count::default(),
        ingress: Count::default(),
    };
    for entry in entries.iter().filter(|entry| entry["type"] == "flow") {
        let attributed = &entry["judged"]["flow"]["flow"]["flow"];
        let of_workload = attributed["workload"]["cgroup_path"] == cgroup_path;
        if of_workload && attributed["record"]["address"] == address.to_string() {
            let count = |name: &str| entry["counters"][name].as_u64().unwrap_or(0);
            sum.egress.bytes += count("egress_bytes");
            sum.egress.packets += count("egress_packets");
            sum.ingress.bytes += count("ingress_bytes");
            sum.ingress.packets += count("ingress_packets");
        }
    }
    sum
}
