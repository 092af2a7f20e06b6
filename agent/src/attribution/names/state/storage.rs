//! Podman and CRI-O, which share the containers/storage library.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{
    bolt,
    file::{clean, is_component, json, open, read},
    named,
    roots::Roots,
    sqlite,
};
use crate::attribution::{labels::Labels, names::Facts, workload::Runtime};

/// Storage drivers whose directories are looked into.
const DRIVERS: [&str; 4] = ["overlay", "vfs", "btrfs", "zfs"];

/// The containers of one user, or of the system.
pub(super) struct Storage {
    user: Option<u32>,
    directories: Vec<PathBuf>,
    known: HashMap<String, Facts>,
}

impl Storage {
    /// Reads the library's lists of containers.
    pub(super) fn read(roots: &Roots<'_>, user: Option<u32>) -> Self {
        let directories = directories(roots, user);
        let mut known = HashMap::new();
        for directory in &directories {
            for driver in DRIVERS {
                let directory = directory.join(format!("{driver}-containers"));
                for file in ["containers.json", "volatile-containers.json"] {
                    let listed: Vec<Stored> = json(&directory.join(file), user).unwrap_or_default();
                    known.extend(listed.into_iter().map(Stored::facts));
                }
            }
        }
        Self {
            user,
            directories,
            known,
        }
    }

    /// What is known of a container of that id, a component of a path.
    pub(super) fn look(&self, id: &str) -> Option<Facts> {
        let mut facts = self.known.get(id)?.clone();
        if facts.runtime == Some(Runtime::Crio) {
            self.crio(id, &mut facts);
        } else {
            facts.labels = self.podman(id);
        }
        Some(facts)
    }

    /// Podman's own database of containers.
    fn podman(&self, id: &str) -> Option<Labels> {
        self.directories.iter().find_map(|directory| {
            let config = self
                .podman_4(&directory.join("libpod/bolt_state.db"), id)
                .or_else(|| self.podman_5(&directory.join("db.sql"), id))
                .or_else(|| self.podman_5(&directory.join("libpod/db.sql"), id))?;
            let PodmanConfig { labels } = serde_json::from_slice(&config).ok()?;
            Some(Labels::all(labels.unwrap_or_default()))
        })
    }

    fn podman_4(&self, database: &Path, id: &str) -> Option<Vec<u8>> {
        let file = open(database, self.user)?;
        bolt::read(&file, |bolt| {
            bolt.value(bolt.bucket(&["ctr", id])?, "config")
        })
    }

    /// Podman 5, and 4.8 where it was not upgraded: a table of id, name, pod and JSON.
    fn podman_5(&self, database: &Path, id: &str) -> Option<Vec<u8>> {
        let file = open(database, self.user)?;
        let journal = database.with_extension("sql-journal");
        let row = sqlite::read(&file, &journal, |sqlite| sqlite.row("ContainerConfig", id))?;
        match row.into_iter().nth(3)? {
            sqlite::Value::Text(json) => Some(json.into_bytes()),
            _ => None,
        }
    }

    /// CRI-O's annotations of the container, and of its pod's sandbox.
    fn crio(&self, id: &str, facts: &mut Facts) {
        let Some(spec) = self.spec(id) else {
            return;
        };
        facts.labels = crio_labels(&spec);
        let sandbox = spec.annotations.get("io.kubernetes.cri-o.SandboxID");
        facts.pod_labels = match sandbox {
            Some(sandbox) if *sandbox == id => facts.labels.clone(),
            Some(sandbox) if is_component(sandbox) => {
                self.spec(sandbox).and_then(|spec| crio_labels(&spec))
            }
            _ => None,
        };
    }

    fn spec(&self, id: &str) -> Option<OciSpec> {
        let mut places = self.directories.iter().flat_map(|directory| {
            DRIVERS.map(|driver| directory.join(format!("{driver}-containers")))
        });
        places.find_map(|place| json(&place.join(id).join("userdata/config.json"), self.user))
    }
}

fn crio_labels(spec: &OciSpec) -> Option<Labels> {
    let labels = spec.annotations.get("io.kubernetes.cri-o.Labels")?;
    let labels: BTreeMap<String, String> = serde_json::from_str(labels).ok()?;
    Some(Labels::all(labels))
}

pub(super) fn directories(roots: &Roots<'_>, user: Option<u32>) -> Vec<PathBuf> {
    if let Some(uid) = user {
        let home = roots
            .home(uid)
            .map(|home| home.join(".local/share/containers/storage"));
        let volatile = roots.at(&format!("run/user/{uid}/containers"));
        return home.into_iter().chain([volatile]).collect();
    }
    let mut found = vec![
        roots.at("var/lib/containers/storage"),
        roots.at("run/containers/storage"),
    ];
    found.extend(configured(roots).into_iter().flatten());
    found.extend(roots.container_storage().iter().cloned());
    found
}

fn configured(roots: &Roots<'_>) -> Option<impl Iterator<Item = PathBuf>> {
    let text = read(&roots.at("etc/containers/storage.conf"), None)?;
    let StorageConf { storage } = toml::from_str(&text).ok()?;
    let set = [storage.graphroot, storage.runroot];
    let paths: Vec<PathBuf> = set
        .into_iter()
        .flatten()
        .map(|path| roots.at(&path))
        .collect();
    Some(paths.into_iter())
}

/// An element of `containers.json`.
#[derive(Deserialize)]
struct Stored {
    id: String,
    #[serde(default)]
    names: Vec<String>,
    /// JSON in a string.
    #[serde(default)]
    metadata: String,
}

impl Stored {
    fn facts(self) -> (String, Facts) {
        let metadata: StoredMetadata = serde_json::from_str(&self.metadata).unwrap_or_default();
        let image = metadata.image_name.as_deref().and_then(clean);
        let name = self
            .names
            .into_iter()
            .next()
            .or(metadata.name)
            .unwrap_or_default();
        (self.id, named(Runtime::Podman, &name, image))
    }
}

#[derive(Default, Deserialize)]
struct StoredMetadata {
    name: Option<String>,
    #[serde(rename = "image-name")]
    image_name: Option<String>,
}

#[derive(Deserialize)]
struct StorageConf {
    storage: StorageTable,
}

#[derive(Deserialize)]
struct StorageTable {
    graphroot: Option<String>,
    runroot: Option<String>,
}

#[derive(Deserialize)]
struct PodmanConfig {
    labels: Option<BTreeMap<String, String>>,
}

/// The annotations of a bundle (OCI runtime specification).
#[derive(Deserialize)]
pub(super) struct OciSpec {
    #[serde(default)]
    pub(super) annotations: HashMap<String, String>,
}
