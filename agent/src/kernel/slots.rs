//! The memory-mapped map `FLOWS`: reading a counter costs no system call.

use std::{
    fmt,
    num::NonZeroUsize,
    os::fd::AsFd,
    ptr::NonNull,
    sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering},
};

use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};
use weir_common::{FlowKey, FlowSlot, Process, SLOT_FREE, SLOT_LIVE, SLOT_RETIRED};

/// What the kernel counted in one slot, read at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotCounts {
    /// IP bytes sent.
    pub egress_bytes: u64,
    /// IP packets sent.
    pub egress_packets: u64,
    /// IP bytes received.
    pub ingress_bytes: u64,
    /// IP packets received.
    pub ingress_packets: u64,
    /// Calls of `connect`.
    pub attempts: u32,
    /// Connected sockets that were released.
    pub released: u32,
}

/// The mapping. Dropping it unmaps.
pub struct Slots {
    base: NonNull<FlowSlot>,
    count: u32,
    length: NonZeroUsize,
}

// SAFETY: the mapping is shared memory that is only accessed atomically or, for
// the fields that never change while a slot is live, after its state was read.
unsafe impl Send for Slots {}

impl fmt::Debug for Slots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slots")
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}

impl Slots {
    /// Maps `count` slots of the map behind `fd`.
    ///
    /// # Errors
    /// The kernel's, when it refuses the mapping.
    pub(super) fn map(fd: impl AsFd, count: u32) -> Result<Self, nix::Error> {
        let length =
            NonZeroUsize::new(count as usize * size_of::<FlowSlot>()).ok_or(nix::Error::EINVAL)?;
        // SAFETY: a new shared mapping at an address of the kernel's choosing.
        let base = unsafe {
            mmap(
                None,
                length,
                ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
                MapFlags::MAP_SHARED,
                fd,
                0,
            )
        }?;
        Ok(Self {
            base: base.cast(),
            count,
            length,
        })
    }

    /// Number of slots.
    pub fn count(&self) -> u32 {
        self.count
    }

    fn slot(&self, index: u32) -> Option<*mut FlowSlot> {
        // SAFETY: within the mapping, which holds `count` slots.
        (index < self.count).then(|| unsafe { self.base.as_ptr().add(index as usize) })
    }

    fn state_of(slot: *mut FlowSlot) -> &'static AtomicU16 {
        // SAFETY: an aligned field of a slot in the mapping; the reference does
        // not leave this module and so does not outlive the mapping.
        unsafe { AtomicU16::from_ptr(&raw mut (*slot).state) }
    }

    /// Key and process of a slot, if it is live or retired.
    pub fn identity(&self, index: u32) -> Option<(FlowKey, Process, u64, u16)> {
        let slot = self.slot(index)?;
        if Self::state_of(slot).load(Ordering::Acquire) == SLOT_FREE {
            return None;
        }
        // SAFETY: these fields are written before the state becomes live and
        // not again until the slot has been given back.
        unsafe {
            Some((
                (*slot).key,
                (*slot).process,
                (*slot).first_ns,
                (*slot).flags,
            ))
        }
    }

    /// Whether a flow is counted in this slot now.
    pub fn is_live(&self, index: u32) -> bool {
        self.slot(index)
            .is_some_and(|slot| Self::state_of(slot).load(Ordering::Acquire) == SLOT_LIVE)
    }

    /// Counters of a slot.
    pub fn counts(&self, index: u32) -> Option<SlotCounts> {
        let slot = self.slot(index)?;
        let wide = |field: *mut u64| {
            // SAFETY: an aligned field of a slot in the mapping.
            unsafe { AtomicU64::from_ptr(field) }.load(Ordering::Relaxed)
        };
        let narrow = |field: *mut u32| {
            // SAFETY: an aligned field of a slot in the mapping.
            unsafe { AtomicU32::from_ptr(field) }.load(Ordering::Relaxed)
        };
        // SAFETY: pointers to fields within the mapping, not dereferenced here.
        unsafe {
            Some(SlotCounts {
                egress_bytes: wide(&raw mut (*slot).egress_bytes),
                egress_packets: wide(&raw mut (*slot).egress_packets),
                ingress_bytes: wide(&raw mut (*slot).ingress_bytes),
                ingress_packets: wide(&raw mut (*slot).ingress_packets),
                attempts: narrow(&raw mut (*slot).attempts),
                released: narrow(&raw mut (*slot).released),
            })
        }
    }

    /// Makes sockets forget the slot: they look their flow up again. Its key
    /// must have left the index before.
    pub(super) fn retire(&self, index: u32) {
        if let Some(slot) = self.slot(index) {
            // SAFETY: an aligned field of a slot in the mapping.
            unsafe { AtomicU32::from_ptr(&raw mut (*slot).epoch) }.fetch_add(1, Ordering::AcqRel);
            Self::state_of(slot).store(SLOT_RETIRED, Ordering::Release);
        }
    }

    /// Empties a retired slot after the grace period, ready to be given back.
    pub(super) fn clear(&self, index: u32) {
        if let Some(slot) = self.slot(index) {
            // SAFETY: retired and past the grace period: nobody else writes.
            unsafe {
                let epoch = (*slot).epoch;
                slot.write_bytes(0, 1);
                (*slot).epoch = epoch;
            }
            Self::state_of(slot).store(SLOT_FREE, Ordering::Release);
        }
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        // SAFETY: the mapping made in `map`; no reference into it is kept.
        let unmapped = unsafe { munmap(self.base.cast(), self.length.get()) };
        if let Err(error) = unmapped {
            tracing::warn!(%error, "the flow counters could not be unmapped");
        }
    }
}
