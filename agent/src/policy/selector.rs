//! Which workloads belong to a product.

use std::{borrow::Cow, fmt};

use serde::Serialize;

use super::glob::Glob;
use crate::attribution::{Attributed, Executable};

/// What a selector looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// systemd unit of the system manager.
    Unit,
    /// systemd slice.
    Slice,
    /// Container name.
    Container,
    /// Image reference.
    Image,
    /// Kubernetes namespace.
    PodNamespace,
    /// Pod name.
    Pod,
    /// Name of a virtual machine, nspawn or LXC container.
    Machine,
    /// Path of the program.
    Executable,
    /// User id of the process that used the flow first.
    Uid,
    /// Path of the cgroup.
    Cgroup,
}

impl Aspect {
    /// The key in `[[workload]]`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Slice => "slice",
            Self::Container => "container",
            Self::Image => "image",
            Self::PodNamespace => "pod_namespace",
            Self::Pod => "pod",
            Self::Machine => "machine",
            Self::Executable => "executable",
            Self::Uid => "uid",
            Self::Cgroup => "cgroup",
        }
    }
}

/// What an aspect must be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Wanted {
    /// A text that fits.
    Name(Glob),
    /// This user id.
    Uid(u32),
}

/// A conjunction: every aspect must be as wanted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Selector {
    criteria: Vec<(Aspect, Wanted)>,
}

/// Whether a workload is one that a selector takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// Everything known fits, and this aspect is not known.
    Unknown(Aspect),
}

/// What is known of an aspect.
pub(super) enum Fact<'a> {
    Text(Cow<'a, str>),
    Uid(u32),
    Absent,
    Unknown,
}

impl Selector {
    /// A selector of these criteria; the order does not matter.
    pub fn new(mut criteria: Vec<(Aspect, Wanted)>) -> Self {
        criteria.sort();
        Self { criteria }
    }

    /// What it asks for.
    pub(super) fn criteria(&self) -> &[(Aspect, Wanted)] {
        &self.criteria
    }

    /// Whether it takes the workload. A `No` on one aspect settles the matter,
    /// whatever is unknown of the others.
    pub fn fit(&self, flow: &Attributed) -> Fit {
        let mut fit = Fit::Yes;
        for (aspect, wanted) in &self.criteria {
            match (fact(*aspect, flow), wanted) {
                (Fact::Text(text), Wanted::Name(glob)) if glob.matches(&text) => {}
                (Fact::Uid(uid), Wanted::Uid(wanted)) if uid == *wanted => {}
                (Fact::Unknown, _) => fit = Fit::Unknown(*aspect),
                _ => return Fit::No,
            }
        }
        fit
    }

    /// Whether every workload that `other` takes is certainly taken by this.
    pub fn covers(&self, other: &Self) -> bool {
        self.criteria.iter().all(|(aspect, wanted)| {
            other.criteria.iter().any(|(theirs, narrow)| {
                theirs == aspect
                    && match (wanted, narrow) {
                        (Wanted::Name(wide), Wanted::Name(narrow)) => wide.covers(narrow),
                        (wide, narrow) => wide == narrow,
                    }
            })
        })
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (aspect, wanted)) in self.criteria.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            match wanted {
                Wanted::Name(glob) => write!(f, "{comma}{} = {glob}", aspect.key())?,
                Wanted::Uid(uid) => write!(f, "{comma}{} = {uid}", aspect.key())?,
            }
        }
        Ok(())
    }
}

impl Serialize for Selector {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What is known of one aspect of the workload.
pub(super) fn fact(aspect: Aspect, flow: &Attributed) -> Fact<'_> {
    let workload = &*flow.workload;
    match aspect {
        Aspect::Executable => {
            return match &flow.executable {
                Executable::Path(path) => Fact::Text(path.to_string_lossy()),
                Executable::Unknown(_) => Fact::Unknown,
            };
        }
        Aspect::Uid => {
            return match &flow.record.process {
                Some(process) => Fact::Uid(process.uid),
                None => Fact::Unknown,
            };
        }
        _ => {}
    }
    let Some(path) = &workload.cgroup_path else {
        return Fact::Unknown;
    };
    let (container, pod) = (workload.container.as_ref(), workload.pod.as_ref());
    let certain = |text| told(false, text);
    match aspect {
        // A user may name a unit of their own manager as they like; such a unit
        // is not the system's unit of that name.
        Aspect::Unit if workload.user.is_some() => Fact::Absent,
        Aspect::Unit => certain(workload.unit.as_ref()),
        Aspect::Slice => certain(workload.slice.as_ref()),
        Aspect::Machine => certain(workload.machine.as_ref()),
        Aspect::Cgroup => certain(Some(path)),
        Aspect::Container => told(container.is_some(), container.and_then(|c| c.name.as_ref())),
        Aspect::Image => told(
            container.is_some(),
            container.and_then(|c| c.image.as_ref()),
        ),
        Aspect::PodNamespace => told(pod.is_some(), pod.and_then(|p| p.namespace.as_ref())),
        Aspect::Pod => told(pod.is_some(), pod.and_then(|p| p.name.as_ref())),
        Aspect::Executable | Aspect::Uid => Fact::Unknown,
    }
}

/// What only a runtime's state tells may be unknown of a container or pod that the
/// path proves to exist; what is not there at all is absent.
fn told(exists: bool, text: Option<&String>) -> Fact<'_> {
    match (exists, text) {
        (_, Some(text)) => Fact::Text(Cow::Borrowed(text)),
        (true, None) => Fact::Unknown,
        (false, None) => Fact::Absent,
    }
}
