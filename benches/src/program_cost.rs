//! Nanoseconds per packet of the egress program, beside an empty program's on
//! the same traffic, by the kernel's own run time statistics
//! (`BPF_ENABLE_STATS`, bpf(2)).
//!
//! Both are attached alone, in turn, to the cgroup of the traffic. The
//! statistics take the time twice for each run; that is in both numbers.

use anyhow::{Context as _, Result, bail};
use weir::kernel::{Capture, CaptureOptions, UplinkHook};

use crate::{
    empty::Empty,
    load::Kind,
    median::Pairs,
    report::{Goal, Row},
    stop::Stop,
    world::World,
};

const GROUP: &str = "Egress program, per packet";
/// How long each traffic lasts in each half of a round.
pub(crate) const MILLISECONDS: u64 = 250;
/// Fewer runs would mean that the program was not where the traffic is.
pub(crate) const FEWEST_RUNS: u64 = 200;
/// More than all kinds of traffic make in one attachment.
pub(crate) const OPTIONS: CaptureOptions = CaptureOptions {
    max_flows: 65_535,
    program_stats: false,
    uplink_hook: UplinkHook::Tcx,
};

/// Traffic, its name in the table, and its goals.
const KINDS: [(Kind, &str, &[Goal]); 5] = [
    (
        Kind::TcpPingPong,
        "TCP established, small",
        &[Goal::AtMost(2.5), Goal::AtMost(2.0)],
    ),
    (
        Kind::TcpBulk,
        "TCP established, bulk",
        &[Goal::AtMost(2.5), Goal::AtMost(2.0)],
    ),
    (Kind::UdpConnected, "UDP, one peer", &[]),
    (
        Kind::UdpTurns,
        "UDP, 1,024 peers in turn",
        &[Goal::AtMost(5.0)],
    ),
    (Kind::UdpNew, "UDP, always a new peer", &[]),
];

/// What is attached.
enum Subject {
    Empty(Empty),
    Weir(Box<Capture>),
}

impl Subject {
    fn attach(world: &World, weir: bool) -> Result<Self> {
        let directory = world.directory()?;
        if !weir {
            return Ok(Self::Empty(Empty::attach(&directory)?));
        }
        Ok(Self::Weir(Box::new(Capture::start(
            &directory, OPTIONS, None,
        )?)))
    }

    /// Runs and nanoseconds so far.
    fn egress(&self) -> Result<(u64, u64)> {
        match self {
            Self::Empty(empty) => empty.run_time(),
            Self::Weir(capture) => {
                let programs = capture.program_stats();
                let egress = programs
                    .iter()
                    .find(|program| program.name == "weir_egress")
                    .context("the egress program has no statistics")?;
                Ok((egress.runs, u64::try_from(egress.time.as_nanos())?))
            }
        }
    }

    /// Nanoseconds per packet of one kind of traffic.
    #[expect(
        clippy::cast_precision_loss,
        reason = "runs and nanoseconds of a second stay far below 2^52"
    )]
    fn cost(&self, world: &World, kind: Kind) -> Result<f64> {
        let (runs_before, time_before) = self.egress()?;
        world.load(kind, MILLISECONDS)?;
        let (runs, time) = self.egress()?;
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
        // Who goes first changes from round to round.
        for weir in [round % 2 == 0, round % 2 == 1] {
            let subject = Subject::attach(&world, weir)?;
            for ((kind, ..), pairs) in KINDS.iter().zip(&mut pairs) {
                stop.check()?;
                pairs.push(weir, subject.cost(&world, *kind)?);
            }
        }
    }
    KINDS
        .iter()
        .zip(&pairs)
        .map(|((_, what, goals), pairs)| {
            let compared = pairs.compare().context("no rounds")?;
            Ok(Row {
                group: GROUP,
                what: (*what).to_owned(),
                unit: "ns",
                with: compared.with,
                without: Some(compared.without),
                ratio: Some(compared.ratio),
                goals: goals.to_vec(),
            })
        })
        .collect()
}
