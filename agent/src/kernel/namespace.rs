//! The network namespace that the agent is in.

use std::{
    io,
    net::UdpSocket,
    os::fd::{AsRawFd as _, OwnedFd},
};

/// Cookie of the agent's network namespace, as the kernel programs record it
/// (`SO_NETNS_COOKIE`, socket(7), since Linux 5.14).
///
/// # Errors
/// The system's, when it has no sockets to ask with.
pub fn own_namespace() -> io::Result<u64> {
    let socket = OwnedFd::from(UdpSocket::bind("127.0.0.1:0")?);
    let mut cookie = 0_u64;
    let mut length = libc::socklen_t::try_from(size_of::<u64>()).unwrap_or(8);
    // SAFETY: the descriptor is open, and the kernel writes at most `length` bytes into a
    // value of that size.
    let done = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_NETNS_COOKIE,
            (&raw mut cookie).cast(),
            &raw mut length,
        )
    };
    if done == 0 {
        Ok(cookie)
    } else {
        Err(io::Error::last_os_error())
    }
}
