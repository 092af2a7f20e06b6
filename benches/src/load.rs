//! The traffic that is measured, made by a process of its own: it enters the
//! benchmark's cgroup and a new network namespace, so that its packets go over
//! a loopback interface that nobody else uses and that ends with it.

use std::{
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream, UdpSocket},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use nix::{
    sched::{CloneFlags, unshare},
    time::{ClockId, clock_gettime},
};

use crate::world;

/// Payload of small packets.
const SMALL: [u8; 64] = [7; 64];
/// One `write` of bulk traffic.
const CHUNK: usize = 64 * 1024;
/// Destinations that are sent to in turn.
const PEERS: u64 = 1024;
/// Bounds on what stays behind for a while: flows, sockets in TIME-WAIT.
const MOST_NEW_PEERS: u64 = 20_000;
const MOST_CONNECTIONS: u64 = 20_000;
/// Asking for the time costs as much as a tenth of a packet.
const SENDS_PER_LOOK: u64 = 64;

/// A kind of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// 64 bytes to and fro on one connection: no segmentation.
    TcpPingPong,
    /// As fast as one connection can: segmented packets.
    TcpBulk,
    /// Connections made and closed one after the other.
    TcpConnect,
    /// 64 bytes from a connected socket.
    UdpConnected,
    /// 64 bytes from one socket to 1,024 destinations in turn.
    UdpTurns,
    /// 64 bytes from one socket, each packet to a destination never seen.
    UdpNew,
    /// The same, so many in a second.
    Storm,
    /// One packet to a place that no database knows; says when.
    Probe,
}

impl Kind {
    /// As on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::TcpPingPong => "tcp-ping-pong",
            Self::TcpBulk => "tcp-bulk",
            Self::TcpConnect => "tcp-connect",
            Self::UdpConnected => "udp-connected",
            Self::UdpTurns => "udp-turns",
            Self::UdpNew => "udp-new",
            Self::Storm => "storm",
            Self::Probe => "probe",
        }
    }
}

/// What to send, and where from.
#[derive(Debug, clap::Args)]
pub(crate) struct LoadArguments {
    kind: Kind,
    #[arg(long)]
    milliseconds: u64,
    #[arg(long)]
    cgroup: PathBuf,
    /// Says `ready` once the namespace is there, and waits for a line.
    #[arg(long)]
    wait: bool,
    /// Tracks connections, and has their events printed.
    #[arg(long)]
    conntrack: bool,
    /// Packets in a second, of a storm.
    #[arg(long, default_value_t = 1000)]
    rate: u64,
}

/// What was sent.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Outcome {
    /// Connections, packets or exchanges.
    operations: u64,
    /// Payload received, of bulk traffic.
    bytes: u64,
    /// How long it took.
    seconds: f64,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts stay far below 2^52 in the time given"
)]
impl Outcome {
    /// Operations per second.
    pub(crate) fn rate(self) -> f64 {
        self.operations as f64 / self.seconds
    }

    /// How long it took.
    pub(crate) fn seconds(self) -> f64 {
        self.seconds
    }

    /// IP bytes of small datagrams over IPv4 (RFC 791, RFC 768).
    pub(crate) fn ip_bytes(self) -> u64 {
        self.operations * (20 + 8 + SMALL.len() as u64)
    }

    /// Gigabits of payload per second.
    pub(crate) fn gigabits(self) -> f64 {
        self.bytes as f64 * 8.0 / 1e9 / self.seconds
    }
}

/// Makes the traffic and says on stdout what was sent.
pub(crate) fn run(arguments: &LoadArguments) -> Result<()> {
    world::enter(&arguments.cgroup)?;
    unshare(CloneFlags::CLONE_NEWNET).context("cannot make a network namespace")?;
    loopback_up()?;
    if arguments.wait {
        println!("ready");
        io::stdin().read_line(&mut String::new())?;
    }
    let _tracker = arguments.conntrack.then(Tracker::start).transpose()?;
    let time = Duration::from_millis(arguments.milliseconds);
    let outcome = match arguments.kind {
        Kind::TcpPingPong => tcp_ping_pong(time),
        Kind::TcpBulk => tcp_bulk(time),
        Kind::TcpConnect => tcp_connect(time),
        Kind::UdpConnected => udp(time, u64::MAX, true, |_| Some(1)),
        Kind::UdpTurns => udp(time, u64::MAX, false, |n| u32::try_from(n % PEERS).ok()),
        Kind::Storm => storm(time, arguments.rate),
        Kind::Probe => {
            println!("{}", probe()?);
            return Ok(());
        }
        Kind::UdpNew => udp(time, MOST_NEW_PEERS, false, |n| u32::try_from(n).ok()),
    }
    .with_context(|| format!("traffic `{}`", arguments.kind.name()))?;
    serde_json::to_writer(io::stdout(), &outcome)?;
    Ok(())
}

/// `conntrack -E` in this network namespace. Dropping it ends it.
struct Tracker(Child);

impl Tracker {
    fn start() -> Result<Self> {
        // A rule that asks for the state of connections has the kernel track them.
        let rule = "-A OUTPUT -m conntrack --ctstate NEW -j ACCEPT";
        let status = Command::new("iptables").args(rule.split(' ')).status();
        if !status.context("cannot start `iptables`")?.success() {
            bail!("`iptables {rule}` failed");
        }
        let tracker = Command::new("conntrack")
            .arg("-E")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start `conntrack`")?;
        // It says nothing when it is ready.
        thread::sleep(Duration::from_millis(100));
        Ok(Self(tracker))
    }
}

impl Drop for Tracker {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// With the packet size of Ethernet: loopback's own, 64 KiB, would leave bulk
/// traffic nothing to segment.
fn loopback_up() -> Result<()> {
    let status = Command::new("ip")
        .args(["link", "set", "lo", "mtu", "1500", "up"])
        .status()
        .context("cannot start `ip`: install iproute2")?;
    if !status.success() {
        bail!("`ip link set lo mtu 1500 up` failed: {status}");
    }
    Ok(())
}

/// Repeats until the time or the count is used up.
fn repeat(
    time: Duration,
    most: u64,
    mut once: impl FnMut(u64) -> io::Result<()>,
) -> io::Result<Outcome> {
    let start = Instant::now();
    let mut operations = 0;
    while operations < most && (operations % SENDS_PER_LOOK != 0 || start.elapsed() < time) {
        once(operations)?;
        operations += 1;
    }
    Ok(Outcome {
        operations,
        bytes: 0,
        seconds: start.elapsed().as_secs_f64(),
    })
}

fn listener() -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
}

fn tcp_ping_pong(time: Duration) -> Result<Outcome> {
    let listener = listener()?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, _) = listener.accept()?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let mut buffer = [0; SMALL.len()];
    Ok(repeat(time, u64::MAX, |_| {
        client.write_all(&SMALL)?;
        server.read_exact(&mut buffer)?;
        server.write_all(&SMALL)?;
        client.read_exact(&mut buffer)
    })?)
}

fn tcp_bulk(time: Duration) -> Result<Outcome> {
    let listener = listener()?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, _) = listener.accept()?;
    let reader = thread::spawn(move || -> io::Result<u64> {
        let mut buffer = vec![0; 4 * CHUNK];
        let mut bytes = 0;
        loop {
            match server.read(&mut buffer)? {
                0 => return Ok(bytes),
                read => bytes += read as u64,
            }
        }
    });
    let chunk = vec![7; CHUNK];
    let start = Instant::now();
    let mut operations = 0;
    while start.elapsed() < time {
        client.write_all(&chunk)?;
        operations += 1;
    }
    drop(client);
    let Ok(bytes) = reader.join() else {
        bail!("the receiving side failed");
    };
    Ok(Outcome {
        operations,
        bytes: bytes?,
        seconds: start.elapsed().as_secs_f64(),
    })
}

fn tcp_connect(time: Duration) -> Result<Outcome> {
    let listener = listener()?;
    let address = listener.local_addr()?;
    Ok(repeat(time, MOST_CONNECTIONS, |_| {
        let client = TcpStream::connect(address)?;
        let (server, _) = listener.accept()?;
        drop(client);
        drop(server);
        Ok(())
    })?)
}

/// All of 127.0.0.0/8 is this namespace's own; one socket receives for all of
/// it. Nobody reads: what the buffer cannot take is dropped behind the hooks.
fn udp(
    time: Duration,
    most: u64,
    connected: bool,
    peer: impl Fn(u64) -> Option<u32>,
) -> Result<Outcome> {
    let receiver = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    let port = receiver.local_addr()?.port();
    let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let base = u32::from(Ipv4Addr::new(127, 1, 0, 0));
    let address = |n| {
        let host = peer(n).and_then(|host| base.checked_add(host));
        host.map(|host| SocketAddrV4::new(Ipv4Addr::from_bits(host), port))
            .ok_or_else(|| io::Error::other("no more addresses"))
    };
    if connected {
        sender.connect(address(0)?)?;
        return Ok(repeat(time, most, |_| sender.send(&SMALL).map(drop))?);
    }
    Ok(repeat(time, most, |n| {
        sender.send_to(&SMALL, address(n)?).map(drop)
    })?)
}

/// Every packet goes to a destination never seen. Whatever is late is sent at
/// once, so that the number is right in the end.
fn storm(time: Duration, rate: u64) -> Result<Outcome> {
    let receiver = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    let port = receiver.local_addr()?.port();
    let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let base = u32::from(Ipv4Addr::new(127, 1, 0, 0));
    let start = Instant::now();
    let all = u64::try_from(time.as_millis())? * rate / 1000;
    let mut sent = 0;
    while sent < all {
        let due = u64::try_from(start.elapsed().as_micros())? * rate / 1_000_000;
        for number in sent..due.min(all) {
            let host = Ipv4Addr::from_bits(base + u32::try_from(number)?);
            sender.send_to(&SMALL, SocketAddrV4::new(host, port))?;
        }
        sent = due.min(all);
        thread::sleep(Duration::from_micros(500));
    }
    Ok(Outcome {
        operations: sent,
        bytes: 0,
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// Sends one packet to 203.0.113.9, which is this namespace's own, and gives the time before.
fn probe() -> Result<u64> {
    let address = "203.0.113.9";
    let status = Command::new("ip")
        .args(["address", "add", &format!("{address}/32"), "dev", "lo"])
        .status()
        .context("cannot start `ip`: install iproute2")?;
    if !status.success() {
        bail!("{address} cannot be added to the loopback interface: {status}");
    }
    let sender = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    let sent = now_ns()?;
    sender.send_to(&SMALL, (address, 9))?;
    Ok(sent)
}

/// Nanoseconds of `CLOCK_MONOTONIC` (clock_gettime(2)), which all processes share.
pub(crate) fn now_ns() -> Result<u64> {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC)?;
    let seconds = u64::try_from(now.tv_sec())?;
    let rest = u64::try_from(now.tv_nsec())?;
    Ok(seconds * 1_000_000_000 + rest)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn names_are_those_of_the_command_line() {
        for kind in Kind::value_variants() {
            assert_eq!(Kind::from_str(kind.name(), false).as_ref(), Ok(kind));
        }
    }

    #[test]
    fn repeats_within_its_bounds() {
        let outcome = repeat(Duration::MAX, 100, |_| Ok(())).unwrap();
        assert_eq!(outcome.operations, 100);
        let outcome = repeat(Duration::ZERO, 100, |_| Ok(())).unwrap();
        assert_eq!(outcome.operations, 0);
    }

    #[test]
    fn rates_are_per_second() {
        let outcome = Outcome {
            operations: 300,
            bytes: 250_000_000,
            seconds: 2.0,
        };
        assert!((outcome.rate() - 150.0).abs() < 1e-9);
        assert!((outcome.gigabits() - 1.0).abs() < 1e-9);
    }
}
