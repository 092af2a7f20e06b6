//! The one place where a failure becomes a count.

use weir_common::{LOSS_KINDS, Loss};

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

/// What a function of its own in the kernel gives back: nothing was lost.
pub(crate) const NOTHING: u32 = LOSS_KINDS;

/// Counts what a function of its own in the kernel says was lost. Such a function
/// must give back something that its caller uses: the compiler would leave
/// the register as it is otherwise, and the verifier refuses what may be in it.
#[inline(always)]
pub(crate) fn tell(number: u32) {
    if number < LOSS_KINDS
        && let Some(counter) = LOSS.get_ptr_mut(number)
    {
        // SAFETY: as in `count`.
        unsafe { *counter += 1 };
    }
}
