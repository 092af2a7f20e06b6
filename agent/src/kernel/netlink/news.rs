//! Being told when interfaces and routes change.

use std::io;

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use tokio::io::{Interest, unix::AsyncFd};

/// `RTMGRP_LINK | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE`,
/// `include/uapi/linux/rtnetlink.h`.
const GROUPS: u32 = 0x1 | 0x40 | 0x400;

/// Tells that interfaces or routes of this network namespace have changed; what
/// they are now has to be asked.
#[derive(Debug)]
pub struct News {
    socket: AsyncFd<Socket>,
}

impl News {
    /// Begins to listen. To be called within a runtime.
    ///
    /// # Errors
    /// The kernel's.
    pub fn listen() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.set_non_blocking(true)?;
        socket.bind(&SocketAddr::new(0, GROUPS))?;
        // SAFETY: the descriptor is owned by what is registered, stays open as
        // long as it does, and is never replaced by another.
        let socket = unsafe { AsyncFd::register_with_interest(socket, Interest::READABLE) }?;
        Ok(Self { socket })
    }

    /// Waits until something has changed.
    ///
    /// # Errors
    /// The system's.
    pub async fn changed(&self) -> io::Result<()> {
        loop {
            let mut ready = self.socket.readable().await?;
            let mut any = false;
            loop {
                match ready.try_io(|socket| socket.get_ref().recv(&mut Vec::with_capacity(1), 0)) {
                    Ok(Ok(_)) => any = true,
                    // More was told than the socket could hold: something has changed.
                    Ok(Err(error)) if error.raw_os_error() == Some(libc::ENOBUFS) => any = true,
                    Ok(Err(error)) => return Err(error),
                    Err(_) => break,
                }
            }
            if any {
                return Ok(());
            }
        }
    }
}
