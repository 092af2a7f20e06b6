//! From the packet to the gauge: how long until a deviation that nobody has seen before is
//! told to whoever scrapes, while a storm of new flows runs?

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::{
    agent::{Agent, Places},
    load::now_ns,
    report::{Goal, Row},
    stop::Stop,
    world::World,
};

const GROUP: &str = "Alert: 10,000 new flows/s";
/// New flows each second, and for how long.
const RATE: u64 = 10_000;
const MILLISECONDS: u64 = 30_000;
/// Workloads that deviate, one after the other.
const PROBES: usize = 200;
/// Between two looks at the metrics.
const LOOK: Duration = Duration::from_millis(5);
/// Until a finding has to be there.
const PATIENCE: Duration = Duration::from_secs(10);
/// Goal for 99 of a hundred, in milliseconds.
const MOST: f64 = 250.0;

/// Runs the storm and, within it, workloads that nobody knows.
pub(crate) fn measure(stop: &Stop) -> Result<Vec<Row>> {
    let places = Places::find()?;
    let world = World::make()?;
    let agent = Agent::start_with_metrics(&places)?;
    let metrics = agent.metrics().context("the agent serves no metrics")?;
    let storm = thread::spawn({
        let cgroup = world.cgroup().to_owned();
        move || World::storm_in(&cgroup, RATE, MILLISECONDS)
    });
    // Until it is under way.
    thread::sleep(Duration::from_secs(2));
    let mut took = Vec::new();
    for number in 0..PROBES {
        if stop.check().is_err() || storm.is_finished() {
            break;
        }
        took.push(probe(&world, metrics, number)?);
    }
    let Ok(outcome) = storm.join() else {
        bail!("the storm failed");
    };
    let outcome = outcome?;
    stop.check()?;
    agent.finish()?;
    took.sort_by(f64::total_cmp);
    rows(&took, outcome.rate())
}

fn rows(took: &[f64], rate: f64) -> Result<Vec<Row>> {
    let at = |per_cent: usize| {
        let place = (took.len() * per_cent).div_ceil(100).max(1) - 1;
        took.get(place).copied().context("no deviation was seen")
    };
    let row = |what: String, unit, with, goals| Row {
        group: GROUP,
        what,
        unit,
        with,
        without: None,
        ratio: None,
        goals,
    };
    let seen = format!("to `weir_open_finding`, median of {}", took.len());
    Ok(vec![
        row("new flows made".to_owned(), "k/s", rate / 1e3, vec![]),
        row(seen, "ms", at(50)?, vec![]),
        row(
            "99th percentile".to_owned(),
            "ms",
            at(99)?,
            vec![Goal::AtMost(MOST)],
        ),
        row("longest".to_owned(), "ms", at(100)?, vec![]),
    ])
}

/// Milliseconds from the first packet of a workload that nobody knows to its gauge.
fn probe(world: &World, metrics: SocketAddr, number: usize) -> Result<f64> {
    let unit = format!("probe-{number}.service");
    let sent = world.probe(&unit)?;
    let label = format!("workload=\"{unit}\"");
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        let text = scrape(metrics)?;
        let now = now_ns()?;
        let mut lines = text.lines();
        if lines.any(|line| line.starts_with("weir_open_finding{") && line.contains(&label)) {
            return Ok(Duration::from_nanos(now.saturating_sub(sent)).as_secs_f64() * 1e3);
        }
        thread::sleep(LOOK);
    }
    bail!("{unit} has no finding after {PATIENCE:?}")
}

/// The metrics, as anybody gets them (RFC 9112).
fn scrape(metrics: SocketAddr) -> Result<String> {
    let mut stream = TcpStream::connect(metrics).context("the agent's metrics")?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET /metrics HTTP/1.1\r\nHost: {metrics}\r\nConnection: close\r\n\r\n"
    )?;
    let mut reader = BufReader::new(stream);
    let mut status = String::new();
    reader.read_line(&mut status)?;
    if !status.starts_with("HTTP/1.1 200 ") {
        bail!("the agent's metrics: {}", status.trim());
    }
    let mut text = String::new();
    reader.read_to_string(&mut text)?;
    Ok(text)
}
