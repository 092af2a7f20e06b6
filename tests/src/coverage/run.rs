//! Sends by every way and compares what both layers recorded with the wire.

use std::{collections::BTreeMap, net::IpAddr};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Expect, WAYS, Way};
use crate::{
    agent::Settings,
    cgroup::Unit,
    ledger,
    record::Flow,
    stage::{PORTS, SILENT, Stage, ended_well},
    tool::ip,
    wire::{Count, Key},
    world::Host,
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

/// Sends by every way of the catalogue, one after the other, past one agent.
///
/// # Errors
/// The stage or the agent failed. That the traffic of one way did not go as described is an
/// error of that way; that the record differs is none: see [`Outcome::check`].
pub fn run_all() -> Result<Vec<(&'static Way, Result<Outcome>)>> {
    let stage = Stage::new()?;
    let everywhere = everywhere(&stage)?;
    let wire = everywhere.wire()?;
    prepare(&stage, &everywhere)?;
    let settings = Settings {
        // The canary is not what sends here.
        extra: vec!["--self-test".into(), "off".into()],
        ..stage.settings()?
    };
    let agent = stage.agent_on_app(&settings)?;
    let unit = stage.unit(UNIT)?.keep();
    let sent: Vec<_> = WAYS.iter().map(|way| send(way, &stage, &unit)).collect();
    stage.closed()?;
    let wire = wire.settled()?;
    let ended = agent.stop()?;
    ended_well(&ended)?;
    let entries = ledger::entries(&settings.store)?;
    let found = WAYS.iter().zip(sent).map(|(way, sent)| {
        let outcome = sent.and_then(|()| {
            let to: IpAddr = way.to.parse().context("destination")?;
            let mut outcome = on_wire(&wire, to, way.protocol);
            by_sockets(&mut outcome, &ended.flows, way, (to, &unit.cgroup_path()));
            by_uplinks(&mut outcome, &entries, to, way.protocol);
            Ok(outcome)
        });
        (way, outcome.with_context(|| way.id))
    });
    Ok(found.collect())
}

/// A host that has the destinations of all ways but those where nobody is.
fn everywhere(stage: &Stage) -> Result<Host> {
    let mut addresses = Vec::new();
    for way in WAYS {
        let to: IpAddr = way.to.parse().context("destination")?;
        let served =
            way.to.starts_with("198.51.100.") || way.to.starts_with("203.0.113.") || to.is_ipv6();
        if served && way.to != SILENT {
            addresses.push(to);
        }
    }
    let host = stage.world.host("everywhere", &addresses)?;
    let unit = stage.slice.unit("everywhere.service")?.keep();
    stage.serve_in(&unit, &host, &PORTS)?;
    Ok(host)
}

fn send(way: &Way, stage: &Stage, unit: &Unit) -> Result<()> {
    let line = way.filled();
    match line.strip_prefix('!') {
        None => drop(unit.traffic(&stage.app, &line)?),
        Some(line) => {
            let words: Vec<_> = line.split(' ').collect();
            let mut command = unit.command(Some(&stage.app), &words)?;
            // Nobody answers: its exit code says so and nothing else.
            command.output().with_context(|| format!("run {line}"))?;
        }
    }
    Ok(())
}

fn on_wire(counts: &BTreeMap<Key, Count>, to: IpAddr, protocol: u8) -> Outcome {
    let mut outcome = Outcome {
        workload: UNIT.to_owned(),
        wire: Count::default(),
        socket: Count::default(),
        uplink: Count::default(),
        unseen: Count::default(),
        answers: (Count::default(), Count::default()),
    };
    for (key, count) in counts {
        if key.protocol != protocol {
            continue;
        }
        if key.destination.ip() == to {
            outcome.wire = outcome.wire + *count;
        } else if key.source.ip() == to {
            outcome.answers.0 = outcome.answers.0 + *count;
        }
    }
    outcome
}

fn by_sockets(outcome: &mut Outcome, flows: &[Flow], way: &Way, (to, path): (IpAddr, &str)) {
    let ours = flows.iter().filter(|flow| {
        flow.workload.cgroup_path.as_deref() == Some(path)
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
}

fn by_uplinks(outcome: &mut Outcome, entries: &[Value], to: IpAddr, protocol: u8) {
    for entry in entries {
        let record = &entry["record"];
        if entry["type"] == "uplink"
            && record["address"] == to.to_string()
            && record["protocol"] == protocol
        {
            let count = |name: &str| entry["counters"][name].as_u64().unwrap_or(0);
            outcome.uplink.bytes += count("egress_bytes");
            outcome.uplink.packets += count("egress_packets");
        }
    }
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
fn prepare(stage: &Stage, everywhere: &Host) -> Result<()> {
    let set = |name: &'static str, value: &'static str| {
        move || {
            let path = format!("/proc/sys/net/{name}");
            std::fs::write(&path, value).with_context(|| format!("write {path}"))
        }
    };
    // Ping sockets for everyone; Fast Open without a cookie, at both ends.
    stage
        .app
        .within(set("ipv4/ping_group_range", "0 2147483647"))?;
    stage.app.within(set("ipv4/tcp_fastopen", "5"))?;
    everywhere.within(set("ipv4/tcp_fastopen", "1539"))?;
    // Nor is a neighbour asked again who has once answered: that would be ICMPv6 to where
    // ICMPv6 is sent.
    for host in [&stage.app, everywhere] {
        host.within(set("ipv6/neigh/eth0/delay_first_probe_time", "3600"))?;
    }
    let netns = stage.app.netns().file_name().context("name of the host")?;
    let netns = netns.to_string_lossy();
    for route in ["239.0.0.0/8", "broadcast 10.77.255.255"] {
        ip(&format!("-n {netns} route add {route} dev eth0"))?;
    }
    Ok(())
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
