//! Accounts of what a store has: the one part that reads.

use std::path::Path;

use super::{Account, Policies, coverage::Union, silence::Silence};
use crate::{
    coverage::Gap,
    history::{InForce, Reader, Span},
    ledger::{Entry, LedgerError, Source as _},
};

/// Sets of allowlists in force in each period, in one pass.
///
/// # Errors
/// When the store cannot be read.
pub fn sets_in_force(store: &Path, spans: &[Span]) -> Result<Vec<Vec<InForce>>, LedgerError> {
    let mut readers: Vec<Reader> = spans.iter().map(|span| Reader::new(*span)).collect();
    let says = |_, tag: &str| matches!(tag, "started" | "allowlists_loaded");
    store.each_of(&says, &mut |_, time, entry| {
        for reader in &mut readers {
            let _ = reader.take(time, entry);
        }
    })?;
    let sets = readers.into_iter().map(|reader| reader.reading.policies);
    Ok(sets.collect())
}

/// The account of each period, in one pass.
///
/// # Errors
/// When the store cannot be read.
pub fn accounts<'p>(
    store: &Path,
    periods: &[(Span, &'p Policies)],
) -> Result<Vec<Account<'p>>, LedgerError> {
    let builders = periods
        .iter()
        .map(|(span, sets)| Account::builder(*span, sets));
    let mut builders: Vec<_> = builders.collect();
    store.each(&mut |_, time, entry| {
        for builder in &mut builders {
            builder.take(time, entry);
        }
    })?;
    Ok(builders.into_iter().map(super::Builder::finish).collect())
}

/// Time of a period in which nobody wrote and that no gap of the record explains, as gaps:
/// what [`accounts`] adds to those of the record. An agent that runs writes a heartbeat each
/// minute, so that no other entries have to be looked at.
///
/// # Errors
/// When the store cannot be read.
pub fn silences(store: &Path, span: &Span) -> Result<Vec<Gap>, LedgerError> {
    let (mut silence, mut gaps) = (Silence::default(), Union::default());
    let says = |_, tag: &str| matches!(tag, "started" | "stopped" | "heartbeat" | "gap");
    store.each_of(&says, &mut |_, time, entry| {
        silence.take(span, time, entry);
        if let Entry::Gap(gap) = entry
            && span.touches(gap.from, gap.to)
        {
            gaps.add(span, gap.from, gap.to);
        }
    })?;
    Ok(silence.finish(&gaps.merged()))
}
