//! Atomic addition on map values. The BPF target has no compare-and-exchange
//! of every width, so `core::sync::atomic` leaves its methods out; the
//! instructions that are needed exist (`BPF_ATOMIC | BPF_ADD`, and with
//! `BPF_FETCH` where the old value is used).

use core::intrinsics::{AtomicOrdering, atomic_xadd};

/// Adds to a counter.
///
/// # Safety
/// `counter` points to an aligned map value that is only written atomically.
#[inline(always)]
pub(crate) unsafe fn add<T: Copy>(counter: *mut T, value: T) {
    // SAFETY: promised by the caller.
    unsafe { atomic_xadd::<T, T, { AtomicOrdering::Relaxed }>(counter, value) };
}

/// Adds to a counter and gives its old value. Sequentially consistent, because
/// LLVM 22 lowers a relaxed addition to the instruction without `BPF_FETCH`
/// even where its result is used.
///
/// # Safety
/// `counter` points to an aligned map value that is only written atomically.
#[inline(always)]
pub(crate) unsafe fn fetch_add<T: Copy>(counter: *mut T, value: T) -> T {
    // SAFETY: promised by the caller.
    unsafe { atomic_xadd::<T, T, { AtomicOrdering::SeqCst }>(counter, value) }
}
