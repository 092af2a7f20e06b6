//! Hosts: network namespaces on one wire, with no route out.

use std::{
    fs::{self, File},
    net::IpAddr,
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context, Result, anyhow};
use nix::sched::{CloneFlags, setns};

use crate::{run::Run, tool::ip, wire::Wire};

/// Networks that every host of a world reaches directly: those of RFC 5737 and
/// RFC 3849, and one private network for what is internal.
pub const NETWORKS: [&str; 4] = [
    "198.51.100.0/24",
    "203.0.113.0/24",
    "10.77.0.0/16",
    "2001:db8::/32",
];

/// Whether network devices may hand over more than a packet at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offloads {
    /// Each frame on the wire is one packet.
    Off,
    /// TCP and UDP segmentation offload as the kernel likes it.
    On,
}

/// A wire (a bridge in a namespace of its own) and the hosts on it. The
/// namespaces go with the [`Run`].
#[derive(Debug)]
pub struct World {
    prefix: String,
    offloads: Offloads,
}

impl World {
    /// Makes the wire.
    ///
    /// # Errors
    /// `ip` fails.
    pub fn new(run: &Run, offloads: Offloads) -> Result<Self> {
        let world = Self {
            prefix: run.name().to_owned(),
            offloads,
        };
        let wire = world.name("wire");
        ip(&format!("netns add {wire}"))?;
        ip(&format!("-n {wire} link add bridge type bridge"))?;
        ip(&format!("-n {wire} link set bridge up"))?;
        Ok(world)
    }

    /// Puts a host on the wire with these addresses (without prefix length).
    ///
    /// # Errors
    /// `ip` fails; the error says at which command.
    pub fn host(&self, name: &str, addresses: &[IpAddr]) -> Result<Host> {
        let (wire, netns) = (self.name("wire"), self.name(name));
        ip(&format!("netns add {netns}"))?;
        ip(&format!("-n {netns} link set lo up"))?;
        ip(&format!(
            "link add eth0 netns {netns} type veth peer name {name} netns {wire}"
        ))?;
        if self.offloads == Offloads::Off {
            // One segment per packet: the stack segments before the device.
            ip(&format!("-n {netns} link set eth0 gso_max_segs 1"))?;
            ip(&format!("-n {wire} link set {name} gso_max_segs 1"))?;
        }
        ip(&format!("-n {wire} link set {name} master bridge up"))?;
        ip(&format!("-n {netns} link set eth0 up"))?;
        for address in addresses {
            let length = if address.is_ipv4() { "32" } else { "128 nodad" };
            ip(&format!(
                "-n {netns} address add {address}/{length} dev eth0"
            ))?;
        }
        for network in NETWORKS {
            let family = if network.contains(':') { "-6" } else { "-4" };
            if addresses
                .iter()
                .any(|address| address.is_ipv6() == (family == "-6"))
            {
                ip(&format!(
                    "{family} -n {netns} route add {network} dev eth0 rto_min 10s"
                ))?;
            }
        }
        let host = Host {
            netns: Path::new("/run/netns").join(netns),
            addresses: addresses.to_vec(),
        };
        host.within(patient)?;
        Ok(host)
    }

    fn name(&self, host: &str) -> String {
        format!("{}-{host}", self.prefix)
    }
}

/// However slow the machine is, nothing is sent again that was not lost: a FIN
/// that comes twice is answered for a connection that is gone, by no socket. The
/// routes do their part by `rto_min`.
fn patient() -> Result<()> {
    let path = "/proc/sys/net/ipv4/tcp_early_retrans";
    fs::write(path, "0").with_context(|| format!("write {path}"))
}

/// One host of a [`World`].
#[derive(Clone, Debug)]
pub struct Host {
    netns: PathBuf,
    addresses: Vec<IpAddr>,
}

impl Host {
    /// File that holds its network namespace.
    pub fn netns(&self) -> &Path {
        &self.netns
    }

    /// Its addresses, as given.
    pub fn addresses(&self) -> &[IpAddr] {
        &self.addresses
    }

    /// Lets this host send to `address` although nobody there answers: the frames
    /// reach everyone on the wire and nobody takes them.
    ///
    /// # Errors
    /// `ip` fails.
    pub fn neighbour(&self, address: &str) -> Result<()> {
        let netns = self.netns.file_name().unwrap_or_default().to_string_lossy();
        ip(&format!(
            "-n {netns} neigh add {address} lladdr 02:00:00:00:00:66 dev eth0"
        ))
    }

    /// Whether a connection of this host is being closed: until it is, a FIN may
    /// be sent again.
    ///
    /// # Errors
    /// The namespace cannot be entered.
    pub fn closing(&self) -> Result<bool> {
        let tables = self.within(|| {
            let read = |name| {
                let path = format!("/proc/thread-self/net/{name}");
                fs::read_to_string(&path).with_context(|| format!("read {path}"))
            };
            Ok(read("tcp")? + &read("tcp6")?)
        })?;
        // FIN_WAIT1, LAST_ACK and CLOSING, as the kernel numbers them.
        let state = |line: &str| line.split_whitespace().nth(3).map(str::to_owned);
        Ok(tables
            .lines()
            .filter_map(state)
            .any(|state| matches!(state.as_str(), "04" | "09" | "0B")))
    }

    /// Counts every packet on its interface from now on, by itself.
    ///
    /// # Errors
    /// Not root.
    pub fn wire(&self) -> Result<Wire> {
        Wire::open(self)
    }

    /// Runs `act` on a thread in this host's network namespace.
    ///
    /// # Errors
    /// The namespace cannot be entered, or what `act` returns.
    pub fn within<T: Send + 'static>(
        &self,
        act: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let netns = self.netns.clone();
        thread::spawn(move || {
            enter(&netns)?;
            act()
        })
        .join()
        .map_err(|_| anyhow!("a thread in a namespace panicked"))?
    }
}

/// Moves the calling thread into the network namespace that `netns` holds.
///
/// # Errors
/// It does not exist, or not root.
pub fn enter(netns: &Path) -> Result<()> {
    let file = File::open(netns)
        .with_context(|| format!("network namespace {} cannot be opened", netns.display()))?;
    setns(&file, CloneFlags::CLONE_NEWNET)
        .with_context(|| format!("network namespace {} cannot be entered", netns.display()))
}
