//! Connections that are bounded: in number, in time, in what they send.

use std::{
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::serve::Listener;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Sleep, sleep},
};

/// Connections at a time; others wait.
pub const MOST_CONNECTIONS: usize = 32;
/// Bytes of requests that a connection may send.
pub const MOST_OF_REQUESTS: usize = 64 * 1024;
/// How long a connection may last.
const LONGEST: Duration = Duration::from_secs(30);

/// A listener whose connections are bounded.
pub struct Bounded<L> {
    listener: L,
    room: Arc<Semaphore>,
}

impl<L> fmt::Debug for Bounded<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bounded").finish_non_exhaustive()
    }
}

impl<L> Bounded<L> {
    /// Bounds what a listener accepts.
    pub fn new(listener: L) -> Self {
        Self {
            listener,
            room: Arc::new(Semaphore::new(MOST_CONNECTIONS)),
        }
    }
}

impl<L> Listener for Bounded<L>
where
    L: Listener,
{
    type Io = Limited<L::Io>;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.room).acquire_owned().await.ok();
        let (io, address) = self.listener.accept().await;
        let limited = Limited {
            io,
            left: MOST_OF_REQUESTS,
            end: Box::pin(sleep(LONGEST)),
            _permit: permit,
        };
        (limited, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// A connection of a [`Bounded`] listener.
#[derive(Debug)]
pub struct Limited<I> {
    io: I,
    /// Bytes that it may still send.
    left: usize,
    end: Pin<Box<Sleep>>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl<I> Limited<I> {
    fn ended(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.end.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Limited<I> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.ended(context)?;
        if this.left == 0 {
            return Poll::Ready(Err(io::Error::other("a connection sends too much")));
        }
        let mut part = [0; 4096];
        let most = part.len().min(this.left).min(into.remaining());
        let mut part = ReadBuf::new(part.get_mut(..most).unwrap_or_default());
        let outcome = Pin::new(&mut this.io).poll_read(context, &mut part);
        into.put_slice(part.filled());
        this.left -= part.filled().len();
        outcome
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Limited<I> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.ended(context)?;
        Pin::new(&mut this.io).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(context)
    }
}
