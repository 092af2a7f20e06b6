//! What runtimes and the kubelet leave on disk about containers and pods.

mod bolt;
mod containerd;
mod docker;
mod file;
mod kubelet;
mod roots;
mod sqlite;
mod storage;

use std::{collections::HashMap, path::PathBuf};

use self::{
    file::{clean, is_component},
    roots::Roots,
    storage::Storage,
};
use super::{Facts, Question, StateRoots};
use crate::attribution::workload::Runtime;

/// The directories that state is read from: those of the host, and of users that have any.
pub(super) fn directories(roots: &StateRoots) -> Vec<PathBuf> {
    let roots = Roots(roots);
    let fixed = [
        "etc/containers",
        "run/containerd",
        "run/user",
        "var/lib/containerd",
        "var/lib/docker",
        "var/lib/kubelet",
        "var/log/pods",
    ];
    let mut found: Vec<PathBuf> = fixed.map(|path| roots.at(path)).into();
    found.extend(storage::directories(&roots, None));
    for home in roots.homes() {
        let own = [".local/share/containers", ".local/share/docker"].map(|path| home.join(path));
        found.extend(own.into_iter().filter(|path| path.is_dir()));
    }
    found
}

/// The state of this host for one round of questions; each file that lists
/// several containers is read once.
pub(super) struct State<'r> {
    roots: Roots<'r>,
    storage: HashMap<Option<u32>, Storage>,
    pods: Option<HashMap<String, (String, String)>>,
}

impl<'r> State<'r> {
    pub(super) fn new(roots: &'r StateRoots) -> Self {
        Self {
            roots: Roots(roots),
            storage: HashMap::new(),
            pods: None,
        }
    }

    pub(super) fn look(&mut self, question: &Question) -> Facts {
        let user = question.user;
        let container = question.container.as_deref().and_then(|id| {
            // An id becomes a component of a path below.
            if !is_component(id) {
                return None;
            }
            self.in_storage(user, id)
                .or_else(|| self.docker(user, id))
                .or_else(|| self.containerd(user, id))
        });
        let mut facts = container.unwrap_or_default();
        if let Some(uid) = question.pod.as_deref().filter(|_| user.is_none()) {
            self.pod(uid, &mut facts);
        }
        facts
    }

    fn in_storage(&mut self, user: Option<u32>, id: &str) -> Option<Facts> {
        let roots = self.roots;
        let storage = self.storage.entry(user);
        storage
            .or_insert_with(|| Storage::read(&roots, user))
            .look(id)
    }

    fn docker(&self, user: Option<u32>, id: &str) -> Option<Facts> {
        let data = match user {
            None => self.roots.at("var/lib/docker"),
            Some(uid) => self.roots.home(uid)?.join(".local/share/docker"),
        };
        docker::look(&data, id, user)
    }

    fn containerd(&self, user: Option<u32>, id: &str) -> Option<Facts> {
        user.is_none()
            .then(|| containerd::look(&self.roots, id))
            .flatten()
    }

    /// What the kubelet tells of a pod beyond what its runtime did.
    fn pod(&mut self, uid: &str, facts: &mut Facts) {
        let roots = self.roots;
        if facts.pod_name.is_none() {
            let pods = self
                .pods
                .get_or_insert_with(|| kubelet::pods(&roots.at("var/log/pods")));
            if let Some((namespace, name)) = pods.get(uid).cloned() {
                facts.pod_namespace = Some(namespace);
                facts.pod_name = Some(name);
            }
        }
        let Some(account) = kubelet::account(&roots.at("var/lib/kubelet/pods"), uid) else {
            return;
        };
        // A token is only believed where nothing else contradicts it.
        let agrees = |known: &Option<String>, said: &String| {
            known.as_ref().is_none_or(|known| known == said)
        };
        if agrees(&facts.pod_namespace, &account.namespace) && agrees(&facts.pod_name, &account.pod)
        {
            facts.pod_namespace = Some(account.namespace);
            facts.pod_name = Some(account.pod);
            facts.service_account = Some(account.name);
        }
    }
}

/// A name as a runtime has it. `k8s_<container>_<pod>_<namespace>_<uid>_<try>`
/// is what Kubernetes makes of it with Docker and CRI-O.
fn named(runtime: Runtime, name: &str, image: Option<String>) -> Facts {
    let parts: Vec<&str> = name.split('_').collect();
    if let ["k8s", container, pod, namespace, _, _] = parts[..] {
        return Facts {
            // Of the runtimes that share this storage, CRI-O is Kubernetes' own.
            runtime: Some(if runtime == Runtime::Podman {
                Runtime::Crio
            } else {
                runtime
            }),
            name: clean(container),
            image,
            pod_namespace: clean(namespace),
            pod_name: clean(pod),
            ..Facts::default()
        };
    }
    Facts {
        runtime: Some(runtime),
        name: clean(name),
        image,
        ..Facts::default()
    }
}
