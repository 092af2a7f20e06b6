//! Ways of io_uring: the kernel sends for the process, on its own threads or
//! not, without a system call for each.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use tokio_uring::net::{TcpStream, UdpSocket};

/// Connects and sends all of a payload; gives the own address once the peer has
/// closed.
pub(super) fn stream(to: SocketAddr, payload: Vec<u8>) -> Result<()> {
    tokio_uring::start(async {
        let stream = TcpStream::connect(to).await.context("IORING_OP_CONNECT")?;
        stream
            .write_all(payload)
            .await
            .0
            .context("IORING_OP_WRITE")?;
        let (read, _) = stream.read(Vec::with_capacity(64)).await;
        ensure!(read.context("the end")? == 0, "the peer answered");
        Ok(())
    })
}

/// Sends datagrams; without copies, the kernel reads the process's memory as it
/// sends (`IORING_OP_SEND_ZC`).
pub(super) fn datagrams(
    socket: std::net::UdpSocket,
    to: SocketAddr,
    payload: &[u8],
    count: usize,
    zero_copy: bool,
) -> Result<()> {
    if zero_copy {
        socket.connect(to)?;
    }
    tokio_uring::start(async {
        let socket = UdpSocket::from_std(socket);
        for _ in 0..count {
            let payload = payload.to_vec();
            let sent = if zero_copy {
                socket.send_zc(payload).await.0.context("IORING_OP_SEND_ZC")
            } else {
                let sent = socket.send_to(payload, to).await;
                sent.0.context("IORING_OP_SENDMSG")
            };
            sent?;
        }
        Ok(())
    })
}
