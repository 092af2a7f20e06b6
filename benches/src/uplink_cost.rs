//! Nanoseconds per packet of the uplink program, beside an empty program's on
//! the same traffic: both attached alone, in turn, to the loopback interface of
//! the traffic's own network namespace.

use anyhow::{Context as _, Result, bail};
use weir::kernel::{Capture, UplinkProgram};

use crate::{
    empty::EmptyUplink,
    load::Kind,
    median::Pairs,
    program_cost::{FEWEST_RUNS, MILLISECONDS, OPTIONS},
    report::{Goal, Row},
    stop::Stop,
    world::World,
};

const GROUP: &str = "Uplink program, per packet";
/// The interface of the traffic.
const INTERFACE: &str = "lo";

const KINDS: [(Kind, &str); 4] = [
    (Kind::TcpPingPong, "TCP established, small"),
    (Kind::TcpBulk, "TCP established, bulk"),
    (Kind::UdpConnected, "UDP, one peer"),
    (Kind::UdpTurns, "UDP, 1,024 peers in turn"),
];

enum Subject {
    Empty(EmptyUplink),
    Weir(Box<Capture>),
}

impl Subject {
    fn load(world: &World, weir: bool) -> Result<Self> {
        Ok(if weir {
            let capture = Capture::start(&world.directory()?, OPTIONS, None)?;
            Self::Weir(Box::new(capture))
        } else {
            Self::Empty(EmptyUplink::load()?)
        })
    }

    fn program(&self) -> Result<UplinkProgram> {
        match self {
            Self::Empty(empty) => empty.program(),
            Self::Weir(capture) => Ok(capture.uplink_program()?),
        }
    }

    /// Runs and nanoseconds so far.
    fn run_time(&self) -> Result<(u64, u64)> {
        match self {
            Self::Empty(empty) => empty.run_time(),
            Self::Weir(capture) => {
                let programs = capture.program_stats();
                let uplink = programs
                    .iter()
                    .find(|program| program.name == "weir_uplink_ether")
                    .context("the uplink program has no statistics")?;
                Ok((uplink.runs, u64::try_from(uplink.time.as_nanos())?))
            }
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "runs and nanoseconds of a second stay far below 2^52"
    )]
    fn cost(&self, world: &World, kind: Kind) -> Result<f64> {
        let program = self.program()?;
        let (runs_before, time_before) = self.run_time()?;
        world.load_with(kind, MILLISECONDS, |process| {
            Ok(program.attach_in(process, INTERFACE)?)
        })?;
        let (runs, time) = self.run_time()?;
        let runs = runs.saturating_sub(runs_before);
        if runs < FEWEST_RUNS {
            bail!("the program ran {runs} times only on `{}`", kind.name());
        }
        Ok(time.saturating_sub(time_before) as f64 / runs as f64)
    }
}

/// Measures all kinds of traffic.
pub(crate) fn measure(rounds: u32, stop: &Stop) -> Result<Vec<Row>> {
    let _statistics = aya::sys::enable_stats(aya::sys::Stats::RunTime)
        .context("the kernel does not measure run times")?;
    let world = World::make()?;
    let mut pairs: [Pairs; KINDS.len()] = Default::default();
    for round in 0..rounds {
        for weir in [round % 2 == 0, round % 2 == 1] {
            let subject = Subject::load(&world, weir)?;
            for ((kind, _), pairs) in KINDS.iter().zip(&mut pairs) {
                stop.check()?;
                pairs.push(weir, subject.cost(&world, *kind)?);
            }
        }
    }
    KINDS
        .iter()
        .zip(&pairs)
        .map(|((_, what), pairs)| {
            let compared = pairs.compare().context("no rounds")?;
            Ok(Row {
                group: GROUP,
                what: (*what).to_owned(),
                unit: "ns",
                with: compared.with,
                without: Some(compared.without),
                ratio: Some(compared.ratio),
                goals: vec![Goal::AtMost(3.0)],
            })
        })
        .collect()
}
