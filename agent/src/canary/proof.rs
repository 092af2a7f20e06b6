//! Compares what the canary sent with what was recorded of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::send::{Sent, Tried, WAYS};
use crate::{
    kernel::{Capture, CaptureError, Clock},
    record::{Direction, Protocol, Scope, Seen, Sweeper},
};

/// A layer that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Where sockets send.
    Sockets,
    /// Where packets leave.
    Uplink,
}

/// What became of a way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Both layers recorded what they should have.
    Recorded,
    /// They did not: how.
    Missed(String),
    /// Nothing could be sent: why.
    Failed(String),
    /// Nobody can send by it on this host: why.
    Absent(String),
}

/// What is known of a way after the canary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Name of the way.
    pub way: String,
    /// IP bytes sent; of TCP, the payload only.
    pub sent: u64,
    /// IP bytes by the socket layer.
    pub sockets: u64,
    /// IP bytes by the uplink layer.
    pub uplink: u64,
    /// What became of it.
    pub outcome: Outcome,
}

impl Proof {
    /// Whether nothing leaves by the way unrecorded.
    pub fn holds(&self) -> bool {
        matches!(self.outcome, Outcome::Recorded | Outcome::Absent(_))
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Recorded => write!(f, "{}: recorded", self.way),
            Outcome::Missed(how) => write!(f, "{}: {how}", self.way),
            Outcome::Absent(why) => write!(f, "{}: {why}", self.way),
            Outcome::Failed(why) => write!(f, "{}: could not be sent: {why}", self.way),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counted {
    bytes: u64,
    packets: u64,
}

/// Compares with the record at work, each way for itself.
///
/// # Errors
/// The kernel's, if the record cannot be read.
pub fn prove(capture: &Capture, cgroup: u64, tried: &[Tried]) -> Result<Vec<Proof>, CaptureError> {
    let clock = Clock::read().map_err(|error| CaptureError::System("a clock", error.into()))?;
    let seen: Vec<_> = Sweeper::default()
        .sweep(capture, &clock)?
        .into_iter()
        .map(|observation| observation.seen)
        .collect();
    Ok(WAYS
        .iter()
        .zip(tried)
        .map(|(way, tried)| {
            let nothing = |outcome| Proof {
                way: way.name.to_owned(),
                sent: 0,
                sockets: 0,
                uplink: 0,
                outcome,
            };
            match tried {
                Tried::Sent(sent) => compare(sent, cgroup, &seen),
                Tried::Failed(why) => nothing(Outcome::Failed(why.clone())),
                Tried::Absent(why) => nothing(Outcome::Absent(why.clone())),
            }
        })
        .collect())
}

fn compare(sent: &Sent, cgroup: u64, seen: &[Seen]) -> Proof {
    let protocol = Protocol(sent.protocol);
    let (mut sockets, mut uplink) = (Counted::default(), Counted::default());
    for one in seen {
        let (of, counters) = match one {
            Seen::Flow(flow)
                if flow.scope == Scope::Exact
                    && flow.direction == Direction::Outbound
                    && (flow.cgroup.0, flow.address, flow.protocol)
                        == (cgroup, sent.to, protocol) =>
            {
                (&mut sockets, &flow.counters)
            }
            Seen::Uplink(record)
                if !record.folded
                    && (record.cgroup.0, record.address, record.protocol)
                        == (cgroup, sent.to, protocol) =>
            {
                (&mut uplink, &record.counters)
            }
            _ => continue,
        };
        of.bytes += counters.egress_bytes;
        of.packets += counters.egress_packets;
    }
    let wrong: Vec<_> = [
        (Layer::Sockets, sockets, sent.socket),
        (Layer::Uplink, uplink, true),
    ]
    .into_iter()
    .filter_map(|(layer, counted, expected)| wrong(layer, counted, expected, sent))
    .chain((sent.socket && sockets != uplink).then(|| "the layers differ".to_owned()))
    .collect();
    Proof {
        way: sent.way.clone(),
        sent: sent.bytes,
        sockets: sockets.bytes,
        uplink: uplink.bytes,
        outcome: if wrong.is_empty() {
            Outcome::Recorded
        } else {
            Outcome::Missed(wrong.join("; "))
        },
    }
}

fn wrong(layer: Layer, counted: Counted, expected: bool, sent: &Sent) -> Option<String> {
    let name = match layer {
        Layer::Sockets => "the socket layer",
        Layer::Uplink => "the uplink layer",
    };
    let right = match sent.packets {
        _ if !expected => counted == Counted::default(),
        Some(packets) => (counted.bytes, counted.packets) == (sent.bytes, packets),
        // Headers and acknowledgements come on top.
        None => counted.bytes > sent.bytes,
    };
    (!right).then(|| {
        format!(
            "{name} has {} bytes in {} packets of {}",
            counted.bytes, counted.packets, sent.bytes
        )
    })
}
