//! An acknowledgement while no agent runs.

use std::path::Path;

use super::{Failure, lock::Lock, recorder::without_agent};
use crate::{
    control::{Answer, Question},
    kernel::Clock,
    ledger::Ledger,
};

/// Adds an acknowledgement to the ledger itself, as the only one who writes it.
///
/// # Errors
/// When an agent runs, or the ledger cannot be written.
pub fn acknowledge(
    runtime: &Path,
    store: &Path,
    question: Question,
    uid: u32,
) -> Result<Answer, Failure> {
    let _lock = Lock::take(runtime)?;
    let clock = Clock::read().map_err(Failure::Clock)?;
    let mut ledger = Ledger::open(store, clock.now())?;
    without_agent(&mut ledger, question, uid, &clock)
}
