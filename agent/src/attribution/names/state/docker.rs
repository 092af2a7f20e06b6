//! Docker, which keeps a file for each container.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

use super::{
    file::{clean, is_component, json},
    named,
};
use crate::attribution::{labels::Labels, names::Facts, workload::Runtime};

/// Where cri-dockerd notes the sandbox of a pod's container.
const SANDBOX: &str = "io.kubernetes.sandbox.id";

/// What Docker's directory tells of a container of that id, a component of a path.
pub(super) fn look(data: &Path, id: &str, user: Option<u32>) -> Option<Facts> {
    let config = config(data, id, user)?;
    let image = config.config.image.as_deref().and_then(clean);
    let mut facts = named(Runtime::Docker, config.name.trim_start_matches('/'), image);
    let labels = config.config.labels.unwrap_or_default();
    if facts.pod_name.is_some() {
        // The labels of a pod are those of its sandbox, which names no other.
        facts.pod_labels = match labels.get(SANDBOX) {
            None => Some(Labels::all(labels.clone())),
            Some(sandbox) if is_component(sandbox) => self::config(data, sandbox, user)
                .map(|sandbox| Labels::all(sandbox.config.labels.unwrap_or_default())),
            Some(_) => None,
        };
    }
    facts.labels = Some(Labels::all(labels));
    Some(facts)
}

fn config(data: &Path, id: &str, user: Option<u32>) -> Option<Config> {
    let directory = data.join("containers").join(id);
    json(&directory.join("config.v2.json"), user)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    name: String,
    config: ContainerConfig,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContainerConfig {
    image: Option<String>,
    labels: Option<BTreeMap<String, String>>,
}
