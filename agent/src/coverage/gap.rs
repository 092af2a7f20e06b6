//! An interval for which the record may be incomplete.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Why the record may be incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No programs were at work: before the start, after an end, over a reboot.
    NotRecording,
    /// A recording that this agent could not go on with was replaced.
    Replaced,
    /// A program was off its hook.
    ProgramDetached,
    /// A name in the BPF filesystem was gone: recording went on, but would have
    /// ended with the agent.
    PinRemoved,
    /// The kernel programs could not do something; the detail names it.
    Loss,
    /// An interface that leads off the host had no program: the balance does not
    /// cover it.
    UplinkUncovered,
    /// Sockets sent more to a destination than left for it, beyond what is
    /// tolerated: dropped between the layers, or sent by a way that is not
    /// covered.
    Residual,
    /// The canary sent by a way, and the record does not have it as sent.
    SelfTestFailed,
    /// The time of day was set: times in the record before and after do not
    /// compare.
    ClockStep,
    /// The store had no room: totals were kept in memory, details beyond what memory
    /// holds were not.
    StoreFull,
    /// Somebody else changed what is the agent's own: a map, what a pin names, a file of the
    /// store, or who may read the node's key.
    Tampered,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 11] = [
        Self::NotRecording,
        Self::Replaced,
        Self::ProgramDetached,
        Self::PinRemoved,
        Self::Loss,
        Self::UplinkUncovered,
        Self::Residual,
        Self::SelfTestFailed,
        Self::ClockStep,
        Self::StoreFull,
        Self::Tampered,
    ];

    /// Name in records and metrics.
    pub const fn label(self) -> &'static str {
        match self {
            Self::NotRecording => "not_recording",
            Self::Replaced => "replaced",
            Self::ProgramDetached => "program_detached",
            Self::PinRemoved => "pin_removed",
            Self::Loss => "loss",
            Self::UplinkUncovered => "uplink_uncovered",
            Self::Residual => "residual",
            Self::SelfTestFailed => "self_test_failed",
            Self::ClockStep => "clock_step",
            Self::StoreFull => "store_full",
            Self::Tampered => "tampered",
        }
    }
}

/// An interval for which the record may be incomplete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// Its earliest possible beginning.
    pub from: Timestamp,
    /// When it was repaired, or noticed if it was not.
    pub to: Timestamp,
    /// Why.
    pub reason: Reason,
    /// What exactly.
    pub detail: String,
    /// Whether what caused it has been put right.
    pub repaired: bool,
    /// Of [`Reason::Loss`]: how often what could not be done.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub losses: BTreeMap<String, u64>,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn labels_are_the_serialised_names() {
        for reason in Reason::ALL {
            let json = serde_json::to_string(&reason).unwrap();
            assert_eq!(json, format!("\"{}\"", reason.label()));
        }
    }
}
