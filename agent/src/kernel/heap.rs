//! The heap of this process.

/// Gives back to the system what was freed, such as after something large was read and
/// put in order (malloc_trim(3)).
pub fn trim_heap() {
    // SAFETY: takes an integer and touches no memory that is in use.
    unsafe { libc::malloc_trim(0) };
}
