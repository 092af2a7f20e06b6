//! containerd: the bundles of its tasks, and its database.

use std::{fs, path::Path};

use super::{
    bolt::{self, Bolt},
    file::{clean, is_component, json, open},
    roots::Roots,
    storage::OciSpec,
};
use crate::attribution::{labels::Labels, names::Facts, workload::Runtime};

/// Namespaces that are looked through.
const MOST_NAMESPACES: usize = 64;

/// What containerd's directories tell of a container of that id, a component of a
/// path.
pub(super) fn look(roots: &Roots<'_>, id: &str) -> Option<Facts> {
    let tasks = roots.at("run/containerd/io.containerd.runtime.v2.task");
    let entries = fs::read_dir(tasks).ok()?.flatten().take(MOST_NAMESPACES);
    let mut bundles = entries.filter_map(|entry| {
        let namespace = entry.file_name().into_string().ok()?;
        let spec = json(&entry.path().join(id).join("config.json"), None)?;
        Some((namespace, spec))
    });
    let (namespace, spec): (String, OciSpec) = bundles.next()?;
    let take = |key: &str| spec.annotations.get(key).and_then(|value| clean(value));
    let is_sandbox = take("io.kubernetes.cri.container-type").as_deref() == Some("sandbox");
    let sandbox = take("io.kubernetes.cri.sandbox-id").filter(|id| is_component(id));
    let database = roots.at("var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db");
    Some(Facts {
        runtime: Some(Runtime::Containerd),
        name: take("io.kubernetes.cri.container-name")
            .or_else(|| take("nerdctl/name"))
            .or_else(|| is_sandbox.then(|| "(sandbox)".to_owned())),
        image: take("io.kubernetes.cri.image-name"),
        pod_namespace: take("io.kubernetes.cri.sandbox-namespace"),
        pod_name: take("io.kubernetes.cri.sandbox-name"),
        labels: labels(&database, &namespace, id),
        // The labels of a pod are those of its sandbox.
        pod_labels: sandbox.and_then(|sandbox| labels(&database, &namespace, &sandbox)),
        service_account: None,
    })
}

fn labels(database: &Path, namespace: &str, id: &str) -> Option<Labels> {
    let file = open(database, None)?;
    let pairs = bolt::read(&file, |bolt: &Bolt<'_>| {
        bolt.bucket(&["v1", namespace, "containers", id])?;
        // A container without labels has no bucket for them. Labels with an empty
        // value are not kept by containerd.
        let labels = bolt.bucket(&["v1", namespace, "containers", id, "labels"]);
        labels.map_or(Some(Vec::new()), |labels| bolt.pairs(labels))
    })?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let pairs = pairs.into_iter();
    Some(Labels::all(
        pairs.map(|(key, value)| (text(key), text(value))),
    ))
}
