//! The priority of this process.

/// Gives way to every other process, for work that nobody waits for (setpriority(2)). Of a
/// process with one thread, before it begins others.
///
/// # Errors
/// The system's.
pub fn give_way() -> std::io::Result<()> {
    // SAFETY: takes integers and touches no memory.
    match unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, 19) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}
