//! Why recording could not begin or go on.

use aya::{maps::MapError, programs::ProgramError};

use crate::kernel::{btf::BtfError, pins::PinError};

/// Why recording could not begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The kernel's type information does not help.
    #[error(transparent)]
    Btf(#[from] BtfError),
    /// The kernel refused the maps or the object.
    #[error("the kernel refused the maps: {0}")]
    Load(#[from] aya::EbpfError),
    /// The kernel refused a program or its attachment.
    #[error("program `{program}` cannot be {step}: {source}")]
    Program {
        /// Name of the program.
        program: &'static str,
        /// `loaded` or `attached`.
        step: &'static str,
        /// What the kernel said.
        source: ProgramError,
    },
    /// A map is missing or of another type: the object is not this agent's.
    #[error("map `{0}` is missing in the kernel object: rebuild with `cargo xtask build`")]
    Map(&'static str),
    /// An operation on a map failed.
    #[error("map `{map}`: {source}")]
    MapAccess {
        /// Name of the map.
        map: &'static str,
        /// What the kernel said.
        source: MapError,
    },
    /// A map cannot be given a name.
    #[error("map `{0}` cannot be pinned: {1}")]
    MapPin(&'static str, std::io::Error),
    /// The counters cannot be mapped into memory.
    #[error("the flow counters cannot be mapped into memory: {0}")]
    Mmap(nix::Error),
    /// The programs' log cannot be read.
    #[error("the log of the kernel programs cannot be read: {0}")]
    Log(aya_log::Error),
    /// What outlives the agent cannot be named.
    #[error(transparent)]
    Pins(#[from] PinError),
    /// A clock or random numbers are refused.
    #[error("the system refuses {0}: {1}")]
    System(&'static str, std::io::Error),
    /// The kernel cannot wait for its readers.
    #[error("the kernel refuses membarrier(2), without which no slot can be reused: {0}")]
    GracePeriod(std::io::Error),
}
