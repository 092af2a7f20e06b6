//! The sets of allowlists that an account speaks of.

use jiff::Timestamp;

use crate::{
    history::InForce,
    policy::{Archive, Policy},
};

/// A set that was in force in the period.
#[derive(Debug)]
pub struct SetInForce {
    /// From when on; of the first, from the beginning of the record or of the period.
    pub from: Timestamp,
    /// SHA-256 of the set.
    pub digest: String,
    /// The set, or why it is not at hand.
    pub policy: Result<Policy, String>,
}

/// The set that speaks for a period, and those by which its flows were judged.
#[derive(Debug)]
pub struct Policies {
    own: Policy,
    in_force: Vec<SetInForce>,
}

impl Policies {
    /// Puts sets together: the one whose products, entries and claims count, and those
    /// that were in force, in the order of time.
    pub fn new(own: Policy, in_force: Vec<SetInForce>) -> Self {
        Self { own, in_force }
    }

    /// Reads those that were in force from where a store or a bundle keeps them.
    pub fn read(own: Policy, in_force: &[InForce], archive: &Archive) -> Self {
        let sets = in_force.iter().map(|one| SetInForce {
            from: one.from,
            digest: one.digest.clone(),
            policy: archive
                .policy(&one.digest)
                .map_err(|error| error.to_string()),
        });
        Self::new(own, sets.collect())
    }

    /// The set whose products, entries and claims count.
    pub fn own(&self) -> &Policy {
        &self.own
    }

    /// The sets in force, in the order of time.
    pub fn in_force(&self) -> &[SetInForce] {
        &self.in_force
    }

    /// Each from when on; the own set in the place of one that is not at hand.
    pub(super) fn judging(&self) -> Vec<(Timestamp, &Policy)> {
        let sets = self.in_force.iter();
        sets.map(|set| (set.from, set.policy.as_ref().unwrap_or(&self.own)))
            .collect()
    }

    /// Every set once: those in force, and the own one last.
    pub(super) fn all(&self) -> impl Iterator<Item = &Policy> {
        let sets = self
            .in_force
            .iter()
            .filter_map(|set| set.policy.as_ref().ok());
        sets.filter(|set| set.digest() != self.own.digest())
            .chain(std::iter::once(&self.own))
    }
}
