//! What is measured: databases, policies and flows of a usual size, made here, and
//! what is done with them. Addresses are drawn from the whole space, since databases
//! speak of the whole; nothing is ever sent anywhere.

mod databases;
mod flows;
mod month;
mod places;
mod policies;
mod prefixes;
mod random;
mod ring;
mod verdicts;

use std::{fs, path::Path, sync::Arc};

use anyhow::{Context as _, Result};
use jiff::civil::{Date, date};

pub use self::month::write_store;
use self::policies::Size;

/// The day of every verdict; databases and reviews count on it.
const DAY: Date = date(2026, 11, 24);
/// Flows, or addresses, that one call takes through.
const BATCH: u32 = 1024;
/// Prefixes of a large policy.
const PREFIXES: usize = 100_000;
/// The policy that the goal speaks of.
const LARGE: Size = Size {
    networks: 5_000,
    prefixes: PREFIXES / 5_000,
    names: 5_000,
};

/// Something that is measured, and what it is measured beside.
pub struct Case {
    /// Heading that it stands under.
    pub group: &'static str,
    /// What it is.
    pub what: String,
    /// Weir's part.
    pub subject: Work,
    /// The other part; `None` where the goal is a rate.
    pub reference: Option<Work>,
    /// Nanoseconds that a flow of the subject shall take at most, where that is a goal.
    pub at_most: Option<f64>,
}

/// Writes the files of the policy that the goals speak of: 10,000 entries with 100,000
/// prefixes and 10,000 patterns of names.
///
/// # Errors
/// The file system's.
pub fn write_policy(directory: &Path) -> Result<()> {
    for (name, text) in policies::files(LARGE)? {
        fs::write(directory.join(name), text).context("cannot write an allowlist")?;
    }
    Ok(())
}

/// Something to do again and again.
pub struct Work {
    /// Flows, or addresses, that one call takes through.
    pub flows: u32,
    call: Box<dyn FnMut()>,
}

impl Work {
    fn new(flows: u32, call: impl FnMut() + 'static) -> Self {
        Self {
            flows,
            call: Box::new(call),
        }
    }

    /// Takes the next flows through.
    pub fn call(&mut self) {
        (self.call)();
    }
}

/// Every case. What they share takes some seconds to make.
///
/// # Errors
/// When there is no room for the databases.
pub fn cases() -> Result<Vec<Case>> {
    let directory = tempfile::tempdir().context("cannot make a directory for databases")?;
    let made = databases::make(directory.path())?;
    let large = Arc::new(policies::policy(LARGE)?);
    let mut cases = verdicts::alone(&made, &large)?;
    cases.extend(places::alone(&made));
    cases.extend(verdicts::with_places(&made, &large)?);
    cases.extend(prefixes::matching()?);
    Ok(cases)
}
