//! What was on the wire beside what was recorded.

use std::{collections::BTreeMap, fmt, net::IpAddr};

use serde_json::Value;

use crate::{
    traffic::Protocol,
    wire::{Count, Exchange},
};

/// Exchanges by the other side's address and by protocol.
pub(crate) type Sums = BTreeMap<(IpAddr, Protocol), Exchange>;

/// Both counts.
#[derive(Clone, Debug)]
pub struct Books {
    wire: Sums,
    record: Sums,
}

impl Books {
    /// Adds up what entries have of the destinations that were on the wire.
    pub fn of(wire: Sums, entries: &[Value]) -> Self {
        let mut record: Sums = wire.keys().map(|key| (*key, Exchange::default())).collect();
        for entry in entries.iter().filter(|entry| entry["type"] == "flow") {
            let of = &entry["judged"]["flow"]["flow"]["flow"]["record"];
            let address = of["address"].as_str().and_then(|text| text.parse().ok());
            let protocol = match of["protocol"].as_u64() {
                Some(6) => Protocol::Tcp,
                Some(17) => Protocol::Udp,
                _ => continue,
            };
            let Some(sum) = address.and_then(|address| record.get_mut(&(address, protocol))) else {
                continue;
            };
            let count = |bytes: &str, packets: &str| Count {
                bytes: entry["counters"][bytes].as_u64().unwrap_or(0),
                packets: entry["counters"][packets].as_u64().unwrap_or(0),
            };
            sum.egress = sum.egress + count("egress_bytes", "egress_packets");
            sum.ingress = sum.ingress + count("ingress_bytes", "ingress_packets");
        }
        Self { wire, record }
    }

    /// Where they differ.
    pub fn faults(&self) -> Vec<String> {
        let both = self.wire.iter().zip(&self.record);
        let differ = both.filter(|((_, wire), (_, record))| wire != record);
        differ
            .map(|(((address, protocol), wire), (_, record))| {
                let protocol = protocol.label();
                format!("{address}/{protocol}: wire {wire:?}, record {record:?}")
            })
            .collect()
    }
}

impl fmt::Display for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<20} {:>13} {:>13} {:>13} {:>13}",
            "destination", "sent, wire", "record", "got, wire", "record"
        )?;
        for (((address, protocol), wire), record) in self.wire.iter().zip(self.record.values()) {
            writeln!(
                f,
                "{:<20} {:>13} {:>13} {:>13} {:>13}",
                format!("{address}/{}", protocol.label()),
                wire.egress.bytes,
                record.egress.bytes,
                wire.ingress.bytes,
                record.ingress.bytes
            )?;
        }
        Ok(())
    }
}
