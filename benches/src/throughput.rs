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

const GROUP: &str = "Traffic with the agent running; reference: without";
/// How long each traffic lasts in each half of a round.
const MILLISECONDS: u64 = 700;

/// Traffic, its name and unit in the table, and how to read its outcome.
const KINDS: [(Kind, &str, &str, fn(Outcome) -> f64); 3] = [
    (
        Kind::TcpConnect,
        "TCP connect and close",
        "k/s",
        |outcome| outcome.rate() / 1e3,
    ),
    (Kind::TcpBulk, "TCP bulk", "Gbit/s", Outcome::gigabits),
    (Kind::UdpConnected, "UDP, 64 bytes", "k/s", |outcome| {
        outcome.rate() / 1e3
    }),
];

/// Measures all kinds of traffic.
pub(crate) fn measure(rounds: u32, stop: &Stop) -> Result<Vec<Row>> {
    let places = Places::find()?;
    let world = World::make()?;
    let mut pairs: [Pairs; KINDS.len()] = Default::default();
    for round in 0..rounds {
        for weir in [round % 2 == 0, round % 2 == 1] {
            let agent = weir.then(|| Agent::start(&places)).transpose()?;
            for ((kind, _, _, read), pairs) in KINDS.iter().zip(&mut pairs) {
                stop.check()?;
                pairs.push(weir, read(world.load(*kind, MILLISECONDS)?));
            }
            drop(agent);
        }
    }
    KINDS
        .iter()
        .zip(&pairs)
        .map(|((_, what, unit, _), pairs)| {
            let compared = pairs.compare().context("no rounds")?;
            Ok(Row {
                group: GROUP,
                what,
                unit,
                with: compared.with,
                without: Some(compared.without),
                ratio: Some(compared.ratio),
                goals: vec![Goal::AtLeast(0.97)],
            })
        })
        .collect()
}
