//! What is said of a workload.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use crate::attribution::{
    Container, Executable, Labels, Pod, Runtime, Workload, WorkloadKind, path,
};

/// Slice of units of the system manager, unless they say otherwise (systemd.special(7)).
const SYSTEM_SLICE: &str = "system.slice";

/// The facts that selectors look at, each as a recorded flow would have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkloadFacts {
    texts: BTreeMap<&'static str, String>,
    labels: BTreeMap<String, String>,
    pod_labels: BTreeMap<String, String>,
    uid: Option<u32>,
}

/// A key that names no fact, or a value that it cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownFact {
    /// There is no such fact.
    #[error("`{0}` is no fact of a workload")]
    Key(String),
    /// It is no number.
    #[error("`{0}` is not a user id, a number from 0 to 4294967295")]
    Uid(String),
    /// A fact without content, or a label without a key.
    #[error("`{0}` says nothing")]
    Empty(String),
    /// A path that begins nowhere.
    #[error("`{0}` is no path from the root")]
    NotRooted(String),
    /// Said before, perhaps otherwise.
    #[error("`{0}` is said twice")]
    Twice(String),
}

impl UnknownFact {
    /// What to do.
    pub fn help(&self) -> String {
        match self {
            Self::Key(_) => format!(
                "the facts are {}, uid, labels.KEY and pod_labels.KEY",
                WorkloadFacts::TEXTS.join(", ")
            ),
            Self::Uid(_) => "write the number, such as 990".to_owned(),
            Self::Empty(_) => "give it a value, or leave it out".to_owned(),
            Self::NotRooted(_) => "write the whole path, with `/` first".to_owned(),
            Self::Twice(_) => "say it once: a workload has one of each".to_owned(),
        }
    }
}

impl WorkloadFacts {
    /// Facts that are a text.
    pub const TEXTS: [&'static str; 11] = [
        "unit",
        "slice",
        "container",
        "image",
        "pod_namespace",
        "pod",
        "service_account",
        "machine",
        "executable",
        "cgroup",
        "host",
    ];

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Notes a fact: one of [`WorkloadFacts::TEXTS`], `uid`, `labels.KEY` or
    /// `pod_labels.KEY`.
    ///
    /// # Errors
    /// If there is no such fact, the value is none of it, or it is said already.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), UnknownFact> {
        let twice = if let Some(known) = Self::TEXTS.iter().find(|known| **known == key) {
            if value.trim().is_empty() {
                return Err(UnknownFact::Empty(key.to_owned()));
            }
            if matches!(key, "executable" | "cgroup") && !value.starts_with('/') {
                return Err(UnknownFact::NotRooted(value.to_owned()));
            }
            set_once(&mut self.texts, known, value)
        } else if key == "uid" {
            let uid = value.parse();
            let uid = uid.map_err(|_| UnknownFact::Uid(value.to_owned()))?;
            self.uid.replace(uid).is_some()
        } else if matches!(key, "labels." | "pod_labels.") {
            return Err(UnknownFact::Empty(key.to_owned()));
        } else if let Some(label) = key.strip_prefix("labels.") {
            set_once(&mut self.labels, label.to_owned(), value)
        } else if let Some(label) = key.strip_prefix("pod_labels.") {
            set_once(&mut self.pod_labels, label.to_owned(), value)
        } else {
            return Err(UnknownFact::Key(key.to_owned()));
        };
        if twice {
            return Err(UnknownFact::Twice(key.to_owned()));
        }
        Ok(())
    }

    fn text(&self, key: &str) -> Option<String> {
        self.texts.get(key).cloned()
    }

    fn any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.texts.contains_key(key))
    }

    /// The user of the process.
    pub(super) fn uid(&self) -> Option<u32> {
        self.uid
    }

    /// The program.
    pub(super) fn executable(&self) -> Executable {
        match self.text("executable") {
            Some(path) => Executable::Path(PathBuf::from(path)),
            None => Executable::Unknown("the description does not say".to_owned()),
        }
    }

    /// The workload. With a cgroup, everything that its path tells, and what else is said
    /// beside it; without, a unit is of the system manager and in its usual slice.
    pub(super) fn workload(&self) -> Workload {
        let mut workload = match self.texts.get("cgroup") {
            Some(cgroup) => path::parse(cgroup),
            None => self.without_cgroup(),
        };
        for (known, said) in [
            (&mut workload.unit, "unit"),
            (&mut workload.slice, "slice"),
            (&mut workload.machine, "machine"),
        ] {
            *known = self.text(said).or_else(|| known.take());
        }
        workload.host = self.text("host").map(Arc::from);
        if self.any(&["container", "image"]) || !self.labels.is_empty() {
            workload.container = Some(self.container(workload.container.take()));
        }
        if self.any(&["pod", "pod_namespace", "service_account"]) || !self.pod_labels.is_empty() {
            workload.pod = Some(self.pod(workload.pod.take()));
        }
        (workload.kind, workload.name) = named(&workload);
        workload
    }

    fn without_cgroup(&self) -> Workload {
        let unit = self.text("unit");
        let usual = || unit.as_ref().map(|_| SYSTEM_SLICE.to_owned());
        let slice = self.text("slice").or_else(usual);
        let parts = [&slice, &unit].into_iter().flatten();
        Workload {
            cgroup_path: Some(parts.fold(String::new(), |path, part| format!("{path}/{part}"))),
            slice,
            kind: WorkloadKind::Cgroup,
            ..Workload::default()
        }
    }

    fn container(&self, known: Option<Container>) -> Container {
        let known = known.unwrap_or_else(|| Container {
            id: String::new(),
            runtime: Runtime::Unknown,
            name: None,
            image: None,
            labels: Labels::default(),
        });
        Container {
            name: self.text("container").or(known.name),
            image: self.text("image").or(known.image),
            labels: said(&self.labels),
            ..known
        }
    }

    fn pod(&self, known: Option<Pod>) -> Pod {
        let known = known.unwrap_or_else(|| Pod {
            uid: String::new(),
            qos: String::new(),
            namespace: None,
            name: None,
            service_account: None,
            labels: Labels::default(),
        });
        Pod {
            namespace: self.text("pod_namespace").or(known.namespace),
            name: self.text("pod").or(known.name),
            service_account: self.text("service_account").or(known.service_account),
            labels: said(&self.pod_labels),
            ..known
        }
    }
}

/// Notes a text; whether there was one.
fn set_once<K: Ord>(texts: &mut BTreeMap<K, String>, key: K, value: &str) -> bool {
    texts.insert(key, value.to_owned()).is_some()
}

/// Labels of which all are said.
fn said(labels: &BTreeMap<String, String>) -> Labels {
    Labels {
        known: labels.clone(),
        incomplete: None,
    }
}

/// What kind of workload it is, and what an engineer would call it.
fn named(workload: &Workload) -> (WorkloadKind, String) {
    let container = workload.container.as_ref().and_then(|one| one.name.clone());
    if let Some(pod) = &workload.pod {
        let parts = [&pod.namespace, &pod.name];
        let parts: Vec<&str> = parts
            .into_iter()
            .filter_map(|part| part.as_deref())
            .collect();
        return (WorkloadKind::KubernetesPod, parts.join("/"));
    }
    if workload.container.is_some() {
        let name = container.unwrap_or_else(|| "a container".to_owned());
        return (WorkloadKind::Container, name);
    }
    if let Some(machine) = &workload.machine {
        return (WorkloadKind::VirtualMachine, machine.clone());
    }
    match (&workload.unit, &workload.cgroup_path) {
        (Some(unit), _) => (WorkloadKind::SystemdUnit, unit.clone()),
        (None, Some(path)) if !path.is_empty() => (workload.kind, path.clone()),
        _ => (workload.kind, "a process".to_owned()),
    }
}
