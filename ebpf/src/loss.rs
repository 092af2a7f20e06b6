//! The one place where a failure becomes a count.

use weir_common::Loss;

use crate::maps::LOSS;

/// Counts one loss of this kind.
#[inline(always)]
pub(crate) fn count(loss: Loss) {
    if let Some(counter) = LOSS.get_ptr_mut(loss as u32) {
        // SAFETY: a per-CPU value that only programs on this CPU write; a
        // program that interrupts another may cost one count, never memory.
        unsafe { *counter += 1 };
    }
}
