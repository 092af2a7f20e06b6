//! What the maps say of themselves, so that an agent can tell whether it
//! understands maps that an earlier one left in the kernel.

/// The one element of the map `META`. Its first field never moves.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// [`crate::ABI_VERSION`] of the programs that fill the maps.
    pub abi_version: u32,
    /// Number of slots in `FLOWS`.
    pub slots: u32,
    /// Random; tells these maps from all others, before and after.
    pub incarnation: [u8; 16],
    /// First half of the SHA-256 of the kernel object that was loaded.
    pub object: [u8; 16],
    /// When recording into these maps began, nanoseconds of `CLOCK_BOOTTIME`.
    pub began_ns: u64,
}

const _: () = assert!(size_of::<Meta>() == 48);
