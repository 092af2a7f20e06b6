//! What the agent has given up.

use serde::{Deserialize, Serialize};

use crate::kernel::InForce;

/// Whether the agent gives up what it does not need once it records.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    clap::ValueEnum,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum ConfineMode {
    /// It does, or it does not start. Of Landlock, as much as the kernel has.
    #[default]
    On,
    /// It does as far as the kernel lets it, and says what it could not.
    BestEffort,
    /// It keeps everything.
    Off,
}

impl ConfineMode {
    /// How a process aside is told.
    pub(crate) fn argument(self) -> Option<&'static str> {
        match self {
            Self::On => None,
            Self::BestEffort => Some("--best-effort"),
            Self::Off => Some("--unconfined"),
        }
    }
}

/// How the agent is confined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// How it was asked to be.
    pub mode: ConfineMode,
    /// Names of the capabilities that it has.
    pub capabilities: Vec<String>,
    /// ABI of Landlock whose rules are enforced; 0 if none are.
    pub landlock_abi: u32,
    /// Whether its system calls are filtered.
    pub seccomp: bool,
    /// What could not be enforced, each with the reason.
    pub not_enforced: Vec<String>,
}

impl Confinement {
    /// With what is in force, and what could not be on the processes aside.
    pub fn new(mode: ConfineMode, in_force: InForce, aside: Vec<String>) -> Self {
        let mut not_enforced = in_force.not_enforced;
        for one in aside {
            if !not_enforced.contains(&one) {
                not_enforced.push(one);
            }
        }
        Self {
            mode,
            capabilities: in_force.capabilities,
            landlock_abi: in_force.landlock_abi,
            seccomp: in_force.seccomp,
            not_enforced,
        }
    }
}
