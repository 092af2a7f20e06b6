//! The agent's ledger, read by the documentation and not by the agent's own
//! code.

use std::{fs, net::IpAddr, path::Path};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::wire::{Count, Exchange};

/// Every entry of a store, in order.
///
/// # Errors
/// A segment cannot be read or holds a line that is none.
pub fn entries(store: &Path) -> Result<Vec<Value>> {
    let lines = lines(store)?.into_iter();
    Ok(lines.map(|mut line| line["entry"].take()).collect())
}

/// The period from the first start that a store has to its last end, as
/// `--period` takes it.
///
/// # Errors
/// As [`entries`], or there is no start or end.
pub fn period(store: &Path) -> Result<String> {
    let lines = lines(store)?;
    let of = |kind: &'static str| {
        let lines = lines
            .iter()
            .filter(move |line| line["entry"]["type"] == kind);
        lines.filter_map(|line| line["time"].as_str())
    };
    let from = of("started").next().context("no start in the store")?;
    let to = of("stopped").next_back().context("no end in the store")?;
    Ok(format!("{from}..{to}"))
}

fn lines(store: &Path) -> Result<Vec<Value>> {
    let mut segments: Vec<_> = fs::read_dir(store)
        .context("read the store")?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "weirlog"))
        .collect();
    segments.sort();
    let mut lines = Vec::new();
    for path in segments {
        let text = fs::read_to_string(&path).context("read a segment")?;
        for line in text.lines() {
            let (_, json) = line.split_once(' ').context("a line without a checksum")?;
            lines.push(serde_json::from_str(json).context("a line of the ledger")?);
        }
    }
    Ok(lines)
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
