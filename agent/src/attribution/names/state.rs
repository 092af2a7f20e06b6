//! What runtimes leave on disk about their containers.

use std::{
    collections::HashMap,
    fs::{self, OpenOptions},
    io::Read as _,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use nix::fcntl::OFlag;
use serde::{Deserialize, de::DeserializeOwned};

use super::{Facts, Question, StateRoots};
use crate::attribution::workload::Runtime;

/// Largest state file that is read.
const LARGEST: u64 = 16 * 1024 * 1024;
/// Most pods that are looked through.
const MOST_PODS: usize = 16_384;
/// Storage drivers whose directories are looked into.
const DRIVERS: [&str; 4] = ["overlay", "vfs", "btrfs", "zfs"];

/// The state of this host for one round of questions; each file that lists
/// several containers is read once.
pub(super) struct State<'r> {
    roots: &'r StateRoots,
    storage: HashMap<Option<u32>, HashMap<String, Facts>>,
    pods: Option<HashMap<String, (String, String)>>,
}

impl<'r> State<'r> {
    pub(super) fn new(roots: &'r StateRoots) -> Self {
        Self {
            roots,
            storage: HashMap::new(),
            pods: None,
        }
    }

    pub(super) fn look(&mut self, question: &Question) -> Facts {
        let user = question.user;
        let container = question.container.as_deref().and_then(|id| {
            // An id becomes a component of a path below.
            if id.is_empty() || id.starts_with('.') || id.contains('/') {
                return None;
            }
            self.in_storage(user, id)
                .or_else(|| self.docker(user, id))
                .or_else(|| self.containerd(user, id))
        });
        let mut facts = container.unwrap_or_default();
        if let Some(uid) = &question.pod
            && user.is_none()
            && facts.pod_name.is_none()
            && let Some((namespace, name)) = self.pod(uid)
        {
            facts.pod_namespace = Some(namespace);
            facts.pod_name = Some(name);
        }
        facts
    }

    /// Podman and CRI-O: the containers/storage library's list of containers.
    fn in_storage(&mut self, user: Option<u32>, id: &str) -> Option<Facts> {
        if !self.storage.contains_key(&user) {
            let mut known = HashMap::new();
            for directory in self.storage_roots(user) {
                for driver in DRIVERS {
                    let directory = directory.join(format!("{driver}-containers"));
                    for file in ["containers.json", "volatile-containers.json"] {
                        let listed: Vec<Stored> =
                            json(&directory.join(file), user).unwrap_or_default();
                        known.extend(listed.into_iter().map(Stored::facts));
                    }
                }
            }
            self.storage.insert(user, known);
        }
        self.storage.get(&user)?.get(id).cloned()
    }

    fn storage_roots(&self, user: Option<u32>) -> Vec<PathBuf> {
        if let Some(uid) = user {
            let home = self
                .home(uid)
                .map(|home| home.join(".local/share/containers/storage"));
            let volatile = self.at(&format!("run/user/{uid}/containers"));
            return home.into_iter().chain([volatile]).collect();
        }
        let mut roots = vec![
            self.at("var/lib/containers/storage"),
            self.at("run/containers/storage"),
        ];
        let configured = read(&self.at("etc/containers/storage.conf"), None)
            .and_then(|text| toml::from_str::<StorageConf>(&text).ok());
        if let Some(StorageConf { storage }) = configured {
            let set = [storage.graphroot, storage.runroot];
            roots.extend(set.into_iter().flatten().map(|path| self.at(&path)));
        }
        roots.extend(self.roots.container_storage.iter().cloned());
        roots
    }

    fn docker(&self, user: Option<u32>, id: &str) -> Option<Facts> {
        let data = match user {
            None => self.at("var/lib/docker"),
            Some(uid) => self.home(uid)?.join(".local/share/docker"),
        };
        let config: DockerConfig = json(
            &data.join("containers").join(id).join("config.v2.json"),
            user,
        )?;
        let image = config.config.image.as_deref().and_then(clean);
        Some(named(
            Runtime::Docker,
            config.name.trim_start_matches('/'),
            image,
        ))
    }

    fn containerd(&self, user: Option<u32>, id: &str) -> Option<Facts> {
        if user.is_some() {
            return None;
        }
        let tasks = self.at("run/containerd/io.containerd.runtime.v2.task");
        let namespaces = fs::read_dir(tasks).ok()?.flatten().take(64);
        let mut bundles = namespaces.map(|namespace| namespace.path().join(id).join("config.json"));
        let spec: OciSpec = bundles.find_map(|config| json(&config, None))?;
        let take = |key: &str| spec.annotations.get(key).and_then(|value| clean(value));
        let sandbox = take("io.kubernetes.cri.container-type").as_deref() == Some("sandbox");
        Some(Facts {
            runtime: Some(Runtime::Containerd),
            name: take("io.kubernetes.cri.container-name")
                .or_else(|| take("nerdctl/name"))
                .or_else(|| sandbox.then(|| "(sandbox)".to_owned())),
            image: take("io.kubernetes.cri.image-name"),
            pod_namespace: take("io.kubernetes.cri.sandbox-namespace"),
            pod_name: take("io.kubernetes.cri.sandbox-name"),
        })
    }

    /// The kubelet names each pod's log directory `<namespace>_<pod>_<uid>`.
    fn pod(&mut self, uid: &str) -> Option<(String, String)> {
        if self.pods.is_none() {
            let entries = fs::read_dir(self.at("var/log/pods")).ok();
            let names = entries.into_iter().flatten().flatten().take(MOST_PODS);
            self.pods = Some(
                names
                    .filter_map(|entry| {
                        let directory = entry.file_name().into_string().ok()?;
                        let mut parts = directory.splitn(3, '_');
                        let (namespace, name, uid) = (parts.next()?, parts.next()?, parts.next()?);
                        Some((uid.to_owned(), (clean(namespace)?, clean(name)?)))
                    })
                    .collect(),
            );
        }
        self.pods.as_ref()?.get(uid).cloned()
    }

    fn at(&self, path: &str) -> PathBuf {
        self.roots.root.join(path.trim_start_matches('/'))
    }

    fn home(&self, uid: u32) -> Option<PathBuf> {
        let passwd = read(&self.at("etc/passwd"), None)?;
        let home = passwd.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let owner = fields.get(2)?.parse::<u32>().ok()?;
            (owner == uid).then_some(*fields.get(5)?)
        })?;
        Some(self.at(home))
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
        };
    }
    Facts {
        runtime: Some(runtime),
        name: clean(name),
        image,
        ..Facts::default()
    }
}

/// A text that may be shown: whoever started the container chose it.
fn clean(text: &str) -> Option<String> {
    let shown = !text.is_empty() && text.len() <= 512 && !text.chars().any(char::is_control);
    shown.then(|| text.to_owned())
}

fn json<T: DeserializeOwned>(path: &Path, owner: Option<u32>) -> Option<T> {
    serde_json::from_str(&read(path, owner)?).ok()
}

/// Reads a regular file, and of a user's files only those that the user owns:
/// no pipe may stop the thread, and no link may lead to another's file.
fn read(path: &Path, owner: Option<u32>) -> Option<String> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits())
        .open(path)
        .ok()?;
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || owner.is_some_and(|uid| metadata.uid() != uid) {
        return None;
    }
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text).ok()?;
    Some(text)
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
#[serde(rename_all = "PascalCase")]
struct DockerConfig {
    name: String,
    config: DockerContainerConfig,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerContainerConfig {
    image: Option<String>,
}

#[derive(Deserialize)]
struct OciSpec {
    #[serde(default)]
    annotations: HashMap<String, String>,
}
