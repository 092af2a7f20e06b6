//! The heap of this process.

/// Bytes from which an allocation is a mapping of its own, given back when it is freed.
const LARGE: libc::c_int = 128 * 1024;

/// Keeps the heap small over years, at some cost for large allocations (mallopt(3)).
///
/// glibc gives each thread a heap of its own, and holds on to more of what is large each time
/// that something large was freed. Threads come and go here, each with work that needs tens of
/// megabytes for a moment (sealing, reading what waits): with heaps of their own, the gaps
/// between what stays come to several times what is in use.
pub fn keep_heap_small() {
    // SAFETY: takes integers; no other thread runs yet that could allocate meanwhile.
    let done = unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1) & libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE)
    };
    if done != 1 {
        tracing::debug!("the heap is as glibc keeps it by default");
    }
}

/// Gives back to the system what was freed, such as after something large was read and
/// put in order (malloc_trim(3)).
pub fn trim_heap() {
    // SAFETY: takes an integer and touches no memory that is in use.
    unsafe { libc::malloc_trim(0) };
}
