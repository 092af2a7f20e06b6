//! Sends by one way and compares what both layers recorded with the wire.

use std::net::IpAddr;

use anyhow::{Context, Result, ensure};

use super::{Expect, Way};
use crate::{
    agent::Settings,
    ledger,
    stage::{Stage, ended_well},
    tool::ip,
    wire::Count,
};

const ICMPV6: u8 = 58;

/// The unit that sends.
const UNIT: &str = "image-generation.service";

/// Counts of one layer.
pub type Seen = Count;

/// What a way left in the record.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Workload, as the record has it.
    pub workload: String,
    /// On the wire.
    pub wire: Count,
    /// By the socket layer, in the unit's name.
    pub socket: Count,
    /// By the uplink layer.
    pub uplink: Count,
    /// Unseen by sockets, and given to the unit.
    pub unseen: Count,
    /// What came back: on the wire, and by the socket layer.
    pub answers: (Count, Count),
}

/// Sends by a way.
///
/// # Errors
/// The traffic did not go as described, or the agent failed. That the record
/// differs is no error: see [`Outcome::check`].
pub fn run(way: &Way) -> Result<Outcome> {
    let stage = Stage::new()?;
    prepare(&stage)?;
    let settings = Settings {
        // The canary is not what sends here, and its keeper is one process more to start, which
        // takes an emulator seconds for each way.
        extra: vec!["--self-test".into(), "off".into()],
        ..stage.settings()?
    };
    let agent = stage.agent_on_app(&settings)?;
    let unit = stage.unit(UNIT)?.keep();
    match way.line.strip_prefix('!') {
        None => drop(unit.traffic(&stage.app, way.line)?),
        Some(line) => {
            let words: Vec<_> = line.split(' ').collect();
            let mut command = unit.command(Some(&stage.app), &words)?;
            // Nobody answers: its exit code says so and nothing else.
            command.output().with_context(|| format!("run {line}"))?;
        }
    }
    let to: IpAddr = way.to.parse().context("destination")?;
    let (wire, answered) = on_wire(&stage, to, way.protocol)?;
    let ended = agent.stop()?;
    ended_well(&ended)?;
    let path = unit.cgroup_path();
    let mut outcome = Outcome {
        workload: UNIT.to_owned(),
        wire,
        socket: Count::default(),
        uplink: Count::default(),
        unseen: Count::default(),
        answers: (answered, Count::default()),
    };
    let ours = ended.flows.iter().filter(|flow| {
        flow.workload.cgroup_path.as_deref() == Some(&path)
            && flow.destination.address == to
            && number(&flow.destination.protocol) == Some(way.protocol)
            && (flow.direction == "inbound") == way.inbound
    });
    for flow in ours {
        let sent = Count {
            bytes: flow.egress_bytes,
            packets: flow.egress_packets,
        };
        if flow.scope == "unseen" {
            outcome.unseen = outcome.unseen + sent;
        } else {
            outcome.socket = outcome.socket + sent;
            outcome.answers.1.bytes += flow.ingress_bytes;
            outcome.answers.1.packets += flow.ingress_packets;
        }
    }
    for entry in ledger::entries(&settings.store)? {
        let record = &entry["record"];
        if entry["type"] == "uplink"
            && record["address"] == to.to_string()
            && record["protocol"] == way.protocol
        {
            let count = |name: &str| entry["counters"][name].as_u64().unwrap_or(0);
            outcome.uplink.bytes += count("egress_bytes");
            outcome.uplink.packets += count("egress_packets");
        }
    }
    Ok(outcome)
}

impl Outcome {
    /// Compares with what the way should have left.
    ///
    /// # Errors
    /// Says what differs.
    pub fn check(&self, way: &Way) -> Result<()> {
        ensure!(self.wire.packets > 0, "{}: nothing was sent", way.id);
        ensure!(
            self.uplink == self.wire,
            "{}: the uplink layer differs from the wire: {self:?}",
            way.id
        );
        let (sockets, unseen) = match way.expect {
            Expect::Both => (self.socket == self.wire, Count::default()),
            Expect::Fragments => (
                self.socket.bytes < self.wire.bytes && self.socket.packets < self.wire.packets,
                Count::default(),
            ),
            Expect::UplinkOnly => (self.socket == Count::default(), self.wire),
        };
        ensure!(
            sockets,
            "{}: the socket layer differs from the wire: {self:?}",
            way.id
        );
        ensure!(self.unseen == unseen, "{}: unseen: {self:?}", way.id);
        let (answered, recorded) = self.answers;
        ensure!(
            // Neighbours are found by ICMPv6 too.
            answered == recorded || way.expect != Expect::Both || way.protocol == ICMPV6,
            "{}: answers differ from the wire: {self:?}",
            way.id
        );
        Ok(())
    }
}

/// What some ways need of the kernel, within the two hosts only.
fn prepare(stage: &Stage) -> Result<()> {
    let set = |name: &'static str, value: &'static str| {
        move || {
            let path = format!("/proc/sys/net/ipv4/{name}");
            std::fs::write(&path, value).with_context(|| format!("write {path}"))
        }
    };
    // Ping sockets for everyone; Fast Open without a cookie, at both ends.
    stage.app.within(set("ping_group_range", "0 2147483647"))?;
    stage.app.within(set("tcp_fastopen", "5"))?;
    stage.peer.within(set("tcp_fastopen", "1539"))?;
    let netns = stage.app.netns().file_name().context("name of the host")?;
    let netns = netns.to_string_lossy();
    for route in ["239.0.0.0/8", "broadcast 10.77.255.255"] {
        ip(&format!("-n {netns} route add {route} dev eth0"))?;
    }
    Ok(())
}

fn on_wire(stage: &Stage, to: IpAddr, protocol: u8) -> Result<(Count, Count)> {
    stage.closed()?;
    let (mut sent, mut answered) = (Count::default(), Count::default());
    for (key, count) in stage.wire.settled()? {
        if key.protocol != protocol {
            continue;
        }
        if key.destination.ip() == to {
            sent = sent + count;
        } else if key.source.ip() == to {
            answered = answered + count;
        }
    }
    Ok((sent, answered))
}

fn number(label: &str) -> Option<u8> {
    match label {
        "icmp" => Some(1),
        "tcp" => Some(6),
        "udp" => Some(17),
        "icmpv6" => Some(ICMPV6),
        other => other.strip_prefix("ip-")?.parse().ok(),
    }
}
