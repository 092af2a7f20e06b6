//! The traffic generator: what `weir-traffic` does, and what it reports.
//!
//! One way out of a host is one subcommand. A new way needs a variant of
//! [`Way`], a function that sends, and an arm in [`Way::send`].

use std::{
    net::{IpAddr, SocketAddr, SocketAddrV4},
    path::PathBuf,
};

use anyhow::Result;
use clap::Subcommand;
use serde::{Deserialize, Serialize};

mod attend;
mod carriers;
mod datagrams;
mod exec;
mod handover;
mod named;
mod packets;
mod podman;
mod serve;
mod stream;
mod tcp;
mod udp;
mod uring;

pub use attend::attend;
pub use datagrams::Datagrams;
pub use exec::{Bind, exec};
pub use named::{Forgery, Hello, Listen, Named, Server};
pub use packets::Packets;
pub use podman::podman;
pub use serve::serve;
pub use stream::Stream;

/// Protocols that the generator speaks.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Protocol {
    /// IP protocol number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
        }
    }

    /// Name in the record.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// What a sender says it did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Process that sent.
    pub pid: u32,
    /// Payload bytes handed to the kernel.
    pub sent: u64,
    /// Payload bytes received.
    pub received: u64,
    /// Connections made, or datagrams sent.
    pub units: u64,
    /// Address and port that it sent from, for the last connection or socket.
    pub local: Option<SocketAddr>,
    /// IP bytes that the payload makes on the wire, where that follows from the
    /// payload alone (UDP).
    pub wire: Option<u64>,
    /// What the kernel answered, for ways that end in an error.
    pub error: Option<String>,
    /// What was answered, for ways that hear it.
    #[serde(default)]
    pub answers: Vec<String>,
}

/// How UDP datagrams are handed to the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum UdpCall {
    /// `connect`, then `send`.
    Connected,
    /// `sendto` on an unconnected socket.
    Sendto,
    /// `sendmsg` on an unconnected socket.
    Sendmsg,
}

/// Ways out of a host.
#[derive(Clone, Debug, Subcommand)]
pub enum Way {
    /// Connects, sends, reads the answer to its end, closes.
    Tcp {
        /// Where to.
        #[arg(long)]
        to: SocketAddr,
        /// Payload bytes of a connection, at least 16.
        #[arg(long, default_value_t = 1000)]
        bytes: u64,
        /// Payload bytes of the answer.
        #[arg(long, default_value_t = 0)]
        reply: u64,
        /// Connections, one after the other.
        #[arg(long, default_value_t = 1)]
        count: u64,
        /// Closes before the server does, and so leaves TIME-WAIT at the sender.
        #[arg(long)]
        close_first: bool,
        /// Milliseconds between the end of the answer and the close, so that the
        /// kernel acknowledges the former by itself.
        #[arg(long, default_value_t = 0)]
        pause: u64,
    },
    /// Connects where that must fail, and reports the error.
    TcpFail {
        /// Where to.
        #[arg(long)]
        to: SocketAddr,
        /// Gives up after this many milliseconds.
        #[arg(long, default_value_t = 500)]
        wait: u64,
    },
    /// Prints `ready`, then sends on one connection until its standard input ends.
    TcpStream {
        /// Where to.
        #[arg(long)]
        to: SocketAddr,
        /// Payload bytes of a write, 100 of them in a second.
        #[arg(long, default_value_t = 1000)]
        bytes: usize,
    },
    /// Sends datagrams.
    Udp {
        /// Where to.
        #[arg(long)]
        to: SocketAddr,
        /// Payload bytes of a datagram.
        #[arg(long, default_value_t = 100)]
        bytes: usize,
        /// Datagrams.
        #[arg(long, default_value_t = 1)]
        count: u64,
        /// Waits for each to come back before it sends the next.
        #[arg(long)]
        echo: bool,
        /// System call.
        #[arg(long, value_enum, default_value = "connected")]
        call: UdpCall,
    },
    /// Sends datagrams by a way that is not everybody's.
    Datagrams {
        /// Where to.
        #[arg(long)]
        to: SocketAddr,
        /// Payload bytes of a datagram.
        #[arg(long, default_value_t = 100)]
        bytes: usize,
        /// Datagrams.
        #[arg(long, default_value_t = 3)]
        count: usize,
        /// System call.
        #[arg(long, value_enum)]
        call: Datagrams,
    },
    /// Connects and sends by a way that is not everybody's.
    Stream {
        /// Where to.
        #[arg(long)]
        to: SocketAddr,
        /// Payload bytes.
        #[arg(long, default_value_t = 50_000)]
        bytes: u64,
        /// How.
        #[arg(long, value_enum)]
        by: Stream,
    },
    /// Sends packets below TCP and UDP.
    Packets {
        /// Where to.
        #[arg(long)]
        to: IpAddr,
        /// Packets.
        #[arg(long, default_value_t = 3)]
        count: usize,
        /// How.
        #[arg(long, value_enum)]
        by: Packets,
    },
    /// Makes a socket and gives it to another process.
    Give {
        /// Where to.
        #[arg(long)]
        to: SocketAddr,
        /// Connected TCP, or unconnected UDP.
        #[arg(long, value_enum)]
        protocol: Protocol,
        /// Socket to meet at.
        #[arg(long)]
        through: PathBuf,
    },
    /// Takes a socket from another process and sends by it.
    Take {
        /// Where to.
        #[arg(long)]
        to: SocketAddr,
        /// What the socket is.
        #[arg(long, value_enum)]
        protocol: Protocol,
        /// Socket to meet at.
        #[arg(long)]
        through: PathBuf,
    },
    /// Passes one connection on, as a proxy does.
    Relay {
        /// Where the client connects to.
        #[arg(long)]
        listen: SocketAddr,
        /// Where to.
        #[arg(long)]
        to: SocketAddr,
    },
    /// Wraps what is routed to a TUN into datagrams, as a VPN does.
    Vpn {
        /// Name of the TUN.
        #[arg(long)]
        tun: String,
        /// Where to.
        #[arg(long)]
        to: SocketAddr,
    },
    /// Sends frames by a packet socket.
    Frames {
        /// Name of the interface.
        #[arg(long)]
        interface: String,
        /// Ethernet address to send to.
        #[arg(long)]
        gateway: String,
        /// Own address.
        #[arg(long)]
        from: SocketAddrV4,
        /// Where to.
        #[arg(long)]
        to: SocketAddrV4,
        /// Datagrams.
        #[arg(long, default_value_t = 5)]
        count: usize,
    },
    /// Sends as a guest behind a TAP does.
    Guest {
        /// Name of the TAP.
        #[arg(long)]
        tap: String,
        /// Ethernet address of the TAP.
        #[arg(long)]
        gateway: String,
        /// Address of the guest.
        #[arg(long)]
        from: SocketAddrV4,
        /// Where to.
        #[arg(long)]
        to: SocketAddrV4,
        /// Datagrams.
        #[arg(long, default_value_t = 5)]
        count: usize,
    },
    /// Sends one datagram from one unconnected socket to each of many ports.
    UdpPorts {
        /// Address, and the first port.
        #[arg(long)]
        to: SocketAddr,
        /// Ports.
        #[arg(long)]
        count: u16,
    },
    /// Sends what has names in it.
    #[command(flatten)]
    Named(Named),
}

impl Way {
    /// Sends by this way.
    ///
    /// # Errors
    /// The traffic did not go as described.
    pub fn send(self) -> Result<Report> {
        let mut report = match self {
            Self::Tcp {
                to,
                bytes,
                reply,
                count,
                close_first,
                pause,
            } => tcp::Exchange {
                bytes,
                reply,
                close_first,
                pause,
            }
            .with(to, count)?,
            Self::TcpFail { to, wait } => tcp::fail(to, wait)?,
            Self::TcpStream { to, bytes } => tcp::stream(to, bytes)?,
            Self::Udp {
                to,
                bytes,
                count,
                echo,
                call,
            } => udp::send(to, bytes, count, echo, call)?,
            Self::Datagrams {
                to,
                bytes,
                count,
                call,
            } => datagrams::send(to, bytes, count, call)?,
            Self::Stream { to, bytes, by } => stream::send(to, bytes, by)?,
            Self::Packets { to, count, by } => packets::send(to, count, by)?,
            Self::Give {
                to,
                protocol,
                through,
            } => handover::give(to, protocol, &through)?,
            Self::Take {
                to,
                protocol,
                through,
            } => handover::take(to, protocol, &through)?,
            Self::Relay { listen, to } => carriers::relay(listen, to)?,
            Self::Vpn { tun, to } => carriers::vpn(&tun, to)?,
            Self::Frames {
                interface,
                gateway,
                from,
                to,
                count,
            } => carriers::frames(&interface, &gateway, from, to, count)?,
            Self::Guest {
                tap,
                gateway,
                from,
                to,
                count,
            } => carriers::guest(&tap, &gateway, from, to, count)?,
            Self::UdpPorts { to, count } => udp::ports(to, count)?,
            Self::Named(named) => named.send()?,
        };
        report.pid = std::process::id();
        Ok(report)
    }
}
