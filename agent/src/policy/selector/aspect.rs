//! What a selector can look at, and what is known of it.

use std::borrow::Cow;

use serde::Serialize;

use crate::attribution::{Attributed, Executable, Label, Labels};

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
    /// Label of the container.
    Label,
    /// Kubernetes namespace.
    PodNamespace,
    /// Pod name.
    Pod,
    /// Label of the pod.
    PodLabel,
    /// Service account of the pod.
    ServiceAccount,
    /// Name of a virtual machine, nspawn or LXC container.
    Machine,
    /// Path of the program.
    Executable,
    /// User id of the process that used the flow first.
    Uid,
    /// Path of the cgroup.
    Cgroup,
    /// Name of the host.
    Host,
}

impl Aspect {
    /// The key in `[[workload]]`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Slice => "slice",
            Self::Container => "container",
            Self::Image => "image",
            Self::Label => "labels",
            Self::PodNamespace => "pod_namespace",
            Self::Pod => "pod",
            Self::PodLabel => "pod_labels",
            Self::ServiceAccount => "service_account",
            Self::Machine => "machine",
            Self::Executable => "executable",
            Self::Uid => "uid",
            Self::Cgroup => "cgroup",
            Self::Host => "host_group",
        }
    }

    /// What it is called in a sentence that says that it is not known.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::PodLabel => "pod_label",
            Self::Host => "host",
            _ => self.key(),
        }
    }

    /// Why it is not known, where that is recorded.
    pub fn why_unknown(self, flow: &Attributed) -> Option<&str> {
        let workload = &flow.workload;
        match self {
            Self::Label => workload.container.as_ref()?.labels.incomplete.as_deref(),
            Self::PodLabel => workload.pod.as_ref()?.labels.incomplete.as_deref(),
            _ => None,
        }
    }
}

/// What is known of an aspect.
pub(in crate::policy) enum Fact<'a> {
    Text(Cow<'a, str>),
    Uid(u32),
    Absent,
    Unknown,
}

/// What is known of one aspect of the workload; of labels, of the one of that key.
pub(in crate::policy) fn fact<'a>(
    aspect: Aspect,
    label: Option<&str>,
    flow: &'a Attributed,
) -> Fact<'a> {
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
        Aspect::Host => return told(true, workload.host.as_deref()),
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
        Aspect::Unit => certain(workload.unit.as_deref()),
        Aspect::Slice => certain(workload.slice.as_deref()),
        Aspect::Machine => certain(workload.machine.as_deref()),
        Aspect::Cgroup => certain(Some(path)),
        Aspect::Container => told(
            container.is_some(),
            container.and_then(|c| c.name.as_deref()),
        ),
        Aspect::Image => told(
            container.is_some(),
            container.and_then(|c| c.image.as_deref()),
        ),
        Aspect::Label => labelled(container.map(|c| &c.labels), label),
        Aspect::PodNamespace => told(pod.is_some(), pod.and_then(|p| p.namespace.as_deref())),
        Aspect::Pod => told(pod.is_some(), pod.and_then(|p| p.name.as_deref())),
        Aspect::PodLabel => labelled(pod.map(|p| &p.labels), label),
        Aspect::ServiceAccount => told(
            pod.is_some(),
            pod.and_then(|p| p.service_account.as_deref()),
        ),
        Aspect::Executable | Aspect::Uid | Aspect::Host => Fact::Unknown,
    }
}

/// What only a state file tells may be unknown of a container or pod that the path
/// proves to exist; what is not there at all is absent.
fn told(exists: bool, text: Option<&str>) -> Fact<'_> {
    match (exists, text) {
        (_, Some(text)) => Fact::Text(Cow::Borrowed(text)),
        (true, None) => Fact::Unknown,
        (false, None) => Fact::Absent,
    }
}

fn labelled<'a>(labels: Option<&'a Labels>, key: Option<&str>) -> Fact<'a> {
    let (Some(labels), Some(key)) = (labels, key) else {
        return Fact::Absent;
    };
    match labels.get(key) {
        Label::Value(value) => Fact::Text(Cow::Borrowed(value)),
        Label::Absent => Fact::Absent,
        Label::Unknown(_) => Fact::Unknown,
    }
}
