//! The soak: everything at once, round after round, for a bounded time. In the end the books
//! balance to the byte, memory does not grow, and no file is left open.

mod books;
mod health;
mod round;
mod sink;

use std::time::{Duration, Instant};

use anstream::{eprintln, println};
use anyhow::Result;

pub use self::{
    books::Books,
    health::{Health, Tolerance},
};
use self::{round::World, sink::Sink};
use crate::{
    agent::Settings,
    container::{Image, Storage},
    demo::{Outcome, Progress},
    ledger, own_allowlists,
    room::Room,
    stage::{Stage, ended_well, fixtures},
    told,
};

/// Rounds after which the agent has all that it keeps for good.
const WARM: usize = 2;
/// Fewest rounds, whatever the time.
const FEWEST: usize = WARM + 2;
/// Mebibytes of the store.
const ROOM: u32 = 192;

/// What a soak showed.
#[derive(Clone, Debug)]
pub struct Soaked {
    /// The agent after each round.
    pub health: Vec<Health>,
    /// What was on the wire, and what was recorded.
    pub books: Books,
    /// Rounds with a store that was full.
    pub full: usize,
    /// Gaps of that reason in the ledger.
    pub full_recorded: usize,
    /// Gaps of any other.
    pub other_gaps: Vec<String>,
    /// How often the receiver of findings was ended.
    pub sink_ended: usize,
    /// What it had to be told, and what it was: number of the entry and type.
    pub told: [Vec<(u64, String)>; 2],
}

impl Soaked {
    /// What is not as it must be, each in a line.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = self.books.faults();
        // Its memory is what it is once some segments were sealed.
        let begin = (self.health.len() / 3).max(WARM - 1);
        let warm = self.health.get(begin..).unwrap_or_default();
        faults.extend(Tolerance::default().faults(warm));
        if self.full != self.full_recorded {
            faults.push(format!(
                "the store was full {} times, and {} gaps say so",
                self.full, self.full_recorded
            ));
        }
        faults.extend(self.other_gaps.iter().map(|gap| format!("a gap: {gap}")));
        let [wanted, told] = &self.told;
        // The receiver is there at the end, and an agent that ends tells what still waits.
        if told.is_empty() || wanted != told {
            faults.push(format!(
                "the receiver had to be told {wanted:?}, and was told {told:?}"
            ));
        }
        faults
    }
}

/// Soaks for a time, and shows what came of it.
///
/// # Errors
/// The world cannot be built, the agent ends, or Ctrl-C.
pub fn run(time: Duration) -> Result<Outcome> {
    let progress = Progress::start()?;
    eprintln!(
        "Soaking for {} s: containers and units that come and go, storms, reloads, a full disk, a\n\
         receiver of findings that is ended",
        time.as_secs()
    );
    let soaked = soak(&progress, time)?;
    println!("\n{}", health::table(&soaked.health));
    println!("{}", soaked.books);
    println!(
        "The receiver of findings was ended {} times, and told {} events.\n",
        soaked.sink_ended,
        soaked.told[1].len()
    );
    let faults = soaked.faults();
    if faults.is_empty() {
        println!(
            "The books balance to the byte, memory is within its tolerance, nothing is left open."
        );
        return Ok(Outcome::AsExpected);
    }
    println!("Not as it must be:\n");
    for fault in faults {
        println!("    {fault}");
    }
    Ok(Outcome::Otherwise)
}

/// Soaks for a time, four rounds at least.
///
/// # Errors
/// As [`run`].
pub fn soak(progress: &Progress, time: Duration) -> Result<Soaked> {
    let stage = progress.step("two hosts on a wire without a way out", Stage::new)?;
    let image = progress.step("image for the containers", || {
        Image::import(&stage.run, &stage.slice, Storage::Host)
    })?;
    let directory = stage.run.directory();
    let mut sink = Sink::new()?;
    let settings = Settings {
        allowlists: directory.join("allowlists"),
        store: directory.join("small"),
        // Counts are written after 60 sweeps.
        sweep_interval: "50ms".into(),
        extra: [
            "--seal-after",
            "20s",
            "--quiet-time",
            "1s",
            "--config",
            &sink.config(&directory)?.to_string_lossy(),
        ]
        .map(str::to_owned)
        .into(),
        ..stage.settings()?
    };
    own_allowlists::copy(&fixtures().join("allowlists"), &settings.allowlists)?;
    let room = Room::at(&settings.store, ROOM)?;
    let agent = progress.step("the agent: programs attached, recording", || {
        stage.agent_with(&settings)
    })?;
    let mut world = World::new(&stage, &image, &settings, &room)?;
    let mut health = Vec::new();
    let begin = Instant::now();
    while begin.elapsed() < time || health.len() < FEWEST {
        let number = health.len() + 1;
        sink.turn()?;
        progress.step(&format!("round {number}"), || world.play(number, &agent))?;
        health.push(Health::of(agent.pid(), health.last())?);
    }
    progress.step("what waits is told", || sink.wait(&agent))?;
    let wire = progress.step("what was on the wire", || world.wire())?;
    let ended = progress.step("the agent drains its counters and ends", || agent.stop())?;
    ended_well(&ended)?;
    let entries = ledger::entries(&settings.store)?;
    let (full, other): (Vec<_>, Vec<_>) = entries
        .iter()
        .filter(|entry| entry["type"] == "gap")
        .partition(|gap| gap["reason"] == "store_full");
    Ok(Soaked {
        health,
        books: Books::of(wire, &entries),
        full: world.full(),
        full_recorded: full.len(),
        other_gaps: other.iter().map(|gap| gap.to_string()).collect(),
        sink_ended: sink.ended(),
        told: [told::by_ledger(&entries), sink.told()],
    })
}
