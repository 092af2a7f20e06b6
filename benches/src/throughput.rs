//! What the traffic itself feels: rates with the agent running, and with other
//! observers, beside rates without any.

use anyhow::{Context as _, Result};

use crate::{
    agent::Places,
    load::{Kind, Outcome},
    median::Pairs,
    observer::{AtWork, Observer},
    report::{Goal, Row},
    stop::Stop,
    world::World,
};

/// How long each traffic lasts in each half of a round.
const MILLISECONDS: u64 = 500;

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
        what: "TCP connect and close, beside",
        unit: "k/s",
        read: thousands,
    },
    Traffic {
        kind: Kind::TcpBulk,
        what: "TCP bulk, beside",
        unit: "Gbit/s",
        read: Outcome::gigabits,
    },
    Traffic {
        kind: Kind::UdpConnected,
        what: "UDP, 64 bytes, beside",
        unit: "k/s",
        read: thousands,
    },
];

fn thousands(outcome: Outcome) -> f64 {
    outcome.rate() / 1e3
}

/// Measures all kinds of traffic, without and with each observer.
pub(crate) fn measure(rounds: u32, stop: &Stop) -> Result<Vec<Row>> {
    let places = Places::find()?;
    let world = World::make()?;
    let mut pairs: [[Pairs; KINDS.len()]; Observer::ALL.len()] = Default::default();
    for round in 0..rounds {
        for (observer, pairs) in Observer::ALL.into_iter().zip(&mut pairs) {
            // Who goes first changes from round to round.
            for with in [round % 2 == 0, round % 2 == 1] {
                let at_work = with.then(|| observer.start(&places)).transpose()?;
                for (traffic, pairs) in KINDS.iter().zip(&mut *pairs) {
                    stop.check()?;
                    let outcome = match at_work {
                        Some(AtWork::WithTraffic) => {
                            world.load_tracked(traffic.kind, MILLISECONDS)?
                        }
                        _ => world.load(traffic.kind, MILLISECONDS)?,
                    };
                    pairs.push(with, (traffic.read)(outcome));
                }
            }
        }
    }
    let mut rows = Vec::new();
    for (number, traffic) in KINDS.iter().enumerate() {
        for (observer, pairs) in Observer::ALL.into_iter().zip(&pairs) {
            let compared = pairs[number].compare().context("no rounds")?;
            let weir = observer == Observer::Weir;
            rows.push(Row {
                group: traffic.what,
                what: observer.name().to_owned(),
                unit: traffic.unit,
                with: compared.with,
                without: Some(compared.without),
                ratio: Some(compared.ratio),
                goals: weir.then_some(Goal::AtLeast(0.97)).into_iter().collect(),
            });
        }
    }
    Ok(rows)
}
