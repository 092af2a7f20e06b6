//! What the traffic itself feels: rates with the agent running beside rates
//! without any program.

use anyhow::{Context as _, Result};

use crate::{
    agent::{Agent, Places},
    load::{Kind, Outcome},
    median::Pairs,
    report::{Goal, Row},
    stop::Stop,
    world::World,
};

const GROUP: &str = "Traffic, agent running";
/// How long each traffic lasts in each half of a round.
const MILLISECONDS: u64 = 700;

/// One row to be.
struct Traffic {
    kind: Kind,
    what: &'static str,
    unit: &'static str,
    read: fn(Outcome) -> f64,
}

const KINDS: [Traffic; 3] = [
    Traffic {
        kind: Kind::TcpConnect,
        what: "TCP connect and close",
        unit: "k/s",
        read: thousands,
    },
    Traffic {
        kind: Kind::TcpBulk,
        what: "TCP bulk",
        unit: "Gbit/s",
        read: Outcome::gigabits,
    },
    Traffic {
        kind: Kind::UdpConnected,
        what: "UDP, 64 bytes",
        unit: "k/s",
        read: thousands,
    },
];

fn thousands(outcome: Outcome) -> f64 {
    outcome.rate() / 1e3
}

/// Measures all kinds of traffic.
pub(crate) fn measure(rounds: u32, stop: &Stop) -> Result<Vec<Row>> {
    let places = Places::find()?;
    let world = World::make()?;
    let mut pairs: [Pairs; KINDS.len()] = Default::default();
    for round in 0..rounds {
        for weir in [round % 2 == 0, round % 2 == 1] {
            let agent = weir.then(|| Agent::start(&places)).transpose()?;
            for (traffic, pairs) in KINDS.iter().zip(&mut pairs) {
                stop.check()?;
                pairs.push(
                    weir,
                    (traffic.read)(world.load(traffic.kind, MILLISECONDS)?),
                );
            }
            drop(agent);
        }
    }
    KINDS
        .iter()
        .zip(&pairs)
        .map(|(traffic, pairs)| {
            let compared = pairs.compare().context("no rounds")?;
            Ok(Row {
                group: GROUP,
                what: traffic.what,
                unit: traffic.unit,
                with: compared.with,
                without: Some(compared.without),
                ratio: Some(compared.ratio),
                goals: vec![Goal::AtLeast(0.97)],
            })
        })
        .collect()
}
