//! Records of the ring buffer `EVENTS`. Each starts with its kind.

/// A slot was taken for a flow not seen before: [`FirstSight`].
pub const EVENT_FIRST_SIGHT: u32 = 1;

/// Tells the agent to look at a slot now rather than at the next sweep. It
/// carries no facts of its own: were it lost, only time would be lost.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstSight {
    /// [`EVENT_FIRST_SIGHT`].
    pub kind: u32,
    /// Index into `FLOWS`.
    pub slot: u32,
}

const _: () = assert!(size_of::<FirstSight>() == 8);
