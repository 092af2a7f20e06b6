//! What the place and the verdict of a flow take, as rates and ratios.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use nix::time::{ClockId, clock_gettime};
use weir_bench::judging::{self, Case, Work};

use crate::{
    compiling,
    median::{Pairs, median},
    report::{Goal, Row},
    stop::Stop,
};

/// How long each half of a round lasts, on the clock.
const HALF: Duration = Duration::from_millis(100);
/// Million flows that one processor shall take through in a second.
const GOAL: f64 = 2.0;

/// Every case whose heading or name contains `only`.
pub(crate) fn measure(only: &str, rounds: u32, stop: &Stop) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for case in judging::cases()? {
        if !case.group.contains(only) && !case.what.contains(only) {
            continue;
        }
        rows.push(row(case, rounds, stop)?);
    }
    if compiling::GROUP.contains(only) {
        rows.extend(compiling::measure(rounds, stop)?);
    }
    Ok(rows)
}

fn row(mut case: Case, rounds: u32, stop: &Stop) -> Result<Row> {
    // What is remembered of a flow counts as remembered.
    nanoseconds(&mut case.subject)?;
    let Some(mut reference) = case.reference else {
        let mut rates = Vec::new();
        for _ in 0..rounds {
            stop.check()?;
            rates.push(1000.0 / nanoseconds(&mut case.subject)?);
        }
        return Ok(Row {
            group: case.group,
            what: case.what,
            unit: "M/s",
            with: median(&rates).context("no round was measured")?,
            without: None,
            ratio: None,
            goals: vec![Goal::AtLeast(GOAL)],
        });
    };
    nanoseconds(&mut reference)?;
    let mut pairs = Pairs::default();
    for round in 0..rounds {
        stop.check()?;
        for half in [true, false] {
            let weir = half == round.is_multiple_of(2);
            let work = if weir {
                &mut case.subject
            } else {
                &mut reference
            };
            pairs.push(weir, nanoseconds(work)?);
        }
    }
    let compared = pairs.compare().context("no round was measured")?;
    Ok(Row {
        group: case.group,
        what: case.what,
        unit: "ns",
        with: compared.with,
        without: Some(compared.without),
        ratio: Some(compared.ratio),
        goals: case.at_most.map(Goal::Itself).into_iter().collect(),
    })
}

/// Nanoseconds for one flow, of the processor's time: what others take of it is not
/// counted.
fn nanoseconds(work: &mut Work) -> Result<f64> {
    let begun = Instant::now();
    let before = processor_time()?;
    let mut flows = 0.0;
    while begun.elapsed() < HALF {
        work.call();
        flows += f64::from(work.flows);
    }
    let taken = processor_time()?.saturating_sub(before);
    Ok(taken.as_secs_f64() * 1e9 / flows)
}

/// What this thread has taken of processors so far.
pub(crate) fn processor_time() -> Result<Duration> {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID);
    Ok(time
        .context("the kernel does not tell what a thread took")?
        .into())
}
