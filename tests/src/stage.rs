//! The stage on which most scenarios play: a host for the workloads, a peer with
//! addresses in several countries, a counter on the wire, an agent.

use std::{
    io::{BufRead, BufReader},
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    process::Child,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    agent::{Agent, Ended, PATIENCE, Settings},
    cgroup::{Slice, Unit},
    geo, pins,
    record::Flow,
    run::Run,
    traffic::{Protocol, Report},
    wire::{Exchange, Wire, any_port},
    world::{Host, Offloads, World},
};

/// Internal peer, by `platform.toml`.
pub const INTERNAL: &str = "10.77.0.20";
/// The same over IPv6.
pub const INTERNAL_V6: &str = "2001:db8:77::20";
/// Peer in Germany.
pub const GERMANY: &str = "198.51.100.9";
/// The same over IPv6.
pub const GERMANY_V6: &str = "2001:db8:1::9";
/// Peer in Norway.
pub const NORWAY: &str = "198.51.100.129";
/// Peer in the United States, declared by nobody.
pub const OVERSEAS: &str = "203.0.113.9";
/// The same over IPv6.
pub const OVERSEAS_V6: &str = "2001:db8:2::9";
/// Peer in the United States that image generation declares.
pub const OVERSEAS_DECLARED: &str = "203.0.113.40";
/// Peer in the United States whose declaration admits only the EEA.
pub const OVERSEAS_PROMISED: &str = "203.0.113.50";
/// Peer in no country that the database knows.
pub const NOWHERE: &str = "203.0.113.200";
/// Address on the wire that never answers.
pub const SILENT: &str = "203.0.113.66";

const PEERS: [&str; 10] = [
    INTERNAL,
    INTERNAL_V6,
    GERMANY,
    GERMANY_V6,
    NORWAY,
    OVERSEAS,
    OVERSEAS_V6,
    OVERSEAS_DECLARED,
    OVERSEAS_PROMISED,
    NOWHERE,
];

/// Ports at which the peer serves, on TCP and UDP.
pub const PORTS: [u16; 3] = [53, 443, 8080];

/// Addresses of the host of the workloads.
pub const APP: [&str; 2] = ["10.77.0.10", "2001:db8:77::10"];

/// A built stage. Everything on it goes when it is dropped.
#[derive(Debug)]
pub struct Stage {
    /// Where the workloads run.
    pub app: Host,
    /// Where they connect to.
    pub peer: Host,
    /// Counter at the peer's interface.
    pub wire: Wire,
    /// Slice of all units.
    pub slice: Slice,
    /// The wire that `app` and `peer` are on.
    pub world: World,
    /// The run, dropped last.
    pub run: Run,
}

impl Stage {
    /// Builds it with frames of one packet each.
    ///
    /// # Errors
    /// The host lacks a tool or a right; the error says which.
    pub fn new() -> Result<Self> {
        Self::with(Offloads::Off)
    }

    /// Builds it.
    ///
    /// # Errors
    /// As [`Stage::new`].
    pub fn with(offloads: Offloads) -> Result<Self> {
        let run = Run::start()?;
        let world = World::new(&run, offloads)?;
        let app = world.host("app", &addresses(&APP)?)?;
        let peer = world.host("peer", &addresses(&PEERS)?)?;
        app.neighbour(SILENT)?;
        let slice = Slice::new(&run)?;
        geo::write(&run.directory().join("country.mmdb"))?;
        let wire = peer.wire()?;
        let stage = Self {
            app,
            peer,
            wire,
            slice,
            world,
            run,
        };
        stage.serve(&stage.peer, &PORTS)?;
        Ok(stage)
    }

    /// Serves TCP and UDP at every address of `host`, until the stage is dropped.
    ///
    /// # Errors
    /// A port is taken.
    pub fn serve(&self, host: &Host, ports: &[u16]) -> Result<()> {
        // Kept out of the way of the products' units, and killed with the slice.
        self.serve_in(&self.slice.unit("peer.service")?.keep(), host, ports)
    }

    /// Serves the same as a process of `unit`, until the unit is dropped.
    ///
    /// # Errors
    /// A port is taken.
    pub fn serve_in(&self, unit: &Unit, host: &Host, ports: &[u16]) -> Result<()> {
        let addresses: Vec<String> = host.addresses().iter().map(IpAddr::to_string).collect();
        let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
        let line = format!(
            "serve --listen {} --ports {}",
            addresses.join(","),
            ports.join(",")
        );
        // Its input stays open until this process ends.
        std::mem::forget(wait_ready(unit.start(host, &line)?)?);
        Ok(())
    }

    /// Makes a unit in the run's slice.
    ///
    /// # Errors
    /// The cgroup cannot be made.
    pub fn unit(&self, name: &str) -> Result<Unit> {
        self.slice.unit(name)
    }

    /// What to start the agent with: the test allowlists and country database.
    ///
    /// # Errors
    /// Its directories cannot be made.
    pub fn settings(&self) -> Result<Settings> {
        let directory = self.run.directory();
        let made = |name: &str| -> Result<PathBuf> {
            let path = directory.join(name);
            std::fs::create_dir_all(&path).with_context(|| format!("make {}", path.display()))?;
            Ok(path)
        };
        Ok(Settings {
            allowlists: fixtures().join("allowlists"),
            ip_db: directory.join("country.mmdb"),
            ip_data: made("ipdata")?,
            store: made("store")?,
            runtime_dir: made("runtime")?,
            sweep_interval: "100ms".into(),
            pin: "off".into(),
            extra: Vec::new(),
            config: None,
            variables: Vec::new(),
            time: None,
        })
    }

    /// As [`Stage::settings`], with everything pinned, so that recording goes on
    /// without the agent.
    ///
    /// # Errors
    /// No BPF filesystem can be mounted.
    pub fn pinned_settings(&self) -> Result<Settings> {
        let directory = pins::directory(&self.run)?;
        Ok(Settings {
            pin: directory.to_string_lossy().into_owned(),
            ..self.settings()?
        })
    }

    /// Starts an agent that sweeps often.
    ///
    /// # Errors
    /// It does not start.
    pub fn agent(&self) -> Result<Agent> {
        self.agent_with(&self.settings()?)
    }

    /// Starts an agent that does not sweep by itself before a test has ended:
    /// what it reports, it read while it stopped.
    ///
    /// # Errors
    /// It does not start.
    pub fn idle_agent(&self) -> Result<Agent> {
        self.agent_with(&Settings {
            sweep_interval: "60s".into(),
            ..self.settings()?
        })
    }

    /// Starts an agent with given settings.
    ///
    /// # Errors
    /// It does not start.
    pub fn agent_with(&self, settings: &Settings) -> Result<Agent> {
        Agent::start(&self.slice.unit("weir.service")?.keep(), settings)
    }

    /// Starts an agent on the app's host, which leads off by its wire.
    ///
    /// # Errors
    /// It does not start.
    pub fn agent_on_app(&self, settings: &Settings) -> Result<Agent> {
        let settings = Settings {
            extra: [
                settings.extra.clone(),
                vec!["--uplink".into(), "eth0".into()],
            ]
            .concat(),
            ..settings.clone()
        };
        self.agent_finding_uplinks(&settings)
    }

    /// Starts an agent on the app's host, which finds by itself what leads off.
    ///
    /// # Errors
    /// It does not start.
    pub fn agent_finding_uplinks(&self, settings: &Settings) -> Result<Agent> {
        let unit = self.slice.unit("weir.service")?.keep();
        Agent::start_on(Some(&self.app), &unit, settings)
    }

    /// Waits until no connection of the app's host is being closed.
    ///
    /// # Errors
    /// One does not close in time.
    pub fn closed(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while self.app.closing()? {
            ensure!(Instant::now() < deadline, "a connection does not close");
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// What the sender of `report` exchanged with `to`, as the wire has it.
    ///
    /// # Errors
    /// The wire does not fall silent, or its counter lost packets.
    pub fn on_wire(&self, report: &Report, to: SocketAddr, protocol: Protocol) -> Result<Exchange> {
        self.closed()?;
        let local = report.local.map(|local| local.ip().to_canonical());
        let local = match local.filter(|local| !local.is_unspecified()) {
            Some(local) => local,
            None => addresses(&APP)?
                .into_iter()
                .find(|address| address.is_ipv4() == to.ip().to_canonical().is_ipv4())
                .context("no address of that family")?,
        };
        let to = SocketAddr::new(to.ip().to_canonical(), to.port());
        self.wire.exchange(any_port(local), to, protocol)
    }
}

/// Asserts that the record of one flow equals what was on the wire, to the byte.
///
/// # Errors
/// It does not, or nothing was on the wire.
pub fn balances(flow: &Flow, wire: &Exchange) -> Result<()> {
    ensure!(
        wire.egress.packets > 0,
        "nothing was on the wire for {flow}"
    );
    let record = (
        flow.egress_bytes,
        flow.egress_packets,
        flow.ingress_bytes,
        flow.ingress_packets,
    );
    let counted = (
        wire.egress.bytes,
        wire.egress.packets,
        wire.ingress.bytes,
        wire.ingress.packets,
    );
    if record != counted {
        bail!("(egress, packets, ingress, packets): record {record:?}, wire {counted:?}; {flow}");
    }
    Ok(())
}

/// Asserts the end of an agent in which nothing was lost, and that its sums are
/// those of its flows.
///
/// # Errors
/// It did not end so.
pub fn ended_well(ended: &Ended) -> Result<()> {
    ensure!(
        ended.code == Some(0),
        "exit {:?}: {}",
        ended.code,
        ended.stderr
    );
    let stopped = ended.stopped.as_ref().context("no `stopped` line")?;
    let lost: Vec<_> = stopped
        .losses
        .iter()
        .filter(|(_, count)| **count > 0)
        .collect();
    ensure!(lost.is_empty(), "losses: {lost:?}");
    let sums = (
        stopped.flows,
        ended
            .flows
            .iter()
            .map(|flow| flow.egress_bytes)
            .sum::<u64>(),
        ended
            .flows
            .iter()
            .map(|flow| flow.ingress_bytes)
            .sum::<u64>(),
    );
    ensure!(
        sums == (
            ended.flows.len() as u64,
            stopped.egress_bytes,
            stopped.ingress_bytes
        ),
        "`stopped` says {stopped:?}; its flows say {sums:?}"
    );
    for (verdict, count) in &stopped.verdicts {
        let flows = ended
            .flows
            .iter()
            .filter(|flow| flow.verdict == *verdict)
            .count() as u64;
        ensure!(
            flows == *count,
            "{flows} flows are {verdict}; `stopped` says {count}"
        );
    }
    Ok(())
}

/// Directory of the test's own files.
pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

pub(crate) fn addresses(texts: &[&str]) -> Result<Vec<IpAddr>> {
    texts
        .iter()
        .map(|text| text.parse().with_context(|| format!("address {text}")))
        .collect()
}

pub(crate) fn wait_ready(mut child: Child) -> Result<Child> {
    let mut first = String::new();
    let stdout = child.stdout.as_mut().context("server without a pipe")?;
    BufReader::new(stdout)
        .read_line(&mut first)
        .context("server's first line")?;
    ensure!(first.trim() == "ready", "the server did not start");
    Ok(child)
}
