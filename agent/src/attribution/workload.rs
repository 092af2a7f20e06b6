//! The workload: what runs on this host, as its cgroup path names it.

use std::{path::PathBuf, sync::Arc};

use serde::{Deserialize, Serialize};

use super::labels::Labels;
use crate::record::FlowRecord;

/// What kind of thing a cgroup path names.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum WorkloadKind {
    /// `*.service`, `*.scope`, … of the system manager.
    SystemdUnit,
    /// A unit of a user's manager.
    SystemdUserUnit,
    /// A container without a pod.
    Container,
    /// A container in a Kubernetes pod.
    KubernetesPod,
    /// A virtual machine registered by libvirt.
    VirtualMachine,
    /// An nspawn machine.
    Nspawn,
    /// An LXC container.
    Lxc,
    /// A slice or directory that is none of these.
    Cgroup,
    /// The root cgroup: the kernel's own sockets and unplaced processes.
    Root,
    /// The cgroup's path is not known.
    #[default]
    Unknown,
}

/// What made a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Runtime {
    /// Docker Engine.
    Docker,
    /// Podman (libpod).
    Podman,
    /// containerd, by itself or for Kubernetes.
    Containerd,
    /// CRI-O.
    Crio,
    /// The path tells a container id and not who made it.
    Unknown,
}

/// A container, from its cgroup path and, where readable, its runtime's state.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Container {
    /// Full id as in the path: 64 hexadecimal digits for most runtimes.
    pub id: String,
    /// What made it.
    pub runtime: Runtime,
    /// Name given by whoever started it; `None` until a state file told it.
    pub name: Option<String>,
    /// Image reference; `None` until a state file told it.
    pub image: Option<String>,
    /// Labels, as far as a state file told them.
    #[serde(default)]
    pub labels: Labels,
}

/// A Kubernetes pod, from its cgroup path and, where readable, what the kubelet and
/// the runtime keep of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pod {
    /// UID with dashes.
    pub uid: String,
    /// `guaranteed`, `burstable` or `besteffort`.
    pub qos: String,
    /// Namespace; `None` until a state file told it.
    pub namespace: Option<String>,
    /// Name; `None` until a state file told it.
    pub name: Option<String>,
    /// Service account; `None` until a token that the kubelet keeps told it.
    #[serde(default)]
    pub service_account: Option<String>,
    /// Labels, as far as a state file told them.
    #[serde(default)]
    pub labels: Labels,
}

/// The program that a process ran.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Executable {
    /// Path as `/proc/<pid>/exe` gave it.
    Path(PathBuf),
    /// Not known, with the reason.
    Unknown(String),
}

/// What runs on this host and may belong to a product.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Workload {
    /// Name of the host; `None` when it has none, or for records of earlier builds.
    #[serde(default)]
    pub host: Option<Arc<str>>,
    /// What kind of thing it is.
    pub kind: WorkloadKind,
    /// The shortest name that an engineer would use: unit, container name or
    /// short id, pod, machine, or the cgroup path.
    pub name: String,
    /// Path below the cgroup v2 root, starting with `/`; `None` when unknown.
    pub cgroup_path: Option<String>,
    /// The systemd unit, with systemd's escapes: the outermost on the path, since
    /// a unit may name what is below it as it likes; for a user's manager, its
    /// unit.
    pub unit: Option<String>,
    /// Innermost systemd slice above that unit.
    pub slice: Option<String>,
    /// Owner of the user slice or user manager it is in.
    pub user: Option<u32>,
    /// The container, if it is one.
    pub container: Option<Container>,
    /// The pod, if it is in one.
    pub pod: Option<Pod>,
    /// The machine's name, for virtual machines, nspawn and LXC.
    pub machine: Option<String>,
    /// Why something about it is not known, if so.
    pub unknown: Option<String>,
}

/// A record with its workload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributed {
    /// What the kernel recorded.
    pub record: FlowRecord,
    /// Whose it is.
    pub workload: Arc<Workload>,
    /// What program used the flow first.
    pub executable: Executable,
}
