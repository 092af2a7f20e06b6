//! Signals of this process.

use std::io;

/// Ignores SIGINT and SIGTERM from now on, in every thread (signal(2)).
///
/// # Errors
/// The system's.
pub fn ignore_end_signals() -> io::Result<()> {
    for signal in [libc::SIGINT, libc::SIGTERM] {
        // SAFETY: no handler is installed, and nobody else in this process has one.
        if unsafe { libc::signal(signal, libc::SIG_IGN) } == libc::SIG_ERR {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}
