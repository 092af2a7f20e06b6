//! Waiting for the ring buffers together with everything else.

use std::os::fd::OwnedFd;

use tokio::io::{Interest, unix::AsyncFd};

use super::Capture;

/// Becomes readable when the kernel has told of a first sight.
///
/// # Errors
/// The system's, when it refuses a descriptor.
pub fn wakeup(capture: &Capture) -> std::io::Result<AsyncFd<OwnedFd>> {
    register(capture.events().try_clone_to_owned()?)
}

/// Becomes readable when the kernel has copied the first bytes of something.
///
/// # Errors
/// The system's, when it refuses a descriptor.
pub fn payload_wakeup(capture: &Capture) -> std::io::Result<AsyncFd<OwnedFd>> {
    register(capture.payload_events().try_clone_to_owned()?)
}

fn register(buffer: OwnedFd) -> std::io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: the descriptor is owned by what is registered, stays open as long
    // as it does, and is never replaced by another.
    unsafe { AsyncFd::register_with_interest(buffer, Interest::READABLE) }.map_err(Into::into)
}
