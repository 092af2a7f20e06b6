//! An independent count of what is on the wire: a packet socket at a host's
//! interface, which knows nothing of BPF.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    ops::{Add, Sub},
    os::fd::{AsFd, AsRawFd, OwnedFd},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::socket::{
        AddressFamily, SockFlag, SockProtocol, SockType, getsockopt, recv, setsockopt, socket,
        sockopt::RcvBufForce,
    },
};
use serde::Serialize;

use crate::{traffic::Protocol, world::Host};

mod packet;

use packet::{Frame, Tcp};

const PACKET_VNET_HDR: libc::c_int = 15;
const PACKET_STATISTICS: libc::c_int = 6;

nix::setsockopt_impl!(
    VnetHeader,
    libc::SOL_PACKET,
    PACKET_VNET_HDR,
    libc::c_int,
    nix::sys::socket::sockopt::SetStruct<libc::c_int>
);
nix::getsockopt_impl!(
    Statistics,
    libc::SOL_PACKET,
    PACKET_STATISTICS,
    [u32; 2],
    nix::sys::socket::sockopt::GetStruct<[u32; 2]>
);

#[derive(Clone, Copy, Debug)]
struct VnetHeader;
#[derive(Clone, Copy, Debug)]
struct Statistics;

/// Packets and the bytes of their IP packets, after segmentation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// IP bytes, IP header included.
    pub bytes: u64,
    /// IP packets.
    pub packets: u64,
}

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            bytes: self.bytes + other.bytes,
            packets: self.packets + other.packets,
        }
    }
}

impl Sub for Count {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            bytes: self.bytes - other.bytes,
            packets: self.packets - other.packets,
        }
    }
}

/// What tells the packets of one flow in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Key {
    /// Sender; port 0 where the protocol has none.
    pub source: SocketAddr,
    /// Receiver; port 0 where the protocol has none.
    pub destination: SocketAddr,
    /// IP protocol number.
    pub protocol: u8,
}

/// Counts of both directions, as a workload sees them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// What the workload sent.
    pub egress: Count,
    /// What it received.
    pub ingress: Count,
}

/// A counter at one host's interface.
#[derive(Clone, Debug)]
pub struct Wire {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    socket: OwnedFd,
    counts: BTreeMap<Key, Count>,
    /// Of each connection and direction, the latest packet: up to where it
    /// acknowledges, and its count.
    latest: BTreeMap<Key, (u32, Count)>,
    /// By the key of the resets: what packets that came too late for their
    /// connection were, and the resets that the kernel answered with.
    late: BTreeMap<Key, Exchange>,
    lost: u64,
}

impl Wire {
    pub(crate) fn open(host: &Host) -> Result<Self> {
        Self::open_here(host.within(open_socket)?)
    }

    /// Counts in the network namespace of this process.
    ///
    /// # Errors
    /// Not root.
    pub fn here() -> Result<Self> {
        Self::open_here(open_socket()?)
    }

    fn open_here(socket: OwnedFd) -> Result<Self> {
        let shared = Shared {
            socket,
            counts: BTreeMap::new(),
            latest: BTreeMap::new(),
            late: BTreeMap::new(),
            lost: 0,
        };
        let wire = Self {
            shared: Arc::new(Mutex::new(shared)),
        };
        let weak = Arc::downgrade(&wire.shared);
        let waiting = wire.lock().socket.try_clone().context("packet socket")?;
        thread::Builder::new().name("wire".into()).spawn(move || {
            // Reads often enough that the socket's buffer does not overflow.
            while let Some(shared) = weak.upgrade() {
                lock(&shared).drain();
                drop(shared);
                let mut ready = [PollFd::new(waiting.as_fd(), PollFlags::POLLIN)];
                let _ = poll(&mut ready, PollTimeout::from(20_u8));
            }
        })?;
        Ok(wire)
    }

    /// Everything that was on the wire so far.
    ///
    /// # Errors
    /// The counter itself lost packets: a test cannot be decided by it.
    pub fn counts(&self) -> Result<BTreeMap<Key, Count>> {
        let mut shared = self.lock();
        shared.drain();
        let [_, lost] = getsockopt(&shared.socket, Statistics).context("packet statistics")?;
        shared.lost += u64::from(lost);
        if shared.lost > 0 {
            bail!(
                "the counter on the wire lost {} packets: send less or slower",
                shared.lost
            );
        }
        Ok(shared.counts.clone())
    }

    /// Starts again from nothing, once the wire is silent.
    ///
    /// # Errors
    /// As [`Wire::settled`].
    pub fn clear(&self) -> Result<()> {
        self.settled()?;
        let mut shared = self.lock();
        shared.counts.clear();
        shared.late.clear();
        Ok(())
    }

    /// As [`Wire::counts`], once nothing has passed for 200 ms.
    ///
    /// # Errors
    /// Traffic has not ended within 10 s, or packets were lost.
    pub fn settled(&self) -> Result<BTreeMap<Key, Count>> {
        let deadline = Instant::now() + Duration::from_secs(10);
        let (mut last, mut since) = (self.counts()?, Instant::now());
        while since.elapsed() < Duration::from_millis(200) {
            if Instant::now() > deadline {
                bail!("the wire does not fall silent");
            }
            thread::sleep(Duration::from_millis(20));
            let now = self.counts()?;
            if now != last {
                (last, since) = (now, Instant::now());
            }
        }
        Ok(last)
    }

    /// What `local` exchanged with `remote` once the wire is silent. A port of 0
    /// in either stands for any.
    ///
    /// Without what came when its connection was gone, and the kernel's resets in
    /// answer: on several processors an acknowledgement may be overtaken by the last one
    /// of its connection. It belongs to no socket.
    ///
    /// # Errors
    /// As [`Wire::settled`].
    pub fn exchange(
        &self,
        local: SocketAddr,
        remote: SocketAddr,
        protocol: Protocol,
    ) -> Result<Exchange> {
        let is = |have: SocketAddr, want: SocketAddr| {
            have.ip() == want.ip() && (want.port() == 0 || have.port() == want.port())
        };
        let (mut sum, mut late) = (Exchange::default(), Exchange::default());
        let counts = self.settled()?;
        let all_late = self.lock().late.clone();
        for (key, count) in counts {
            if key.protocol != protocol.number() {
                continue;
            }
            if is(key.source, local) && is(key.destination, remote) {
                sum.egress = sum.egress + count;
                let of_flow = all_late.get(&key).copied().unwrap_or_default();
                late.egress = late.egress + of_flow.egress;
                late.ingress = late.ingress + of_flow.ingress;
            } else if is(key.source, remote) && is(key.destination, local) {
                sum.ingress = sum.ingress + count;
            }
        }
        sum.egress = sum.egress - late.egress;
        sum.ingress = sum.ingress - late.ingress;
        Ok(sum)
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn drain(&mut self) {
        // Headers suffice: lengths are read from them, not from what was copied.
        let mut buffer = [0_u8; 256];
        loop {
            match recv(
                self.socket.as_raw_fd(),
                &mut buffer,
                nix::sys::socket::MsgFlags::empty(),
            ) {
                Ok(length) => {
                    let seen = buffer.get(..length).and_then(packet::parse);
                    if let Some(frame) = seen {
                        self.take(frame);
                    }
                }
                Err(Errno::EINTR) => {}
                Err(_) => return,
            }
        }
    }
}

impl Key {
    fn reverse(self) -> Self {
        Self {
            source: self.destination,
            destination: self.source,
            ..self
        }
    }
}

impl Shared {
    fn take(&mut self, frame: Frame) {
        let Frame { key, count, tcp } = frame;
        let sum = self.counts.entry(key).or_default();
        *sum = *sum + count;
        match tcp {
            Some(Tcp::Acknowledges(up_to)) => {
                self.latest.insert(key, (up_to, count));
            }
            Some(Tcp::ResetOf(up_to)) => {
                let latest = self.latest.get(&key.reverse());
                if let Some((_, answered)) = latest.filter(|(latest, _)| *latest == up_to) {
                    let late = self.late.entry(key).or_default();
                    late.egress = late.egress + count;
                    late.ingress = late.ingress + *answered;
                }
            }
            None => {}
        }
    }
}

fn open_socket() -> Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket(
        AddressFamily::Packet,
        SockType::Raw,
        flags,
        SockProtocol::EthAll,
    )
    .context("open a packet socket: the harness needs root")?;
    setsockopt(&socket, VnetHeader, &1).context("packet socket: segmentation facts")?;
    setsockopt(&socket, RcvBufForce, &(64 << 20)).context("packet socket: buffer")?;
    Ok(socket)
}

/// The address with port 0, for protocols without ports and for "any port".
pub fn any_port(address: IpAddr) -> SocketAddr {
    SocketAddr::new(address, 0)
}
