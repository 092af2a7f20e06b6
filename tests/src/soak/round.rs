//! One round of a soak.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
};

use anyhow::{Context, Result, ensure};
use nix::sys::signal::Signal;

use super::books::Sums;
use crate::{
    agent::{Agent, Settings},
    container::Image,
    record::Finding,
    room::Room,
    stage::{self, Stage},
    traffic::Protocol,
    wire::Exchange,
    world::Host,
};

/// Address of the host that containers are on.
const POD: &str = "10.77.0.11";
/// Containers and units of a round, and destinations of its storm.
const CONTAINERS: usize = 2;
const UNITS: usize = 10;
const PORTS: u16 = 3000;
/// One round in so many has a store without room.
const FULL: usize = 3;

/// What rounds are played in.
pub(super) struct World<'a> {
    stage: &'a Stage,
    image: &'a Image,
    settings: &'a Settings,
    room: &'a Room,
    pod: Host,
    full: usize,
}

impl<'a> World<'a> {
    pub(super) fn new(
        stage: &'a Stage,
        image: &'a Image,
        settings: &'a Settings,
        room: &'a Room,
    ) -> Result<Self> {
        let pod = stage
            .world
            .host("pod", &[POD.parse().context("address")?])?;
        Ok(Self {
            stage,
            image,
            settings,
            room,
            pod,
            full: 0,
        })
    }

    /// Rounds with a store without room.
    pub(super) fn full(&self) -> usize {
        self.full
    }

    /// Plays a round, and waits until its connections are closed.
    pub(super) fn play(&mut self, number: usize, agent: &Agent) -> Result<()> {
        for container in 0..CONTAINERS {
            let name = format!("soak-{number}-{container}");
            let mut container = self.image.start(&self.stage.slice, &self.pod, &name)?;
            container.traffic("tcp --to 198.51.100.129:443 --bytes 20000 --reply 90000")?;
        }
        let is_full = |one: &Finding| one.rule.as_deref() == Some("store_full");
        let filler = if number.is_multiple_of(FULL) {
            self.full += 1;
            // The gap itself opens one as well, which is closed by the next time.
            let before = agent.findings_told("opened", is_full);
            Some((self.room.fill()?, before))
        } else {
            None
        };
        for unit in 0..UNITS {
            let unit = self.stage.unit(&format!("soak-{number}-{unit}.service"))?;
            unit.traffic(&self.stage.app, "tcp --to 203.0.113.9:443 --bytes 3000")?;
        }
        self.reload(number, agent)?;
        self.stage.app.within(storm)?;
        ensure!(
            agent.metrics()?.contains("weir_open_finding"),
            "metrics are cut"
        );
        if let Some((filler, before)) = filler {
            agent.wait_for_findings("opened", is_full, before + 1)?;
            fs::remove_file(filler)?;
            agent.wait_for_gaps("store_full", self.full)?;
        }
        self.stage.closed()
    }

    /// Puts another set in force.
    fn reload(&self, number: usize, agent: &Agent) -> Result<()> {
        let file = self.settings.allowlists.join("image-generation.toml");
        let text = fs::read_to_string(&file)?;
        let text = text.lines().filter(|line| !line.starts_with("# round"));
        let text: Vec<&str> = text.collect();
        let partial = self.stage.run.directory().join("partial");
        fs::write(&partial, format!("{}\n# round {number}\n", text.join("\n")))?;
        fs::rename(partial, file)?;
        agent.signal(Signal::SIGHUP)?;
        agent.wait_for_allowlists(number).map(drop)
    }

    /// What was on the wire to each destination of a round.
    pub(super) fn wire(&self) -> Result<Sums> {
        let mut sums = Sums::new();
        let locals = [stage::APP[0], POD];
        for remote in [stage::NORWAY, stage::OVERSEAS, stage::GERMANY] {
            let remote: IpAddr = remote.parse()?;
            for protocol in [Protocol::Tcp, Protocol::Udp] {
                let sum: &mut Exchange = sums.entry((remote, protocol)).or_default();
                for local in locals {
                    let local = SocketAddr::new(local.parse()?, 0);
                    let wire = &self.stage.wire;
                    let one = wire.exchange(local, SocketAddr::new(remote, 0), protocol)?;
                    sum.egress = sum.egress + one.egress;
                    sum.ingress = sum.ingress + one.ingress;
                }
            }
        }
        Ok(sums)
    }
}

/// A datagram to each of many ports.
fn storm() -> Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    let to: IpAddr = stage::GERMANY.parse()?;
    for port in 20_000..20_000 + PORTS {
        socket.send_to(b"soak", (to, port))?;
    }
    Ok(())
}
