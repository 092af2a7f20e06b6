//! A product: its workloads and what it declares.

use serde::Serialize;

use super::{
    entries::Entries,
    selector::{Fit, Selector},
};
use crate::attribution::Attributed;

/// Whether a product may need anything outside the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Posture {
    /// It calls nothing outside; it cannot even declare it.
    InternalOnly,
    /// It may declare external destinations.
    ExternalDeclared,
}

impl Posture {
    /// As it is written.
    pub const fn label(self) -> &'static str {
        match self {
            Self::InternalOnly => "internal_only",
            Self::ExternalDeclared => "external_declared",
        }
    }
}

/// What a customer buys, or a system of the platform.
#[derive(Clone, Debug)]
pub struct Product {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) owner: String,
    pub(super) posture: Posture,
    pub(super) selectors: Vec<Selector>,
    pub(super) entries: Entries,
}

impl Product {
    /// Name in verdicts, metrics and records; also the file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Name for people.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Who answers for it.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Whether it may declare external destinations.
    pub fn posture(&self) -> Posture {
        self.posture
    }

    /// Selectors of its workloads, any of which suffices.
    pub fn selectors(&self) -> &[Selector] {
        &self.selectors
    }

    /// Its own entries, those that declare and those that deny.
    pub fn entries(&self) -> &Entries {
        &self.entries
    }

    /// Whether the flow's workload is one of the product's.
    pub fn fit(&self, flow: &Attributed) -> Fit {
        let mut best = Fit::No;
        for selector in &self.selectors {
            match selector.fit(flow) {
                Fit::Yes => return Fit::Yes,
                unknown @ Fit::Unknown(_) => best = unknown,
                Fit::No => {}
            }
        }
        best
    }
}
